/* What the time alone does to sessions: it ends them, and says that a confirmation is missing. */
#include "gateway/pipeline/dispatch/dispatch.h"

#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/dispatch_private.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "gateway/pipeline/dispatch/undelivered.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_sessions.h"

enum { TIMEOUTS_AT_ONCE = 10000 };

/* A session that waits for its next try ends. What stood against that try since makes the end no failure, if it passes,
 * or if the Device has got its new credentials otherwise. Neither is it one if the try was due and no work order could
 * be made. */
static bool time_out_waiting(struct dispatch_review *second, const struct ledger_work *work,
                             struct ledger_session *session, struct ledger_transition *transition, GError **error)
{
    const struct retry_rules *retry = &second->gateway->config->retry;
    int64_t now = second->rules.now;
    struct retry_cause cause = {C126, now};
    bool waits = false;
    struct row row;

    if (!dispatch_review_again(second, work, 0, &row, error) || !dispatch_waits(second->gateway, &waits, error))
        return false;
    bool replaced = row_has_errors(&row) && !row_is_deferred(&row) && row_first_permanent(&row) == C108;
    if (row_is_deferred(&row))
        cause = dispatch_cause_of(&row);
    else if (!replaced && (row_has_errors(&row) || work->session.due > now || !(waits || work->held)))
        return true;
    *session = work->session;
    if (replaced)
        retry_refuse(retry, now, C108, session, transition);
    else
        retry_put_off(retry, now, &cause, session, transition);
    return true;
}

/* A session whose newest work order never left ends, and is no failure. */
static bool time_out_ordered(struct dispatch_review *second, const struct ledger_work *work,
                             struct ledger_session *session, struct ledger_transition *transition, GError **error)
{
    struct undelivered_order order;

    if (!undelivered_order(second->gateway, second->undelivered, work->item.item, &order, error))
        return false;
    bool good = true;
    if (order.job != 0) {
        *session = work->session;
        retry_withdraw(&second->gateway->config->retry, second->rules.now, session, transition);
        good = undelivered_withdraw(second->gateway, &order, transition, error);
    }
    undelivered_order_clear(&order);
    return good;
}

/* Applies the time to one session, if it is really over: its wake time may be earlier than its due time. */
static bool time_out_one(struct dispatch_review *second, int64_t item, GError **error)
{
    struct gateway *gateway = second->gateway;
    g_autofree struct ledger_work *work = NULL;
    struct ledger_transition transition;
    bool good = true;

    if (!ledger_work_get(gateway->ledger, item, &work, error))
        return false;
    struct ledger_session session = work->session;
    if (retry_take_time(&gateway->config->retry, second->rules.now, &session, &transition) != RETRY_APPLIES)
        return true;
    if (work->session.state == LEDGER_RETRY_WAIT)
        good = time_out_waiting(second, work, &session, &transition, error);
    else if (work->session.state == LEDGER_DISPATCHED)
        good = time_out_ordered(second, work, &session, &transition, error);
    return good && outcome_record(gateway, work, &session, &transition, error);
}

static bool time_out_each(struct dispatch_review *second, const GArray *due, GError **error)
{
    for (guint i = 0; i < due->len; i++) {
        if (!time_out_one(second, g_array_index(due, struct ledger_due, i).item, error))
            return false;
    }
    return true;
}

static bool time_out_all(struct gateway *gateway, const GArray *due, int64_t now, GError **error)
{
    struct dispatch_review second;
    g_autoptr(GHashTable) undelivered = NULL;

    if (!dispatch_review_open(&second, gateway, now, error) || !undelivered_find(gateway, &undelivered, error))
        return false;
    second.undelivered = undelivered;
    return time_out_each(&second, due, error) && outcome_plan(gateway, now, error) &&
           ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error);
}

bool dispatch_refresh_wake_times(struct gateway *gateway, int64_t now, GError **error)
{
    bool stale;

    if (!ledger_wake_times_stale(gateway->ledger, now, &stale, error))
        return false;
    if (!stale || (ledger_begin(gateway->ledger, error) && ledger_wake_times_refresh(gateway->ledger, now, error) &&
                   ledger_commit(STEP_TIME_COMMITTED, gateway->ledger, error)))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

bool dispatch_find_timeouts(struct gateway *gateway, int64_t by, GArray *due, GError **error)
{
    const struct retry_rules *retry = &gateway->config->retry;

    g_array_set_size(due, 0);
    return ledger_timeouts_due(gateway->ledger, by, TIMEOUTS_AT_ONCE, due, error) &&
           (due->len > 0 || retry_may_try(retry, by) ||
            ledger_closing_due(gateway->ledger, by >= retry->tcos_closes, TIMEOUTS_AT_ONCE, due, error));
}

bool dispatch_timeouts(struct gateway *gateway, int64_t by, GError **error)
{
    int64_t now = clock_now();
    g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));

    if (!dispatch_refresh_wake_times(gateway, now, error))
        return false;
    do {
        if (!dispatch_find_timeouts(gateway, by, due, error))
            return false;
        if (due->len > 0 && (!ledger_begin(gateway->ledger, error) || !time_out_all(gateway, due, now, error))) {
            ledger_rollback(gateway->ledger);
            return false;
        }
    } while (due->len > 0 && !gateway_stopping(gateway));
    return gateway_stopping(gateway) || outcome_plan_overdue(gateway, now, error);
}
