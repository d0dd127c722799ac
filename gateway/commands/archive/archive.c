/*
 * The command `archive`: writes whole ended jobs to an archive, proves it, and orders the gateway to let them go.
 *
 *   archive_lock → choose → the archive under its temporary name → archive_file_check → its name → the order
 *
 * Only the order changes the spool, so that a running gateway is never held up. A stop leaves a temporary file, which
 * the next call replaces, or the archive without its order: then the same call takes up the file that is there, if it
 * is whole and of the same --before.
 *
 * The members of an archive: archive_file.h.
 */
#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/commands/archive/archive_file.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/output.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/archive/tar_out.h"
#include "gateway/pipeline/retention/archiving.h"
#include "gateway/pipeline/retention/ended.h"
#include "spool/archive_lock.h"
#include "spool/ledger/ledger_archive.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_identity.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_purge.h"
#include "spool/ledger/ledger_signatures.h"
#include "spool/ledger/ledger_verdicts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "archive"
enum { MOST_LOOKS = 20 };

static const char about[] =
    "Ended jobs of an ecosgate gateway, which has them in its spool no more. Its ledger keeps what they led to.\n"
    "\n"
    "manifest       JSON objects, one a line: first this archive, then each job with its files, their sizes and "
    "SHA-256\n"
    "jobs/ID/NAME   the files of the jobs; NAME.gz is packed by gzip: its SHA-256 in the manifest is of the plain "
    "bytes\n"
    "SHA256SUMS     the SHA-256 of each file above, as it stands here\n"
    "\n"
    "Without ecosgate:  tar --zstd -xf FILE && cd " ARCHIVE_FOLDER " && sha256sum -c SHA256SUMS\n"
    "With it:           ecosgate archive verify FILE; ecosgate archive restore FILE ID --reason TEXT\n"
    "\n"
    "What was purged from the ledger afterwards is still in these files: destroy the archive where the law asks for "
    "it.\n";

/* One call. */
struct work {
    struct read_access access;
    const char *before_text;
    int64_t before, now;
    GPtrArray *damaged;
    GArray *jobs; /* int64_t, ascending */
    int64_t files, bytes;
    bool more; /* there are more such jobs than one archive takes */
    struct tar_out *tar;
    bool changed; /* the job's files, between two looks */
    int lock;     /* of archive_lock; -1 */
};

/* ---- which jobs ---- */

