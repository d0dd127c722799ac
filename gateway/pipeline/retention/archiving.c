/*
 * A page of jobs costs as many syncs as one job: their folders are renamed, what they stood in is synced, and the
 * commit follows; then they are removed from leaving/. What a power cut brings back before the commit is moved again,
 * and after it removed again: an archive is settled when leaving/ is empty, and synced.
 *
 * Rejected: an order that writes the archive itself, in slices. The writer would hold an open archive, and what it has
 * read of it, over many passes; a full disk elsewhere, or a folder on a share that hangs, would be its business.
 * Rejected, too: a row for each archived job. A commit with 100,000 rows takes longer than a pass may.
 */
#include "gateway/pipeline/retention/archiving.h"

#include "gateway/clock.h"
#include "gateway/log/log.h"
#include "gateway/pipeline/retention/ended.h"
#include "spool/backup_lock.h"
#include "spool/ledger/ledger_archive.h"

#include <string.h>

/* Microseconds. */
enum { SLICE = 60000, PAUSE = G_USEC_PER_SEC };
enum { PAGE = 256, RETRY_SECONDS = 600 };

/* One slice. */
struct slice {
    struct gateway *gateway;
    int64_t until;
    GPtrArray *damaged;
    GArray *page, *stay; /* int64_t: jobs; those that are not archived */
    GPtrArray *above;    /* char *: the folders that the page's jobs stood in */
    int64_t left, stayed;
    GError *fault; /* what keeps a folder from leaving */
};

char *archiving_path(const struct gateway *gateway, const char *folder, int64_t job)
{
    char id[JOB_ID_SIZE];

    job_id_print(job, id);
    return g_build_filename(spool_dir(gateway->spool), folder, id, NULL);
}

/* ---- lists of jobs in orders ---- */

static bool parse_range(const char *text, struct ledger_archive_range *range)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    bool good = ends[0] != NULL && job_id_parse(ends[0], &range->first);

    range->last = range->first;
    return good && (ends[1] == NULL || job_id_parse(ends[1], &range->last)) && range->first <= range->last;
}

GArray *archiving_parse(char *const *list)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(struct ledger_archive_range));
    int64_t last = 0;

    for (; list != NULL && *list != NULL; list++) {
        struct ledger_archive_range range = {0};
        if (!parse_range(*list, &range) || range.first <= last)
            return NULL;
        g_array_append_val(ranges, range);
        last = range.last;
    }
    return ranges->len > 0 ? g_steal_pointer(&ranges) : NULL;
}

char **archiving_list(const GArray *jobs)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < jobs->len;) {
        int64_t first = g_array_index(jobs, int64_t, i), last = first;
        for (i++; i < jobs->len && g_array_index(jobs, int64_t, i) == last + 1; i++)
            last++;
        g_ptr_array_add(list, first == last ? g_strdup_printf("%" G_GINT64_FORMAT, first)
                                            : g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, first, last));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

/* ---- leaving ---- */

/* Moves one folder out. A stop may have left one on its way: then it is gone from its place already. */
static bool leave(struct slice *s, const struct ledger_archive *archive, int64_t job, GError **error)
{
    const struct gateway *gateway = s->gateway;
    struct ledger_retention_look look;
    enum job_state state = JOB_NOWHERE, ended = JOB_NOWHERE;

    if (!ledger_retention_look(gateway->ledger, job, &look, error) ||
        !ended_job(gateway, &look, s->damaged, &ended, error))
        return false;
    if (ended == JOB_NOWHERE || look.ended >= archive->before) {
        if (job_find(gateway->spool, job, &state, NULL) && state == JOB_NOWHERE)
            return true;
        g_array_append_val(s->stay, job);
        return true;
    }
    g_autofree char *from = job_path(gateway->spool, ended, job, NULL);
    g_autofree char *to = archiving_path(gateway, ARCHIVING_LEAVING, job);
    g_autofree char *above = g_path_get_dirname(from);
    if (!g_ptr_array_find_with_equal_func(s->above, above, g_str_equal, NULL))
        g_ptr_array_add(s->above, g_steal_pointer(&above));
    return disk_rename_unsynced(STEP_JOB_LEFT, from, to, &s->fault);
}

/* Before the ledger says that the jobs have left, or that all have. False: s->fault says why. */
static bool sync_folders(struct slice *s)
{
    GError *cause = NULL;

    for (guint i = 0; cause == NULL && i < s->above->len; i++)
        (void)disk_sync_dir(s->above->pdata[i], &cause);
    if (cause == NULL)
        return true;
    g_clear_error(&s->fault);
    s->fault = cause;
    return false;
}

