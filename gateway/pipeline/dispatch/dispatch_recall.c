/* Work orders that wait for their drop: Devices are withdrawn from them while nobody can have them. */
#include "gateway/pipeline/dispatch/dispatch.h"

#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/dispatch_private.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "gateway/pipeline/dispatch/undelivered.h"
#include "spool/ledger/ledger_reference.h"

/* The order of work items. */
static int by_number(gconstpointer a, gconstpointer b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* What becomes of a session. */
struct change {
    bool made; /* false: nothing; the rest is not set then */
    struct ledger_session session;
    struct ledger_transition transition;
};

/* What a Device on an order that waits becomes. */
static bool recall_session(struct dispatch_review *second, const struct ledger_work *work,
                           const struct undelivered_order *of, struct change *change, GError **error)
{
    const struct retry_rules *retry = &second->gateway->config->retry;
    struct row row;

    change->session = work->session;
    change->made = true;
    if (work->session.state != LEDGER_DISPATCHED) {
        retry_unorder(retry, second->rules.now, &change->session, &change->transition);
        return true;
    }
    if (!dispatch_review_again(second, work, 0, &row, error))
        return false;
    change->made = row_has_errors(&row);
    if (!change->made)
        return true;
    bool passes = row_is_deferred(&row);
    const struct retry_cause cause = {passes ? row_first_code(&row) : row_first_permanent(&row),
                                      passes ? row.next_eligible : 0};
    change->session.state = of->first ? LEDGER_READY : LEDGER_RETRY_WAIT;
    change->session.code = of->code;
    retry_recall(retry, second->rules.now, &cause, &change->session, &change->transition);
    return true;
}

/* Withdraws a Device from its order if the review forbids a try now, or if its session has gone on without that try. */
static bool recall_one(struct dispatch_review *second, int64_t item, GError **error)
{
    struct gateway *gateway = second->gateway;
    g_autofree struct ledger_work *work = NULL;
    struct undelivered_order order;
    struct change change = {0};

    if (!ledger_work_get(gateway->ledger, item, &work, error) ||
        !undelivered_order(gateway, second->undelivered, item, &order, error))
        return false;
    bool good = order.job == 0 || recall_session(second, work, &order, &change, error);
    if (good && change.made)
        good = undelivered_withdraw(gateway, &order, &change.transition, error) &&
               outcome_record(gateway, work, &change.session, &change.transition, error);
    undelivered_order_clear(&order);
    return good;
}

static bool keep_item(void *user, const struct ledger_work *work, const struct ledger_transition *transition,
                      GError **error)
{
    (void)transition, (void)error; /* nothing here can fail */
    g_array_append_val((GArray *)user, work->item.item);
    return true;
}

/* In one transaction, all Devices of all orders that wait. */
static bool recall_all(struct gateway *gateway, GHashTable *orders, int64_t now, GError **error)
{
    struct dispatch_review second;
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(int64_t));
    GHashTableIter at;
    gpointer job;

    if (!dispatch_review_open(&second, gateway, now, error))
        return false;
    second.undelivered = orders;
    g_hash_table_iter_init(&at, orders);
    while (g_hash_table_iter_next(&at, &job, NULL)) {
        if (!ledger_work_order_each(gateway->ledger, *(int64_t *)job, keep_item, items, error))
            return false;
    }
    g_array_sort(items, by_number);
    for (guint i = 0; i < items->len; i++) {
        if (!recall_one(&second, g_array_index(items, int64_t, i), error))
            return false;
    }
    return outcome_plan(gateway, now, error) && ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error);
}

bool dispatch_recall(struct gateway *gateway, GError **error)
{
    int64_t now = clock_now(), newest = 0, last = gateway->orders_reviewed;
    g_autoptr(GHashTable) orders = NULL;

    if (!ledger_reference_newest(gateway->ledger, &newest, error))
        return false;
    /* Before the orders are looked for: each file of a group would walk those of all files before it. */
    if (last != 0 && newest < last && last / DISPATCH_DAY == now / DISPATCH_DAY)
        return true;
    if (!undelivered_find(gateway, &orders, error))
        return false;
    if (g_hash_table_size(orders) == 0) {
        /* Orders that this pass makes from now on are reviewed as they are made. To review them once more took half of
         * the processor time from an instruction to its work orders. */
        gateway->orders_reviewed = now;
        return true;
    }
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (!recall_all(gateway, orders, now, error)) {
        ledger_rollback(gateway->ledger);
        return false;
    }
    gateway->orders_reviewed = now;
    return true;
}