static bool collect(void *user, const struct ledger_job *job, GError **error)
{
    (void)error; /* nothing here can fail */
    g_array_append_val((GArray *)user, job->id);
    return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Adds the job if it has ended before the time. */
static bool consider(struct work *work, int64_t job, GError **error)
{
    const struct gateway *gateway = &work->access.gateway;
    struct ledger_retention_look look;
    enum job_state state = JOB_NOWHERE;

    if (!ledger_retention_look(gateway->ledger, job, &look, error) ||
        !ended_job(gateway, &look, work->damaged, &state, error))
        return false;
    if (state != JOB_NOWHERE && look.ended < work->before)
        g_array_append_val(work->jobs, job);
    return true;
}

/* Cuts off what one order cannot name. */
static void cut(struct work *work)
{
    guint ranges = 0, n = 0;

    while (n < work->jobs->len && n < ARCHIVE_MOST_JOBS) {
        bool begins = n == 0 || g_array_index(work->jobs, int64_t, n) != g_array_index(work->jobs, int64_t, n - 1) + 1;
        if (begins && ++ranges > ORDER_MOST_LISTED)
            break;
        n++;
    }
    work->more = n < work->jobs->len;
    g_array_set_size(work->jobs, n);
}

static bool choose(struct work *work, GError **error)
{
    struct gateway *gateway = &work->access.gateway;
    const struct ledger_job_find find = {.until = work->before};
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

    work->jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    if (!ended_damaged(gateway, &work->damaged, error) ||
        !ledger_jobs_find(gateway->ledger, &find, collect, ids, error))
        return false;
    g_array_sort(ids, by_id);
    for (guint i = 0; i < ids->len; i++)
        if (!consider(work, g_array_index(ids, int64_t, i), error))
            return false;
    cut(work);
    return true;
}

/* ---- the manifest ---- */

static json_t *file_json(const char *name, int64_t size, const char *sha256, int64_t removed)
{
    json_t *row = json_object();

    output_set_text(row, "name", name);
    output_set_number(row, "size", size);
    output_set_text(row, "sha256", sha256);
    output_set(row, "removed", removed != 0 ? command_json_instant(removed) : NULL);
    return row;
}

static bool add_link(struct ledger *ledger, int64_t job, json_t *row, GError **error)
{
    char digest[DIGEST_HEX_SIZE] = "";
    int64_t n;

    if (!ledger_evidence_first_of_job(ledger, job, &n, error) ||
        (n != 0 && !ledger_evidence_digest(ledger, n, digest, error)))
        return false;
    output_set_optional(row, "link", n, 0);
    output_set_text(row, "link_digest", n != 0 ? digest : NULL);
    return true;
}

/* The line of a job; NULL on an error. */
static json_t *job_json(struct ledger *ledger, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autofree struct ledger_signature *signature = NULL;
    g_autoptr(GPtrArray) files = NULL;

    if (!ledger_job_get(ledger, id, &job, error) || !ledger_signature_get(ledger, id, &signature, error) ||
        !ledger_verdict_get(ledger, id, job->revision, &verdict, error) ||
        !ledger_outgoing_files_of(ledger, id, &files, error))
        return NULL;
    json_t *row = json_object(), *list = json_array();
    output_set(row, "job", command_json_job(id));
    output_set_text(row, "name", job->name);
    output_set_text(row, "type", job->type);
    output_set(row, "received", command_json_instant(job->received));
    output_set_text(row, "org", job->org);
    output_set_text(row, "sender", job->sender);
    output_set_text(row, "drop", job->drop);
    output_set_text(row, "batch", verdict ? verdict->batch : NULL);
    output_set_text(row, "verdict", verdict ? verdict->outcome : NULL);
    output_set(row, "files", list);
    if (job->direction == LEDGER_IN)
        (void)json_array_append_new(list, file_json(JOB_PAYLOAD, job->size, job->sha256, job->removed));
    if (signature != NULL && signature->sha256 != NULL)
        (void)json_array_append_new(list, file_json(JOB_SIGNATURE, signature->size, signature->sha256, 0));
    for (guint i = 0; i < files->len; i++) {
        const struct ledger_outgoing *file = files->pdata[i];
        (void)json_array_append_new(list, file_json(file->name, file->size, file->sha256, file->removed));
    }
    if (add_link(ledger, id, row, error))
        return row;
    json_decref(row);
    return NULL;
}

/* Writes a line and gives up the reference. */
static bool put_json(FILE *file, json_t *row, GError **error)
{
    bool good = row != NULL && json_dumpf(row, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF;

    if (row != NULL && !good)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "a temporary file cannot be written: %s; make room in %s",
                    g_strerror(errno), g_get_tmp_dir());
    json_decref(row);
    return good;
}

static json_t *header_json(struct work *work, GError **error)
{
    struct ledger_identity identity;

    if (!ledger_identity_get(work->access.gateway.ledger, &identity, error))
        return NULL;
    json_t *row = json_object();
    output_set_number(row, "archive", ARCHIVE_VERSION);
    output_set_text(row, "ledger", identity.ledger);
    output_set(row, "before", command_json_instant(work->before));
    output_set(row, "made", command_json_instant(work->now));
    output_set_number(row, "jobs", work->jobs->len);
    output_set_text(row, "version", PACKAGE_VERSION);
    return row;
}

static bool add_manifest(struct work *work, GError **error)
{
    FILE *file = tmpfile();

    if (file == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot make a temporary file: %s", g_strerror(errno));
        return false;
    }
    bool good = put_json(file, header_json(work, error), error);
    for (guint i = 0; good && i < work->jobs->len; i++)
        good =
            put_json(file, job_json(work->access.gateway.ledger, g_array_index(work->jobs, int64_t, i), error), error);
    if (good && fflush(file) != 0) {
        good = false;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "a temporary file cannot be written: %s", g_strerror(errno));
    }
    good = good && tar_out_file(work->tar, "manifest", fileno(file), work->now, error);
    (void)fclose(file); /* it has no name */
    return good;
}

