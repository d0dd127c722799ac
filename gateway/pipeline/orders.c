/*
 * Carrying out an order: first the effect on disk (a job moves between folders), then one commit that holds the order's
 * id, its result and its effect on the ledger, then the file is removed. Why in this order:
 *
 *   - The folder decides where a job is. A crash after the move leaves a job that has arrived while the ledger still
 *     says otherwise; is_half_done recognises it, and the order is finished.
 *   - A crash after the commit leaves the file. Its id is in the ledger then, and the file is only removed.
 */
#include "gateway/pipeline/orders.h"

#include "formats/eui64.h"
#include "formats/text.h"
#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/pipeline/backup_pause.h"
#include "gateway/pipeline/device_end.h"
#include "gateway/pipeline/device_release.h"
#include "gateway/pipeline/claims.h"
#include "gateway/pipeline/ledger_watch.h"
#include "gateway/pipeline/recover.h"
#include "gateway/pipeline/reference.h"
#include "gateway/reports/report.h"
#include "gateway/reports/report_address.h"
#include "spool/crash_mark.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_claims.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_shrink.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

/* ---- the commit ---- */

struct ledger_action order_action(const struct order *order, const char *reason, const char *result)
{
    const char *verb = order_verb_name(order->verb);

    return (struct ledger_action){.order_id = order->id,
                                  .job = order->job,
                                  .incident = order->incident,
                                  .verb = verb != NULL ? verb : "(unreadable)",
                                  .reason = reason,
                                  .who = order->who,
                                  .at = order->at,
                                  .result = result};
}

/* What an order changes in the ledger. */
struct change {
    bool (*make)(struct gateway *gateway, const struct order *order, const void *subject, GError **error);
    const struct order *order;
    const void *subject; /* what `make` needs besides the order */
};

/* One commit: the order's id and result, and its change. change NULL: the order is refused. */
static bool commit_order(struct gateway *gateway, const struct ledger_action *action, const struct change *change,
                         GError **error)
{
    struct ledger *ledger = gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_action_insert(ledger, action, error) &&
        (change == NULL || change->make(gateway, change->order, change->subject, error)) &&
        ledger_commit(STEP_ORDER_DONE, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

static bool commit_refusal(struct gateway *gateway, const struct order *order, const char *refusal, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, refusal);

    return commit_order(gateway, &action, NULL, error);
}

/* ---- hold, release, requeue, reject ---- */

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

static bool update_job(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct effect *effect = subject;
    struct ledger *ledger = gateway->ledger;
    int64_t revision;

    if (order->verb == ORDER_HOLD)
        return ledger_job_set_reason(ledger, order->job, order->reason, error);
    if (!ledger_recovery_raise_lost(ledger, order->job, error))
        return false;
    if (order->verb == ORDER_REJECT)
        return reject_within(gateway, order, effect, error);
    /* What "hold" has kept back goes on by what was decided before; a file that is judged again meets shrink_limit
     * again. */
    if (order->verb == ORDER_RELEASE && !effect->kept_back && !reference_release_within(gateway, effect->job, error))
        return false;
    if (order->verb == ORDER_REQUEUE && !ledger_shrink_ask_again(ledger, order->job, error))
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
    return effect->from == effect->to ||
           job_move(gateway->spool, order->job, &(struct job_move){step, effect->from, effect->to}, error);
}

static bool change_job(struct gateway *gateway, const struct ledger_action *action, const struct order *order,
                       const struct effect *effect, GError **error)
{
    return move_job(gateway, order, effect, error) &&
           commit_order(gateway, action, &(struct change){update_job, order, effect}, error);
}

static void effect_clear(struct effect *effect)
{
    g_free(effect->refusal);
    g_free(effect->verdict);
    g_free(effect->job);
}

static bool carry_out_on_job(struct gateway *gateway, const struct order *order, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, ORDER_DONE);
    struct effect effect = {.from = JOB_NOWHERE};
    bool good = find_effect(gateway, order, &effect, error) &&
                (effect.refusal != NULL ? commit_refusal(gateway, order, effect.refusal, error)
                                        : change_job(gateway, &action, order, &effect, error));

    effect_clear(&effect);
    return good;
}

