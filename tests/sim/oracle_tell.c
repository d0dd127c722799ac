/* What the judge knows about a Device stands in the story before the promise that is broken. */
#include "tests/sim/oracle_private.h"

#include "tests/sim/when.h"

#include <stdarg.h>

static const char *when(int64_t at, char text[WHEN_SIZE])
{
    return at != 0 ? when_text(at, text) : "-";
}

static void tell_orders(struct oracle *oracle, const struct item *item)
{
    char at[WHEN_SIZE], end[WHEN_SIZE];

    for (unsigned i = 0; i < item->orders->len; i++) {
        const struct order *order = &g_array_index(item->orders, struct order, i);
        sim_say(oracle->sim, "    try %u in %s of %s, session until %s; results told: %u failed, %u not attempted",
                order->try, order->file, when(order->at, at), when(order->session_end, end),
                item->failed_told[order->try], item->unattempted_told[order->try]);
    }
    for (unsigned i = 0; i < item->known->len; i++) {
        const struct known_result *known = &g_array_index(item->known, struct known_result, i);
        sim_say(oracle->sim, "    a result of try %u was acknowledged %s", known->try, when(known->at, at));
    }
}

static void tell_statement(struct oracle *oracle, const char *side, const struct statement *success)
{
    char at[WHEN_SIZE], put_at[WHEN_SIZE];

    if (success->at != 0)
        sim_say(oracle->sim, "    %s states success with key %s, put %s, acknowledged %s", side, success->key,
                when(success->put_at, put_at), when(success->at, at));
}

static void tell_item(struct oracle *oracle, const struct item *item)
{
    char accepted[WHEN_SIZE], ended[WHEN_SIZE], eligible[WHEN_SIZE];

    sim_say(oracle->sim, "  %s: accepted %s%s, ended %s as \"%s\", NextEligible %s; in 001 %u times, in 002 %u times",
            item->id, when(item->accepted_at, accepted), item->accepted ? "" : " (no longer)",
            when(item->ended_at, ended), item->outcome, when(item->eligible_at, eligible), item->rows_001,
            item->rows_002);
    tell_orders(oracle, item);
    tell_statement(oracle, "TCoS", &item->tcos);
    tell_statement(oracle, "ECoS", &item->ecos);
}

static void tell_device(struct oracle *oracle, const struct device_facts *device)
{
    char overruled[WHEN_SIZE], ended[WHEN_SIZE], from[WHEN_SIZE], until[WHEN_SIZE];

    sim_say(oracle->sim, "%s: released by an operator %s, ended by one %s", device->id,
            when(device->overruled_at, overruled), when(device->ended_at, ended));
    for (unsigned i = 0; i < oracle->losses->len; i++) {
        const struct loss *loss = &g_array_index(oracle->losses, struct loss, i);
        sim_say(oracle->sim, "  the ledger went back from %s to %s", when(loss->at, until), when(loss->back_to, from));
    }
    for (unsigned i = 0; i < device->items->len; i++)
        tell_item(oracle, device->items->pdata[i]);
}

void oracle_broken(struct oracle *oracle, const struct item *item, const char *promise, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    if (item->device != NULL && !sim_is_broken(oracle->sim))
        tell_device(oracle, oracle_device(oracle, item->device));
    sim_broken(oracle->sim, promise, "%s", text);
}
