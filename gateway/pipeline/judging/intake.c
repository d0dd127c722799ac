/*
 * ready/ → active/ → verdict in the ledger. The rename to active/ comes first and needs no commit: a crash anywhere
 * before the verdict's commit leaves the job in active/ without a verdict, and the next pass judges it again. It needs
 * no sync of its own either: a power cut may leave a job with a verdict in ready/, and places.h moves it on.
 *
 * The file is judged in one streaming pass while the verdict's transaction is open, so that each record's rules see
 * what the records before it wrote. If the whole file is rejected, a savepoint undoes what its records wrote, and the
 * verdict alone is committed.
 *
 * A second thread digests a large payload meanwhile; a small one is digested before (struct proof). The verdict is
 * committed only if the bytes are those that were received: what a reader made of rotten bytes is rolled back. One pass
 * for both would have to follow the reader, and zip is not read from front to back.
 */
#include "gateway/pipeline/judging/intake.h"

#include "formats/text.h"
#include "gateway/answers/incidents.h"
#include "gateway/answers/plan.h"
#include "gateway/cells/cells.h"
#include "gateway/clock.h"
#include "gateway/pipeline/watches/cells_watch.h"
#include "gateway/pipeline/judging/kept_signature.h"
#include "gateway/pipeline/recovery/damage.h"
#include "gateway/pipeline/recovery/mending.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "gateway/pipeline/judging/recording.h"
#include "gateway/pipeline/judging/reference.h"
#include "gateway/pipeline/judging/results.h"
#include "gateway/pipeline/judging/volume.h"
#include "spool/crash_mark.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/pulse.h"
#include "validators/judge.h"
#include "validators/rules/result_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What an operator does about a damaged payload; the end of a reason. */
#define WAY_OUT                                                                                                        \
    "; ask the sender for the very same file again, or put its bytes from a backup back as `payload` of the job and "  \
    "requeue it"

/* One file while it is judged, as the callbacks of judge_file need it. */
struct intake {
    struct gateway *gateway;
    struct ledger_job *job;
    int64_t now;                /* seconds UTC: the time of the verdict */
    struct recording recording; /* the rows that the file's answers are made of */
    int64_t incidents; /* open incidents of single Devices before the file; 0 saves a look-up for each Device */
    struct reference_file reference;
    struct {
        int64_t good, bad; /* Devices of which results or confirmations state a success; a failure */
    } stated;
};

/* Opens an incident for a refused Device. An accepted Device closes its open incidents. */
static bool update_incidents(const struct intake *intake, const struct device *device, GError **error)
{
    const struct incidents_device of = {device->id, intake->job->id, intake->job->revision, intake->job->org};

    if (!device->has_id)
        return true;
    if (row_has_errors(&device->row))
        return incidents_open_device(intake->gateway, &of, &device->row, intake->now, error);
    return intake->incidents == 0 || incidents_close_device(intake->gateway, device->id, intake->now, error);
}

/* ---- one judged record into the ledger, by file type ---- */

static bool take_device(struct intake *intake, const struct row *judged, GError **error)
{
    return recording_add_device(&intake->recording, device_of(judged), error) &&
           update_incidents(intake, device_of(judged), error);
}

static bool states_success(const struct ledger_transition *transition)
{
    return transition->statement == LEDGER_REPLACED || transition->statement == LEDGER_CONFIRMED;
}

static bool take_result(struct intake *intake, const struct row *row, GError **error)
{
    const struct result *result = result_of(row);

    if (result->changes)
        (*(states_success(&result->transition) ? &intake->stated.good : &intake->stated.bad))++;
    return results_take_row(intake->gateway, intake->job->id, row, error);
}

static bool take_reference(struct intake *intake, const struct row *row, GError **error)
{
    return reference_take(intake->gateway, &intake->reference, reference_of(row), error);
}

static const struct taking {
    const char *code;
    bool (*take)(struct intake *intake, const struct row *row, GError **error);
} takings[] = {
#define INBOUND_TYPE(code, about, begin, judge, take, may_be_empty) {#code, take},
#include "validators/inbound_types.def"
#undef INBOUND_TYPE
};

