/*
 * Why the files lie in incoming/: "nothing in incoming/ counts before its row is committed" holds for fetched files
 * already, with everything that a start does about it. Reports that were PLANNED first, as the writer's own are, could
 * not be built again after a stop: the ledger has gone on since.
 */
#include "gateway/reports/report_build.h"

#include "gateway/answers/answer.h"
#include "gateway/clock.h"
#include "gateway/reports/report_plan.h"
#include "spool/ledger/ledger_jobs.h"

#include <signal.h>
#include <unistd.h>

/* A report while it is built, and the period that it is for. */
struct built {
    const struct report_kind *kind;
    struct ledger_period period; /* with its job, of a reserved id; 0: it has no files */
    struct report *report;
    GPtrArray *files; /* struct ledger_outgoing: the files that are whole, in the order of recipients */
};

struct report_build {
    struct gateway *gateway; /* not for the thread */
    struct gateway view;     /* what reports see: the snapshot is its ledger */
    GArray *built;           /* struct built */
    struct report_shared *shared;
    int64_t at;
    int wake;
    volatile bool stop;
    bool committing; /* the files may have been issued */
    GThread *thread; /* NULL: it has ended and was joined */
    gint ended;      /* atomic: the thread has nothing more to do */
    bool failed;     /* set before `ended`, like the next one */
    GError *cause;
};

/* ---- in the thread ---- */

static bool make_files(const struct report_build *build, struct built *built, GError **error)
{
    const struct spool *spool = build->view.spool;

    if (built->period.job != 0 && !job_make_unsynced(STEP_CUSTODY_BEGUN, spool, JOB_INCOMING, built->period.job, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(built->report); i++) {
        g_autofree char *name = report_name(built->kind, report_recipient(built->report, i),
                                            (struct period){built->period.starts, built->period.ends});
        g_autofree char *path = job_path(spool, JOB_INCOMING, built->period.job, name);
        const struct ledger_outgoing outgoing = {.job = built->period.job, .name = name};
        g_autoptr(disk_file_t) file = report_place(built->report, i, path, error);
        if (file == NULL)
            return false;
        answer_placed_add(built->files, &outgoing, file, report_rows(built->report, i));
    }
    if (built->kind->record == NULL)
        report_forget_rows(built->report);
    return true;
}

static bool make_all(const struct report_build *build, GError **error)
{
    const char *spool = spool_dir(build->view.spool);
    int fs = disk_fs_open(spool, error);
    bool good = fs >= 0;

    for (guint i = 0; good && i < build->built->len; i++) {
        struct built *built = &g_array_index(build->built, struct built, i);
        good = report_collect(built->report, error) && make_files(build, built, error);
    }
    good = good && disk_fs_sync(STEP_REPORT_SYNCED, fs, spool, error);
    disk_fs_close(fs);
    return good;
}

static void *work(void *user)
{
    const uint64_t one = 1;
    struct report_build *build = user;

    build->failed = !make_all(build, &build->cause);
    g_atomic_int_set(&build->ended, 1);
    if (write(build->wake, &one, sizeof one) < 0)
        return NULL; /* the counter is full: the descriptor is readable already */
    return NULL;
}

/* ---- begin and end ---- */

static void clear_built(gpointer user)
{
    struct built *built = user;

    report_free(built->report);
    if (built->files != NULL)
        g_ptr_array_unref(built->files);
}

/* Signals must reach the gateway's thread, which waits for them: the new thread blocks them all. */
static bool start(struct report_build *build, GError **error)
{
    g_autoptr(GError) cause = NULL;
    sigset_t all, before;

    build->ended = 0;
    build->failed = false;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* cannot fail: valid arguments */
    build->thread = g_thread_try_new("reports", work, build, &cause);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (build->thread == NULL)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "no thread is left to build reports: %s; raise the limit of processes of the gateway's user "
                    "(ulimit -u, pids.max)",
                    cause->message);
    return build->thread != NULL;
}

static void join(struct report_build *build)
{
    if (build->thread != NULL)
        (void)g_thread_join(g_steal_pointer(&build->thread)); /* gives back NULL */
}

/* A report with its recipients, of the snapshot. Its job keeps its id when it is built once more. */
static bool prepare(struct report_build *build, struct built *built, GError **error)
{
    report_free(built->report);
    g_clear_pointer(&built->files, g_ptr_array_unref);
    built->files = answer_placed_new();
    built->report = report_new(&build->view, built->kind, (struct period){built->period.starts, built->period.ends});
    report_share(built->report, build->shared);
    return report_to_parties(built->report, error) &&
           report_names_are_new(&build->view, built->report, &built->period, error) &&
           (built->period.job != 0 || report_n_recipients(built->report) == 0 ||
            ledger_job_reserve_ids(build->gateway->ledger, 1, &built->period.job, error));
}

