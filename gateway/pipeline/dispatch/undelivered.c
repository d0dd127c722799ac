#include "gateway/pipeline/dispatch/undelivered.h"

#include "spool/ledger/ledger_work.h"

bool undelivered_find(struct gateway *gateway, GHashTable **orders, GError **error)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));

    if (!ledger_orders_undelivered(gateway->ledger, jobs, error))
        return false;
    *orders = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < jobs->len; i++)
        g_hash_table_add(*orders, g_memdup2(&g_array_index(jobs, int64_t, i), sizeof(int64_t)));
    return true;
}

/* What a walk over the transitions of an item has found so far. */
struct walk {
    struct undelivered_order *order;
    char *last; /* the code of the transition before; g_free */
};

static bool look_at(void *user, const struct ledger_transition *transition, GError **error)
{
    struct walk *walk = user;
    struct undelivered_order *order = walk->order;

    (void)error; /* nothing here can fail */
    if (transition->state == LEDGER_DISPATCHED && transition->statement == LEDGER_NO_STATEMENT) {
        order->first = order->job == 0;
        order->job = transition->job;
        order->record = transition->record;
        g_free(order->code);
        order->code = g_steal_pointer(&walk->last);
    }
    g_free(walk->last);
    walk->last = g_strdup(transition->code);
    return true;
}

bool undelivered_order(struct gateway *gateway, GHashTable *orders, int64_t item, struct undelivered_order *order,
                       GError **error)
{
    struct walk walk = {.order = order};

    *order = (struct undelivered_order){0};
    if (g_hash_table_size(orders) == 0)
        return true;
    bool good = ledger_transitions_each(gateway->ledger, item, look_at, &walk, error);
    g_free(walk.last);
    if (good && g_hash_table_contains(orders, &order->job))
        return true;
    undelivered_order_clear(order);
    return good;
}

void undelivered_order_clear(struct undelivered_order *order)
{
    g_free(order->code);
    *order = (struct undelivered_order){0};
}

bool undelivered_withdraw(struct gateway *gateway, const struct undelivered_order *order,
                          struct ledger_transition *transition, GError **error)
{
    transition->job = order->job;
    transition->record = order->record;
    return ledger_order_shorten(gateway->ledger, order->job, error);
}