static bool on_header(void *user, const struct file_type *type, const struct header *header, GError **error)
{
    struct intake *intake = user;

    return reference_begin(intake->gateway, type, header, &intake->reference, error);
}

static bool on_row(void *user, const struct file_type *type, const struct row *row, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(takings); i++) {
        if (strcmp(takings[i].code, type->code) == 0)
            return takings[i].take(user, row, error);
    }
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "inbound_types.def has no line for the file type %s", type->code);
    return false;
}

static void on_progress(void *user, uint64_t done)
{
    struct intake *intake = user;

    pulse();
    if (intake->gateway->on_progress != NULL)
        intake->gateway->on_progress(intake->gateway->progress_user, intake->job->name, done,
                                     (uint64_t)intake->job->size);
}

/* Records which numbering the file's sequence belongs to. */
static bool record_number(struct intake *intake, const struct verdict *verdict, GError **error)
{
    struct ledger *ledger = intake->gateway->ledger;

    if (!ledger_numbering_assign(ledger, intake->job->id, verdict->numbering, error))
        return false;
    if (verdict->outcome == OUTCOME_RJ)
        return true;
    return (!verdict->wraps || ledger_numbering_wrap(ledger, intake->job->id, verdict->numbering, error)) &&
           ledger_numbering_accept(ledger, intake->job->id, error);
}

/* Writes verdict, findings and incidents and plans the answers, in the open transaction. */
static bool record_verdict(struct intake *intake, const char *raw_name, const struct verdict *verdict, GError **error)
{
    const struct plan_judged judged = {intake->job, raw_name, verdict, intake->now};

    return recording_add_verdict(&intake->recording, verdict, error) && record_number(intake, verdict, error) &&
           incidents_follow_verdict(intake->gateway, intake->job, verdict, intake->now, error) &&
           (verdict->outcome == OUTCOME_RJ ||
            volume_settle(intake->gateway, intake->recording.volume, intake->job, verdict, error)) &&
           plan_answers(intake->gateway, &judged, error) && outcome_plan(intake->gateway, intake->now, error) &&
           damage_close_within(intake->gateway, intake->job->id, JOB_PAYLOAD, error) &&
           damage_close_within(intake->gateway, intake->job->id, NULL, error);
}

/* Judges the file. If it is rejected whole, the savepoint undoes its work items, results and reference data. */
static bool decide(struct intake *intake, const struct judge_request *request, struct verdict *verdict, GError **error)
{
    struct ledger *ledger = intake->gateway->ledger;

    if (!ledger_device_incidents_count(ledger, 1, &intake->incidents, error) || !ledger_savepoint(ledger, error) ||
        !judge_file(request, verdict, error))
        return false;
    if (verdict->outcome == OUTCOME_RJ)
        return ledger_roll_back_to(ledger, error);
    return reference_end(intake->gateway, &intake->reference, verdict, intake->now, error) &&
           ledger_release(ledger, error);
}

/* Its BatchId is the sender's own text. */
static void log_verdict(const struct ledger_job *job, const struct verdict *verdict)
{
    const struct finding *deciding = verdict_deciding(verdict);
    const char *code = deciding != NULL ? catalogue_entry(deciding->code)->id : NULL;
    g_autofree char *records = text_count((int64_t)verdict->parsed, "record");

    log_event(
        LOG(EVENT_VERDICT, .job = job->id, .file = job->name, .drop = job->drop, .party = job->org, .code = code,
            .batch = verdict->header.batch[0] != '\0' ? verdict->header.batch : NULL,
            .verdict = outcome_code(verdict->outcome),
            .counts = LOG_COUNTS({"records", (int64_t)verdict->parsed}, {"accepted", (int64_t)verdict->accepted},
                                 {"rejected", (int64_t)verdict->rejected}, {"deferred", (int64_t)verdict->deferred})),
        "job %08" G_GINT64_FORMAT ": %s: %s%s%s: %s, %" G_GUINT64_FORMAT " accepted, %" G_GUINT64_FORMAT
        " rejected, %" G_GUINT64_FORMAT " deferred",
        job->id, job->name, outcome_code(verdict->outcome), code != NULL ? " " : "", code != NULL ? code : "", records,
        verdict->accepted, verdict->rejected, verdict->deferred);
}

