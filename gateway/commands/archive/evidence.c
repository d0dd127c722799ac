/*
 * The command `evidence`: all that concerns a job, a Device or a batch, in an archive that somebody without ecosgate
 * can prove: payloads, answers, rows, and the chain of evidence from the first link about them to its head.
 *
 * The members of the chain and of rows are made in files without a name first: a tar says how long a member is before
 * its bytes.
 */
#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/archived.h"
#include "gateway/commands/batch.h"
#include "gateway/commands/archive/tar_out.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/packed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { COPY_BYTES = 256 * 1024 };

static const char about[] =
    "Evidence of an ecosgate gateway. To prove it:  sh verify [DIGEST]\n"
    "\n"
    "chain        links: number, digest, line; before them the digest before the first one\n"
    "jobs/ID/     the files of each job: what its sender sent (payload), and what the gateway wrote\n"
    "absent       only if there are such: files that links name and the spool has no more\n"
    "rows         rows of work items and transitions, one JSON object a line; no link is about them\n"
    "verify    proves the rest with standard tools; DIGEST is of a link that you hold from elsewhere\n"
    "SHA256SUMS   the SHA-256 of each file above\n"
    "\n"
    "The digest of a link is the SHA-256 of the digest before, a line end, the line, and a line end.\n"
    "What each line says: EVIDENCE.md, which comes with ecosgate.\n";

/* What is asked for. */
struct asked {
    struct read_access *access;
    char *name;   /* of the archive's folder */
    GArray *jobs; /* int64_t, ascending; NULL: nothing is known by that ID */
    struct ledger_evidence_scope scope;
    int64_t newest; /* when the newest of these jobs was received */
    int64_t links, head;
    GHashTable *linked; /* members that a link names, "jobs/ID/NAME", and are not in the archive yet */
    guint absent;       /* how many of them stay out of it */
    struct tar_out *tar;
};

/* ---- what the ID names ---- */

static bool find_device(struct asked *asked, uint64_t device, GError **error)
{
    char id[EUI64_TEXT_SIZE];

    eui64_print(device, id);
    asked->name = g_strdup_printf("evidence-%s", id);
    asked->scope = (struct ledger_evidence_scope){.has_device = true, .device = device};
    return ledger_evidence_jobs(asked->access->gateway.ledger, &asked->scope, &asked->jobs, error);
}

/* A job alone, with the rows of its work items if it is an instruction. */
static bool find_job(struct asked *asked, int64_t id, GError **error)
{
    struct ledger *ledger = asked->access->gateway.ledger;
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;

    if (!ledger_job_get(ledger, id, &job, error) || !ledger_verdict_get(ledger, id, 0, &verdict, error))
        return false;
    asked->name = g_strdup_printf("evidence-%08" G_GINT64_FORMAT, id);
    asked->jobs = g_array_new(FALSE, FALSE, sizeof(int64_t));
    if (job != NULL)
        g_array_append_val(asked->jobs, id);
    if (verdict != NULL)
        asked->scope = (struct ledger_evidence_scope){.first_item = verdict->first_item, .items = verdict->items};
    return true;
}

/* False without an error: batch_find has said that there is none, or several. */
static bool find_batch(struct asked *asked, const char *id, GError **error)
{
    g_autofree struct ledger_batch *batch = NULL;

    if (!batch_find(asked->access, "evidence", id, &batch, error) || batch == NULL)
        return false;
    asked->name = g_strdup_printf("evidence-%08" G_GINT64_FORMAT "-batch", batch->job);
    asked->scope = (struct ledger_evidence_scope){.first_item = batch->first_item, .items = batch->items};
    return batch->items > 0 ? ledger_evidence_jobs(asked->access->gateway.ledger, &asked->scope, &asked->jobs, error)
                            : find_job(asked, batch->job, error);
}

static bool find_asked(struct asked *asked, const char *id, GError **error)
{
    uint64_t device;
    int64_t job;

    if (eui64_parse(id, strlen(id), &device))
        return find_device(asked, device, error);
    return job_id_parse(id, &job) ? find_job(asked, job, error) : find_batch(asked, id, error);
}

/* ---- members ---- */

