/*
 * The round is a walk over the index job_stored: for each group of jobs first the plain ones, then the packed ones,
 * which only a removal concerns. Where no rule asks for either, the ledger is not asked: packed jobs become ever more.
 * The walk's place is kept in memory alone: a stop begins another round, which finds nothing to do where the last one
 * was.
 *
 * Rejected: a thread (the ledger and the folders of states belong to the main thread, which would have to wait for it
 * wherever it moves a job), and a time in each job's row when it is due (a changed setting would have to be written
 * into each of them).
 */
#include "gateway/pipeline/retention/retention.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/log/log.h"
#include "gateway/pipeline/retention/ended.h"
#include "gateway/pipeline/retention/retention_spread.h"
#include "gateway/reports/report.h"
#include "spool/archive_lock.h"
#include "spool/backup_lock.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_retention.h"
#include "spool/packed.h"

/* Microseconds. A slice ends after SLICE and the file operation that it is in. */
enum { SLICE = 60000, PAUSE = G_USEC_PER_SEC };
enum { ROUND_SECONDS = 3600, PAGE = 64 /* jobs of one question, and of one commit */ };

/* Jobs that have one rule. */
struct group {
    const char *type; /* NULL: those whose type is not known */
    enum ledger_mode mode;
};

/* A file of the job that is being packed. */
struct wanted {
    char *path, *sha256;
    uint64_t size;
};

struct sums {
    int64_t files, saved; /* packed; bytes */
    int64_t jobs, freed;  /* whose files were removed; bytes */
};

struct retention {
    struct gateway *gateway;
    GArray *groups; /* struct group: all jobs */
    bool under_way;
    int64_t next;  /* monotonic microseconds: the next slice, or round */
    int64_t now;   /* seconds UTC: of this slice */
    int64_t until; /* monotonic microseconds; 0: to the end of the round */
    guint group;   /* where the walk stands: an index of groups, */
    enum ledger_stored stored;
    GArray *page; /* struct ledger_retention_place, */
    guint at;     /* and the next one of them */
    struct ledger_retention_place after;
    int64_t job;      /* that is being packed; 0: none */
    int64_t ended;    /* seconds UTC: it, when its files were listed */
    int64_t removed;  /* and files of it; 0: none was */
    GPtrArray *files; /* struct wanted: which are left of it */
    struct packer *packer;
    struct packed_batch *batch; /* files of this slice whose plain form is to go */
    GArray *packed;             /* int64_t: jobs that the ledger does not know to be packed yet */
    GArray *leaving;            /* int64_t: jobs whose removal is recorded */
    struct spreading spreading;
    GHashTable *skip;   /* int64_t: jobs that have a damaged file, or one that cannot be removed: told once */
    GPtrArray *damaged; /* char *: the subjects of open A111 */
    bool no_removal;    /* a backup is being made, or an archive */
    struct sums sums;
};

static void free_wanted(gpointer memory)
{
    struct wanted *wanted = memory;

    g_free(wanted->path);
    g_free(wanted->sha256);
    g_free(wanted);
}

static void add_groups(GArray *groups, const char *type)
{
    bool same = retention_kind_of(type, false) == retention_kind_of(type, true);
    const struct group all = {type, LEDGER_MODE_ANY}, full = {type, LEDGER_MODE_FULL},
                       delta = {type, LEDGER_MODE_DELTA};

    g_array_append_vals(groups, same ? &all : &full, 1);
    if (!same)
        g_array_append_vals(groups, &delta, 1);
}

struct retention *retention_new(struct gateway *gateway)
{
    static const char *const types[] = {NULL, "EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY", "EMW", "EMO", "INC"};
    struct retention *r = g_new0(struct retention, 1);

    r->gateway = gateway;
    r->groups = g_array_new(FALSE, FALSE, sizeof(struct group));
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        add_groups(r->groups, types[i]);
    for (size_t i = 0; i < report_n_kinds; i++)
        add_groups(r->groups, report_kinds[i].ref);
    r->batch = packed_batch_new(spool_dir(gateway->spool));
    r->page = g_array_new(FALSE, FALSE, sizeof(struct ledger_retention_place));
    r->packed = g_array_new(FALSE, FALSE, sizeof(int64_t));
    r->leaving = g_array_new(FALSE, FALSE, sizeof(int64_t));
    r->files = g_ptr_array_new_with_free_func(free_wanted);
    r->skip = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return r;
}