/* What the records of a file of results or confirmations stated. */
static void log_statements(const struct intake *intake)
{
    const struct ledger_job *job = intake->job;
    bool results = strcmp(job->type, "EMT") == 0;
    g_autofree char *good = text_count(intake->stated.good, "Device");

    log_event(LOG(results ? EVENT_RESULTS : EVENT_CONFIRMATIONS, .job = job->id, .file = job->name, .drop = job->drop,
                  .party = job->org,
                  .counts = LOG_COUNTS({"successes", intake->stated.good}, {"failures", intake->stated.bad})),
              "job %08" G_GINT64_FORMAT ": %s: success of %s, failure of %" G_GINT64_FORMAT, job->id,
              results ? "results" : "confirmations", good, intake->stated.bad);
}

static void log_withheld(const struct intake *intake)
{
    int64_t n = intake->recording.withheld;
    g_autofree char *devices = text_count(n, "Device");

    if (n == 0)
        return;
    log_event(LOG(EVENT_DEVICES_WITHHELD, .job = intake->job->id, .counts = LOG_COUNTS({"devices", n})),
              "job %08" G_GINT64_FORMAT ": %s %s withheld: a ledger that is lost may have ordered %s; ask TCoS, then "
              "`ecosgate device release DEVICE-ID|all --reason TEXT`",
              intake->job->id, devices, n == 1 ? "is" : "are", n == 1 ? "it" : "them");
}

/* ---- proof that the payload is what was received ---- */

/* What is judged, and named in the EMA by its digest, must be what was received. A thread digests the payload while it
 * is judged; it touches nothing but this struct, and the others read the results only after proof_end. */
struct proof {
    const struct ledger_job *job;
    const char *path;
    const struct signature_file *signature; /* that came with it; NULL: none */
    GThread *thread;                        /* NULL once it has ended, or if there is none */
    char sha256[DIGEST_HEX_SIZE];           /* of the payload, and its size in bytes */
    uint64_t size;
    GError *error; /* the payload could not be read */
    bool same;     /* size and digest are those of the job; set by proof_end */
    char *died;    /* why it ended its cell too often; NULL: it did not; owned */
};

static gpointer prove(gpointer user)
{
    struct proof *proof = user;

    (void)digest_file(proof->path, proof->sha256, &proof->size, &proof->error);
    return NULL;
}

static void proof_begin(struct proof *proof, const struct ledger_job *job, const char *path)
{
    enum { AT_ONCE = 64 * 1024 }; /* bytes: to start a thread costs more than to digest them */

    *proof = (struct proof){.job = job, .path = path};
    if (job->size > AT_ONCE)
        proof->thread = g_thread_try_new("proof", prove, proof, NULL);
    if (proof->thread == NULL)
        (void)prove(proof); /* also where the system has no thread left: first the proof, then the verdict */
}

/* Waits for the digest. False: the payload cannot be read. That is a G_FILE_ERROR, not one of the spool, so that other
 * jobs go on. */
static bool proof_end(struct proof *proof, GError **error)
{
    if (proof->thread != NULL)
        (void)g_thread_join(g_steal_pointer(&proof->thread));
    if (proof->error != NULL) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_IO, proof->error->message);
        g_clear_error(&proof->error);
        return false;
    }
    proof->same = proof->size == (uint64_t)proof->job->size && g_strcmp0(proof->sha256, proof->job->sha256) == 0;
    return true;
}

/* Ends the proof if it still runs, and forgets its result. */
static void proof_abandon(struct proof *proof)
{
    if (proof->thread != NULL)
        (void)proof_end(proof, NULL);
    g_clear_error(&proof->error);
    g_clear_pointer(&proof->died, g_free);
}

/* ---- judging ---- */