static bool put_line(void *user, const char *line, GError **error)
{
    if (fputs(line, user) >= 0 && fputc('\n', user) != EOF)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "a temporary file cannot be written: %s; make room in %s",
                g_strerror(errno), g_get_tmp_dir());
    return false;
}

static char *member_of(int64_t job, const char *name)
{
    return g_strdup_printf("jobs/%08" G_GINT64_FORMAT "/%s", job, name);
}

static bool is_asked(const struct asked *asked, int64_t job)
{
    for (guint i = 0; i < asked->jobs->len; i++) {
        if (g_array_index(asked->jobs, int64_t, i) == job)
            return true;
    }
    return false;
}

/* Links of the kinds `stored` and `signature` name a file: EVIDENCE.md has the members of their lines. */
static void expect_file(struct asked *asked, const struct ledger_evidence_link *link)
{
    bool stored = strcmp(link->kind, "stored") == 0, signature = strcmp(link->kind, "signature") == 0;
    json_t *line = stored || signature ? json_loads(link->line, 0, NULL) : NULL;
    int64_t job = json_integer_value(json_array_get(line, stored ? 2 : 1));
    const char *name = stored                                    ? json_string_value(json_array_get(line, 5))
                       : json_is_string(json_array_get(line, 4)) ? JOB_SIGNATURE
                                                                 : NULL;

    if (name != NULL && is_asked(asked, job))
        g_hash_table_add(asked->linked, member_of(job, name));
    json_decref(line);
}

static bool put_link(void *user, const struct ledger_evidence_link *link, GError **error)
{
    struct asked *asked = ((void **)user)[0];
    g_autofree char *line = g_strdup_printf("%" G_GINT64_FORMAT " %s %s", link->n, link->digest, link->line);

    expect_file(asked, link);
    asked->links++;
    asked->head = link->n;
    return put_line(((void **)user)[1], line, error);
}

/* The number of the first link about one of the jobs; 0: there is none. */
static bool first_link(struct asked *asked, int64_t *first, GError **error)
{
    int64_t n;

    *first = 0;
    for (guint i = 0; i < asked->jobs->len; i++) {
        int64_t job = g_array_index(asked->jobs, int64_t, i);
        if (!ledger_evidence_first_of_job(asked->access->gateway.ledger, job, &n, error))
            return false;
        if (n > 0 && (*first == 0 || n < *first))
            *first = n;
    }
    return true;
}

static bool write_chain(struct asked *asked, FILE *file, GError **error)
{
    struct ledger *ledger = asked->access->gateway.ledger;
    void *user[] = {asked, file};
    char digest[DIGEST_HEX_SIZE];
    int64_t first;

    if (!first_link(asked, &first, error) || !ledger_evidence_digest(ledger, first - 1, digest, error))
        return false;
    if (first == 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_MISSING,
                    "%s has no link in the chain of evidence yet; it gets one with its verdict", asked->name);
        return false;
    }
    g_autofree char *zeros = g_strnfill(DIGEST_HEX_SIZE - 1, '0');
    g_autofree char *before = g_strdup_printf("before %s", *digest != '\0' ? digest : zeros);
    return put_line(file, before, error) && ledger_evidence_each(ledger, first, put_link, user, error);
}

static bool write_rows(struct asked *asked, FILE *file, GError **error)
{
    return ledger_evidence_rows(asked->access->gateway.ledger, &asked->scope, put_line, file, error);
}

typedef bool write_member(struct asked *asked, FILE *file, GError **error);

/* Adds a member that `write` makes. */
static bool add_made(struct asked *asked, const char *name, write_member *write, GError **error)
{
    FILE *file = tmpfile();

    if (file == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot make a temporary file: %s", g_strerror(errno));
        return false;
    }
    bool good = write(asked, file, error);
    if (good && fflush(file) != 0) {
        good = false;
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "a temporary file cannot be written: %s", g_strerror(errno));
    }
    good = good && tar_out_file(asked->tar, name, fileno(file), asked->newest, error);
    (void)fclose(file); /* it has no name */
    return good;
}

/* The plain bytes of a stored file, in a file without a name. False: an error of it or of the reader. */
static bool unpack(struct packed_reader *reader, FILE *to, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    size_t got = 0;

    do {
        if (!packed_read(reader, buffer, COPY_BYTES, &got, error))
            return false;
    } while (got > 0 && fwrite(buffer, 1, got, to) == got);
    if (got == 0 && fflush(to) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "a temporary file cannot be written: %s", g_strerror(errno));
    return false;
}

