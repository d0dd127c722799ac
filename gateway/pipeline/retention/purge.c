/*
 * A job is one commit: it counts as purged, and its first work items are cleared. The rest of a large one follows in
 * further commits, then its files go. What a stop interrupts is known by the purge's row: which work items are left,
 * and that files may be. The other stages begin again from their start, where they find little to do.
 *
 * Rejected: one transaction for a whole purge (minutes in which the writer does nothing else, and a WAL as large as all
 * pages that change); a thread (the ledger and the folders of states belong to the main thread).
 */
#include "gateway/pipeline/retention/purge.h"

#include "gateway/clock.h"
#include "gateway/condition/purge_scope.h"
#include "gateway/condition/purge_state.h"
#include "gateway/log/log.h"
#include "gateway/pipeline/orders/orders.h"
#include "spool/disk.h"
#include "spool/ledger/ledger_purge.h"

#include <sys/stat.h>

/* Microseconds. A slice ends after SLICE and the piece of work that it is in. */
enum { SLICE = 60000, PAUSE = G_USEC_PER_SEC };
enum {
    CLEAR = 2000, /* work items of one commit */
    ROWS = 500,   /* Devices, or changes of supplier, of one commit */
    PAGES = 512   /* of the ledger's file, at once */
};

struct purging {
    struct gateway *gateway;
    int64_t next;  /* monotonic microseconds: the next slice; G_MAXINT64: nothing is under way */
    int64_t now;   /* seconds UTC: of this slice */
    int64_t until; /* monotonic microseconds; 0: to the end */
    struct ledger_purge *row;
    int64_t id; /* of the purge to which the following belongs */
    struct purge_walk walk;
    struct ledger_purge_place place;
    struct ledger_scrub scrub;
    bool stuck; /* nothing more can be done now */
};

struct purging *purging_new(struct gateway *gateway)
{
    struct purging *p = g_new0(struct purging, 1);

    p->gateway = gateway;
    return p;
}

void purging_free(struct purging *p)
{
    if (p == NULL)
        return;
    purge_walk_end(&p->walk);
    g_free(p->row);
    g_free(p);
}

static void say_waits(const struct purging *p, const char *why)
{
    log_event(LOG(EVENT_PURGE_WAITS, .subject = p->row->order_id), "the purge waits: %s", why);
}

/* ---- one job ---- */

/* How many work items of the job one commit clears, from row->item on; sets row->item to those behind them. */
static struct ledger_purge_items next_items(struct ledger_purge *row, const struct ledger_purge_items *all)
{
    int64_t end = all->first + all->items;
    struct ledger_purge_items next = {row->item, MIN(end - row->item, CLEAR)};

    row->item = next.first + next.items < end ? next.first + next.items : 0;
    row->devices += next.items;
    return next;
}