/* ---- the files ---- */

/* Sets work->changed if it has another form, or place, than a moment ago. */
static bool add_file(struct work *work, enum job_state state, const struct ledger_job *job, const char *name,
                     GError **error)
{
    g_autofree char *path = job_path(work->access.gateway.spool, state, job->id, name);
    g_autofree char *member = g_strdup_printf("jobs/%08" G_GINT64_FORMAT "/%s", job->id, name);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;

    work->changed = fd < 0 && path != NULL && errno == ENOENT;
    if (work->changed)
        return true;
    if (fd < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "job %08" G_GINT64_FORMAT ": %s cannot be read: %s", job->id,
                    name, path != NULL ? g_strerror(errno) : "its name is not allowed in a job");
        return false;
    }
    bool good = tar_out_file(work->tar, member, fd, job->received, error);
    (void)close(fd); /* was only read from */
    return good;
}

/* A file may be packed between two looks: then the job is looked at again, for the rest of its files. */
static bool add_job(struct work *work, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!ledger_job_get(work->access.gateway.ledger, id, &job, error))
        return false;
    work->changed = true;
    for (int looks = 0; work->changed && looks < MOST_LOOKS; looks++) {
        GError *cause = NULL;
        enum job_state state = JOB_NOWHERE;
        g_auto(GStrv) names = read_access_files(work->access.gateway.spool, id, &state, &cause);
        work->changed = false;
        if (cause != NULL) {
            g_propagate_error(error, cause);
            return false;
        }
        for (char **name = names; !work->changed && name != NULL && *name != NULL; name++) {
            g_autofree char *plain = packed_plain_name(*name);
            if (g_hash_table_contains(done, plain))
                continue;
            if (!add_file(work, state, job, *name, error))
                return false;
            if (!work->changed)
                g_hash_table_add(done, g_steal_pointer(&plain));
        }
    }
    return true;
}

/* The temporary name of the whole archive; g_free. */
static char *write_archive(struct work *work, const char *path, GError **error)
{
    work->tar = tar_out_open(path, ARCHIVE_FOLDER, TAR_OUT_ZSTD, error);
    if (work->tar == NULL || !tar_out_text(work->tar, "README", about, work->now, error) || !add_manifest(work, error))
        return NULL;
    for (guint i = 0; i < work->jobs->len; i++)
        if (!add_job(work, g_array_index(work->jobs, int64_t, i), error))
            return NULL;
    return tar_out_end(work->tar, work->now, error) ? tar_out_keep(STEP_ARCHIVE_WRITTEN, work->tar, error) : NULL;
}

/* ---- the proof, the name, the order ---- */

static bool is_sound(const struct archive_check *check, const char *path, int64_t before, GError **error)
{
    const char *fault = check->problems->len > 0  ? check->problems->pdata[0]
                        : check->before != before ? "it was made with another --before"
                        : check->jobs->len == 0   ? "it has no job"
                        : check->purged > 0       ? "a purge has removed files since that it has; destroy it"
                                                  : NULL;

    if (fault != NULL)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s is not an archive to which jobs can go: %s; nothing has left the spool: see 'ecosgate spool "
                    "verify', or name a new file",
                    path, fault);
    return fault == NULL;
}

static bool is_recorded(struct work *work, const struct archive_check *check, const char *path, GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;

    if (!ledger_archive_with_digest(work->access.gateway.ledger, check->sha256, &archive, error))
        return true;
    if (archive != NULL)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "--out %s is there: it is an archive that the ledger has recorded; name a new file", path);
    return archive != NULL;
}