/* Commits the verdict and says it. */
static bool conclude(struct intake *intake, const char *raw_name, const struct verdict *verdict, GError **error)
{
    struct gateway *gateway = intake->gateway;

    if (!record_verdict(intake, raw_name, verdict, error))
        return false;
    log_verdict(intake->job, verdict);
    if (intake->stated.good + intake->stated.bad > 0 && verdict->outcome != OUTCOME_RJ)
        log_statements(intake);
    log_withheld(intake);
    if (!ledger_commit(STEP_VERDICT_COMMITTED, gateway->ledger, error))
        return false;
    gateway->refused |= verdict->outcome == OUTCOME_RJ || verdict->outcome == OUTCOME_PA;
    return true;
}

/* Commits the verdict if the payload is what was received. Otherwise the caller rolls back (proof->same is false). */
static bool judge_in_transaction(struct intake *intake, int fd, struct proof *proof, GError **error)
{
    struct gateway *gateway = intake->gateway;
    const struct ledger_job *job = intake->job;
    g_autofree char *raw_name = NULL, *rejection = NULL;
    struct rules rules;
    size_t len;
    struct verdict verdict;

    config_rules(gateway->config, intake->now, &rules);
    if (!ledger_action_rejection(gateway->ledger, job->id, &rejection, error) ||
        !ledger_action_requeued(gateway->ledger, job->id, &rules.requeued, error))
        return false;
    raw_name = text_unescape(job->name, &len);
    rules.ledger = gateway->ledger;
    rules.job = job->id;
    rules.drop = job->drop;
    rules.received = job->received;
    rules.readings = cells_readings(gateway->cells);
    struct judge_request request = {.name = raw_name,
                                    .name_len = len,
                                    .fd = fd,
                                    .sha256 = job->sha256,
                                    .signature = proof->signature,
                                    .rejection = rejection,
                                    .rules = &rules,
                                    .max_findings = FINDINGS_DEFAULT_MAX,
                                    .on_header = on_header,
                                    .on_row = on_row,
                                    .on_progress = on_progress,
                                    .user = intake,
                                    .stop = gateway->stop};
    if (!decide(intake, &request, &verdict, error))
        return false;
    bool good = proof_end(proof, error) &&
                (!proof->same || intake->reference.refusal != NULL || conclude(intake, raw_name, &verdict, error));
    verdict_clear(&verdict);
    return good;
}

/* Records the reason, and an A111 if its payload is damaged, then moves the job to corrupt/. A crash between the two
 * leaves the job in active/; it is judged again and gets here again. */
static bool move_aside(struct gateway *gateway, int64_t id, bool damaged, const char *reason, GError **error)
{
    gateway->failed |= damaged;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    log_event(LOG(EVENT_JOB_CORRUPT, .job = id, .code = damaged ? "A111" : NULL),
              "job %08" G_GINT64_FORMAT " moves to corrupt%s: %s", id, damaged ? " (A111)" : "", reason);
    if (!ledger_job_set_reason(gateway->ledger, id, reason, error) ||
        (damaged && !damage_open_within(gateway, id, JOB_PAYLOAD, reason, error)) ||
        !ledger_commit(STEP_JOB_REASONED, gateway->ledger, error)) {
        ledger_rollback(gateway->ledger);
        return false;
    }
    return job_move(gateway->spool, id, &(struct job_move){STEP_JOB_SET_ASIDE, JOB_ACTIVE, JOB_CORRUPT}, error);
}

/* A FULL file would remove too much: an operator decides. A stop between reason and move leaves the job in active/; it
 * is judged again and gets here again. */
static bool hold_shrinking(struct gateway *gateway, const struct ledger_job *job, const struct intake *intake,
                           GError **error)
{
    return reference_hold(gateway, job, intake->reference.refusal, intake->now, error) &&
           job_move(gateway->spool, job->id, &(struct job_move){STEP_JOB_SET_ASIDE, JOB_ACTIVE, JOB_HELD}, error);
}