static bool commit(struct slice *s, const struct ledger_archive *archive, bool last, GError **error)
{
    struct ledger *ledger = s->gateway->ledger;
    int64_t upto = s->page->len > 0 ? g_array_index(s->page, int64_t, s->page->len - 1) : archive->upto;
    bool good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < s->page->len; i++)
        good = ledger_archive_gone(ledger, g_array_index(s->page, int64_t, i), error);
    for (guint i = 0; good && i < s->stay->len; i++)
        good = ledger_archive_take_out(ledger, g_array_index(s->stay, int64_t, i), error);
    if (good && ledger_archive_settle(ledger, archive, upto, last, error) &&
        ledger_commit(STEP_ARCHIVE_SETTLED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* True if the folder in leaving/ is one too many: the ledger says that the job is archived, or it stands elsewhere. */
static bool may_go(const struct slice *s, int64_t job, bool *go, GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_archive_of(s->gateway->ledger, job, &archive, error))
        return false;
    *go = archive != NULL || (job_find(s->gateway->spool, job, &state, NULL) && state != JOB_NOWHERE);
    return true;
}

/* Removes what has left, for good. A slice that ends within it leaves the rest to the next one, which begins here: so
 * leaving/ is empty wherever a page is turned. */
static bool empty_leaving(struct slice *s, GError **error)
{
    g_autofree char *dir = g_build_filename(spool_dir(s->gateway->spool), ARCHIVING_LEAVING, NULL);
    g_auto(GStrv) names = disk_names(dir, error);

    for (char **name = names; name != NULL && *name != NULL; name++) {
        int64_t job;
        bool go = false;
        if (!job_id_parse(*name, &job))
            continue;
        if (!may_go(s, job, &go, error))
            return false;
        g_autofree char *path = g_build_filename(dir, *name, NULL);
        if (go && !disk_remove_tree_unsynced(STEP_LEFT_REMOVED, path, &s->fault))
            return true;
        if (gateway_time_is_up(s->gateway, s->until))
            return true;
    }
    return names != NULL;
}

/* The next jobs of the archive. *end: there are no more. */
static bool turn_page(struct slice *s, const struct ledger_archive *archive, bool *end, GError **error)
{
    g_array_set_size(s->page, 0);
    g_array_set_size(s->stay, 0);
    g_ptr_array_set_size(s->above, 0);
    if (!ledger_archive_next(s->gateway->ledger, archive, PAGE, s->page, error))
        return false;
    guint most = s->page->len;
    guint n = 0;
    while (n < most && s->fault == NULL && (n == 0 || !gateway_time_is_up(s->gateway, s->until))) {
        if (!leave(s, archive, g_array_index(s->page, int64_t, n), error) && s->fault == NULL)
            return false;
        n += s->fault == NULL;
    }
    *end = most == 0; /* not before leaving/ is empty: a settled archive is looked at no more */
    if (*end)
        g_ptr_array_add(s->above, g_build_filename(spool_dir(s->gateway->spool), ARCHIVING_LEAVING, NULL));
    if (!sync_folders(s)) {
        g_array_set_size(s->page, 0);
        return true; /* the next slice finds them in leaving/ */
    }
    g_array_set_size(s->page, n);
    s->left += n - s->stay->len;
    s->stayed += s->stay->len;
    return commit(s, archive, *end, error) && empty_leaving(s, error);
}

static void tell(const struct slice *s, const struct ledger_archive *archive)
{
    if (s->left > 0 || s->stayed > 0)
        log_event(LOG(EVENT_ARCHIVED, .counts = LOG_COUNTS({"jobs", s->left}, {"stayed", s->stayed})),
                  "archive %s: %" G_GINT64_FORMAT " jobs have left the spool, %" G_GINT64_FORMAT " stay in it",
                  archive->name, s->left, s->stayed);
}

/* *more: not all is done. */
static bool go_on(struct slice *s, bool *more, GError **error)
{
    g_autofree char *dir = g_build_filename(spool_dir(s->gateway->spool), ARCHIVING_LEAVING, NULL);
    bool good = ended_damaged(s->gateway, &s->damaged, error) && disk_make_dirs(STEP_SPOOL_MADE, dir, error) &&
                empty_leaving(s, error);

    for (*more = true; good && *more && s->fault == NULL && !gateway_time_is_up(s->gateway, s->until);) {
        g_autofree struct ledger_archive *archive = NULL;
        bool end = false;
        good = ledger_archive_unsettled(s->gateway->ledger, &archive, error);
        *more = archive != NULL;
        while (good && *more && !end && s->fault == NULL && !gateway_time_is_up(s->gateway, s->until)) {
            good = turn_page(s, archive, &end, error);
            if (s->page->len > 0)
                archive->upto = g_array_index(s->page, int64_t, s->page->len - 1);
        }
        if (archive != NULL)
            tell(s, archive);
        s->left = s->stayed = 0;
    }
    return good;
}

static void tell_fault(struct slice *s)
{
    gateway_fail(s->gateway, g_steal_pointer(&s->fault), LOG(EVENT_NOT_REMOVED),
                 "a job that is archived does not leave the spool; it is tried again in %d minutes",
                 RETRY_SECONDS / 60);
}

bool archiving_pass(struct gateway *gateway, int64_t *next, GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;
    struct slice s = {.gateway = gateway};
    bool more = false, good = true;

    if (*next != G_MAXINT64 && clock_monotonic() < *next)
        return true;
    if (!ledger_archive_unsettled(gateway->ledger, &archive, error))
        return false;
    *next = archive != NULL ? clock_monotonic() + PAUSE : G_MAXINT64;
    if (archive == NULL || backup_lock_is_held(gateway->spool))
        return true;
    s.until = gateway->yields ? clock_monotonic() + SLICE : 0;
    s.page = g_array_new(FALSE, FALSE, sizeof(int64_t));
    s.stay = g_array_new(FALSE, FALSE, sizeof(int64_t));
    s.above = g_ptr_array_new_with_free_func(g_free);
    good = go_on(&s, &more, error);
    *next = !good || s.fault != NULL ? clock_monotonic() + RETRY_SECONDS * (int64_t)G_USEC_PER_SEC
            : more                   ? clock_monotonic() + PAUSE
                                     : G_MAXINT64;
    if (s.fault != NULL)
        tell_fault(&s);
    g_array_unref(s.page);
    g_array_unref(s.stay);
    g_ptr_array_unref(s.above);
    if (s.damaged != NULL)
        g_ptr_array_unref(s.damaged);
    return good;
}
