/* The tar is read once, as a stream; nothing of it is kept but the ids of jobs. */
#include "gateway/commands/archive/archive_file.h"

#include "formats/instant.h"
#include "gateway/condition/purge_scope.h"
#include "spool/job.h"
#include "spool/ledger/ledger_identity.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_signatures.h"
#include "spool/packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

enum { BUFFER = 256 * 1024, MOST_LINE = 1 << 20, MOST_ENVELOPE = 64 * 1024, MOST_PROBLEMS = 100 };

#define MANIFEST "manifest"
#define SUMS "SHA256SUMS"

/* Where bytes come from, for messages. */
struct source {
    const char *path;
    bool fresh; /* this call has written them */
};

/* What is read. */
struct reading {
    struct archive *archive;
    struct source source;
    archive_file_visit visit;
    void *user;
    bool enough; /* the visitor wants no more */
};

/* A check under way. */
struct walk {
    struct archive_check *check;
    struct source source;
    struct archive *archive;
    struct digest *sums;                /* of the lines of SHA256SUMS that the members so far make */
    bool manifest, ended;               /* they have been read */
    GArray *listed;                     /* int64_t: jobs of the manifest */
    struct ledger_job *job;             /* whose files come now; NULL: none */
    GPtrArray *files;                   /* struct ledger_outgoing of it */
    struct ledger_signature *signature; /* that came with its file and was fetched; NULL: none */
    GHashTable *seen;                   /* char *: plain names of its files that came */
    char ledger[LEDGER_ID_SIZE];
};

static bool unreadable(const struct source *source, const char *reason, GError **error)
{
    const char *cause = reason != NULL ? reason : "no reason is known";

    if (source->fresh)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s was written, and cannot be read back: %s; no job has left the spool: check the disk that it is "
                    "on, or name a file on another one",
                    source->path, cause);
    else
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s cannot be read as an archive: %s; it is damaged, or no archive of ecosgate: take another copy",
                    source->path, cause);
    return false;
}

/* path: where the bytes are now. */
static struct archive *open_archive(const char *path, const struct source *source, GError **error)
{
    struct archive *archive = archive_read_new();

    if (archive_read_support_filter_zstd(archive) == ARCHIVE_OK &&
        archive_read_support_format_tar(archive) == ARCHIVE_OK &&
        archive_read_open_filename(archive, path, BUFFER) == ARCHIVE_OK)
        return archive;
    int errnum = archive_errno(archive);
    if (!source->fresh && (errnum == ENOENT || errnum == EACCES))
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "%s cannot be read: %s; name an archive that your user may read", source->path, g_strerror(errnum));
    else
        (void)unreadable(source, archive_error_string(archive), error);
    (void)archive_read_free(archive); /* was only read from */
    return NULL;
}

/* ---- the manifest ---- */

typedef bool line_fn(void *user, const char *line, size_t len, GError **error);

/* The member that is read by lines. */
struct lines {
    struct archive *archive;
    const struct source *source;
    struct digest *digest; /* NULL: none */
};

/* Calls `each` for each line of the member that is read now. Also feeds all bytes to the digest, if there is one. */
static bool each_line(const struct lines *lines, line_fn *each, void *user, GError **error)
{
    struct archive *archive = lines->archive;
    const struct source *source = lines->source;
    g_autofree char *buffer = g_malloc(BUFFER);
    g_autoptr(GString) rest = g_string_new(NULL);
    la_ssize_t got;

    while ((got = archive_read_data(archive, buffer, BUFFER)) > 0) {
        const char *end;
        if (lines->digest != NULL)
            digest_update(lines->digest, buffer, (size_t)got);
        g_string_append_len(rest, buffer, got);
        gsize at = 0;
        while ((end = memchr(rest->str + at, '\n', rest->len - at)) != NULL) {
            gsize len = (gsize)(end - rest->str) - at;
            if (!each(user, rest->str + at, len, error))
                return false;
            at += len + 1;
        }
        g_string_erase(rest, 0, (gssize)at);
        if (rest->len > MOST_LINE)
            return unreadable(source, "a line of its manifest has more than 1 MiB", error);
    }
    return got == 0 ? rest->len == 0 || unreadable(source, "its manifest ends within a line", error)
                    : unreadable(source, archive_error_string(archive), error);
}

static json_t *parse_line(const struct source *source, const char *line, size_t len, GError **error)
{
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(object))
        return object;
    json_decref(object);
    (void)unreadable(source, "a line of its manifest is no JSON object", error);
    return NULL;
}

static bool visit_line(void *user, const char *line, size_t len, GError **error)
{
    struct reading *reading = user;
    json_t *object = reading->enough ? NULL : parse_line(&reading->source, line, len, error);

    if (object == NULL)
        return reading->enough;
    reading->enough = !reading->visit(reading->user, object);
    json_decref(object);
    return true;
}