void retention_free(struct retention *r)
{
    if (r == NULL)
        return;
    packer_free(r->packer);
    packed_batch_free(r->batch);
    g_ptr_array_unref(r->files);
    g_array_unref(r->groups);
    g_array_unref(r->page);
    g_array_unref(r->packed);
    g_array_unref(r->leaving);
    g_hash_table_unref(r->skip);
    spreading_clear(&r->spreading);
    if (r->damaged != NULL)
        g_ptr_array_unref(r->damaged);
    g_free(r);
}

/* ---- the ledger ---- */

/* One commit for all jobs of the list, which is empty afterwards. */
static bool record(struct retention *r, GArray *jobs, enum step step, enum ledger_stored stored, GError **error)
{
    struct ledger *ledger = r->gateway->ledger;
    bool good = true;

    if (jobs->len == 0)
        return true;
    if (!ledger_begin(ledger, error))
        return false;
    for (guint i = 0; good && i < jobs->len; i++) {
        int64_t job = g_array_index(jobs, int64_t, i);
        good = stored == LEDGER_STORED_REMOVING ? ledger_retention_remove(ledger, job, r->now, error)
                                                : ledger_retention_set(ledger, job, stored, error);
    }
    if (good && ledger_commit(step, ledger, error)) {
        if (stored != LEDGER_STORED_REMOVING)
            g_array_set_size(jobs, 0);
        return true;
    }
    ledger_rollback(ledger);
    return false;
}

/* ---- one job ---- */

/* *state: where the job stands; JOB_NOWHERE: its files stay as they are. */
static bool find_ended(struct retention *r, const struct ledger_retention_look *look, enum job_state *state,
                       GError **error)
{
    *state = JOB_NOWHERE;
    return g_hash_table_contains(r->skip, &look->job) || ended_job(r->gateway, look, r->damaged, state, error);
}

static void want(struct retention *r, enum job_state state, const char *name, const struct wanted *bytes)
{
    char *path = job_path(r->gateway->spool, state, r->job, name);

    if (path == NULL || bytes->sha256 == NULL) {
        g_free(path);
        return;
    }
    struct wanted wanted = {path, g_strdup(bytes->sha256), bytes->size};
    g_ptr_array_add(r->files, g_memdup2(&wanted, sizeof wanted));
}

static bool list_files(struct retention *r, int64_t id, enum job_state state, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_job_get(r->gateway->ledger, id, &job, error) ||
        !ledger_outgoing_files_of(r->gateway->ledger, id, &files, error))
        return false;
    if (job == NULL)
        return true;
    r->job = id;
    g_ptr_array_set_size(r->files, 0);
    if (job->direction == LEDGER_IN && job->removed == 0)
        want(r, state, JOB_PAYLOAD, &(const struct wanted){NULL, (char *)job->sha256, (uint64_t)job->size});
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        if (file->removed == 0)
            want(r, state, file->name, &(const struct wanted){NULL, (char *)file->sha256, (uint64_t)file->size});
    }
    return true;
}

static bool is_past(int64_t ended, int64_t after, int64_t now)
{
    return after != 0 && ended + after <= now;
}

/* Decides what becomes of one job. The time is asked before the disk: a job may have ended long after it came. */
static bool consider(struct retention *r, int64_t id, GError **error)
{
    const char *type = g_array_index(r->groups, struct group, r->group).type;
    struct ledger_retention_look look;
    enum job_state state;

    if (!ledger_retention_look(r->gateway->ledger, id, &look, error))
        return false;
    const struct retention_rule *rule = &r->gateway->config->retention[retention_kind_of(type, look.full)];
    bool remove = is_past(look.ended, rule->remove, r->now);
    bool pack = !remove && r->stored == LEDGER_STORED_PLAIN && is_past(look.ended, rule->pack, r->now);
    if (!remove && !pack)
        return true;
    if (!find_ended(r, &look, &state, error))
        return false;
    if (state == JOB_NOWHERE)
        return true;
    r->ended = look.ended;
    r->removed = look.removed;
    if (pack)
        return list_files(r, id, state, error);
    if (!r->no_removal)
        g_array_append_val(r->leaving, id);
    return true;
}

