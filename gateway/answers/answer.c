/*
 * Building an outgoing file: reads what it is made of, lets the function of its kind write it, and stores or digests
 * the bytes. `spool verify` builds every answer again and compares the digest with that of the stored file; so nothing
 * here may depend on the clock, the configuration or the order of delivery.
 */
#include "formats/profile.h"
#include "gateway/answers/answer.h"

#include "gateway/answers/answer_private.h"
#include "gateway/profiles.h"

#include <string.h>

/* Every kind of answer. */
static const struct answer_kind {
    const char *kind;
    bool about_a_verdict; /* it cannot be written without the verdict on the file that it answers */
    answer_write_fn *write;
} answer_kinds[] = {
    {"EMA", .about_a_verdict = true, ema_write},
    {"EMD", .about_a_verdict = true, emd_write},
    {"EMO", .about_a_verdict = true, emo_write},
    {"EMW", .about_a_verdict = false, emw_write},
    {"INC", .about_a_verdict = false, incident_file_write},
};

static const struct answer_kind *kind_of(const struct ledger_outgoing *outgoing)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answer_kinds); i++) {
        if (strcmp(answer_kinds[i].kind, outgoing->kind) == 0)
            return &answer_kinds[i];
    }
    return NULL;
}

/* Where the bytes go. */
struct sink {
    writer_bytes_fn *bytes;
    void *user;
};

static bool write_all(struct answer *answer, const struct answer_kind *kind, const struct sink *sink, GError **error)
{
    const struct file_type *type = profile_type(answer->profile, kind->kind, strlen(kind->kind));
    enum form form = g_strcmp0(answer->outgoing->form, "xml") == 0 ? FORM_XML : FORM_CSV;

    answer->writer = writer_new(form, type, sink->bytes, sink->user);
    bool good = kind->write(answer, error) && writer_finish(answer->writer, error);
    writer_free(answer->writer);
    return good;
}

/* Reads what an answer is made of and writes all its bytes. *rows: how many rows it has. */
static bool build(struct gateway *gateway, const struct ledger_outgoing *outgoing, const struct sink *sink,
                  int64_t *rows, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    const struct profile *profile = profiles_find(gateway, outgoing->profile, error);
    const struct answer_kind *kind = kind_of(outgoing);
    /* An EMO has a job of its own, but its verdict is that on the instruction. */
    int64_t about = outgoing->about != 0 ? outgoing->about : outgoing->job;
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;

    if (profile == NULL || !ledger_job_get(ledger, outgoing->job, &job, error) ||
        !ledger_verdict_get(ledger, about, outgoing->revision, &verdict, error))
        return false;
    if (kind == NULL || job == NULL || (kind->about_a_verdict && verdict == NULL)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "ledger, outgoing file %s: there is no %s", outgoing->name,
                    kind == NULL  ? "such kind of answer"
                    : job == NULL ? "job for it"
                                  : "verdict for it");
        return false;
    }
    struct answer answer = {.ledger = ledger, .profile = profile, .outgoing = outgoing, .job = job, .verdict = verdict};
    bool good = write_all(&answer, kind, sink, error);
    *rows = answer.rows;
    return good;
}

/* ---- PLANNED → STORED ---- */

static void free_row(gpointer user)
{
    struct ledger_outgoing *row = user;

    g_free((gpointer)row->name);
    g_free((gpointer)row->sha256);
    g_free(row);
}

GPtrArray *answer_placed_new(void)
{
    return g_ptr_array_new_with_free_func(free_row);
}

void answer_placed_add(GPtrArray *placed, const struct ledger_outgoing *outgoing, const struct disk_file *file,
                       int64_t rows)
{
    struct ledger_outgoing *row = g_new0(struct ledger_outgoing, 1);

    *row = (struct ledger_outgoing){.id = outgoing->id,
                                    .name = g_strdup(outgoing->name),
                                    .state = LEDGER_STORED,
                                    .rows = rows,
                                    .size = (int64_t)disk_file_size(file),
                                    .sha256 = g_strdup(disk_file_sha256(file))};
    g_ptr_array_add(placed, row);
}

/* What gives a file that is whole its name: disk_file_publish, or disk_file_place. */
typedef bool give_name_fn(enum step step, struct disk_file *file, GError **error);

static bool make(struct gateway *gateway, const struct ledger_outgoing *outgoing, give_name_fn *give_name,
                 GPtrArray *placed, GError **error)
{
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, outgoing->job, outgoing->name);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    int64_t rows;

    if (file == NULL || !build(gateway, outgoing, &(const struct sink){disk_file_write, file}, &rows, error) ||
        !give_name(STEP_ANSWER_STORED, file, error))
        return false;
    answer_placed_add(placed, outgoing, file, rows);
    return true;
}

bool answer_place(struct gateway *gateway, const struct ledger_outgoing *outgoing, GPtrArray *placed, GError **error)
{
    return make(gateway, outgoing, disk_file_place, placed, error);
}

bool answer_note(struct gateway *gateway, const GPtrArray *placed, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    bool good = ledger_begin(ledger, error);

    if (!good)
        return false;
    for (guint i = 0; good && i < placed->len; i++)
        good = ledger_outgoing_update(ledger, placed->pdata[i], error);
    if (good && ledger_commit(STEP_ANSWER_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

bool answer_store(struct gateway *gateway, const struct ledger_outgoing *outgoing, GError **error)
{
    g_autoptr(GPtrArray) stored = answer_placed_new();

    /* Published before it is recorded: a STORED row always has its file. After a stop in between the file is made
     * again. */
    return make(gateway, outgoing, disk_file_publish, stored, error) && answer_note(gateway, stored, error);
}

bool answer_mend(struct gateway *gateway, const struct ledger_outgoing *outgoing, enum job_state state, GError **error)
{
    g_autofree char *path = job_path(gateway->spool, state, outgoing->job, outgoing->name);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    int64_t rows;

    return file != NULL && build(gateway, outgoing, &(const struct sink){disk_file_write, file}, &rows, error) &&
           disk_file_publish(STEP_FILE_MENDED, file, error);
}

bool answer_write(struct gateway *gateway, const struct ledger_outgoing *outgoing, writer_bytes_fn *bytes, void *user,
                  GError **error)
{
    int64_t rows;

    return build(gateway, outgoing, &(const struct sink){bytes, user}, &rows, error);
}

static bool add_bytes(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

bool answer_digest(struct gateway *gateway, const struct ledger_outgoing *outgoing, char sha256[DIGEST_HEX_SIZE],
                   int64_t *rows, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    bool good = build(gateway, outgoing, &(const struct sink){add_bytes, digest}, rows, error);

    digest_hex(digest, sha256);
    return good;
}
