/*
 * Orders about a job: hold, release, requeue, reject. First the job moves between folders, then the order is committed.
 * The folder decides where a job is. A crash after the move leaves a job that has arrived while the ledger still says
 * otherwise; is_half_done recognises it, and the order is finished.
 */
#include "gateway/archived.h"
#include "gateway/pipeline/orders/order_private.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/pipeline/judging/recording.h"
#include "gateway/pipeline/judging/reference.h"
#include "spool/crash_mark.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_shrink.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/packed.h"

#include <string.h>

/* What an order would do to the job that it names. */
struct effect {
    struct ledger_job *job;
    struct ledger_verdict *verdict; /* of the present revision; NULL: none yet */
    enum job_state from, to;
    bool kept_back; /* an operator's "hold" keeps it in held/ */
    char *refusal;  /* why the order is refused; NULL: it is carried out */
};

/* Is the job in a state that the order may take it from? */
static bool fits(const struct effect *effect, enum order_verb verb)
{
    if (verb == ORDER_HOLD)
        return effect->from == JOB_READY;
    return effect->from == JOB_HELD ||
           (verb == ORDER_REQUEUE && (effect->from == JOB_REJECTED || effect->from == JOB_CORRUPT));
}

/* Was this order stopped between move and commit? A job in held/ has a reason and one in ready/ has none, so a job that
 * has arrived while the ledger still says otherwise was moved by an order that was not committed. */
static bool is_half_done(const struct effect *effect, enum order_verb verb)
{
    if (verb == ORDER_HOLD)
        return effect->from == JOB_HELD && effect->job->reason == NULL;
    return effect->from == JOB_READY &&
           (effect->job->reason != NULL || (verb == ORDER_REQUEUE && effect->verdict != NULL));
}

static char *refuse(const struct effect *effect, const struct order *order)
{
    static const char *const only[] = {"in ready can be held", "in held can be released",
                                       "in rejected, held or corrupt can be judged again", "in held can be rejected"};
    const char *where = effect->from == JOB_NOWHERE ? "no folder of the spool" : job_state_name(effect->from);
    char id[JOB_ID_SIZE];

    job_id_print(order->job, id);
    if (effect->job->direction != LEDGER_IN)
        return g_strdup_printf("job %s is a file of the gateway's own; only a file received can be held, "
                               "released, rejected or judged again",
                               id);
    if (!fits(effect, order->verb) && !is_half_done(effect, order->verb))
        return g_strdup_printf("job %s is in %s; only a job %s", id, where, only[order->verb]);
    /* A row that `recover` made of a folder without an envelope (recover_spool.h). */
    if (effect->job->sha256 == NULL)
        return g_strdup_printf("job %s cannot be judged: nobody knows its name, its sender and its SHA-256, for its "
                               "envelope is damaged and the ledger that knew them is lost; ask the sender for the file "
                               "again",
                               id);
    if (effect->job->removed != 0)
        return g_strdup_printf("job %s cannot be judged again: the bytes of its file were removed from the spool "
                               "([retention]); ask the sender for the file again",
                               id);
    if (order->verb == ORDER_REQUEUE && effect->verdict != NULL && strcmp(effect->verdict->outcome, "RJ") != 0)
        return g_strdup_printf(
            "job %s has the verdict %s and its Devices are in work; only a job rejected whole or without "
            "a verdict can be judged again",
            id, effect->verdict->outcome);
    return NULL;
}

static bool find_effect(struct gateway *gateway, const struct order *order, struct effect *effect, GError **error)
{
    if (!ledger_job_get(gateway->ledger, order->job, &effect->job, error))
        return false;
    if (effect->job == NULL) {
        effect->refusal = g_strdup_printf("there is no job %08" G_GINT64_FORMAT, order->job);
        return true;
    }
    g_autofree char *archived = NULL;
    if (!archived_text(gateway, order->job, &archived, error))
        return false;
    if (archived != NULL) {
        effect->refusal = g_strdup_printf("job %08" G_GINT64_FORMAT ": %s", order->job, archived);
        return true;
    }
    g_autoptr(GError) cause = NULL;
    if (!job_find(gateway->spool, order->job, &effect->from, &cause)) {
        if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
        effect->refusal = g_strdup(cause->message);
        return true;
    }
    if (!ledger_verdict_get(gateway->ledger, order->job, effect->job->revision, &effect->verdict, error) ||
        !ledger_action_keeps_back(gateway->ledger, order->job, &effect->kept_back, error))
        return false;
    effect->to = order->verb == ORDER_HOLD ? JOB_HELD : JOB_READY;
    effect->refusal = refuse(effect, order);
    return true;
}