static int give(struct work *work, struct invocation *invocation, const char *path, const char *reason,
                const struct archive_check *check)
{
    struct order order = {.verb = ORDER_ARCHIVE,
                          .at = clock_now(),
                          .archive = (char *)path,
                          .before = work->before,
                          .digest = (char *)check->sha256,
                          .reason = (char *)reason};

    order.list = archiving_list(check->jobs);
    int status = order_give_made(&work->access, invocation, &order, "spool list");
    if (status == EXIT_GOOD && work->more)
        g_printerr("ecosgate: archive: an archive takes no more; there are more such jobs: call it again with another "
                   "--out\n");
    g_strfreev(order.list);
    g_free(order.id);
    return status;
}

/* The rename may be done, and its sync fail. */
static bool give_name(const char *temporary, const char *path, GError **error)
{
    GError *cause = NULL;
    struct stat st;

    if (disk_rename_noreplace(STEP_ARCHIVE_MADE, temporary, path, &cause))
        return true;
    bool named = lstat(temporary, &st) != 0;
    g_propagate_prefixed_error(error, cause, "%s%s%s", named ? "no order is given for " : "", named ? path : "",
                               named ? ", which is whole; the same call takes it up: " : "");
    return false;
}

/* there: the file stands under its name, for an earlier call was stopped. */
static int prove_and_give(struct work *work, struct invocation *invocation, const char *path, const char *reason,
                          bool there)
{
    g_autofree char *temporary = NULL;
    struct archive_check check = {.gateway = &work->access.gateway, .fresh = there ? NULL : path};
    GError *error = NULL;

    if (!there)
        temporary = write_archive(work, path, &error);
    const char *now_at = there ? path : temporary;
    bool good = now_at != NULL && archive_file_check(now_at, &check, &error) &&
                is_sound(&check, path, work->before, &error) && !(there && is_recorded(work, &check, path, &error));
    if (good && !there)
        good = give_name(temporary, path, &error);
    if (!good && temporary != NULL)
        (void)disk_unlink(STEP_ORPHAN_DROPPED, temporary, NULL); /* the next call would replace it */
    int status = good ? EXIT_GOOD : command_unable(error);
    if (good && there)
        g_printerr("ecosgate: archive: %s is there, whole and not recorded: an earlier call was stopped; its jobs are "
                   "moved now\n",
                   path);
    if (good)
        status = give(work, invocation, path, reason, &check);
    archive_check_clear(&check);
    return status;
}

/* ---- the command ---- */

static bool count_bytes(struct work *work, GError **error)
{
    for (guint i = 0; i < work->jobs->len; i++) {
        enum job_state state = JOB_NOWHERE;
        int64_t id = g_array_index(work->jobs, int64_t, i);
        GError *cause = NULL;
        g_auto(GStrv) names = read_access_files(work->access.gateway.spool, id, &state, &cause);
        if (cause != NULL) {
            g_propagate_error(error, cause);
            return false;
        }
        for (char **name = names; name != NULL && *name != NULL; name++) {
            g_autofree char *path = job_path(work->access.gateway.spool, state, id, *name);
            struct stat st;
            if (path == NULL || lstat(path, &st) != 0)
                continue;
            work->files++;
            work->bytes += st.st_size;
        }
    }
    return true;
}

static int dry_run(struct work *work, const struct invocation *invocation)
{
    GError *error = NULL;

    if (!choose(work, &error) || !count_bytes(work, &error))
        return command_unable(error);
    json_t *object = json_object();
    output_set_text(object, "before", work->before_text);
    output_set_number(object, "jobs", work->jobs->len);
    output_set_number(object, "files", work->files);
    output_set_number(object, "bytes", work->bytes);
    output_set(object, "more", json_boolean(work->more));
    output_object(invocation->json, object);
    return EXIT_GOOD;
}

/* The absolute path of the file that is to be made; NULL: *error. g_free. */
static char *resolve(const struct work *work, const char *out, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(out), *name = g_path_get_basename(out);
    char *real = realpath(folder, NULL);
    int errnum = errno;
    char *spool = realpath(spool_dir(work->access.gateway.spool), NULL);
    g_autofree char *below = spool != NULL ? g_strconcat(spool, "/", NULL) : NULL;
    char *path = NULL;

    if (real == NULL)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "--out %s: its folder cannot be used: %s; make it first",
                    out, g_strerror(errnum));
    else if (spool != NULL && (strcmp(real, spool) == 0 || g_str_has_prefix(real, below)))
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "--out %s is within the spool, whose room is to become free; name a file elsewhere", out);
    else
        path = g_build_filename(real, name, NULL);
    free(real);
    free(spool);
    return path;
}