/* ---- packing ---- */

static void leave_job(struct retention *r)
{
    g_clear_pointer(&r->packer, packer_free);
    g_ptr_array_set_size(r->files, 0);
    r->job = 0;
}

/* Between two slices an operator may have ordered something about the job that is being packed: it is no longer ended,
 * or has ended anew, or its personal data are purged. */
static bool look_again(struct retention *r, GError **error)
{
    struct ledger_retention_look look;
    enum job_state state = JOB_NOWHERE;

    if (r->job == 0)
        return true;
    if (!ledger_retention_look(r->gateway->ledger, r->job, &look, error) || !find_ended(r, &look, &state, error))
        return false;
    if (state == JOB_NOWHERE || look.ended != r->ended || look.removed != r->removed)
        leave_job(r);
    return true;
}

/* A file that cannot be packed stays plain. A disk that cannot be written to ends the round. It opens no A111, which
 * says that the gateway needs the file, and which nothing would close: nobody delivers it again. */
static bool tell_unpacked(struct retention *r, GError *cause)
{
    bool damaged = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT);

    gateway_fail(r->gateway, cause, LOG(EVENT_NOT_PACKED, .job = r->job),
                 "job %08" G_GINT64_FORMAT ": a file is not packed; %s", r->job,
                 damaged ? "'ecosgate spool verify' says what helps" : "it is tried again");
    if (damaged)
        g_hash_table_add(r->skip, g_memdup2(&r->job, sizeof r->job));
    leave_job(r);
    return damaged;
}

/* Packs a piece of the job's next file. False: it could not. */
static bool pack_piece(struct retention *r, GError **error)
{
    bool done = false;

    if (r->packer == NULL) {
        const struct wanted *file = r->files->pdata[r->files->len - 1];
        GError *cause = NULL;
        r->packer = packer_begin(file->path, file->size, file->sha256, r->batch, &cause);
        if (cause != NULL)
            g_propagate_error(error, cause);
        else if (r->packer == NULL)
            g_ptr_array_set_size(r->files, (gint)r->files->len - 1);
        return cause == NULL;
    }
    if (!packer_step(r->packer, &done, error) || (done && !packer_finish(r->packer, r->batch, error)))
        return false;
    if (done) {
        g_clear_pointer(&r->packer, packer_free);
        g_ptr_array_set_size(r->files, (gint)r->files->len - 1);
    }
    return true;
}

/* Files that are packed and not settled have both forms, and an order may unpack one of them before the next slice: no
 * slice takes over the batch of another. The next round packs them again. */
static void give_up(struct retention *r)
{
    packed_batch_forget(r->batch);
    g_array_set_size(r->packed, 0);
    leave_job(r);
}

/* Removes the plain files of what was packed. A disk that fails here ends the round. */
static bool settle(struct retention *r)
{
    GError *cause = NULL;

    if (packed_batch_settle(r->batch, &r->sums.files, &r->sums.saved, &cause))
        return true;
    gateway_fail(r->gateway, cause, LOG(EVENT_NOT_PACKED), "some files are not packed; it is tried again");
    give_up(r);
    return false;
}

/* The ledger's row follows the disk: a job that counts as packed is not looked at again. */
static bool record_packed(struct retention *r, bool *failed, GError **error)
{
    if (settle(r))
        return record(r, r->packed, STEP_PACKING_NOTED, LEDGER_STORED_PACKED, error);
    *failed = true;
    return true;
}

/* *failed: the round has to end. */
static bool pack_on(struct retention *r, bool *failed, GError **error)
{
    GError *cause = NULL;

    if (r->files->len > 0) {
        *failed = pack_piece(r, &cause) ? packed_batch_is_full(r->batch) && !settle(r) : !tell_unpacked(r, cause);
        return true;
    }
    g_array_append_val(r->packed, r->job);
    r->job = 0;
    return r->packed->len < PAGE || record_packed(r, failed, error);
}

/* ---- removing ---- */

/* By a backup or an archive, which would miss what is removed. */
static bool is_copied(const struct spool *spool)
{
    return backup_lock_is_held(spool) || archive_lock_state(spool) != ARCHIVE_LOCK_FREE;
}