/* The commit has the order; by it the next pass gives the file the verdict RJ (ledger_action_rejection). */
static bool reject_within(struct gateway *gateway, const struct order *order, const struct effect *effect,
                          GError **error)
{
    const struct ledger_incident closing = {.closed = clock_now(), .reason = order->reason, .who = order->who};

    return reference_reject_within(gateway, effect->job, &closing, error) &&
           ledger_job_set_reason(gateway->ledger, order->job, NULL, error);
}

/* A profile that is valid now may read a name that none could read when the file arrived. Its type and sender decide
 * which file it waits for, before it is judged. */
static bool describe_again(struct gateway *gateway, const struct order *order, const struct effect *effect,
                           GError **error)
{
    struct ledger_job job = *effect->job;
    const struct config_arrival arrival = {job.drop, job.received, order->at};
    size_t len = 0;
    g_autofree char *raw = text_unescape(job.name, &len);
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE];

    if (job.type != NULL || raw == NULL || !config_parse_name(gateway->config, &arrival, raw, len, &parsed))
        return true;
    recording_describe(&job, &parsed, sender);
    return ledger_job_describe(gateway->ledger, &job, error);
}

static bool update_job(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct effect *effect = subject;
    struct ledger *ledger = gateway->ledger;
    int64_t revision;

    if (order->verb == ORDER_HOLD)
        return ledger_job_set_reason(ledger, order->job, order->reason, error);
    if (order->verb == ORDER_REJECT)
        return reject_within(gateway, order, effect, error);
    /* What "hold" has kept back goes on by what was decided before; a file that is judged again meets shrink_limit
     * again. */
    if (order->verb == ORDER_RELEASE && !effect->kept_back && !reference_release_within(gateway, effect->job, error))
        return false;
    if (order->verb == ORDER_REQUEUE &&
        (!describe_again(gateway, order, effect, error) || !ledger_shrink_ask_again(ledger, order->job, error)))
        return false;
    if (order->verb == ORDER_REQUEUE && effect->verdict != NULL)
        return ledger_job_requeue(ledger, order->job, &revision, error);
    /* Without a verdict it is the same revision still. */
    return ledger_job_set_reason(ledger, order->job, NULL, error);
}

static bool move_job(struct gateway *gateway, const struct order *order, const struct effect *effect, GError **error)
{
    enum step step = order->verb == ORDER_HOLD ? STEP_JOB_SET_ASIDE : STEP_JOB_RETURNED;

    /* Earlier crashes no longer count: the operator gives the file another chance. */
    if (order->verb != ORDER_HOLD && !crash_mark_clear(gateway->spool, effect->from, order->job, error))
        return false;
    /* What is judged is plain. */
    g_autofree char *payload = job_path(gateway->spool, effect->from, order->job, JOB_PAYLOAD);
    if (order->verb != ORDER_HOLD && payload != NULL && !packed_unpack(payload, error))
        return false;
    return effect->from == effect->to ||
           job_move(gateway->spool, order->job, &(struct job_move){step, effect->from, effect->to}, error);
}

static bool change_job(struct gateway *gateway, const struct ledger_action *action, const struct order *order,
                       const struct effect *effect, GError **error)
{
    return move_job(gateway, order, effect, error) &&
           order_commit(gateway, action, &(struct order_change){update_job, order, effect}, error);
}

static void effect_clear(struct effect *effect)
{
    g_free(effect->refusal);
    g_free(effect->verdict);
    g_free(effect->job);
}

bool order_job(struct gateway *gateway, const struct order *order, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, ORDER_DONE);
    struct effect effect = {.from = JOB_NOWHERE};
    bool good = find_effect(gateway, order, &effect, error) &&
                (effect.refusal != NULL ? order_refuse(gateway, order, effect.refusal, error)
                                        : change_job(gateway, &action, order, &effect, error));

    effect_clear(&effect);
    return good;
}

bool order_job_reject(struct gateway *gateway, const struct order *order, int64_t job, bool *rejected, GError **error)
{
    struct ledger_action action = order_action(order, order->reason, ORDER_DONE);
    struct effect effect = {.from = JOB_NOWHERE};
    struct order reject = *order;

    reject.verb = ORDER_REJECT;
    reject.job = action.job = job;
    bool good = find_effect(gateway, &reject, &effect, error);
    *rejected = good && effect.refusal == NULL;
    if (*rejected)
        good = change_job(gateway, &action, &reject, &effect, error);
    effect_clear(&effect);
    return good;
}
