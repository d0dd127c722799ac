/*
 * The command `archive restore`: jobs of an archive come back into the spool, byte for byte.
 *
 *   the ledger has recorded the archive, by its SHA-256 → all of it is checked, and the files of the jobs go to
 *   returning/ → an order for each 50 of them: their folders move to done/ or rejected/
 *
 * A file that nobody has recorded is not read further than its digest, so that what it says never reaches the disk. A
 * stop leaves folders in returning/, which the next call replaces.
 */
#include "gateway/clock.h"
#include "gateway/commands/archive/archive_file.h"
#include "gateway/commands/order/order.h"
#include "gateway/condition/purge_scope.h"
#include "gateway/pipeline/retention/archiving.h"
#include "spool/ledger/ledger_archive.h"
#include "spool/ledger/ledger_jobs.h"

#include <stdio.h>
#include <string.h>

/* One call. */
struct work {
    struct read_access access;
    struct ledger_archive *archive;
    GArray *jobs;           /* int64_t: which are wanted, ascending */
    GHashTable *wanted;     /* the same */
    GHashTable *purged;     /* those of which a purge has removed the personal data */
    int64_t left_out;       /* files of theirs that do not come back */
    struct disk_file *file; /* that is being written */
};

/* ---- which jobs ---- */

struct listed {
    GArray *jobs; /* int64_t, of the manifest */
};

static bool collect(void *user, const json_t *line)
{
    const char *text = json_string_value(json_object_get(line, "job"));
    int64_t id;

    if (text != NULL && job_id_parse(text, &id))
        g_array_append_val(((struct listed *)user)->jobs, id);
    return true;
}

/* *may: the ledger says that the job is in this archive, and it has left the spool. One that stands there all the same
 * is on its way back, by an order that waits. */
static bool may_return(struct work *work, int64_t job, bool *may, GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_archive_of(work->access.gateway.ledger, job, &archive, error) ||
        !job_find(work->access.gateway.spool, job, &state, error))
        return false;
    *may = state == JOB_NOWHERE && archive != NULL && archive->id == work->archive->id && archive->upto >= job;
    return true;
}

static bool add(struct work *work, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(work->access.gateway.ledger, id, &job, error))
        return false;
    if (g_hash_table_add(work->wanted, g_memdup2(&id, sizeof id)))
        g_array_append_val(work->jobs, id);
    if (job != NULL && job->purged != 0)
        g_hash_table_add(work->purged, g_memdup2(&id, sizeof id));
    return true;
}

static bool choose_all(struct work *work, const char *path, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    struct listed listed = {ids};

    if (!archive_file_list(path, collect, &listed, error))
        return false;
    for (guint i = 0; i < ids->len; i++) {
        bool may = false;
        if (!may_return(work, g_array_index(ids, int64_t, i), &may, error))
            return false;
        if (may && !add(work, g_array_index(ids, int64_t, i), error))
            return false;
    }
    return true;
}

/* *good: all that are named may come back; else a message has been printed. */
static bool choose_named(struct work *work, char *const *names, bool *good, GError **error)
{
    for (*good = true; *good && *names != NULL; names++) {
        int64_t job = 0;
        bool may = false;
        *good = command_parse_job(*names, &job);
        if (*good && !may_return(work, job, &may, error))
            return false;
        if (*good && !may)
            g_printerr("ecosgate: archive restore: job %08" G_GINT64_FORMAT " is not in this archive, is back already, "
                       "or has not left the spool yet; 'ecosgate spool show' and 'ecosgate archive list' say more\n",
                       job);
        *good = *good && may;
        if (*good && !add(work, job, error))
            return false;
    }
    return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* ---- the files ---- */

/* Makes the folder of each job in returning/, empty. */
static bool make_folders(struct work *work, GError **error)
{
    g_autofree char *above = g_build_filename(spool_dir(work->access.gateway.spool), ARCHIVING_RETURNING, NULL);

    if (!disk_make_dirs(STEP_SPOOL_MADE, above, error))
        return false;
    for (guint i = 0; i < work->jobs->len; i++) {
        g_autofree char *path =
            archiving_path(&work->access.gateway, ARCHIVING_RETURNING, g_array_index(work->jobs, int64_t, i));
        if (!disk_remove_tree(STEP_RETURN_BEGUN, path, error) || !disk_make_dirs(STEP_RETURN_BEGUN, path, error))
            return false;
    }
    return true;
}

static void drop_folders(struct work *work)
{
    for (guint i = 0; i < work->jobs->len; i++) {
        g_autofree char *path =
            archiving_path(&work->access.gateway, ARCHIVING_RETURNING, g_array_index(work->jobs, int64_t, i));
        (void)disk_remove_tree(STEP_RETURN_BEGUN, path, NULL); /* the next call replaces what stays */
    }
}

/* What a purge would have removed from the job's folder: what it has removed from the ledger must not come back. */
static bool is_gone(const struct work *work, const struct archive_piece *piece)
{
    return g_hash_table_contains(work->purged, &piece->job) && purge_scope_removes(piece->name);
}

/* An archive_file_sink. */
static bool store(void *user, const struct archive_piece *piece, GError **error)
{
    struct work *work = user;

    if (!g_hash_table_contains(work->wanted, &piece->job))
        return true;
    if (is_gone(work, piece)) {
        work->left_out += piece->data == NULL;
        return true;
    }
    if (work->file == NULL) {
        g_autofree char *folder = archiving_path(&work->access.gateway, ARCHIVING_RETURNING, piece->job);
        g_autofree char *path = g_build_filename(folder, piece->name, NULL);
        work->file = disk_file_create(path, 0, error);
    }
    if (work->file == NULL)
        return false;
    bool good = piece->data != NULL ? disk_file_write(work->file, piece->data, piece->len, error)
                                    : disk_file_publish(STEP_RETURN_STORED, work->file, error);
    if (piece->data == NULL)
        g_clear_pointer(&work->file, disk_file_free);
    return good;
}

static bool stage(struct work *work, const char *path, GError **error)
{
    struct archive_check check = {.gateway = &work->access.gateway, .sink = store, .user = work};
    bool good = make_folders(work, error) && archive_file_check(path, &check, error);

    if (good && (check.problems->len > 0 || strcmp(check.sha256, work->archive->sha256) != 0)) {
        good = false;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s is damaged: %s; take another copy of it", path,
                    check.problems->len > 0 ? (const char *)check.problems->pdata[0] : "it is being changed");
    }
    archive_check_clear(&check);
    if (!good)
        drop_folders(work);
    return good;
}

