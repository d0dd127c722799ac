#include "gateway/pipeline/orders.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/answers/incidents.h"
#include "gateway/reports/report.h"
#include "spool/crash_mark.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* What an order means for the job it names. */
struct plan {
    struct ledger_job *job;
    struct ledger_verdict *verdict; /* of the present revision */
    enum job_state from, to;
    char *refusal; /* why not; NULL: do it */
};

/* Where the order finds its file. */
static bool fits(const struct plan *plan, enum order_verb verb)
{
    if (verb == ORDER_HOLD)
        return plan->from == JOB_READY;
    return plan->from == JOB_HELD ||
           (verb == ORDER_REQUEUE && (plan->from == JOB_REJECTED || plan->from == JOB_CORRUPT));
}

/* The move comes before the commit, and a job in held has a reason, one in ready none: so a job
 * that stands at its goal while the ledger still says otherwise is an order that was stopped
 * half-way. */
static bool is_half_done(const struct plan *plan, enum order_verb verb)
{
    if (verb == ORDER_HOLD)
        return plan->from == JOB_HELD && plan->job->reason == NULL;
    return plan->from == JOB_READY && (plan->job->reason != NULL || (verb == ORDER_REQUEUE && plan->verdict != NULL));
}

static char *refuse(const struct plan *plan, const struct order *order)
{
    static const char *const only[] = {"in ready can be held", "in held can be released",
                                       "in rejected, held or corrupt can be judged again"};
    const char *where = plan->from == JOB_NOWHERE ? "no folder of the spool" : job_state_name(plan->from);
    char id[JOB_ID_SIZE];

    job_id_print(order->job, id);
    if (plan->job->direction != LEDGER_IN)
        return g_strdup_printf("job %s is a file of our own: only a file received can be "
                               "held, released or judged again",
                               id);
    if (!fits(plan, order->verb) && !is_half_done(plan, order->verb))
        return g_strdup_printf("job %s is in %s: only a file %s", id, where, only[order->verb]);
    if (order->verb == ORDER_REQUEUE && plan->verdict != NULL && strcmp(plan->verdict->outcome, "RJ") != 0)
        return g_strdup_printf("job %s has the verdict %s and its Devices are in work: only a file "
                               "rejected whole or without a verdict can be judged again",
                               id, plan->verdict->outcome);
    return NULL;
}

static bool make_plan(struct gateway *gateway, const struct order *order, struct plan *plan, GError **error)
{
    if (!ledger_job_get(gateway->ledger, order->job, &plan->job, error))
        return false;
    if (plan->job == NULL) {
        plan->refusal = g_strdup_printf("there is no job %08" G_GINT64_FORMAT, order->job);
        return true;
    }
    g_autoptr(GError) fault = NULL;
    if (!job_find(gateway->spool, order->job, &plan->from, &fault)) {
        if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
            g_propagate_error(error, g_steal_pointer(&fault));
            return false;
        }
        plan->refusal = g_strdup(fault->message);
        return true;
    }
    if (!ledger_verdict_get(gateway->ledger, order->job, plan->job->revision, &plan->verdict, error))
        return false;
    plan->to = order->verb == ORDER_HOLD ? JOB_HELD : JOB_READY;
    plan->refusal = refuse(plan, order);
    return true;
}

static bool note_job(struct ledger *ledger, const struct order *order, const struct plan *plan, GError **error)
{
    int64_t revision;

    if (order->verb == ORDER_HOLD)
        return ledger_job_set_reason(ledger, order->job, order->reason, error);
    if (order->verb == ORDER_REQUEUE && plan->verdict != NULL)
        return ledger_job_requeue(ledger, order->job, &revision, error);
    /* Without a verdict it is the same revision still. */
    return ledger_job_set_reason(ledger, order->job, NULL, error);
}

