/*
 * The state is decided by the ledger and not by the folders, because each move has its commit on a known side: a reason
 * is committed before its job moves to corrupt/ and after it moved to held/; a verdict before the move to done/ or
 * rejected/; an operator's order after its move. An order that was not committed is carried out again.
 *
 * The order of the steps: what the kept copy lacks is copied into it; it is moved if it stands in another state; only
 * then the other copies go. A crash in between leaves two copies again, and the same decision.
 */
#include "gateway/pipeline/recovery/places.h"

#include "gateway/pipeline/recovery/damage.h"
#include "gateway/pipeline/recovery/mending.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/packed.h"

#include <string.h>
#include <sys/stat.h>

/* A job with more than one folder. */
struct twofold {
    const struct ledger_job *job;
    bool seen[JOB_STATE_COUNT];
    enum job_state keep; /* the copy that is kept */
};

/* ---- which state is right ---- */

/* Without a verdict. JOB_NOWHERE: the ledger does not say it. */
static enum job_state unjudged_state(const struct twofold *twofold)
{
    const bool *seen = twofold->seen;

    if (twofold->job->healed != 0 && seen[JOB_DONE])
        return JOB_DONE; /* its bytes mended another job: the move to done/ was the last step */
    if (twofold->job->reason == NULL)
        return seen[JOB_ACTIVE] ? JOB_ACTIVE : JOB_READY;
    if (seen[JOB_HELD] == seen[JOB_CORRUPT])
        return JOB_NOWHERE;
    return seen[JOB_HELD] ? JOB_HELD : JOB_CORRUPT;
}

static bool find_right_state(struct gateway *gateway, const struct twofold *twofold, enum job_state *right,
                             GError **error)
{
    const struct ledger_job *job = twofold->job;
    g_autofree struct ledger_verdict *verdict = NULL;
    int64_t undelivered = 0;

    if (!ledger_verdict_get(gateway->ledger, job->id, job->revision, &verdict, error) ||
        !ledger_outgoing_files_undelivered(gateway->ledger, job->id, &undelivered, error))
        return false;
    if (job->direction == LEDGER_IN && verdict == NULL)
        *right = unjudged_state(twofold);
    else if (undelivered > 0)
        *right = JOB_ACTIVE;
    else
        *right = verdict != NULL && strcmp(verdict->outcome, "RJ") == 0 ? JOB_REJECTED : JOB_DONE;
    return true;
}

/* ---- files ---- */

static bool is_same(struct gateway *gateway, const struct twofold *twofold, enum job_state state,
                    const struct stored *file)
{
    g_autofree char *path = job_path(gateway->spool, state, twofold->job->id, file->name);
    bool same = false;

    return path != NULL && packed_same_bytes(path, (uint64_t)file->size, file->sha256, &same, NULL) && same;
}

/* Takes a file that is not whole in the kept copy from another copy, if one has it. */
static bool complete(struct gateway *gateway, const struct twofold *twofold, const struct stored *file, GError **error)
{
    if (is_same(gateway, twofold, twofold->keep, file))
        return true;
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        if (!twofold->seen[state] || !is_same(gateway, twofold, (enum job_state)state, file))
            continue;
        g_autofree char *from = job_path(gateway->spool, (enum job_state)state, twofold->job->id, file->name);
        g_autofree char *to = job_path(gateway->spool, twofold->keep, twofold->job->id, file->name);
        return mending_copy(from, to, file, error);
    }
    return true; /* nobody has it: it is found damaged when it is needed */
}