static bool add_file(struct asked *asked, const struct ledger_job *job, const char *stored, GError **error)
{
    g_autofree char *name = packed_plain_name(stored);
    g_autofree char *member = member_of(job->id, name);
    GError *cause = NULL;
    g_autoptr(packed_reader_t) reader = read_access_open_file(asked->access->gateway.spool, job->id, name, &cause);

    if (cause != NULL)
        g_propagate_error(error, cause);
    if (reader == NULL)
        return cause == NULL; /* it has gone between two looks: what must be there is asked for */
    FILE *file = tmpfile();
    if (file == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "cannot make a temporary file: %s", g_strerror(errno));
        return false;
    }
    bool good = unpack(reader, file, error) && tar_out_file(asked->tar, member, fileno(file), job->received, error);
    (void)fclose(file); /* it has no name */
    g_hash_table_remove(asked->linked, member);
    return good;
}

/* Whether a file of a job's folder belongs into the archive. The gateway may work meanwhile: a file that it has stored
 * since the chain was written has no link there, and could not be proved. */
static bool is_wanted(const struct asked *asked, int64_t job, const char *name)
{
    g_autofree char *plain = packed_plain_name(name);
    g_autofree char *member = member_of(job, plain);

    return strcmp(plain, JOB_PAYLOAD) == 0 || strcmp(plain, JOB_ENVELOPE) == 0 ||
           g_hash_table_contains(asked->linked, member);
}

/* False: it should be there. One that retention removed counts as absent, as do the gateway's own files. */
static bool has_payload(struct asked *asked, const struct ledger_job *job, char **names)
{
    if (job->direction != LEDGER_IN || g_strv_contains((const char *const *)names, JOB_PAYLOAD) ||
        g_strv_contains((const char *const *)names, JOB_PAYLOAD PACKED_SUFFIX))
        return true;
    if (job->removed > 0)
        g_hash_table_add(asked->linked, member_of(job->id, JOB_PAYLOAD));
    return job->removed > 0;
}

/* Its payload, packed or not, and what the gateway wrote for it until the chain was written. The folder is read before
 * the row: a removal is recorded before the bytes go. */
static bool add_job(struct asked *asked, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    enum job_state state;

    GError *cause = NULL;
    g_auto(GStrv) names = read_access_files(asked->access->gateway.spool, id, &state, &cause);
    if (cause != NULL) {
        g_propagate_error(error, cause);
        return false;
    }
    if (!ledger_job_get(asked->access->gateway.ledger, id, &job, error))
        return false;
    g_autofree char *archived = NULL;
    if (!archived_text(&asked->access->gateway, id, &archived, error))
        return false;
    if (archived != NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_MISSING, "job %08" G_GINT64_FORMAT ": %s", id, archived);
        return false;
    }
    if (job == NULL || names == NULL || !has_payload(asked, job, names)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_MISSING,
                    "the payload of job %08" G_GINT64_FORMAT " is not in the spool any more; its digest stays in the "
                    "ledger ('ecosgate spool show'); bring the job back from a backup",
                    id);
        return false;
    }
    for (char **name = names; *name != NULL; name++) {
        if (is_wanted(asked, id, *name) && !add_file(asked, job, *name, error))
            return false;
    }
    return true;
}

static bool find_newest(struct asked *asked, GError **error)
{
    for (guint i = 0; i < asked->jobs->len; i++) {
        g_autofree struct ledger_job *job = NULL;
        if (!ledger_job_get(asked->access->gateway.ledger, g_array_index(asked->jobs, int64_t, i), &job, error))
            return false;
        asked->newest = job != NULL ? MAX(asked->newest, job->received) : asked->newest;
    }
    return true;
}