/* ---- close ---- */

/* Of an A117 whose file cannot be rejected, for it is not in held/: what waited for it goes on. Of an A118: the files
 * of reports that wait for a recipient are given up. */
static bool give_up(struct gateway *gateway, int64_t id, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;

    if (!ledger_incident_get(gateway->ledger, id, &incident, error))
        return false;
    return incident == NULL ||
           (strcmp(incident->code, "A117") == 0 ? ledger_shrink_give_up(gateway->ledger, incident->job, error)
                                                : report_address_give_up(gateway, incident, error));
}

static bool close_by_hand(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_incident closed = {
        .id = order->incident, .closed = clock_now(), .reason = order->reason, .who = order->who};

    (void)subject; /* the order names the incident */
    return ledger_incident_close_by_hand(gateway->ledger, &closed, error) && give_up(gateway, order->incident, error);
}

static bool commit_closing(struct gateway *gateway, const struct order *order, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, ORDER_DONE);

    return commit_order(gateway, &action, &(struct change){close_by_hand, order, NULL}, error);
}

/* Closing an A117 rejects its file, so that its sender gets an answer. */
static bool close_by_rejecting(struct gateway *gateway, const struct order *order, int64_t job, GError **error)
{
    struct ledger_action action = order_action(order, order->reason, ORDER_DONE);
    struct effect effect = {.from = JOB_NOWHERE};
    struct order reject = *order;

    reject.verb = ORDER_REJECT;
    reject.job = action.job = job;
    bool good = find_effect(gateway, &reject, &effect, error) &&
                (effect.refusal != NULL ? commit_closing(gateway, order, error)
                                        : change_job(gateway, &action, &reject, &effect, error));
    effect_clear(&effect);
    return good;
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
        refusal = g_strdup_printf("incident %s is closed already", id);
    else if (strcmp(incident->code, "A117") == 0)
        return close_by_rejecting(gateway, order, incident->job, error);
    return refusal != NULL ? commit_refusal(gateway, order, refusal, error) : commit_closing(gateway, order, error);
}

/* ---- redeliver ---- */

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
           commit_order(gateway, &action, &(struct change){deliver_again, order, file}, error);
}

static bool redeliver(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_outgoing *file = NULL;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_outgoing_named(gateway->ledger, order->file, &file, error) ||
        (file != NULL && !job_find(gateway->spool, file->job, &state, error)))
        return false;
    g_autofree char *refusal = refuse_redelivery(order, file, state);
    return refusal != NULL ? commit_refusal(gateway, order, refusal, error)
                           : redeliver_file(gateway, order, file, state, error);
}

/* ---- sequence ---- */

/* The files that the order is about, in *self. Returns why it is refused; NULL: it is not. g_free. */
static char *find_sender(const struct gateway *gateway, const struct order *order, char sender[EUI64_TEXT_SIZE],
                         struct ledger_file *self)
{
    const struct party *party = rules_party(&gateway->config->identity, order->sender);

    if (party == NULL)
        return g_strdup_printf("there is no [party %s] in the configuration", order->sender);
    if (!rules_may_send(party, order->type))
        return g_strdup_printf("[party %s] may not send %s", order->sender, order->type);
    eui64_print(party->eui64, sender);
    *self = (struct ledger_file){.type = order->type, .org = order->sender, .sender = sender};
    return NULL;
}

static bool set_numbering(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    return ledger_numbering_set(gateway->ledger, subject, order->number, order->id, error);
}

