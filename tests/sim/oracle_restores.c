/*
 * What a restore has lost. A Device that the lost ledger ordered may have an order under way of which the restored one
 * knows nothing: so it is not ordered again before the result of that order is known or an operator has released it.
 */
#include "tests/sim/oracle_private.h"

#include <string.h>

/* ---- what a restore takes back ---- */

void oracle_restored(struct oracle *oracle, int64_t back_to)
{
    /* Files tell whole seconds. The lost gateway had stopped before this one. */
    const struct loss loss = {back_to, sim_now(oracle->sim) / SIM_SECOND * SIM_SECOND};

    oracle->restores++;
    g_array_append_val(oracle->losses, loss);
    oracle_keeps_restored(oracle);
    for (unsigned i = 0; i < oracle->verdicts->len; i++) {
        struct verdict *verdict = oracle->verdicts->pdata[i];
        verdict->lost |= verdict->at >= back_to;
    }
    for (unsigned i = 0; i < oracle->order_of_incidents->len; i++) {
        struct incident *incident = g_hash_table_lookup(oracle->incidents, oracle->order_of_incidents->pdata[i]);
        incident->lost |= incident->raised_at >= back_to;
    }
    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        struct item *item = oracle->order_of_items->pdata[i];
        if (item->ended_at >= back_to && item->accepted) {
            item->ended_at = item->migrated_at = 0;
            item->was_failed = false;
            item->outcome[0] = '\0';
        }
        if (item->accepted_at >= back_to)
            item->accepted = false;
    }
}

GPtrArray *oracle_lost(const struct oracle *oracle, int64_t at)
{
    GPtrArray *names = g_ptr_array_new();

    for (unsigned i = 0; i < oracle->order_of_inbound->len; i++) {
        struct inbound *inbound = oracle->order_of_inbound->pdata[i];
        bool since = inbound->verdicts->len == 0;
        for (unsigned v = 0; v < inbound->verdicts->len; v++)
            since |= ((struct verdict *)inbound->verdicts->pdata[v])->at >= at;
        if (since)
            g_ptr_array_add(names, inbound->name);
    }
    return names;
}

/* ---- results ---- */

bool oracle_was_lost(const struct oracle *oracle, int64_t at, int64_t now)
{
    for (unsigned i = 0; i < oracle->losses->len; i++) {
        const struct loss *loss = &g_array_index(oracle->losses, struct loss, i);
        if (at >= loss->back_to && at < loss->at && loss->at <= now)
            return true;
    }
    return false;
}

static bool is_try_known(const struct oracle *oracle, const struct item *item, unsigned try, int64_t now)
{
    for (unsigned i = 0; i < item->known->len; i++) {
        const struct known_result *known = &g_array_index(item->known, struct known_result, i);
        if (known->try == try && known->at <= now && !oracle_was_lost(oracle, known->at, now))
            return true;
    }
    return false;
}

/* All tries that were ordered before `now` have a result that the ledger of that time knows. */
static bool is_known(const struct oracle *oracle, const struct item *item, int64_t now)
{
    for (unsigned i = 0; i < item->orders->len; i++) {
        const struct order *order = &g_array_index(item->orders, struct order, i);
        if (order->at < now && !is_try_known(oracle, item, order->try, now))
            return false;
    }
    return true;
}

bool oracle_is_known(const struct oracle *oracle, const char *work_item)
{
    const struct item *item = g_hash_table_lookup(oracle->items, work_item);

    return item == NULL || is_known(oracle, item, sim_now(oracle->sim));
}

/* ---- orders after a restore ---- */

/* The lost ledger had not acknowledged the instruction: its number is a new one, and the gateway cannot know that the
 * Device was in a lost file (README.md, "After a restore"). */
static bool is_of_new_file(const struct item *item, const struct loss *loss)
{
    const struct inbound *inbound = item->verdict != NULL ? item->verdict->inbound : NULL;

    for (unsigned i = 0; inbound != NULL && i < inbound->verdicts->len; i++)
        if (((const struct verdict *)inbound->verdicts->pdata[i])->at < loss->at)
            return false;
    return inbound != NULL;
}

/* A backup takes some minutes: what was ordered in them may be in it. */
static bool was_ordered_in(const struct oracle *oracle, const struct item *item, const struct order *order,
                           const struct loss *loss)
{
    for (unsigned i = 0; i < item->orders->len; i++) {
        const struct order *lost = &g_array_index(item->orders, struct order, i);
        bool was_lost = lost->at >= loss->back_to + 10 * SIM_MINUTE && lost->at < loss->at;
        if (was_lost && !is_known(oracle, item, order->at))
            return true;
    }
    return false;
}

/* The order repeats one that was lost. */
static bool repeats(struct oracle *oracle, const struct suspect *suspect)
{
    const struct order *order = &g_array_index(suspect->item->orders, struct order, suspect->order);
    const struct loss *loss = &g_array_index(oracle->losses, struct loss, suspect->loss);
    const struct device_facts *device = oracle_device(oracle, suspect->item->device);

    for (unsigned i = 0; i < device->items->len && !is_of_new_file(suspect->item, loss); i++)
        if (was_ordered_in(oracle, device->items->pdata[i], order, loss))
            return true;
    return false;
}

void oracle_suspect_order(struct oracle *oracle, struct item *item)
{
    struct suspect suspect = {.item = item, .order = item->orders->len - 1};
    const struct order *order = &g_array_index(item->orders, struct order, suspect.order);
    int64_t overruled_at = oracle_device(oracle, item->device)->overruled_at;

    for (; suspect.loss < oracle->losses->len; suspect.loss++) {
        const struct loss *loss = &g_array_index(oracle->losses, struct loss, suspect.loss);
        if (order->at > loss->at && overruled_at < loss->at && repeats(oracle, &suspect))
            g_array_append_val(oracle->suspects, suspect);
    }
}

void oracle_judge_generation(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->suspects->len; i++) {
        const struct suspect *suspect = &g_array_index(oracle->suspects, struct suspect, i);
        const struct item *item = suspect->item;
        if (repeats(oracle, suspect))
            oracle_broken(
                oracle, item, "generation",
                "%s of %s: %s orders it, the lost ledger had ordered the Device and nobody has said what came "
                "of it",
                item->id, item->device, g_array_index(item->orders, struct order, suspect->order).file);
    }
}