static bool complete_all(struct gateway *gateway, const struct twofold *twofold, GError **error)
{
    const struct ledger_job *job = twofold->job;
    const struct stored payload = {JOB_PAYLOAD, job->size, job->sha256};
    g_autoptr(GPtrArray) files = NULL;

    if (job->direction == LEDGER_IN && !complete(gateway, twofold, &payload, error))
        return false;
    if (!ledger_outgoing_files_of(gateway->ledger, job->id, &files, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        const struct stored stored = {file->name, file->size, file->sha256};
        if (file->state != LEDGER_PLANNED && !complete(gateway, twofold, &stored, error))
            return false;
    }
    return true;
}

/* ---- the other copies ---- */

bool places_hold_all(const char *kept, const char *other)
{
    struct stat a, b;
    g_auto(GStrv) names = disk_names(other, NULL);

    if (names == NULL || stat(kept, &a) != 0 || stat(other, &b) != 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino))
        return false;
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *plain = packed_plain_name(*name);
        g_autofree char *mine = g_build_filename(kept, plain, NULL);
        g_autofree char *theirs = g_build_filename(other, plain, NULL);
        char hex[DIGEST_HEX_SIZE];
        uint64_t size;
        bool same = false;
        if (!packed_digest(theirs, hex, &size, NULL) || !packed_same_bytes(mine, size, hex, &same, NULL) || !same)
            return false;
    }
    return true;
}

/* A name in corrupt/ that is free: <id>.<state>, then <id>.<state>.2 … NULL: the disk failed. g_free. */
static char *free_name(struct gateway *gateway, int64_t id, const char *state, GError **error)
{
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    for (int n = 1;; n++) {
        g_autofree char *name =
            n == 1 ? g_strdup_printf("%s.%s", text, state) : g_strdup_printf("%s.%s.%d", text, state, n);
        g_autofree char *path = g_build_filename(spool_dir(gateway->spool), job_state_name(JOB_CORRUPT), name, NULL);
        bool exists = true;
        if (!disk_exists(path, &exists, error))
            return NULL;
        if (!exists)
            return g_steal_pointer(&path);
    }
}

static bool remove_copy(struct gateway *gateway, const struct twofold *twofold, enum job_state state, GError **error)
{
    int64_t id = twofold->job->id;
    g_autofree char *kept = job_path(gateway->spool, twofold->keep, id, NULL);
    g_autofree char *other = job_path(gateway->spool, state, id, NULL);

    if (places_hold_all(kept, other)) {
        log_event(LOG(EVENT_COPY_REMOVED, .job = id),
                  "job %08" G_GINT64_FORMAT ": its second folder in %s is removed; the one in %s has the same files",
                  id, job_state_name(state), job_state_name(twofold->keep));
        return disk_remove_dir(STEP_COPY_REMOVED, other, error);
    }
    g_autofree char *aside = free_name(gateway, id, job_state_name(state), error);
    if (aside == NULL)
        return false;
    gateway_fail(gateway, NULL, LOG(EVENT_COPY_KEPT, .job = id),
                 "job %08" G_GINT64_FORMAT ": the ledger confirms its folder in %s; the second one, which was in %s, "
                 "has other files and is kept as %s; look at it, then move it out of the spool",
                 id, job_state_name(twofold->keep), job_state_name(state), aside);
    return disk_rename_noreplace(STEP_COPY_REMOVED, other, aside, error);
}

/* ---- one job ---- */

/* The copy to be kept: the one in the right state, else the furthest one. */
static enum job_state choose(const struct twofold *twofold, enum job_state right)
{
    static const enum job_state furthest[] = {JOB_DONE, JOB_REJECTED, JOB_ACTIVE,  JOB_READY,
                                              JOB_HELD, JOB_CORRUPT,  JOB_INCOMING};

    if (right != JOB_NOWHERE && twofold->seen[right])
        return right;
    for (size_t i = 0; i < G_N_ELEMENTS(furthest); i++) {
        if (twofold->seen[furthest[i]])
            return furthest[i];
    }
    return right;
}

/* "ready, held": g_free. */
static char *list_states(const struct twofold *twofold)
{
    GString *text = g_string_new(NULL);

    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        if (twofold->seen[state])
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", job_state_name((enum job_state)state));
    }
    return g_string_free(text, FALSE);
}

