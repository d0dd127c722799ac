/* The order to deliver an outgoing file again. */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/reports/report.h"
#include "spool/ledger/ledger_outgoing.h"

static char *refuse_redelivery(const struct order *order, const struct ledger_outgoing *file, enum job_state state)
{
    if (file == NULL || (report_kind_find(file->kind) == NULL && !file->concluded))
        return g_strdup_printf("no report has a file %s, and its delivery was not concluded", order->file);
    if (file->state != LEDGER_DELIVERED && file->state != LEDGER_GIVEN_UP)
        return g_strdup_printf("%s is not delivered yet; it needs no order", order->file);
    if (state != JOB_DONE && state != JOB_REJECTED && state != JOB_ACTIVE)
        return g_strdup_printf("%s is no longer in the spool", order->file);
    return NULL;
}

static bool deliver_again(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_outgoing *file = subject;

    (void)order; /* the file is all */
    return ledger_outgoing_deliver_again(gateway->ledger, file->id, error);
}

/* The move comes before the commit here too. A crash in between leaves a job in active/ whose files are all delivered:
 * delivery.c moves it back, and the order is carried out again. */
static bool redeliver_file(struct gateway *gateway, const struct order *order, const struct ledger_outgoing *file,
                           enum job_state state, GError **error)
{
    g_autofree char *reason = g_strdup_printf("%s: %s", order->file, order->reason);
    struct ledger_action action = order_action(order, reason, ORDER_DONE);

    action.job = file->job;
    return (state == JOB_ACTIVE ||
            job_move(gateway->spool, file->job, &(struct job_move){STEP_JOB_RETURNED, state, JOB_ACTIVE}, error)) &&
           order_commit(gateway, &action, &(struct order_change){deliver_again, order, file}, error);
}

bool order_redeliver(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_outgoing *file = NULL;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_outgoing_named(gateway->ledger, order->file, &file, error) ||
        (file != NULL && !job_find(gateway->spool, file->job, &state, error)))
        return false;
    g_autofree char *refusal = refuse_redelivery(order, file, state);
    return refusal != NULL ? order_refuse(gateway, order, refusal, error)
                           : redeliver_file(gateway, order, file, state, error);
}