/* A commit of what `change` makes, with the row. After a failure the row is read again by the next slice. */
static bool commit(struct purging *p, bool (*change)(struct purging *p, GError **error), GError **error)
{
    struct ledger *ledger = p->gateway->ledger;

    if (!ledger_begin(ledger, error))
        return false;
    if (change(p, error) && ledger_purge_store(ledger, p->row, error) && ledger_commit(STEP_PURGE_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

static bool take_job(struct purging *p, GError **error)
{
    struct ledger_purge *row = p->row;
    const struct purge_walk *walk = &p->walk;

    row->job = walk->job;
    row->item = walk->items.items > 0 ? walk->items.first : 0;
    row->files = true;
    row->jobs++;
    if (!ledger_purge_take(p->gateway->ledger, row, walk->look.kept, p->now, error))
        return false;
    if (row->item == 0)
        return true;
    struct ledger_purge_items next = next_items(row, &walk->items);
    return ledger_purge_clear(p->gateway->ledger, &next, error);
}

static bool clear_items(struct purging *p, GError **error)
{
    struct ledger_purge_items all;

    if (!ledger_purge_items_of(p->gateway->ledger, p->row->job, &all, error))
        return false;
    struct ledger_purge_items next = next_items(p->row, &all);
    return ledger_purge_clear(p->gateway->ledger, &next, error);
}

/* Also what a stop has left in the job's folder, such as half a packed file. */
static bool remove_files(struct purging *p, int64_t job, GError **error)
{
    enum job_state state = JOB_NOWHERE;

    if (!job_find(p->gateway->spool, job, &state, error))
        return false;
    if (state == JOB_NOWHERE)
        return true;
    g_autofree char *folder = job_path(p->gateway->spool, state, job, NULL);
    g_auto(GStrv) names = disk_names(folder, error);
    for (char **name = names; name != NULL && *name != NULL; name++) {
        g_autofree char *path = g_build_filename(folder, *name, NULL);
        struct stat st;
        if (!purge_scope_removes(*name) || lstat(path, &st) != 0)
            continue;
        if (!disk_unlink(STEP_FILE_PURGED, path, error))
            return false;
        p->row->bytes += st.st_size;
    }
    return names != NULL;
}

static bool settle_files(struct purging *p, GError **error)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool good = ledger_purge_folders(p->gateway->ledger, p->row->job, jobs, error);

    for (guint i = 0; good && i < jobs->len; i++)
        good = ledger_purge_settle(p->gateway->ledger, g_array_index(jobs, int64_t, i), error);
    p->row->files = false;
    return good;
}

/* Files that cannot be removed hold up the whole purge, or its end would be a lie. */
static bool drop_files(struct purging *p, GError **error)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    GError *cause = NULL;
    bool gone = true;

    if (!ledger_purge_folders(p->gateway->ledger, p->row->job, jobs, error))
        return false;
    for (guint i = 0; gone && i < jobs->len; i++)
        gone = remove_files(p, g_array_index(jobs, int64_t, i), &cause);
    if (gone)
        return commit(p, settle_files, error);
    gateway_fail(p->gateway, cause, LOG(EVENT_NOT_PURGED, .job = p->row->job),
                 "job %08" G_GINT64_FORMAT ": a file is not removed, and the purge goes no further; it is tried again",
                 p->row->job);
    p->stuck = true;
    return true;
}

/* ---- the stages ---- */

static bool next_stage(struct purging *p, GError **error)
{
    (void)error; /* nothing here can fail */
    p->row->stage++;
    p->place = (struct ledger_purge_place){0};
    return true;
}

static bool work_on_jobs(struct purging *p, GError **error)
{
    bool found, end;

    if (p->row->item != 0)
        return commit(p, clear_items, error);
    if (p->row->files)
        return drop_files(p, error);
    if (!purge_walk_step(&p->walk, p->gateway, &found, &end, error))
        return false;
    if (found)
        return commit(p, take_job, error);
    return !end || commit(p, next_stage, error);
}

static bool change_devices(struct purging *p, GError **error)
{
    return ledger_purge_devices(p->gateway->ledger, p->row, ROWS, &p->place, error) &&
           (!p->place.end || next_stage(p, error));
}

static bool change_points(struct purging *p, GError **error)
{
    return ledger_purge_points(p->gateway->ledger, p->row, ROWS, &p->place, error) &&
           (!p->place.end || next_stage(p, error));
}

/* The last commit. */
static bool end_purge(struct purging *p, GError **error)
{
    struct ledger *ledger = p->gateway->ledger;
    const struct ledger_purge *row = p->row;

    if (!ledger_begin(ledger, error))
        return false;
    log_event(LOG(EVENT_PURGED, .subject = row->order_id,
                  .counts = LOG_COUNTS({"jobs", row->jobs}, {"devices", row->devices}, {"bytes", row->bytes})),
              "purge: removed the personal data of %" G_GINT64_FORMAT " jobs with %" G_GINT64_FORMAT
              " Devices, %" G_GINT64_FORMAT " rows of reference data, %" G_GINT64_FORMAT " bytes",
              row->jobs, row->devices, row->points, row->bytes);
    if (ledger_purge_end(ledger, row, p->now, error) && ledger_commit(STEP_PURGE_ENDED, ledger, error)) {
        g_clear_pointer(&p->row, g_free);
        return true;
    }
    ledger_rollback(ledger);
    return false;
}

static bool work_on_pages(struct purging *p, GError **error)
{
    if (!ledger_scrub(p->gateway->ledger, PAGES, &p->scrub, error))
        return false;
    if (p->scrub.waits) {
        g_autofree char *why = ledger_scrub_readers(p->gateway->ledger, 0);
        say_waits(p, why != NULL ? why : "another program reads the ledger; end it: 'lslocks' says which");
        p->stuck = true;
    }
    return !p->scrub.end || end_purge(p, error);
}

static bool work(struct purging *p, GError **error)
{
    switch (p->row->stage) {
    case LEDGER_PURGE_JOBS:
        return work_on_jobs(p, error);
    case LEDGER_PURGE_DEVICES:
        return commit(p, change_devices, error);
    case LEDGER_PURGE_POINTS:
        return commit(p, change_points, error);
    case LEDGER_PURGE_PAGES:
        return work_on_pages(p, error);
    }
    return true;
}

/* ---- the slices ---- */

/* Reads the row anew: an order may have begun a purge, and a commit may have failed. */
static bool take_up(struct purging *p, GError **error)
{
    g_clear_pointer(&p->row, g_free);
    if (!ledger_purge_current(p->gateway->ledger, &p->row, error))
        return false;
    p->stuck = false;
    if (p->row == NULL || p->row->id == p->id)
        return true;
    p->id = p->row->id;
    purge_walk_end(&p->walk);
    purge_walk_begin(&p->walk, p->row->before, p->row->job);
    p->place = (struct ledger_purge_place){0};
    p->scrub = (struct ledger_scrub){0};
    return true;
}

/* Sets p->stuck while somebody copies what is to be removed. An order that waits may have been given under the lock of
 * an archive: its jobs are in that archive once it is carried out. */
static bool look_around(struct purging *p, GError **error)
{
    if (!orders_are_given(p->gateway, &p->stuck, error))
        return false;
    g_autofree char *why = purge_state_copy(p->gateway->spool, true);
    if (why == NULL)
        return true;
    say_waits(p, why);
    p->stuck = true;
    return true;
}

static bool is_over(const struct purging *p)
{
    return p->row == NULL || p->stuck || gateway_stopping(p->gateway) ||
           (p->until != 0 && clock_monotonic() >= p->until);
}

bool purging_pass(struct purging *p, int64_t now, GError **error)
{
    bool good = true;

    if (clock_monotonic() < p->next && p->row != NULL)
        return true;
    if (!take_up(p, error))
        return false;
    p->now = now;
    p->until = p->gateway->yields ? clock_monotonic() + SLICE : 0;
    if (p->row != NULL && !look_around(p, error))
        return false;
    while (good && !is_over(p))
        good = work(p, error);
    if (!good)
        p->id = 0; /* what a rollback has undone is looked at again */
    p->next = p->row != NULL ? clock_monotonic() + PAUSE : G_MAXINT64;
    return good;
}

int64_t purging_due(const struct purging *p)
{
    return p->row == NULL ? G_MAXINT64 : MAX(p->next - clock_monotonic(), 0);
}

bool purge_finish(struct gateway *gateway, int64_t now, GError **error)
{
    struct purging *p = purging_new(gateway);
    bool good = gateway->fault.kind != LEDGER_SOUND || purging_pass(p, now, error);

    purging_free(p);
    return good;
}