static bool remove_from_disk(struct retention *r, const struct ledger_job *job, const GPtrArray *files, GError **error)
{
    const struct spool *spool = r->gateway->spool;
    enum job_state state = JOB_NOWHERE;

    if (!job_find(spool, job->id, &state, error))
        return false;
    if (state == JOB_NOWHERE)
        return true;
    g_autofree char *payload = job->removed != 0 ? job_path(spool, state, job->id, JOB_PAYLOAD) : NULL;
    if (payload != NULL && !packed_remove(STEP_FILE_REMOVED, payload, &r->sums.freed, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        g_autofree char *path = file->removed != 0 ? job_path(spool, state, job->id, file->name) : NULL;
        if (path != NULL && !packed_remove(STEP_FILE_REMOVED, path, &r->sums.freed, error))
            return false;
    }
    return true;
}

/* What cannot be removed holds nothing else up: the next start tries it again. */
static void tell_kept(struct retention *r, int64_t job, GError *cause)
{
    gateway_fail(r->gateway, cause, LOG(EVENT_NOT_REMOVED, .job = job),
                 "job %08" G_GINT64_FORMAT ": a file is not removed; the next start tries again", job);
    g_hash_table_add(r->skip, g_memdup2(&job, sizeof job));
}

/* *gone: nothing is left of them. */
static bool remove_files(struct retention *r, int64_t id, bool *gone, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GPtrArray) files = NULL;
    GError *cause = NULL;

    *gone = false;
    if (!ledger_job_get(r->gateway->ledger, id, &job, error) ||
        !ledger_outgoing_files_of(r->gateway->ledger, id, &files, error))
        return false;
    if (g_hash_table_contains(r->skip, &id))
        return true;
    *gone = job == NULL || remove_from_disk(r, job, files, &cause);
    if (!*gone)
        tell_kept(r, id, cause);
    return true;
}

static bool is_over(const struct retention *r)
{
    return gateway_time_is_up(r->gateway, r->until);
}

/* Removes the files of the jobs whose removal is recorded. What is left of them at the end of a slice, or after a stop,
 * is REMOVING in the ledger and comes first the next time. The lock is looked at after that commit: a backup that takes
 * it later copies a ledger that knows of the removal. */
static bool remove_leaving(struct retention *r, GError **error)
{
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool good = true;

    r->no_removal = r->no_removal || is_copied(r->gateway->spool);
    for (guint i = 0; !r->no_removal && good && i < r->leaving->len && (i == 0 || !is_over(r)); i++) {
        bool all = false;
        good = remove_files(r, g_array_index(r->leaving, int64_t, i), &all, error);
        if (all)
            g_array_append_val(gone, g_array_index(r->leaving, int64_t, i));
    }
    r->sums.jobs += gone->len;
    g_array_set_size(r->leaving, 0);
    return good && record(r, gone, STEP_REMOVAL_SETTLED, LEDGER_STORED_REMOVED, error);
}

/* The jobs whose removal a stop, or the end of a slice, has interrupted. */
static bool take_up_removal(struct retention *r, GError **error)
{
    int64_t before;

    if (r->no_removal)
        return true;
    do {
        before = r->sums.jobs;
        if (!ledger_retention_removing(r->gateway->ledger, PAGE, r->leaving, error) || !remove_leaving(r, error))
            return false;
    } while (r->sums.jobs > before && !is_over(r));
    return true;
}

static bool remove_due(struct retention *r, GError **error)
{
    return r->leaving->len == 0 ||
           (record(r, r->leaving, STEP_REMOVAL_NOTED, LEDGER_STORED_REMOVING, error) && remove_leaving(r, error));
}

/* ---- the walk ---- */

/* The time after which something may happen to jobs of the group; 0: nothing does. */
static int64_t earliest(const struct retention *r, const struct group *group)
{
    bool full = group->mode == LEDGER_MODE_FULL;
    const struct retention_rule *rule = &r->gateway->config->retention[retention_kind_of(group->type, full)];

    /* Packing comes before removal (config_retention.c). */
    return r->stored == LEDGER_STORED_PLAIN && rule->pack != 0 ? rule->pack : rule->remove;
}

