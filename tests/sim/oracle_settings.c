/*
 * What operators have set: hours in which work orders go out, and how many Devices are accepted in a day. A changed
 * file counts from the next start on, so for a day around the change the old settings and the new ones are right; or
 * from the moment on when the gateway says that it has read them again. Where
 * the gateway's clock was wrong, nothing is asked for.
 */
#include "tests/sim/oracle_private.h"

#include <stdlib.h>

void oracle_set(struct oracle *oracle, unsigned from, unsigned to, unsigned limit)
{
    const struct rule rule = {.since = sim_now(oracle->sim), .from = from, .to = to, .limit = limit};

    g_array_append_val(oracle->rules, rule);
}

void oracle_set_for_sure(struct oracle *oracle)
{
    g_array_index(oracle->rules, struct rule, oracle->rules->len - 1).surely = sim_now(oracle->sim);
}

/* The end of the rule that stands before that one. */
static int64_t end_before(const struct rule *next)
{
    int64_t end = next->since + SIM_DAY;

    return next->surely != 0 ? MIN(end, next->surely) : end;
}

/* The rule was in force at some time between the two, a day more or less. */
static bool was_in_force(const struct oracle *oracle, unsigned n, int64_t from, int64_t to)
{
    const struct rule *rule = &g_array_index(oracle->rules, struct rule, n);
    bool last = n + 1 == oracle->rules->len;

    return rule->since <= to + SIM_DAY &&
           (last || end_before(&g_array_index(oracle->rules, struct rule, n + 1)) >= from);
}

static bool is_within(const struct rule *rule, int64_t at)
{
    unsigned hour = (unsigned)(at % SIM_DAY / SIM_HOUR);

    return rule->from < rule->to ? hour >= rule->from && hour < rule->to : hour >= rule->from || hour < rule->to;
}

void oracle_check_hours(struct oracle *oracle, const struct item *item, const struct order *order)
{
    for (unsigned i = 0; i < oracle->rules->len; i++)
        if (was_in_force(oracle, i, order->at, order->at) &&
            is_within(&g_array_index(oracle->rules, struct rule, i), order->at))
            return;
    if (oracle->rules->len > 0 && !oracle->clock_wrong)
        sim_broken(oracle->sim, "settings", "%s of %s: %s orders it outside dispatch_hours", item->id, item->device,
                   order->file);
}

/* The most Devices that could be accepted on that day. */
static unsigned limit_of(const struct oracle *oracle, int64_t day)
{
    unsigned most = 0;

    for (unsigned i = 0; i < oracle->rules->len; i++) {
        const struct rule *rule = &g_array_index(oracle->rules, struct rule, i);
        if (!was_in_force(oracle, i, day, day + SIM_DAY))
            continue;
        if (rule->limit == 0)
            return UINT_MAX;
        most = MAX(most, rule->limit);
    }
    return most;
}

void oracle_judge_limits(struct oracle *oracle)
{
    g_autoptr(GHashTable) days = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        const struct item *item = oracle->order_of_items->pdata[i];
        int64_t day = item->accepted_at - item->accepted_at % SIM_DAY;
        if (!item->accepted || oracle->restores > 0 || oracle->clock_wrong)
            continue;
        unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(days, &day)) + 1;
        g_hash_table_insert(days, g_memdup2(&day, sizeof day), GUINT_TO_POINTER(n));
        if (n > limit_of(oracle, day))
            sim_broken(oracle->sim, "settings", "%s of %s is Device %u of a day on which daily_limit was %u", item->id,
                       item->device, n, limit_of(oracle, day));
    }
}