/* ---- the orders ---- */

static int give(struct work *work, struct invocation *invocation, const char *reason)
{
    int status = EXIT_GOOD;

    for (guint i = 0; status == EXIT_GOOD && i < work->jobs->len; i += ARCHIVING_MOST_BACK) {
        struct order order = {.verb = ORDER_RESTORE_ARCHIVE,
                              .at = clock_now(),
                              .reason = (char *)reason,
                              .archive = (char *)work->archive->name,
                              .digest = (char *)work->archive->sha256};
        g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(int64_t));
        g_array_append_vals(some, &g_array_index(work->jobs, int64_t, i),
                            MIN(ARCHIVING_MOST_BACK, work->jobs->len - i));
        order.list = archiving_list(some);
        status = order_give_made(&work->access, invocation, &order, "spool show");
        g_strfreev(order.list);
        g_free(order.id);
    }
    if (status == EXIT_REFUSED)
        drop_folders(work);
    return status;
}

/* *known: the ledger has recorded this very file; else a message has been printed. */
static bool find_archive(struct work *work, const char *path, bool *known, GError **error)
{
    char sha256[DIGEST_HEX_SIZE];
    uint64_t size;

    if (!digest_file(path, sha256, &size, error) ||
        !ledger_archive_with_digest(work->access.gateway.ledger, sha256, &work->archive, error))
        return false;
    *known = work->archive != NULL;
    if (!*known)
        g_printerr("ecosgate: archive restore: the ledger has recorded no archive with the SHA-256 of %s: the file was "
                   "changed, or is another gateway's; take another copy of it\n",
                   path);
    return true;
}

static int restore(struct work *work, struct invocation *invocation, bool all, const char *reason)
{
    const char *path = invocation->argv[0];
    GError *error = NULL;
    bool good = true;

    if (!disk_require_owner(spool_dir(work->access.gateway.spool), &error) ||
        !find_archive(work, path, &good, &error) ||
        (good && !(all ? choose_all(work, path, &error) : choose_named(work, invocation->argv + 1, &good, &error))))
        return command_unable(error);
    if (!good)
        return EXIT_REFUSED;
    if (work->jobs->len == 0) {
        g_printerr("ecosgate: archive restore: no job of the archive is out of the spool\n");
        return EXIT_REFUSED;
    }
    g_array_sort(work->jobs, by_id);
    if (!stage(work, path, &error))
        return command_unable(error);
    if (work->left_out > 0)
        g_printerr("ecosgate: archive restore: %" G_GINT64_FORMAT
                   " files do not come back, for a purge has removed the "
                   "personal data of their jobs; %s still has them: destroy it where the law asks for it\n",
                   work->left_out, path);
    return give(work, invocation, reason);
}

int command_archive_restore(struct invocation *invocation)
{
    g_autofree char *given = NULL;
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "all its jobs that are not in the spool", NULL},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &given, "why; kept with the order and shown", "TEXT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct work work = {.archive = NULL};

    if (!command_arguments(invocation, entries, 1, G_MAXINT))
        return EXIT_UNABLE;
    if ((invocation->argc > 1) == (all != FALSE)) {
        g_printerr("ecosgate: archive restore: expected the IDs of jobs, or --all\n");
        return EXIT_UNABLE;
    }
    g_autofree char *reason = order_reason(g_steal_pointer(&given), "archive restore");
    if (reason == NULL || !read_access_open(&work.access, invocation))
        return EXIT_UNABLE;
    work.jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    work.wanted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    work.purged = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    int status = EXIT_UNABLE;
    if (!command_refuses_now(invocation, work.access.config))
        status = restore(&work, invocation, all, reason);
    disk_file_free(work.file);
    g_array_unref(work.jobs);
    g_hash_table_unref(work.wanted);
    g_hash_table_unref(work.purged);
    g_free(work.archive);
    read_access_close(&work.access);
    return status;
}