/* The name of a member within the folder; NULL: it is none of ours. Borrowed from the entry. */
static const char *name_of(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    if (name == NULL || !g_str_has_prefix(name, ARCHIVE_FOLDER "/") || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL ||
        archive_entry_sparse_count(entry) > 0 || !archive_entry_size_is_set(entry))
        return NULL;
    return name + strlen(ARCHIVE_FOLDER "/");
}

bool archive_file_list(const char *path, archive_file_visit visit, void *user, GError **error)
{
    struct reading reading = {.source = {.path = path}, .visit = visit, .user = user};
    struct archive *archive = open_archive(path, &reading.source, error);
    struct archive_entry *entry;
    bool good = false, found = false;

    if (archive == NULL)
        return false;
    while (!found && archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        const char *name = name_of(entry);
        found = name != NULL && strcmp(name, MANIFEST) == 0;
    }
    if (found)
        good = each_line(&(const struct lines){archive, &reading.source, NULL}, visit_line, &reading, error);
    else
        (void)unreadable(&reading.source,
                         archive_error_string(archive) ? archive_error_string(archive) : "it has no manifest", error);
    (void)archive_read_free(archive); /* was only read from */
    return good;
}

/* ---- the check ---- */

static void problem(struct walk *w, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(struct walk *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (w->check->problems->len < MOST_PROBLEMS) {
        g_autofree char *shown = g_strescape(text, NULL); /* names come from the archive */
        g_ptr_array_add(w->check->problems, g_steal_pointer(&shown));
    }
}

static bool check_header(struct walk *w, const json_t *line)
{
    const char *ledger = json_string_value(json_object_get(line, "ledger"));
    const char *before = json_string_value(json_object_get(line, "before"));

    if (json_integer_value(json_object_get(line, "archive")) != ARCHIVE_VERSION)
        problem(w, "its manifest is not of version %d; use the ecosgate that made it", ARCHIVE_VERSION);
    if (g_strcmp0(ledger, w->ledger) != 0)
        problem(w, "it is another gateway's: its ledger is %s, ours %s", ledger ? ledger : "not named", w->ledger);
    if (before == NULL || !instant_parse(before, strlen(before), &w->check->before))
        problem(w, "its manifest does not say before which time its jobs had ended");
    return true;
}

static bool check_line(void *user, const char *text, size_t len, GError **error)
{
    struct walk *w = user;
    json_t *line = parse_line(&w->source, text, len, error);
    g_autofree struct ledger_job *job = NULL;
    int64_t id = 0;

    if (line == NULL)
        return false;
    bool first = !w->manifest, good = true;
    w->manifest = true;
    const char *named = json_string_value(json_object_get(line, "job"));
    const char *name = json_string_value(json_object_get(line, "name"));
    if (first)
        good = check_header(w, line);
    else if (named == NULL || !job_id_parse(named, &id))
        problem(w, "a line of its manifest names no job");
    else if (w->listed->len >= ARCHIVE_MOST_JOBS)
        problem(w, "its manifest has more than %d jobs", ARCHIVE_MOST_JOBS);
    else if ((good = ledger_job_get(w->check->gateway->ledger, id, &job, error))) {
        if (job == NULL || g_strcmp0(job->name, name) != 0)
            problem(w, "job %s: the ledger knows no such job with the name %s", named, name ? name : "");
        g_array_append_val(w->listed, id);
    }
    json_decref(line);
    return good;
}

/* ---- the files of a job ---- */

static void want(struct walk *w, const char *name)
{
    if (!g_hash_table_contains(w->seen, name))
        problem(w, "job %08" G_GINT64_FORMAT ": %s is missing", w->job->id, name);
}

/* All files of the job that came have come. */
static void end_job(struct walk *w)
{
    if (w->job == NULL)
        return;
    if (w->job->direction == LEDGER_IN) {
        want(w, JOB_ENVELOPE);
        if (w->signature != NULL && w->signature->sha256 != NULL)
            want(w, JOB_SIGNATURE);
        if (w->job->removed == 0)
            want(w, JOB_PAYLOAD);
    }
    for (guint i = 0; i < w->files->len; i++) {
        const struct ledger_outgoing *file = w->files->pdata[i];
        if (file->state != LEDGER_PLANNED && file->removed == 0)
            want(w, file->name);
    }
    g_clear_pointer(&w->job, g_free);
    g_clear_pointer(&w->signature, g_free);
    g_clear_pointer(&w->files, g_ptr_array_unref);
    g_hash_table_remove_all(w->seen);
}

/* Goes on to the next job of the manifest. */
static bool next_job(struct walk *w, GError **error)
{
    int64_t id = g_array_index(w->listed, int64_t, w->check->jobs->len);

    end_job(w);
    if (w->check->jobs->len > 0 && id <= g_array_index(w->check->jobs, int64_t, w->check->jobs->len - 1))
        problem(w, "its manifest does not name jobs in ascending order");
    g_array_append_val(w->check->jobs, id);
    if (!ledger_job_get(w->check->gateway->ledger, id, &w->job, error) ||
        !ledger_signature_get(w->check->gateway->ledger, id, &w->signature, error))
        return false;
    return w->job == NULL || ledger_outgoing_files_of(w->check->gateway->ledger, id, &w->files, error);
}

/* *known: the ledger has the job, whose files come from now on. Jobs before it have none. */
static bool begin_job(struct walk *w, int64_t id, bool *known, GError **error)
{
    while (w->check->jobs->len < w->listed->len && g_array_index(w->listed, int64_t, w->check->jobs->len) <= id)
        if (!next_job(w, error))
            return false;
    *known = w->job != NULL && w->job->id == id;
    if (!*known)
        problem(w, "job %08" G_GINT64_FORMAT " does not stand where the manifest has it", id);
    return true;
}

/* What the ledger says of a file of the job. */
struct known_file {
    uint64_t size;
    const char *sha256; /* NULL: the ledger has none, for it is the envelope */
    bool known;
};

static struct known_file fact_of(const struct walk *w, const char *plain)
{
    const struct ledger_job *job = w->job;

    if (job->direction == LEDGER_IN && strcmp(plain, JOB_PAYLOAD) == 0)
        return (struct known_file){(uint64_t)job->size, job->sha256, true};
    if (job->direction == LEDGER_IN && strcmp(plain, JOB_ENVELOPE) == 0)
        return (struct known_file){MOST_ENVELOPE, NULL, true};
    if (w->signature != NULL && w->signature->sha256 != NULL && strcmp(plain, JOB_SIGNATURE) == 0)
        return (struct known_file){(uint64_t)w->signature->size, w->signature->sha256, true};
    for (guint i = 0; i < w->files->len; i++) {
        const struct ledger_outgoing *file = w->files->pdata[i];
        if (strcmp(plain, file->name) == 0 && file->sha256 != NULL)
            return (struct known_file){(uint64_t)file->size, file->sha256, true};
    }
    return (struct known_file){0};
}

/* Reads the member to its end; each piece goes to the digest, the proof and the sink, where there are such. */
static bool pump(struct walk *w, struct digest *digest, struct packed_proof *proof, const char *name, GError **error)
{
    g_autofree char *buffer = g_malloc(BUFFER);
    la_ssize_t got;

    while ((got = archive_read_data(w->archive, buffer, BUFFER)) > 0) {
        digest_update(digest, buffer, (size_t)got);
        if (proof != NULL)
            packed_proof_add(proof, buffer, (size_t)got);
        if (name != NULL && w->check->sink != NULL &&
            !w->check->sink(w->check->user, &(const struct archive_piece){w->job->id, name, buffer, (size_t)got},
                            error))
            return false;
    }
    if (got < 0)
        return unreadable(&w->source, archive_error_string(w->archive), error);
    return name == NULL || w->check->sink == NULL ||
           w->check->sink(w->check->user, &(const struct archive_piece){w->job->id, name, NULL, 0}, error);
}

static bool check_file(struct walk *w, const char *name, int64_t size, struct digest *digest, GError **error)
{
    g_autofree char *plain = packed_plain_name(name);
    const struct known_file fact = fact_of(w, plain);
    bool packed = strcmp(plain, name) != 0;
    uint64_t most = fact.size + (packed ? 4096 : 0); /* a packed file is no longer than the plain one */

    if (!fact.known || (packed && fact.sha256 == NULL) || (uint64_t)size > most) {
        problem(w, "job %08" G_GINT64_FORMAT ": %s is no file of this job, or has too many bytes", w->job->id, name);
        return pump(w, digest, NULL, NULL, error);
    }
    if (!g_hash_table_add(w->seen, g_strdup(plain)))
        problem(w, "job %08" G_GINT64_FORMAT ": %s is there twice", w->job->id, plain);
    g_autoptr(packed_proof_t) proof = fact.sha256 != NULL ? packed_proof_new(packed, fact.size) : NULL;
    if (!pump(w, digest, proof, name, error))
        return false;
    if (proof != NULL && !packed_proof_is(proof, fact.size, fact.sha256))
        problem(w, "job %08" G_GINT64_FORMAT ": %s has other bytes than the ledger says", w->job->id, name);
    w->check->files++;
    w->check->purged += w->job->purged != 0 && purge_scope_removes(plain);
    w->check->bytes += size;
    return true;
}

/* "jobs/00000012/payload": a file of a job. False: the disk or the ledger failed. */
static bool check_job_file(struct walk *w, const char *name, int64_t size, struct digest *digest, GError **error)
{
    g_auto(GStrv) pieces = g_strsplit(name, "/", -1);
    char printed[JOB_ID_SIZE] = "";
    bool known = false;
    int64_t id = 0;

    if (g_strv_length(pieces) == 3 && strcmp(pieces[0], "jobs") == 0 && job_id_parse(pieces[1], &id))
        job_id_print(id, printed);
    if (id == 0 || strcmp(printed, pieces[1]) != 0 || !job_file_is_safe(pieces[2]) || !w->manifest) {
        problem(w, "%s is no member of an archive", name);
        return pump(w, digest, NULL, NULL, error);
    }
    if (!begin_job(w, id, &known, error))
        return false;
    return known ? check_file(w, pieces[2], size, digest, error) : pump(w, digest, NULL, NULL, error);
}

/* ---- all members ---- */

static bool check_sums(struct walk *w, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    char found[DIGEST_HEX_SIZE], expected[DIGEST_HEX_SIZE];

    if (!pump(w, digest, NULL, NULL, error))
        return false;
    digest_hex(digest, found);
    digest_hex(w->sums, expected);
    if (strcmp(found, expected) != 0)
        problem(w, SUMS " is not that of the members; unpack it with tar, and `sha256sum -c " SUMS "` names which");
    w->ended = true;
    return true;
}

static bool check_member(struct walk *w, struct archive_entry *entry, GError **error)
{
    const char *name = name_of(entry);
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];
    bool good;

    if (w->ended || name == NULL) {
        problem(w, "%s is no member of an archive",
                archive_entry_pathname(entry) ? archive_entry_pathname(entry) : "?");
        return archive_read_data_skip(w->archive) == ARCHIVE_OK ||
               unreadable(&w->source, archive_error_string(w->archive), error);
    }
    if (strcmp(name, SUMS) == 0)
        return check_sums(w, error);
    if (strcmp(name, MANIFEST) == 0 && !w->manifest)
        good = each_line(&(const struct lines){w->archive, &w->source, digest}, check_line, w, error);
    else if (strcmp(name, "README") == 0)
        good = pump(w, digest, NULL, NULL, error);
    else
        good = check_job_file(w, name, archive_entry_size(entry), digest, error);
    digest_hex(digest, hex);
    g_autofree char *line = g_strdup_printf("%s  %s\n", hex, name);
    digest_update(w->sums, line, strlen(line));
    return good;
}

