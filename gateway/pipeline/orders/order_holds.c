/*
 * Orders that hold the work of a batch or of a Device, and release it. A hold is a row (ledger_holds.h): dispatch
 * leaves out what is held. Only a READY Device that has no session yet gets one, for dispatch starts sessions in the
 * order of the instruction and would pass it by for ever.
 */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/eui64.h"
#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"
#include "validators/retry/retry.h"

#include <string.h>

/* ---- a batch ---- */

bool order_find_batch(struct gateway *gateway, const struct order *order, struct ledger_verdict **verdict,
                      char **refusal, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    *refusal = NULL;
    if (!ledger_job_get(gateway->ledger, order->job, &job, error) ||
        !ledger_verdict_get(gateway->ledger, order->job, 0, verdict, error))
        return false;
    if (job == NULL || job->direction != LEDGER_IN || g_strcmp0(job->type, "EMI") != 0)
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " is no instruction (EMI)", order->job);
    else if (*verdict == NULL)
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " is not judged yet; `ecosgate spool hold` keeps the file "
                                   "back, `ecosgate spool reject` rejects it then",
                                   order->job);
    else if ((*verdict)->items == 0 || (*verdict)->ended >= (*verdict)->accepted)
        *refusal = g_strdup_printf("batch %s: no Device of it is in work: accepted %" G_GINT64_FORMAT
                                   ", all of them have ended",
                                   order->batch, (*verdict)->accepted);
    return true;
}

static bool change_batch(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_hold *hold = subject;

    return order->verb == ORDER_HOLD_BATCH ? ledger_hold_put(gateway->ledger, hold, order->id, error)
                                           : ledger_hold_end(gateway->ledger, hold, error);
}

bool order_batch_hold(struct gateway *gateway, const struct order *order, GError **error)
{
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_BATCH, .number = order->job};
    bool begins = order->verb == ORDER_HOLD_BATCH, held = false;
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree char *refusal = NULL;

    if (!ledger_hold_exists(gateway->ledger, &hold, &held, error) ||
        (begins && !held && !order_find_batch(gateway, order, &verdict, &refusal, error)))
        return false;
    if (held == begins)
        refusal = g_strdup_printf(begins ? "batch %s is held already; see 'ecosgate batch show'"
                                         : "batch %s is not held; there is nothing to release",
                                  order->batch);
    const struct ledger_action action = order_action(order, order->reason, refusal != NULL ? refusal : ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){change_batch, order, &hold}, error);
}

/* ---- a Device ---- */

bool order_find_live(struct gateway *gateway, const struct order *order, struct ledger_work **work, char **refusal,
                     GError **error)
{
    uint64_t device;

    *work = NULL;
    *refusal = NULL;
    if (!eui64_parse(order->device, strlen(order->device), &device)) {
        *refusal = g_strdup("the order names no Device");
        return true;
    }
    if (!ledger_work_of_device(gateway->ledger, device, work, error))
        return false;
    if (*work == NULL)
        *refusal =
            g_strdup_printf("the Device %s is not known: no instruction that was judged names it", order->device);
    else if ((*work)->item.outcome != LEDGER_READY || (*work)->item.ended)
        *refusal = g_strdup_printf(
            "no work item of the Device %s is live: it is %s; see 'ecosgate why %s'", order->device,
            ledger_state_name((*work)->has_session ? (*work)->session.state : (*work)->item.outcome), order->device);
    return true;
}

static bool has_tries_to_come(const struct ledger_work *work)
{
    return !work->has_session || work->session.state == LEDGER_READY || work->session.state == LEDGER_RETRY_WAIT ||
           work->session.state == LEDGER_DISPATCHED;
}

static bool hold_device(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_work *work = subject;
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_DEVICE, .number = work->item.item};
    struct ledger_session session = work->session;
    struct ledger_transition transition;

    if (!ledger_hold_put(gateway->ledger, &hold, order->id, error))
        return false;
    if (work->has_session)
        return true;
    retry_hold(&gateway->config->retry, clock_now(), work->judged_at, &session, &transition);
    transition.order_id = order->id;
    return ledger_item_out_of_turn(gateway->ledger, work->item.item, error) &&
           outcome_record(gateway, work, &session, &transition, error);
}

bool order_device_hold(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    g_autofree char *refusal = NULL;
    g_autofree char *reason = g_strdup_printf("%s: %s", order->device, order->reason);
    bool held = false;

    if (!order_find_live(gateway, order, &work, &refusal, error))
        return false;
    if (refusal == NULL &&
        !ledger_hold_exists(gateway->ledger, &(struct ledger_hold){LEDGER_HOLD_DEVICE, work->item.item, NULL}, &held,
                            error))
        return false;
    if (held)
        refusal = g_strdup_printf("the Device %s is held already; see 'ecosgate why %s'", order->device, order->device);
    else if (refusal == NULL && !has_tries_to_come(work))
        refusal = g_strdup_printf("the Device %s is %s: no try of it is to come", order->device,
                                  ledger_state_name(work->session.state));
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){hold_device, order, work}, error);
}
