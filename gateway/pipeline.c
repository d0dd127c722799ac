#include "gateway/pipeline.h"

#include "gateway/delivery.h"
#include "gateway/dispatch.h"
#include "gateway/intake.h"
#include "gateway/orders.h"
#include "validators/judge.h"

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Jobs that a stop left in active/, and new ones, oldest first. */
static GArray *jobs_due(struct gateway *gateway, GError **error)
{
    g_autoptr(GArray) active = job_list(gateway->spool, JOB_ACTIVE, error);
    g_autoptr(GArray) ready = active ? job_list(gateway->spool, JOB_READY, error) : NULL;

    if (ready == NULL)
        return NULL;
    g_array_append_vals(active, ready->data, ready->len);
    g_array_sort(active, by_id);
    return g_steal_pointer(&active);
}

/* A judging that was stopped, or that the disk did not let go on, is not the file's fault: only those that
 * ended the program count. What cannot be noted (a full disk) stays as it is. */
static void forget_beginning(struct gateway *gateway, int64_t id)
{
    GError *fault = NULL;

    if (ledger_begin(gateway->ledger, &fault) && ledger_job_forget_judging(gateway->ledger, id, &fault) &&
        ledger_commit(STEP_JUDGING_NOTED, gateway->ledger, &fault))
        return;
    ledger_rollback(gateway->ledger);
    gateway_fail(gateway, fault, "job %08" G_GINT64_FORMAT ": its judging counts as begun", id);
}

/* What one job leads to is finished before the next is begun: a crash anywhere then resumes in the same
 * order, with the same numbers. */
static bool process(struct gateway *gateway, int64_t id, GError **error)
{
    GError *fault = NULL;

    if (!intake_process(gateway, id, &fault)) {
        if (g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_BUG)) {
            g_propagate_error(error, fault);
            return false;
        }
        if (!g_error_matches(fault, JUDGE_ERROR, JUDGE_ERROR_STOPPED))
            gateway_fail(gateway, fault, "job %08" G_GINT64_FORMAT " was not judged; it is tried again", id);
        else
            g_clear_error(&fault);
        forget_beginning(gateway, id);
        return true;
    }
    return dispatch_pass(gateway, error) && delivery_pass(gateway, error);
}

bool pipeline_pass(struct gateway *gateway, struct pickup *pickup, int64_t *settling, GError **error)
{
    if (!orders_carry_out(gateway, error) || !pickup_pass(pickup, settling, error))
        return false;
    g_autoptr(GArray) due = jobs_due(gateway, error);
    for (guint i = 0; due != NULL && i < due->len && !gateway_stopping(gateway); i++) {
        /* Orders in between, or `hold` would never reach a file that waits behind others. */
        if (!orders_carry_out(gateway, error) || !process(gateway, g_array_index(due, int64_t, i), error))
            return false;
    }
    return due != NULL && dispatch_pass(gateway, error) && delivery_pass(gateway, error) &&
           ledger_checkpoint(gateway->ledger, error);
}