static bool check_members(struct walk *w, GError **error)
{
    struct archive_entry *entry;
    int result = ARCHIVE_OK;

    while ((result = archive_read_next_header(w->archive, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN)
        if (!check_member(w, entry, error))
            return false;
    if (result != ARCHIVE_EOF)
        return unreadable(&w->source, archive_error_string(w->archive), error);
    while (w->check->jobs->len < w->listed->len)
        if (!next_job(w, error))
            return false;
    end_job(w);
    if (!w->ended)
        problem(w, "its end is missing: it has no " SUMS);
    return true;
}

bool archive_file_check(const char *path, struct archive_check *check, GError **error)
{
    struct walk w = {.check = check, .source = {check->fresh != NULL ? check->fresh : path, check->fresh != NULL}};
    struct ledger_identity identity;
    uint64_t size;
    GError *cause = NULL;

    check->jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    check->problems = g_ptr_array_new_with_free_func(g_free);
    if (!ledger_identity_get(check->gateway->ledger, &identity, error))
        return false;
    if (!digest_file(path, check->sha256, &size, &cause)) {
        if (w.source.fresh)
            (void)unreadable(&w.source, cause->message, error);
        else
            g_propagate_error(error, g_steal_pointer(&cause));
        g_clear_error(&cause);
        return false;
    }
    w.archive = open_archive(path, &w.source, error);
    if (w.archive == NULL)
        return false;
    g_strlcpy(w.ledger, identity.ledger, sizeof w.ledger);
    w.sums = digest_new();
    w.listed = g_array_new(FALSE, FALSE, sizeof(int64_t));
    w.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool good = check_members(&w, &cause);
    if (cause != NULL)
        g_propagate_error(error, cause);
    (void)archive_read_free(w.archive); /* was only read from */
    digest_free(w.sums);
    g_array_unref(w.listed);
    g_hash_table_unref(w.seen);
    g_free(w.job);
    g_free(w.signature);
    if (w.files != NULL)
        g_ptr_array_unref(w.files);
    return good;
}

void archive_check_clear(struct archive_check *check)
{
    g_clear_pointer(&check->jobs, g_array_unref);
    g_clear_pointer(&check->problems, g_ptr_array_unref);
}