static bool set_sequence(struct gateway *gateway, const struct order *order, GError **error)
{
    char sender[EUI64_TEXT_SIZE];
    struct ledger_file self;
    /* A new numbering may be above the one that the witness knows: then the ledger would look newer than it is. */
    g_autofree char *refusal = gateway->fault.kind != LEDGER_SOUND
                                   ? g_strdup("the ledger is not the newest one (A109); see 'ecosgate status'")
                                   : find_sender(gateway, order, sender, &self);
    g_autofree char *reason =
        g_strdup_printf("%s %s %06" G_GINT64_FORMAT ": %s", order->sender, order->type, order->number, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return commit_order(gateway, &action, refusal != NULL ? NULL : &(struct change){set_numbering, order, &self},
                        error);
}

/* ---- take ---- */

/* Why there is nothing to take; NULL: there is. g_free. */
static char *refuse_take(const struct gateway *gateway, const struct order *order)
{
    const struct drop *drop = config_drop(gateway->config, order->drop);

    if (drop == NULL)
        return g_strdup_printf("there is no [drop %s] in the configuration", order->drop);
    if (!drop->claim)
        return g_strdup_printf("[drop %s] has claim=no, so nobody claims it", order->drop);
    if (gateway->claims != NULL && claims_holds(gateway->claims, drop))
        return g_strdup_printf("drop %s is this gateway's already; there is nothing to take", order->drop);
    return NULL;
}

static bool put_take(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    (void)subject; /* the order names the drop */
    return ledger_claim_take_put(gateway->ledger, order->drop, order->id, order->claim, error);
}

/* The claim itself is replaced by the next look at it (claims.h); until then the ledger keeps that it may be. */
static bool take_drop(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree char *refusal = refuse_take(gateway, order);
    g_autofree char *reason = g_strdup_printf("%s: %s", order->drop, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return (refusal != NULL || ledger_watch_forget_drop(gateway, order->drop, error)) &&
           commit_order(gateway, &action, refusal != NULL ? NULL : &(struct change){put_take, order, NULL}, error);
}

/* ---- all orders ---- */

static bool do_order(struct gateway *gateway, const struct order *order, GError **error)
{
    switch (order->verb) {
    case ORDER_HOLD:
    case ORDER_RELEASE:
    case ORDER_REQUEUE:
    case ORDER_REJECT:
        return carry_out_on_job(gateway, order, error);
    case ORDER_CLOSE:
        return close_incident(gateway, order, error);
    case ORDER_REDELIVER:
        return redeliver(gateway, order, error);
    case ORDER_SEQUENCE:
        return set_sequence(gateway, order, error);
    case ORDER_TAKE:
        return take_drop(gateway, order, error);
    case ORDER_RECOVER:
        return recover_carry_out(gateway, order, error);
    case ORDER_RELEASE_DEVICE:
        return device_release_carry_out(gateway, order, error);
    case ORDER_END_DEVICE:
        return device_end_carry_out(gateway, order, error);
    case ORDER_VERB_COUNT:
        break;
    }
    return commit_refusal(
        gateway, order,
        "the order file is no order; give the order again with ecosgate spool hold, release, requeue or reject, "
        "ecosgate incident close, ecosgate report redeliver, ecosgate sequence set, ecosgate claim take, ecosgate "
        "device release, ecosgate device end or ecosgate recover",
        error);
}

static bool carry_out(struct gateway *gateway, const struct order *order, const char *path, GError **error)
{
    bool known = false;
    GError *cause = NULL;

    if (!ledger_action_exists(gateway->ledger, order->id, &known, error))
        return false;
    if (!known && !do_order(gateway, order, error))
        return false;
    /* The result is in the ledger: a file that stays is not carried out again. */
    if (!disk_unlink(STEP_ORDER_REMOVED, path, &cause))
        gateway_fail(gateway, cause, "the file of an order that was carried out cannot be removed; remove it by hand");
    return true;
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const struct order *x = *(struct order *const *)a, *y = *(struct order *const *)b;

    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->id, y->id);
}

/* All orders (struct order), oldest first. NULL: the folder or one order cannot be read; a later order must not be
 * carried out before it. */
static GPtrArray *read_orders(const char *dir, GError **error)
{
    g_auto(GStrv) names = disk_names(dir, error);

    if (names == NULL)
        return NULL;
    g_autoptr(GPtrArray) orders = g_ptr_array_new_with_free_func((GDestroyNotify)order_free);
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        /* A leading dot is an order that is being written. A folder is no order. */
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

    backup_pause(gateway);
    g_autoptr(GPtrArray) orders = read_orders(dir, error);
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
