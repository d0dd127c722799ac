/*
 * Orders that withdraw a batch or a Device. What waits for a try ends at once. Of what is ordered nobody knows whether
 * its credentials are replaced: no further try is ordered, and its answer counts (outcome_record). What has been stated
 * of new credentials stays.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/clock.h"
#include "gateway/pipeline/outcome.h"
#include "gateway/pipeline/undelivered.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_holds.h"
#include "validators/retry.h"

/* What becomes of the work items of one order. */
struct withdrawal {
    struct gateway *gateway;
    const struct order *order;
    GHashTable *undelivered; /* work orders that nobody can have (undelivered.h) */
    int64_t now;
    int64_t ended;     /* at once */
    int64_t awaited;   /* whose answers are awaited */
    int64_t known;     /* the same by an earlier order */
    int64_t confirmed; /* of which a side states a success: left alone */
};

static bool open_withdrawal(struct withdrawal *w, struct gateway *gateway, const struct order *order, GError **error)
{
    *w = (struct withdrawal){.gateway = gateway, .order = order, .now = clock_now()};
    return undelivered_find(gateway, &w->undelivered, error);
}

static void clear_withdrawal(struct withdrawal *w)
{
    g_clear_pointer(&w->undelivered, g_hash_table_unref);
}

/* Ends it as REJECTED. from: the work order that it is withdrawn from, too; NULL: none. */
static bool end_item(struct withdrawal *w, const struct ledger_work *work, const struct undelivered_order *from,
                     GError **error)
{
    struct ledger_session session = work->session;
    struct ledger_transition transition;

    retry_take_back(&w->gateway->config->retry, w->now, from != NULL, &session, &transition);
    transition.order_id = w->order->id;
    w->ended++;
    return (from == NULL || undelivered_withdraw(w->gateway, from, &transition, error)) &&
           (work->has_session || ledger_item_out_of_turn(w->gateway->ledger, work->item.item, error)) &&
           outcome_record(w->gateway, work, &session, &transition, error);
}

/* One whose try is ordered. */
static bool withdraw_ordered(struct withdrawal *w, const struct ledger_work *work, GError **error)
{
    struct undelivered_order order;

    if (!undelivered_order(w->gateway, w->undelivered, work->item.item, &order, error))
        return false;
    bool good = true;
    if (order.job != 0) {
        good = end_item(w, work, &order, error);
    } else if (work->withdrawn) {
        w->known++;
    } else {
        w->awaited++;
        good = ledger_withdrawn_put(w->gateway->ledger, work->item.item, w->order->id, error);
    }
    undelivered_order_clear(&order);
    return good;
}

static bool withdraw(struct withdrawal *w, const struct ledger_work *work, GError **error)
{
    switch (work->has_session ? work->session.state : LEDGER_READY) {
    case LEDGER_READY:
    case LEDGER_RETRY_WAIT:
        return end_item(w, work, NULL, error);
    case LEDGER_DISPATCHED:
        return withdraw_ordered(w, work, error);
    default:
        w->confirmed++;
        return true;
    }
}

/* *result: ORDER_DONE with what was done, or why not; g_free. */
static void find_result(const struct withdrawal *w, const char *about, char **result)
{
    if (w->ended + w->awaited > 0)
        *result = g_strdup_printf(ORDER_DONE ": ended at once %" G_GINT64_FORMAT ", answer awaited %" G_GINT64_FORMAT
                                             ", left alone, for a side states a success %" G_GINT64_FORMAT,
                                  w->ended, w->awaited, w->confirmed);
    else if (w->known > 0)
        *result = g_strdup_printf("%s is withdrawn already: answer awaited %" G_GINT64_FORMAT
                                  ", left alone, for a side states a success %" G_GINT64_FORMAT,
                                  about, w->known, w->confirmed);
    else
        *result = g_strdup_printf("%s cannot be withdrawn: a side states that the credentials are replaced; `ecosgate "
                                  "why` says what moves it on",
                                  about);
}

/* One commit. action->result: why the order is refused; NULL: the items are withdrawn first. */
static bool settle(struct withdrawal *w, struct ledger_action *action, const GArray *items, const char *about,
                   GError **error)
{
    struct ledger *ledger = w->gateway->ledger;
    g_autofree char *result = NULL;
    bool good = ledger_begin(ledger, error);

    for (guint i = 0; good && action->result == NULL && i < items->len; i++) {
        g_autofree struct ledger_work *work = NULL;
        good = ledger_work_get(ledger, g_array_index(items, int64_t, i), &work, error) && withdraw(w, work, error);
    }
    if (good && action->result == NULL) {
        find_result(w, about, &result);
        action->result = result;
        good = outcome_plan(w->gateway, w->now, error);
    }
    if (good && ledger_action_insert(ledger, action, error) && ledger_commit(STEP_ORDER_DONE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool order_batch_withdraw(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree char *refusal = order_refuse_behind(gateway);
    g_autofree char *about = g_strdup_printf("batch %s", order->batch);
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(int64_t));
    struct withdrawal w;

    if (refusal == NULL && !order_find_batch(gateway, order, &verdict, &refusal, error))
        return false;
    if (refusal == NULL && !ledger_work_live(gateway->ledger, verdict->first_item, verdict->items, items, error))
        return false;
    struct ledger_action action = order_action(order, order->reason, refusal);
    bool good = open_withdrawal(&w, gateway, order, error) && settle(&w, &action, items, about, error);
    clear_withdrawal(&w);
    return good;
}

bool order_device_withdraw(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    g_autofree char *refusal = order_refuse_behind(gateway);
    g_autofree char *about = g_strdup_printf("the Device %s", order->device);
    g_autofree char *reason = g_strdup_printf("%s: %s", order->device, order->reason);
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(int64_t));
    struct withdrawal w;

    if (refusal == NULL && !order_find_live(gateway, order, &work, &refusal, error))
        return false;
    if (refusal == NULL)
        g_array_append_val(items, work->item.item);
    struct ledger_action action = order_action(order, reason, refusal);
    bool good = open_withdrawal(&w, gateway, order, error) && settle(&w, &action, items, about, error);
    clear_withdrawal(&w);
    return good;
}