/* A purge must not remove what the archive has just got: if one is under way the archive is refused; one that begins
 * later waits until the archive's order is carried out. */
static int keep_purge_out(struct work *work)
{
    g_autofree struct ledger_purge *purge = NULL;
    char before[INSTANT_TEXT_SIZE];
    GError *error = NULL;

    work->lock = archive_lock(work->access.gateway.spool, &error);
    if (work->lock < 0 || !ledger_purge_current(work->access.gateway.ledger, &purge, &error))
        return command_unable(error);
    if (purge == NULL)
        return EXIT_GOOD;
    instant_print(purge->before, before);
    g_printerr("ecosgate: archive: a purge before %s is under way, and would leave in the archive what it removes; "
               "'ecosgate status' says how far it is; try again when it has ended\n",
               before);
    return EXIT_REFUSED;
}

static int archive(struct work *work, struct invocation *invocation, const char *out, const char *reason)
{
    GError *error = NULL;
    g_autofree char *path = resolve(work, out, &error);
    struct stat st;

    if (path == NULL || !disk_may_order(spool_orders_dir(work->access.gateway.spool), &error))
        return command_unable(error);
    int status = keep_purge_out(work);
    if (status != EXIT_GOOD)
        return status;
    bool there = lstat(path, &st) == 0;
    if (!there && !choose(work, &error))
        return command_unable(error);
    if (!there && work->jobs->len == 0) {
        g_printerr("ecosgate: archive: no job has ended before %s that is still in the spool\n", work->before_text);
        return EXIT_REFUSED;
    }
    return prove_and_give(work, invocation, path, reason, there);
}

/* Reads --before. False: a message has been printed. */
static bool read_before(struct work *work, const char *text)
{
    work->before_text = text;
    work->now = clock_now();
    if (text == NULL) {
        g_printerr("ecosgate: archive: expected --before DATE: jobs that had ended before it are moved\n");
        return false;
    }
    if (!selection_time(COMMAND, "before", text, &work->before))
        return false;
    if (work->before <= work->now)
        return true;
    g_printerr("ecosgate: archive: --before %s is still to come; name a time that has passed\n", text);
    return false;
}

int command_archive(struct invocation *invocation)
{
    g_autofree char *out = NULL, *before = NULL, *given = NULL;
    gboolean dry = FALSE;
    const GOptionEntry entries[] = {
        {"before", 0, 0, G_OPTION_ARG_STRING, &before, "jobs that had ended before that time", "DATE"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "write them to this new file, a tar packed by zstd", "FILE"},
        {"dry-run", 0, 0, G_OPTION_ARG_NONE, &dry, "only say how many there are", NULL},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &given, "why; kept with the order and shown", "TEXT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct work work = {.lock = -1};

    if (!command_arguments(invocation, entries, 0, 0) || !read_before(&work, before))
        return EXIT_UNABLE;
    if (!dry && out == NULL) {
        g_printerr("ecosgate: archive: expected --out FILE, the archive that is made\n");
        return EXIT_UNABLE;
    }
    g_autofree char *reason = dry ? NULL : order_reason(g_steal_pointer(&given), COMMAND);
    if ((!dry && reason == NULL) || !read_access_open(&work.access, invocation))
        return EXIT_UNABLE;
    int status = EXIT_UNABLE;
    if (dry)
        status = dry_run(&work, invocation);
    else if (!command_refuses_now(invocation, work.access.config))
        status = archive(&work, invocation, out, reason);
    disk_unlock(work.lock);
    tar_out_free(work.tar);
    if (work.jobs != NULL)
        g_array_unref(work.jobs);
    if (work.damaged != NULL)
        g_ptr_array_unref(work.damaged);
    read_access_close(&work.access);
    return status;
}