static bool judge_payload(struct gateway *gateway, const struct ledger_job *job, int fd, struct proof *proof,
                          GError **error)
{
    struct ledger_job judged = *job; /* may be completed by what the file says */
    struct intake intake = {.gateway = gateway, .job = &judged, .now = clock_now(), .reference = {.job = job->id}};

    intake.recording = (struct recording){.ledger = gateway->ledger, .job = &judged, .now = intake.now};
    intake.recording.volume = volume_new(intake.now);
    bool begun = ledger_begin_grouped(gateway->ledger, error);
    bool good = begun && judge_in_transaction(&intake, fd, proof, error);
    bool held = good && proof->same && intake.reference.refusal != NULL;
    if (begun && (!good || !proof->same || held))
        ledger_rollback(gateway->ledger);
    volume_free(intake.recording.volume);
    if (held)
        good = hold_shrinking(gateway, job, &intake, error);
    reference_clear(&intake.reference);
    return good;
}

/* Judges it until that works, fails for good, or has ended its cell too often: then proof->died says so, and the proof
 * has ended. */
static bool judge_again(struct gateway *gateway, const struct ledger_job *job, int fd, struct proof *proof,
                        GError **error)
{
    struct cells_tries tries = {0};
    GError *cause = NULL;
    bool good;

    do
        good = judge_payload(gateway, job, fd, proof, &cause);
    while (!good && cells_watch_again(gateway, job->id, &tries, &cause) && tries.died < CELLS_MOST_DEATHS);
    if (!good && cause == NULL) {
        proof->died = g_strdup_printf(
            "%s, three times; keep the file for whoever mends the program, and requeue it then", tries.text);
        good = proof_end(proof, &cause);
    }
    g_free(tries.text);
    if (cause != NULL)
        g_propagate_error(error, cause);
    return good;
}

/* Judges the payload, open at fd, while its proof runs. Moves the job to corrupt/ if it crashed too often or is not
 * what was received. */
static bool judge_or_move_aside(struct gateway *gateway, const struct ledger_job *job, int fd, struct proof *proof,
                                GError **error)
{
    int64_t crashes;

    if (!crash_mark_count(gateway->spool, JOB_ACTIVE, job->id, &crashes, error))
        return false;
    if (crashes < INTAKE_MAX_CRASHES) {
        crash_mark_watch(gateway->spool, JOB_ACTIVE, job->id);
        bool good = judge_again(gateway, job, fd, proof, error);
        crash_mark_unwatch();
        if (!good || (proof->same && proof->died == NULL))
            return good;
    } else if (!proof_end(proof, error)) {
        return false;
    }
    return move_aside(gateway, job->id, !proof->same,
                      proof->same && proof->died != NULL ? proof->died
                      : proof->same ? "judging it crashed the program three times (fatal signal); requeue it once the "
                                      "program is mended"
                                    : "its payload is not what was received: size or SHA-256 differ" WAY_OUT,
                      error);
}

/* Reports a payload that the disk does not give. The disk may give it again: the job stays where it is and is tried
 * again in each pass, and other jobs go on. */
static bool report_unreadable(struct gateway *gateway, const struct ledger_job *job, GError **error)
{
    g_autofree char *text = g_strdup_printf("its payload cannot be read: %s; it is tried again in each pass; check the "
                                            "disk, or ask the sender for the very same file again",
                                            (*error)->message);
    GError *cause = NULL;

    if (damage_open(gateway, job->id, JOB_PAYLOAD, text, &cause))
        return false;
    g_clear_error(error); /* the ledger's failure matters more */
    g_propagate_error(error, cause);
    return false;
}

static bool judge(struct gateway *gateway, const struct ledger_job *job, GError **error)
{
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, job->id, JOB_PAYLOAD);
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);
    g_auto(kept_signature_t) signature = {.damaged = false};
    struct proof proof;

    if (name == NULL)
        return move_aside(gateway, job->id, false,
                          "its name in the ledger is damaged; ask the sender for the file again", error);
    if (!mending_envelope(gateway, job, JOB_ACTIVE, error) || !kept_signature_read(gateway, job->id, &signature, error))
        return false;
    if (signature.damaged)
        return move_aside(gateway, job->id, false, KEPT_SIGNATURE_DAMAGED, error);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return move_aside(gateway, job->id, true, "its payload is missing from the spool" WAY_OUT, error);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
        return report_unreadable(gateway, job, error);
    }
    proof_begin(&proof, job, path);
    proof.signature = signature.there ? &signature.file : NULL;
    GError *cause = NULL;
    bool good = judge_or_move_aside(gateway, job, fd, &proof, &cause);
    proof_abandon(&proof);
    (void)close(fd); /* only read from */
    if (good)
        return true;
    bool unreadable = cause->domain == G_FILE_ERROR;
    g_propagate_error(error, cause);
    return unreadable && report_unreadable(gateway, job, error);
}