static bool prepare_all(struct report_build *build, GError **error)
{
    report_shared_free(build->shared);
    build->shared = report_shared_new();
    report_shared_stop(build->shared, &build->stop);
    for (guint i = 0; i < build->built->len; i++) {
        if (!prepare(build, &g_array_index(build->built, struct built, i), error))
            return false;
    }
    return true;
}

static struct report_build *build_new(struct gateway *gateway, const GArray *due, int wake)
{
    struct report_build *build = g_new0(struct report_build, 1);

    build->gateway = gateway;
    build->view = *gateway;
    build->view.ledger = NULL;
    build->view.profiles = NULL;
    build->view.stop = &build->stop;
    build->at = clock_now();
    build->wake = wake;
    build->built = g_array_new(FALSE, TRUE, sizeof(struct built));
    g_array_set_clear_func(build->built, clear_built);
    for (guint i = 0; i < due->len; i++) {
        const struct report_due *one = &g_array_index(due, struct report_due, i);
        const struct built built = {
            .kind = one->kind,
            .period = {
                .ref = one->kind->ref, .starts = one->period.starts, .ends = one->period.ends, .issued = build->at}};
        g_array_append_val(build->built, built);
    }
    return build;
}

bool report_build_begin(struct gateway *gateway, const GArray *due, int wake, struct report_build **build,
                        GError **error)
{
    struct report_build *begun = build_new(gateway, due, wake);

    *build = NULL;
    begun->view.ledger = ledger_open_snapshot(gateway->ledger, &begun->stop, error);
    bool good = begun->view.ledger != NULL && prepare_all(begun, error);
    if (good && start(begun, NULL))
        *build = begun;
    else
        report_build_free(begun);
    return good;
}

bool report_build_again(struct report_build *build, GError **error)
{
    join(build);
    return prepare_all(build, error) && start(build, error);
}

/* The next start would remove the folders, too, and say that a stop has left them. */
static void remove_files(const struct report_build *build)
{
    for (guint i = 0; i < build->built->len; i++) {
        int64_t job = g_array_index(build->built, struct built, i).period.job;
        if (job != 0)
            (void)job_drop(STEP_ORPHAN_DROPPED, build->gateway->spool, job, NULL);
    }
}

void report_build_free(struct report_build *build)
{
    if (build == NULL)
        return;
    build->stop = true;
    join(build);
    if (!build->committing)
        remove_files(build);
    g_array_unref(build->built);
    report_shared_free(build->shared);
    ledger_close(build->view.ledger);
    g_clear_error(&build->cause);
    g_free(build);
}

/* ---- between two passes ---- */

int64_t report_build_at(const struct report_build *build)
{
    return build->at;
}

enum report_build_state report_build_state(const struct report_build *build)
{
    if (g_atomic_int_get(&build->ended) == 0)
        return REPORT_BUILD_WORKS;
    return build->failed ? REPORT_BUILD_FAILED : REPORT_BUILD_READY;
}

GError *report_build_take_cause(struct report_build *build)
{
    return g_steal_pointer(&build->cause);
}

/* Plans a report, whose files are STORED at once. */
static bool record(const struct report_build *build, struct built *built, GError **error)
{
    struct ledger *ledger = build->gateway->ledger;
    g_autoptr(GPtrArray) planned = NULL;

    if (!report_plan(build->gateway, built->report, &built->period, error) ||
        !ledger_reports_of(ledger, built->period.ref, built->period.starts, &planned, error))
        return false;
    for (guint i = 0; i < built->files->len; i++) {
        struct ledger_outgoing *made = built->files->pdata[i];
        const struct ledger_outgoing *row = report_file_of(planned, report_recipient(built->report, i)->id);
        made->id = row->id;
        if (!ledger_outgoing_update(ledger, made, error))
            return false;
    }
    return true;
}

static bool record_all(struct report_build *build, GError **error)
{
    struct ledger *ledger = build->gateway->ledger;
    bool good = ledger_begin(ledger, error);

    for (guint i = 0; good && i < build->built->len; i++)
        good = record(build, &g_array_index(build->built, struct built, i), error);
    build->committing = good;
    if (good && ledger_commit(STEP_REPORT_ISSUED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool report_build_issue(struct report_build *build, GError **error)
{
    static const struct job_move move = {STEP_JOB_ACTIVATED, JOB_INCOMING, JOB_ACTIVE};
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));

    join(build);
    if (!record_all(build, error))
        return false;
    for (guint i = 0; i < build->built->len; i++) {
        int64_t job = g_array_index(build->built, struct built, i).period.job;
        if (job != 0)
            g_array_append_val(jobs, job);
    }
    return jobs->len == 0 ||
           job_move_all(build->gateway->spool, &g_array_index(jobs, int64_t, 0), jobs->len, &move, error);
}