static void next_group(struct retention *r)
{
    r->after = (struct ledger_retention_place){0};
    if (r->stored == LEDGER_STORED_PLAIN) {
        r->stored = LEDGER_STORED_PACKED;
        return;
    }
    r->stored = LEDGER_STORED_PLAIN;
    r->group++;
}

/* The next jobs that may be due; an empty page is the end of the round. */
static bool turn_page(struct retention *r, GError **error)
{
    r->at = 0;
    g_array_set_size(r->page, 0);
    while (r->group < r->groups->len && r->page->len == 0) {
        const struct group *group = &g_array_index(r->groups, struct group, r->group);
        int64_t after = earliest(r, group);
        const struct ledger_retention_choice choice = {r->stored, group->type, group->mode, r->now - after, r->after};
        if (after != 0 && !ledger_retention_due(r->gateway->ledger, &choice, PAGE, r->page, error))
            return false;
        if (r->page->len == 0)
            next_group(r);
    }
    if (r->page->len > 0)
        r->after = g_array_index(r->page, struct ledger_retention_place, r->page->len - 1);
    return true;
}

/* One piece of work; *end: the round has come to its end. */
static bool work(struct retention *r, bool *end, GError **error)
{
    if (r->job != 0)
        return pack_on(r, end, error);
    if (r->at < r->page->len)
        return consider(r, g_array_index(r->page, struct ledger_retention_place, r->at++).job, error);
    if (!remove_due(r, error) || !turn_page(r, error))
        return false;
    *end = r->page->len == 0;
    return true;
}

static void begin_round(struct retention *r)
{
    r->under_way = true;
    r->group = 0;
    r->stored = LEDGER_STORED_PLAIN;
    r->after = (struct ledger_retention_place){0};
    r->at = 0;
    g_array_set_size(r->page, 0);
}

/* A slice ends in one line for each thing that was done. */
static void tell(struct retention *r)
{
    const struct sums *sums = &r->sums;
    g_autofree char *files = text_count(sums->files, "file"), *saved = text_count(sums->saved, "byte");
    g_autofree char *jobs = text_count(sums->jobs, "job"), *freed = text_count(sums->freed, "byte");

    if (sums->files > 0)
        log_event(LOG(EVENT_PACKED, .counts = LOG_COUNTS({"files", sums->files}, {"bytes", sums->saved})),
                  "retention: packed %s, %s less", files, saved);
    if (sums->jobs > 0)
        log_event(LOG(EVENT_BYTES_REMOVED, .counts = LOG_COUNTS({"jobs", sums->jobs}, {"bytes", sums->freed})),
                  "retention: removed the files of %s, %s", jobs, freed);
    r->sums = (struct sums){0};
}

/* Sets what holds for one slice. */
static bool begin_slice(struct retention *r, int64_t now, GError **error)
{
    r->now = now;
    r->until = r->gateway->yields ? clock_monotonic() + SLICE : 0;
    r->no_removal = is_copied(r->gateway->spool);
    g_clear_pointer(&r->damaged, g_ptr_array_unref);
    return ended_damaged(r->gateway, &r->damaged, error);
}

/* What fails here is the spool's disk, or the ledger; only that of the ledger is another one's business. */
static bool go_on(struct retention *r, GError **error)
{
    bool end = false, good = look_again(r, error) && spreading_go_on(&r->spreading, r->gateway, r->until, error) &&
                             take_up_removal(r, error);

    while (good && !end && !is_over(r))
        good = work(r, &end, error);
    good = good && remove_due(r, error) && record_packed(r, &end, error);
    if (!good)
        give_up(r);
    if (end || !good)
        r->under_way = false;
    r->next = clock_monotonic() + (r->under_way ? PAUSE : ROUND_SECONDS * (int64_t)G_USEC_PER_SEC);
    return good;
}

bool retention_pass(struct retention *r, int64_t now, GError **error)
{
    if (clock_monotonic() < r->next)
        return true;
    if (!begin_slice(r, now, error))
        return false;
    if (!r->under_way)
        begin_round(r);
    bool good = go_on(r, error);
    tell(r);
    return good;
}

int64_t retention_due(const struct retention *r)
{
    return MAX(r->next - clock_monotonic(), 0);
}