/* *held: the file's number was accepted in the time that a recovery has lost. It moves to held/ until an operator
 * releases it, for its Devices may have been ordered. A stop between reason and move leaves it in active/, and it gets
 * here again. */
static bool hold_if_lost(struct gateway *gateway, const struct ledger_job *job, bool *held, GError **error)
{
    int64_t recovery = 0;

    *held = false;
    if (!ledger_number_lost(gateway->ledger, job->id, &recovery, error))
        return false;
    if (recovery == 0)
        return true;
    *held = true;
    g_autofree char *reason = g_strdup_printf("its number %06" G_GINT64_FORMAT
                                              " was accepted by a ledger that is lost (recovery %" G_GINT64_FORMAT
                                              "), and its Devices may have been ordered; release it to have it judged",
                                              job->sequence, recovery);
    if (!ledger_begin(gateway->ledger, error))
        return false;
    log_event(LOG(EVENT_JOB_HELD, .job = job->id, .file = job->name, .drop = job->drop),
              "job %08" G_GINT64_FORMAT " moves to held: %s", job->id, reason);
    if (!ledger_job_set_reason(gateway->ledger, job->id, reason, error) ||
        !ledger_recovery_raise_revision(gateway->ledger, recovery, job->id, error) ||
        !ledger_commit(STEP_JOB_REASONED, gateway->ledger, error)) {
        ledger_rollback(gateway->ledger);
        return false;
    }
    return job_move(gateway->spool, job->id, &(struct job_move){STEP_JOB_SET_ASIDE, JOB_ACTIVE, JOB_HELD}, error);
}

/* A file that stood in the spool before a recovery, and is judged after it, may have been judged in the time that was
 * lost: its answers get names of their own, and its Devices are withheld. So do those of a lost file that comes again
 * and was never held for that, for an operator had kept it back by himself before it was judged. */
static bool raise_if_judged_before(struct gateway *gateway, struct ledger_job **job, GError **error)
{
    int64_t recovery = 0, id = (*job)->id;

    if (!ledger_recovery_unraised(gateway->ledger, id, &recovery, error))
        return false;
    if (recovery == 0)
        return true;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (!ledger_recovery_raise_revision(gateway->ledger, recovery, id, error) ||
        !ledger_commit(STEP_JOB_REASONED, gateway->ledger, error)) {
        ledger_rollback(gateway->ledger);
        return false;
    }
    g_clear_pointer(job, g_free);
    return ledger_job_get(gateway->ledger, id, job, error);
}

static const struct job_move activate = {STEP_JOB_ACTIVATED, JOB_READY, JOB_ACTIVE};

bool intake_settle(struct gateway *gateway, GError **error)
{
    return job_sync_moves(gateway->spool, &activate, error) && ledger_settle(gateway->ledger, error);
}

bool intake_process(struct gateway *gateway, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    enum job_state state;
    int64_t mended = 0;
    bool held = false;

    if (!job_find(gateway->spool, id, &state, error) || !ledger_job_get(gateway->ledger, id, &job, error))
        return false;
    if (job == NULL || job->direction == LEDGER_OUT || (state != JOB_READY && state != JOB_ACTIVE))
        return true;
    if (!ledger_verdict_get(gateway->ledger, id, job->revision, &verdict, error) ||
        (verdict == NULL && !mending_by_same_bytes(gateway, job, &mended, error)))
        return false;
    if (mended != 0)
        return intake_process(gateway, mended, error); /* an older job: this ends */
    if (state == JOB_READY && !job_move_unsynced(gateway->spool, id, &activate, error))
        return false;
    if (verdict == NULL &&
        (!hold_if_lost(gateway, job, &held, error) || !(held || raise_if_judged_before(gateway, &job, error))))
        return false;
    return verdict != NULL || held || judge(gateway, job, error);
}