/* Records why the job goes to corrupt/. */
static bool record_doubt(struct gateway *gateway, const struct twofold *twofold, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    int64_t id = twofold->job->id;
    g_autofree char *states = list_states(twofold);
    g_autofree char *reason =
        g_strdup_printf("it stood in several folders (%s), and the ledger does not say which is right; look at "
                        "corrupt/%08" G_GINT64_FORMAT " and at what stands beside it, then requeue it",
                        states, id);

    if (!ledger_begin(ledger, error))
        return false;
    gateway_fail(gateway, NULL, LOG(EVENT_JOB_CORRUPT, .job = id, .code = "A111"),
                 "job %08" G_GINT64_FORMAT " moves to corrupt (A111): %s", id, reason);
    if (ledger_job_set_reason(ledger, id, reason, error) && damage_open_within(gateway, id, NULL, reason, error) &&
        ledger_commit(STEP_JOB_REASONED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

static bool bring_together(struct gateway *gateway, struct twofold *twofold, enum job_state right, GError **error)
{
    int64_t id = twofold->job->id;

    twofold->keep = choose(twofold, right);
    if (!complete_all(gateway, twofold, error))
        return false;
    twofold->seen[twofold->keep] = false;
    if (twofold->keep != right) {
        if (!job_move(gateway->spool, id, &(struct job_move){STEP_JOB_PLACED, twofold->keep, right}, error))
            return false;
        twofold->keep = right;
    }
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        if (twofold->seen[state] && !remove_copy(gateway, twofold, (enum job_state)state, error))
            return false;
    }
    return true;
}

static bool heal_job(struct gateway *gateway, int64_t id, unsigned seen, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    struct twofold twofold = {.keep = JOB_NOWHERE};
    enum job_state right = JOB_NOWHERE;

    if (!ledger_job_get(gateway->ledger, id, &job, error))
        return false;
    if (job == NULL)
        return true;
    twofold.job = job;
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        twofold.seen[state] = (seen >> state & 1) != 0;
    if (!find_right_state(gateway, &twofold, &right, error))
        return false;
    if (right == JOB_NOWHERE) {
        if (!record_doubt(gateway, &twofold, error))
            return false;
        right = JOB_CORRUPT;
    }
    return bring_together(gateway, &twofold, right, error);
}

/* The move to active/ is not synced by itself (intake.c): a power cut may have kept the verdict and not the move. */
static bool follow_verdict(struct gateway *gateway, int64_t id, GError **error)
{
    const struct job_move move = {STEP_JOB_PLACED, JOB_READY, JOB_ACTIVE};
    g_autofree struct ledger_job *job = NULL;
    struct twofold twofold = {.seen[JOB_READY] = true};
    enum job_state right = JOB_READY;

    if (!ledger_job_get(gateway->ledger, id, &job, error))
        return false;
    twofold.job = job;
    if (job != NULL && !find_right_state(gateway, &twofold, &right, error))
        return false;
    return right != JOB_ACTIVE || job_move(gateway->spool, id, &move, error);
}

/* ---- all jobs ---- */

/* *seen: a bit for each state that the job has a folder in. */
static bool look(struct gateway *gateway, int64_t id, unsigned *seen, GError **error)
{
    *seen = 0;
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autofree char *path = job_path(gateway->spool, (enum job_state)state, id, NULL);
        bool exists = false;
        if (path != NULL && !disk_exists(path, &exists, error))
            return false;
        *seen |= exists ? 1u << state : 0;
    }
    return true;
}

bool places_heal(struct gateway *gateway, GError **error)
{
    /* done/ has most of the jobs; whatever is there twice is in another folder, too. */
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = state != JOB_DONE ? job_list(gateway->spool, (enum job_state)state, error) : NULL;
        if (ids == NULL && state != JOB_DONE)
            return false;
        for (guint i = 0; ids != NULL && i < ids->len; i++) {
            int64_t id = g_array_index(ids, int64_t, i);
            unsigned seen;
            if (!look(gateway, id, &seen, error) || ((seen & (seen - 1)) != 0 && !heal_job(gateway, id, seen, error)) ||
                (seen == 1u << JOB_READY && !follow_verdict(gateway, id, error)))
                return false;
        }
    }
    return true;
}