/* Adds "MEMBER DATE", or "MEMBER -" where the ledger records no removal. */
static bool tell_absent(struct asked *asked, const char *member, GString *text, GError **error)
{
    struct ledger *ledger = asked->access->gateway.ledger;
    const char *name = strrchr(member, '/') + 1;
    g_autofree struct ledger_outgoing *file = NULL;
    g_autofree struct ledger_job *job = NULL;
    char at[INSTANT_TEXT_SIZE] = "-";

    if (!ledger_outgoing_named(ledger, name, &file, error) ||
        !ledger_job_get(ledger, g_ascii_strtoll(member + strlen("jobs/"), NULL, 10), &job, error))
        return false;
    int64_t removed = file != NULL ? file->removed : strcmp(name, JOB_PAYLOAD) == 0 && job != NULL ? job->removed : 0;
    if (removed > 0)
        instant_print(removed, at);
    g_string_append_printf(text, "%s %s\n", member, at);
    return true;
}

/* Files that links name and no job's folder has. */
static bool add_absent(struct asked *asked, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GList) members = g_list_sort(g_hash_table_get_keys(asked->linked), (GCompareFunc)strcmp);

    for (const GList *one = members; one != NULL; one = one->next) {
        if (!tell_absent(asked, one->data, text, error))
            return false;
    }
    asked->absent = g_hash_table_size(asked->linked);
    return asked->absent == 0 || tar_out_text(asked->tar, "absent", text->str, asked->newest, error);
}

static bool add_all(struct asked *asked, GError **error)
{
    if (!find_newest(asked, error) || !tar_out_text(asked->tar, "README", about, asked->newest, error) ||
        !add_made(asked, "chain", write_chain, error))
        return false;
    for (guint i = 0; i < asked->jobs->len; i++) {
        if (!add_job(asked, g_array_index(asked->jobs, int64_t, i), error))
            return false;
    }
    return add_absent(asked, error) && add_made(asked, "rows", write_rows, error) &&
           tar_out_text(asked->tar, "verify", evidence_script, asked->newest, error) &&
           tar_out_end(asked->tar, asked->newest, error) && tar_out_publish(asked->tar, error);
}

/* ---- the command ---- */

static void print(const struct asked *asked, const char *out, bool json)
{
    json_t *object = json_object();

    output_set_text(object, "out", out);
    output_set_number(object, "jobs", asked->jobs->len);
    output_set_number(object, "links", asked->links);
    output_set_number(object, "head", asked->head);
    output_set_number(object, "absent", asked->absent);
    output_object(json, object);
}

static int make(struct asked *asked, const char *id, const char *out, bool json)
{
    GError *error = NULL;

    if (!find_asked(asked, id, &error))
        return error != NULL ? command_unable(error) : EXIT_REFUSED;
    if (asked->jobs == NULL || asked->jobs->len == 0) {
        g_autofree char *shown = command_shown(id);
        g_printerr("ecosgate: evidence: '%s' is not known; give a job's ID, a Device ID or a BatchId\n", shown);
        return EXIT_REFUSED;
    }
    asked->tar = tar_out_open(out, asked->name, TAR_OUT_PLAIN, &error);
    if (asked->tar == NULL)
        return command_unable(error);
    if (!add_all(asked, &error)) {
        bool missing = g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_MISSING);
        g_prefix_error(&error, "evidence: no archive is made: ");
        int status = command_unable(error);
        return missing ? EXIT_REFUSED : status;
    }
    if (asked->absent > 0)
        g_printerr("ecosgate: evidence: %u files are not in it, for the spool has them no more; its member absent "
                   "names them, with the time when retention removed each; a backup made before has their bytes\n",
                   asked->absent);
    print(asked, out, json);
    return EXIT_GOOD;
}

int command_evidence(struct invocation *invocation)
{
    g_autofree char *out = NULL;
    const GOptionEntry entries[] = {
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "write the archive to this new file", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct read_access access;
    struct asked asked = {.access = &access};

    if (!command_arguments(invocation, entries, 1, 1))
        return EXIT_UNABLE;
    if (out == NULL) {
        g_printerr("ecosgate: evidence: expected --out FILE, the archive that is made\n");
        return EXIT_UNABLE;
    }
    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    asked.linked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int status = make(&asked, invocation->argv[0], out, invocation->json);
    g_hash_table_destroy(asked.linked);
    tar_out_free(asked.tar);
    if (asked.jobs != NULL)
        g_array_unref(asked.jobs);
    g_free(asked.name);
    read_access_close(&access);
    return status;
}
