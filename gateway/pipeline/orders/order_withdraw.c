/*
 * Orders that withdraw a batch or a Device. What waits for a try ends at once. Of what is ordered nobody knows whether
 * its credentials are replaced: no further try is ordered, and its answer counts (outcome_record). What has been stated
 * of new credentials stays.
 *
 * A batch may have 1,000,000 Devices. Their withdrawal in one commit took 16 s of a processor, in which the writer did
 * nothing else. So a batch is withdrawn in slices, each with a commit, the last of which holds the order's result. A
 * daemon lets its pass go on after a second of them; no work order is made until the order is done
 * (gateway->withdrawing). A stop between two slices leaves the order: it is taken up again, and what was withdrawn
 * before is counted. The first slice is small, so that a usual batch is one commit; each next one is twice as large.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "gateway/pipeline/dispatch/undelivered.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_sessions.h"
#include "validators/retry/retry.h"

enum { FIRST_SLICE = 64, LARGEST_SLICE = 16384, YIELD = G_USEC_PER_SEC };

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

/* One that was withdrawn before: by this order, which a stop has interrupted, or by an earlier one. */
static bool count_known(struct withdrawal *w, int64_t item, GError **error)
{
    g_autofree char *order_id = NULL;

    if (!ledger_withdrawn_get(w->gateway->ledger, item, &order_id, error))
        return false;
    bool own = g_strcmp0(order_id, w->order->id) == 0;
    w->awaited += own;
    w->known += !own;
    return true;
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
        good = count_known(w, work->item.item, error);
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

/* The result, what follows from it, and the order's row; within the transaction of its last work items. */
static bool conclude(struct withdrawal *w, struct ledger_action *action, const char *about, GError **error)
{
    g_autofree char *result = NULL;

    find_result(w, about, &result);
    action->result = result;
    bool good = outcome_plan(w->gateway, w->now, error) && order_insert(w->gateway, action, error);
    action->result = NULL;
    return good;
}

/* One commit. about NULL: more slices follow. */
static bool settle(struct withdrawal *w, struct ledger_action *action, const GArray *items, const char *about,
                   GError **error)
{
    struct ledger *ledger = w->gateway->ledger;
    bool good = ledger_begin(ledger, error);

    for (guint i = 0; good && i < items->len; i++) {
        g_autofree struct ledger_work *work = NULL;
        good = ledger_work_get(ledger, g_array_index(items, int64_t, i), &work, error) && withdraw(w, work, error);
    }
    if (good && (about == NULL || conclude(w, action, about, error)) &&
        ledger_commit(about == NULL ? STEP_BATCH_SLICE_WITHDRAWN : STEP_ORDER_DONE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* ---- slices of a batch ---- */

/* Takes up what this process has done of the order, or begins; a stop may have left some of it done. */
static bool take_up(struct withdrawal *w, const struct ledger_verdict *verdict, GError **error)
{
    struct gateway_withdrawing *so_far = &w->gateway->withdrawing;

    if (g_strcmp0(so_far->order_id, w->order->id) != 0) {
        g_free(so_far->order_id);
        *so_far = (struct gateway_withdrawing){
            .order_id = g_strdup(w->order->id), .next = verdict->first_item, .slice = FIRST_SLICE};
        if (verdict->ended > 0 &&
            !ledger_ended_by_order(w->gateway->ledger, verdict, w->order->id, &so_far->ended, error))
            return false;
    }
    w->ended = so_far->ended;
    w->awaited = so_far->awaited;
    w->known = so_far->known;
    w->confirmed = so_far->confirmed;
    return true;
}

static void note_slice(const struct withdrawal *w)
{
    struct gateway_withdrawing *so_far = &w->gateway->withdrawing;

    so_far->next += so_far->slice;
    so_far->slice = MIN(2 * so_far->slice, LARGEST_SLICE);
    so_far->ended = w->ended;
    so_far->awaited = w->awaited;
    so_far->known = w->known;
    so_far->confirmed = w->confirmed;
}

/* Withdraws slices until the last one, or until it is time for other work. */
static bool withdraw_slices(struct withdrawal *w, const struct ledger_verdict *verdict, GError **error)
{
    struct gateway_withdrawing *so_far = &w->gateway->withdrawing;
    struct ledger_action action = order_action(w->order, w->order->reason, NULL);
    g_autofree char *about = g_strdup_printf("batch %s", w->order->batch);
    int64_t begun = clock_monotonic(), end = verdict->first_item + verdict->items;
    bool last = false;

    while (!last) {
        g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(int64_t));
        last = so_far->next + so_far->slice >= end;
        if (!ledger_work_live(w->gateway->ledger, so_far->next, MIN(so_far->slice, end - so_far->next), items, error) ||
            !settle(w, &action, items, last ? about : NULL, error))
            return false;
        note_slice(w);
        if (!last && (gateway_stopping(w->gateway) || (w->gateway->yields && clock_monotonic() - begun >= YIELD)))
            return true;
    }
    g_clear_pointer(&so_far->order_id, g_free);
    return true;
}

bool order_batch_withdraw(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree char *refusal = order_refuse_behind(gateway);
    struct withdrawal w;

    if (refusal == NULL && !order_find_batch(gateway, order, &verdict, &refusal, error))
        return false;
    if (!open_withdrawal(&w, gateway, order, error))
        return false;
    /* Once some of it is withdrawn, the rest may have ended since: then that is its result. */
    bool good = verdict == NULL || take_up(&w, verdict, error);
    bool refused = refusal != NULL && w.ended + w.awaited == 0;
    if (good)
        good = refused ? order_refuse(gateway, order, refusal, error) : withdraw_slices(&w, verdict, error);
    if (!good || refused)
        g_clear_pointer(&gateway->withdrawing.order_id, g_free);
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
    if (refusal != NULL)
        return order_commit(gateway, &action, NULL, error);
    bool good = open_withdrawal(&w, gateway, order, error) && settle(&w, &action, items, about, error);
    clear_withdrawal(&w);
    return good;
}
