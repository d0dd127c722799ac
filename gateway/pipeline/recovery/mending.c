/*
 * The bytes of a payload come back under the job that had them first. That job keeps its place: its id is older than
 * those of the files that came after it, so that its number is compared with what was before it (B107, B108), and the
 * name has one verdict and one EMA. The job that brought the bytes has done its work and ends in done/; its row says
 * which job it mended (ledger_job.healed), and its own payload stays where it is.
 *
 * Other designs: to judge the second job and give up the first (then the first has no end, and its number is judged in
 * another place); to move the payload from the second job to the first (then the second folder is not whole, and every
 * proof of the spool needs an exception); to hard-link it (then both rot together); to look for the damaged job by its
 * open incident (an operator may have closed it, and damage that nobody has come upon yet has none). So the payload of
 * the older job is read, which happens only when the same file comes twice before its verdict.
 *
 * The steps: one commit that names the damaged job in the row of the one that brings its bytes (mending-noted); the
 * payload (file-mended); one commit that closes the incident and removes the damaged job's reason (mending-settled);
 * that job goes back to ready/ (job-returned); the other one goes to done/ (job-finished). Until then the other one is
 * in ready/ or active/, and its row says how to go on after a crash. The row comes first: a payload that is whole again
 * no longer shows that it was damaged.
 */
#include "gateway/pipeline/recovery/mending.h"

#include "gateway/answers/answer.h"
#include "gateway/pipeline/recovery/damage.h"
#include "gateway/pipeline/delivery/signing.h"
#include "gateway/reports/report.h"
#include "spool/crash_mark.h"
#include "spool/custody.h"
#include "spool/packed.h"

#include <string.h>

/* ---- a payload ---- */

/* Is the payload of a job what was received? False also if it cannot be read. */
static bool is_whole(struct gateway *gateway, const struct ledger_job *job, enum job_state state)
{
    g_autofree char *path = job_path(gateway->spool, state, job->id, JOB_PAYLOAD);
    char sha256[DIGEST_HEX_SIZE];
    uint64_t size;

    return path != NULL && packed_digest(path, sha256, &size, NULL) && size == (uint64_t)job->size &&
           g_strcmp0(sha256, job->sha256) == 0;
}

bool mending_copy(const char *from, const char *to, const struct stored *stored, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create(to, (uint64_t)stored->size, error);

    if (file == NULL || !packed_copy(from, file, error) || !disk_file_publish(STEP_FILE_MENDED, file, error))
        return false;
    if (g_strcmp0(disk_file_sha256(file), stored->sha256) == 0)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s was read twice with different bytes; check the disk", from);
    return false;
}

/* Looks for the damaged job that `job` can mend. *found: its id; 0: there is none. */
static bool find_damaged(struct gateway *gateway, const struct ledger_job *job, int64_t *found, GError **error)
{
    g_autoptr(GPtrArray) older = NULL;
    enum job_state state;

    *found = 0;
    if (!ledger_jobs_unjudged_with_bytes(gateway->ledger, job, &older, error))
        return false;
    for (guint i = 0; *found == 0 && i < older->len; i++) {
        const struct ledger_job *other = older->pdata[i];
        /* A job that stands in two folders is left to the next start. */
        if (job_find(gateway->spool, other->id, &state, NULL) && !is_whole(gateway, other, state))
            *found = other->id;
    }
    return true;
}