/* One commit: the order's outcome, and what it does to the job's row (plan NULL: nothing). */
static bool commit_order(struct gateway *gateway, const struct order *order, const struct plan *plan,
                         const char *result, GError **error)
{
    const char *verb = order_verb_name(order->verb);
    struct ledger_action action = {.order_id = order->id,
                                   .job = order->job,
                                   .incident = order->incident,
                                   .verb = verb ? verb : "(unreadable)",
                                   .reason = order->reason,
                                   .who = order->who,
                                   .at = order->at,
                                   .result = result};
    const struct ledger_incident closed = {
        .id = order->incident, .closed = clock_now(), .reason = order->reason, .who = order->who};

    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_action_insert(gateway->ledger, &action, error) &&
        (plan == NULL || note_job(gateway->ledger, order, plan, error)) &&
        (order->verb != ORDER_CLOSE || strcmp(result, ORDER_DONE) != 0 ||
         ledger_incident_close_by_hand(gateway->ledger, &closed, error)) &&
        ledger_commit(STEP_ORDER_DONE, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

static bool move_job(struct gateway *gateway, const struct order *order, const struct plan *plan, GError **error)
{
    enum step step = order->verb == ORDER_HOLD ? STEP_JOB_SET_ASIDE : STEP_JOB_RETURNED;

    /* Earlier crashes count no more: the operator gives the file another chance. */
    if (order->verb != ORDER_HOLD && !crash_mark_clear(gateway->spool, plan->from, order->job, error))
        return false;
    return plan->from == plan->to ||
           job_move(gateway->spool, order->job, &(struct job_move){step, plan->from, plan->to}, error);
}

static bool close_incident(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;
    g_autofree char *refusal = NULL;
    char id[INCIDENT_ID_SIZE];

    if (!ledger_incident_get(gateway->ledger, order->incident, &incident, error))
        return false;
    (void)incident_id(order->incident, id); /* the text is in id */
    if (incident == NULL)
        refusal = g_strdup_printf("there is no incident %s", id);
    else if (incident->closed != 0)
        refusal = g_strdup_printf("the incident %s is over already", id);
    return commit_order(gateway, order, NULL, refusal ? refusal : ORDER_DONE, error);
}

/* ---- redeliver ---- */

static char *refuse_redelivery(const struct order *order, const struct ledger_outgoing *part, enum job_state state)
{
    if (part == NULL || report_kind_find(part->kind) == NULL)
        return g_strdup_printf("there is no file %s of a report", order->file);
    if (part->state != LEDGER_DELIVERED)
        return g_strdup_printf("%s is not delivered yet: it is on its way", order->file);
    if (state != JOB_DONE && state != JOB_ACTIVE)
        return g_strdup_printf("%s is not in the spool any more", order->file);
    return NULL;
}

/* As for other orders the move comes before the commit: a job that owes nothing is finished again. */
static bool redeliver_part(struct gateway *gateway, const struct order *order, const struct ledger_outgoing *part,
                           enum job_state state, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    g_autofree char *reason = g_strdup_printf("%s: %s", order->file, order->reason);
    const struct ledger_action action = {.order_id = order->id,
                                         .job = part->job,
                                         .verb = order_verb_name(order->verb),
                                         .reason = reason,
                                         .who = order->who,
                                         .at = order->at,
                                         .result = ORDER_DONE};

    if (state == JOB_DONE &&
        !job_move(gateway->spool, part->job, &(struct job_move){STEP_JOB_RETURNED, JOB_DONE, JOB_ACTIVE}, error))
        return false;
    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_action_insert(ledger, &action, error) && ledger_outgoing_deliver_again(ledger, part->id, error) &&
        ledger_commit(STEP_ORDER_DONE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

static bool redeliver(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_outgoing *part = NULL;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_outgoing_named(gateway->ledger, order->file, &part, error) ||
        (part != NULL && !job_find(gateway->spool, part->job, &state, error)))
        return false;
    g_autofree char *refusal = refuse_redelivery(order, part, state);
    return refusal != NULL ? commit_order(gateway, order, NULL, refusal, error)
                           : redeliver_part(gateway, order, part, state, error);
}

static bool do_order(struct gateway *gateway, const struct order *order, GError **error)
{
    struct plan plan = {.from = JOB_NOWHERE};

    if (order->verb == ORDER_CLOSE)
        return close_incident(gateway, order, error);
    if (order->verb == ORDER_REDELIVER)
        return redeliver(gateway, order, error);
    bool good = make_plan(gateway, order, &plan, error);

    if (good && plan.refusal != NULL)
        good = commit_order(gateway, order, NULL, plan.refusal, error);
    else if (good)
        good = move_job(gateway, order, &plan, error) && commit_order(gateway, order, &plan, ORDER_DONE, error);
    g_free(plan.refusal);
    g_free(plan.verdict);
    g_free(plan.job);
    return good;
}

static bool carry_out(struct gateway *gateway, const struct order *order, const char *path, GError **error)
{
    bool known = false;
    GError *fault = NULL;

    if (!ledger_action_exists(gateway->ledger, order->id, &known, error))
        return false;
    if (!known && order->verb == ORDER_VERB_COUNT &&
        !commit_order(gateway, order, NULL,
                      "the order file does not read as an order; give it again with "
                      "ecosgate spool hold, release or requeue, or ecosgate incident close",
                      error))
        return false;
    if (!known && order->verb != ORDER_VERB_COUNT && !do_order(gateway, order, error))
        return false;
    /* Its outcome is in the ledger: a file that stays is not carried out again. */
    if (!disk_unlink(STEP_ORDER_REMOVED, path, &fault))
        gateway_fail(gateway, fault, "an order that was carried out cannot be removed");
    return true;
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct order *x = *(struct order *const *)a, *y = *(struct order *const *)b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->id, y->id);
}

/* The orders that wait, oldest first; NULL when the folder or one of them cannot be read: a later one must not
 * come first. */
static GPtrArray *waiting_orders(const char *dir, GError **error)
{
    g_auto(GStrv) names = disk_names(dir, error);

    if (names == NULL)
        return NULL;
    g_autoptr(GPtrArray) orders = g_ptr_array_new_with_free_func((GDestroyNotify)order_free);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        /* A leading dot is an order being written; a folder is nobody's order. */
        if (**name == '.' || g_file_test(path, G_FILE_TEST_IS_DIR))
            continue;
        struct order *order = order_read(path, *name, error);
        if (order == NULL)
            return NULL;
        g_ptr_array_add(orders, order);
    }
    g_ptr_array_sort(orders, by_time);
    return g_steal_pointer(&orders);
}

bool orders_carry_out(struct gateway *gateway, GError **error)
{
    const char *dir = spool_orders_dir(gateway->spool);
    g_autoptr(GPtrArray) orders = waiting_orders(dir, error);

    if (orders == NULL)
        return false;
    for (guint i = 0; i < orders->len && !gateway_stopping(gateway); i++) {
        const struct order *order = orders->pdata[i];
        size_t len = 0;
        g_autofree char *name = text_unescape(order->id, &len);
        g_autofree char *path = g_build_filename(dir, name, NULL);
        if (!carry_out(gateway, order, path, error))
            return false;
    }
    return true;
}