/* Names the damaged job in the row of the job that brings its bytes; 0: none any more. */
static bool note_mending(struct gateway *gateway, int64_t job, int64_t damaged, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_job_set_healed(gateway->ledger, job, damaged, error) &&
        ledger_commit(STEP_MENDING_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* The job that brings the bytes and the damaged one, with the states that they are in. */
struct mending {
    const struct ledger_job *job, *damaged;
    enum job_state own, state;
};

/* Puts the payload into the damaged job, whose folder is made anew if it is lost. */
static bool mend_payload(struct gateway *gateway, struct mending *mending, GError **error)
{
    const struct ledger_job *damaged = mending->damaged;
    const struct stored payload = {JOB_PAYLOAD, damaged->size, damaged->sha256};

    if (mending->state == JOB_NOWHERE) {
        mending->state = JOB_CORRUPT;
        if (!job_make(STEP_DISPATCH_MADE, gateway->spool, mending->state, damaged->id, error))
            return false;
    }
    g_autofree char *bytes = job_path(gateway->spool, mending->own, mending->job->id, JOB_PAYLOAD);
    g_autofree char *target = job_path(gateway->spool, mending->state, damaged->id, JOB_PAYLOAD);

    return (is_whole(gateway, damaged, mending->state) || mending_copy(bytes, target, &payload, error)) &&
           crash_mark_clear(gateway->spool, mending->state, damaged->id, error) &&
           mending_envelope(gateway, damaged, mending->state, error);
}

/* A held job stays held, with its reason. */
static bool settle_mending(struct gateway *gateway, const struct mending *mending, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    int64_t id = mending->damaged->id;

    if (!ledger_begin(ledger, error))
        return false;
    if ((mending->state == JOB_HELD || ledger_job_set_reason(ledger, id, NULL, error)) &&
        damage_close_within(gateway, id, JOB_PAYLOAD, error) && damage_close_within(gateway, id, NULL, error) &&
        ledger_commit(STEP_MENDING_SETTLED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* Everything that follows the first commit; each step is repeated without harm. */
static bool go_on(struct gateway *gateway, struct mending *mending, GError **error)
{
    static const struct job_move back = {STEP_JOB_RETURNED, JOB_CORRUPT, JOB_READY};
    const struct job_move done = {STEP_JOB_FINISHED, mending->own, JOB_DONE};
    int64_t id = mending->damaged->id;

    if (!job_find(gateway->spool, id, &mending->state, error) || !mend_payload(gateway, mending, error) ||
        !settle_mending(gateway, mending, error) ||
        (mending->state == JOB_CORRUPT && !job_move(gateway->spool, id, &back, error)) ||
        !job_move(gateway->spool, mending->job->id, &done, error))
        return false;
    log_event(LOG(EVENT_MENDED, .job = id),
              "job %08" G_GINT64_FORMAT ": %s came again as job %08" G_GINT64_FORMAT
              " with the bytes that were received first: its damaged payload is whole again",
              id, mending->damaged->name, mending->job->id);
    return true;
}

bool mending_by_same_bytes(struct gateway *gateway, const struct ledger_job *job, int64_t *mended, GError **error)
{
    g_autofree struct ledger_job *damaged = NULL;
    struct mending mending = {.job = job};
    int64_t found = job->healed;

    *mended = 0;
    if (found == 0 && !find_damaged(gateway, job, &found, error))
        return false;
    if (found == 0)
        return true;
    if (!job_find(gateway->spool, job->id, &mending.own, error))
        return false;
    if (!is_whole(gateway, job, mending.own)) /* it cannot help; judging finds out why */
        return job->healed == 0 || note_mending(gateway, job->id, 0, error);
    if ((job->healed == 0 && !note_mending(gateway, job->id, found, error)) ||
        !ledger_job_get(gateway->ledger, found, &damaged, error))
        return false;
    if (damaged == NULL)
        return true;
    mending.damaged = damaged;
    if (!go_on(gateway, &mending, error))
        return false;
    *mended = found;
    return true;
}

/* ---- an envelope ---- */

/* Why the envelope is not that of the job; NULL: it is. g_free. */
static char *fault_of_envelope(struct gateway *gateway, const struct ledger_job *job, enum job_state state)
{
    g_autoptr(GError) cause = NULL;
    g_autofree struct job_envelope *envelope = job_envelope_read(gateway->spool, state, job->id, &cause);

    if (envelope == NULL)
        return g_strdup(cause->message);
    return envelope->size == (uint64_t)job->size && envelope->received == job->received &&
                   strcmp(envelope->sha256, job->sha256) == 0 && strcmp(envelope->name, job->name) == 0 &&
                   strcmp(envelope->drop, job->drop) == 0
               ? NULL
               : g_strdup_printf("job %" G_GINT64_FORMAT ": the envelope is that of another file", job->id);
}

bool mending_envelope(struct gateway *gateway, const struct ledger_job *job, enum job_state state, GError **error)
{
    const struct job_envelope envelope = {.id = job->id,
                                          .received = job->received,
                                          .size = (uint64_t)job->size,
                                          .name = job->name,
                                          .drop = job->drop,
                                          .sha256 = job->sha256};

    if (job->sha256 == NULL || job->drop == NULL)
        return true;
    g_autofree char *fault = fault_of_envelope(gateway, job, state);
    if (fault != NULL) {
        /* An incident names no folder: others read it in an INC. */
        static const char text[] = "its envelope is missing, damaged or that of another file; it is written anew from "
                                   "the ledger; check the disk";
        gateway_fail(gateway, NULL, LOG(EVENT_DAMAGED, .job = job->id, .code = "A111"),
                     "%s; it is written anew from the ledger; check the disk (A111)", fault);
        if (!damage_open(gateway, job->id, JOB_ENVELOPE, text, error) ||
            !job_envelope_write(STEP_FILE_MENDED, gateway->spool, state, &envelope, error))
            return false;
    }
    return damage_close(gateway, job->id, JOB_ENVELOPE, error);
}

/* ---- a stored file ---- */

char *mending_obstacle(struct gateway *gateway, const struct ledger_outgoing *file)
{
    g_autoptr(GError) cause = NULL;
    char sha256[DIGEST_HEX_SIZE];
    int64_t rows;

    if (ledger_outgoing_is_signature(file))
        return NULL; /* it is made anew */
    if (report_kind_find(file->kind) != NULL)
        return g_strdup("A report is not built again, for it records what was known when it was issued");
    if (!answer_digest(gateway, file, sha256, &rows, &cause))
        return g_strdup_printf("It cannot be built again: %s", cause->message);
    return g_strcmp0(sha256, file->sha256) == 0 && rows == file->rows
               ? NULL
               : g_strdup("The ledger's rows make other bytes; look with `ecosgate spool verify`");
}

/* Why the ledger cannot make the stored bytes again; NULL: it can. g_free. An incident has this text, so it names no
 * folder. */
static char *find_obstacle(struct gateway *gateway, const struct ledger_outgoing *file)
{
    g_autofree char *obstacle = mending_obstacle(gateway, file);

    return obstacle == NULL ? NULL
                            : g_strdup_printf("%s is not what was stored. %s; restore it from a backup, and the next "
                                              "pass delivers it",
                                              file->name, obstacle);
}

bool mending_outgoing(struct gateway *gateway, const struct ledger_outgoing *file, bool *mended, GError **error)
{
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, file->job, file->name);
    bool same = false;

    *mended = false;
    if (path == NULL || (disk_same_bytes(path, (uint64_t)file->size, file->sha256, &same, NULL) && same))
        return true;
    g_autofree char *obstacle = find_obstacle(gateway, file);
    g_autofree char *text =
        obstacle != NULL ? g_strdup(obstacle)
                         : g_strdup_printf("%s is not what was stored; it is built again from the ledger; check the "
                                           "disk",
                                           file->name);
    gateway_fail(gateway, NULL, LOG(EVENT_DAMAGED, .job = file->job, .file = file->name, .code = "A111"),
                 "job %08" G_GINT64_FORMAT ": %s (A111; the file is %s)", file->job, text, path);
    if (!damage_open(gateway, file->job, file->name, text, error))
        return false;
    if (obstacle != NULL)
        return true;
    *mended = (ledger_outgoing_is_signature(file) ? signing_renew(gateway, file, error)
                                                  : answer_mend(gateway, file, JOB_ACTIVE, error)) &&
              damage_close(gateway, file->job, file->name, error);
    return *mended;
}
