#include "gateway/pickup.h"

#include "formats/eui64.h"
#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/local_drop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 };

struct pickup {
    struct gateway *gateway;
    struct settling *settling; /* what is known of files that were not whole at the last look */
};

struct pickup *pickup_new(struct gateway *gateway)
{
    struct pickup *pickup = g_new0(struct pickup, 1);

    pickup->gateway = gateway;
    pickup->settling = settling_new();
    return pickup;
}

void pickup_free(struct pickup *pickup)
{
    if (pickup == NULL)
        return;
    settling_free(pickup->settling);
    g_free(pickup);
}

/* ---- what a crash left ---- */

static bool recover_incoming(struct gateway *gateway, GError **error)
{
    g_autoptr(GArray) ids = job_list(gateway->spool, JOB_INCOMING, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        int64_t id = g_array_index(ids, int64_t, i);
        g_autofree struct ledger_job *job = NULL;
        if (!ledger_job_get(gateway->ledger, id, &job, error))
            return false;
        bool done = job != NULL ? job_move(STEP_CUSTODY_PUBLISHED, gateway->spool, id, JOB_INCOMING, JOB_READY, error)
                                : job_drop(STEP_ORPHAN_DROPPED, gateway->spool, id, error);
        if (!done)
            return false;
    }
    return ids != NULL;
}

static bool clear_source(struct gateway *gateway, int64_t job, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_job_clear_source(gateway->ledger, job, error) &&
        ledger_commit(STEP_SOURCE_CLEARED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* The sender's copy goes once ours is in ready/; a crash in between is made up here. A drop that is down
 * keeps the identity in the ledger, so that the copy is still known when it is back. */
static bool remove_source(struct gateway *gateway, const struct ledger_job *job, GError **error)
{
    const struct drop *drop = config_drop(gateway->config, job->drop);
    size_t len;
    g_autofree char *name = text_unescape(job->name, &len);
    GError *fault = NULL;

    if (drop != NULL && name != NULL && !local_drop_remove(drop, name, &job->source, &fault)) {
        gateway_fail(gateway, fault, "drop %s: cannot remove %s, which is in the spool already", drop->name,
                     job->name);
        return true;
    }
    return clear_source(gateway, job->id, error);
}

static bool recover_sources(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) jobs = NULL;

    if (!ledger_jobs_with_source(gateway->ledger, &jobs, error))
        return false;
    for (guint i = 0; i < jobs->len; i++) {
        if (!remove_source(gateway, jobs->pdata[i], error))
            return false;
    }
    return true;
}

bool pickup_recover(struct pickup *pickup, GError **error)
{
    return recover_incoming(pickup->gateway, error);
}

/* ---- taking one file ---- */

/* The job's row as far as the name tells; texts are borrowed from the arguments and from `sender`. */
static void describe(struct ledger_job *job, const char *raw, const char *escaped, struct filename *parsed,
                     char sender[EUI64_TEXT_SIZE])
{
    job->direction = LEDGER_IN;
    job->name = escaped;
    if (!filename_parse(raw, strlen(raw), parsed, NULL, NULL))
        return;
    eui64_print(parsed->eui64, sender);
    job->type = parsed->type->code;
    job->form = form_name(parsed->form);
    job->org = parsed->org;
    job->sender = sender;
    job->sequence = parsed->sequence;
}

static bool copy_bytes(struct job_custody *custody, int fd, const char *name, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, COPY_SIZE, at)) > 0) {
        if (!job_custody_write(custody, buffer, (size_t)n, error))
            return false;
        at += n;
    }
    if (n < 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", name, g_strerror(errno));
    return n == 0;
}

static bool note_custody(struct gateway *gateway, const struct ledger_job *job, GError **error)
{
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_job_insert(gateway->ledger, job, NULL, error) &&
        ledger_commit(STEP_CUSTODY_NOTED, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

static bool store(struct gateway *gateway, const struct drop *drop, const struct local_file *file, GError **error)
{
    g_autofree char *escaped = text_escape(file->name, strlen(file->name), 0);
    struct ledger_job job = {.drop = drop->name, .received = clock_now(), .source = file->identity};
    struct job_envelope envelope = {.received = job.received, .name = escaped, .drop = drop->name};
    struct filename parsed;
    char sender[EUI64_TEXT_SIZE];

    if (!ledger_job_next_id(gateway->ledger, &job.id, error))
        return false;
    g_autoptr(job_custody_t) custody =
        job_custody_begin(gateway->spool, job.id, (uint64_t)file->identity.size, error);
    if (custody == NULL || !copy_bytes(custody, file->fd, escaped, error))
        return false;
    if (!local_drop_is_unchanged(file)) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s changed while it was read; left for the next look",
                    escaped);
        return false;
    }
    if (!job_custody_store(custody, &envelope, error))
        return false;
    describe(&job, file->name, escaped, &parsed, sender);
    job.size = (int64_t)envelope.size;
    job.sha256 = envelope.sha256;
    return note_custody(gateway, &job, error) &&
           job_move(STEP_CUSTODY_PUBLISHED, gateway->spool, job.id, JOB_INCOMING, JOB_READY, error) &&
           remove_source(gateway, &job, error);
}

static bool has_room(struct gateway *gateway, uint64_t size, GError **error)
{
    uint64_t free_bytes;

    if (!disk_free_bytes(gateway->config->spool, &free_bytes, error))
        return false;
    if (free_bytes >= size + (uint64_t)gateway->config->reserve)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "the spool's disk has %" G_GUINT64_FORMAT " MiB left, less than the file and the reserve of %" G_GINT64_FORMAT
                " MiB; make room and it is picked up",
                free_bytes >> 20, gateway->config->reserve >> 20);
    return false;
}

/* A file that is in the spool already but could not be removed from its drop is not taken again. */
static bool is_in_custody(struct gateway *gateway, const struct drop *drop, const struct local_file *file,
                          bool *custody, GError **error)
{
    g_autofree char *escaped = text_escape(file->name, strlen(file->name), 0);
    g_autoptr(GPtrArray) jobs = NULL;

    *custody = false;
    if (!ledger_jobs_with_source(gateway->ledger, &jobs, error))
        return false;
    for (guint i = 0; i < jobs->len; i++) {
        const struct ledger_job *job = jobs->pdata[i];
        if (strcmp(job->drop, drop->name) == 0 && strcmp(job->name, escaped) == 0 &&
            local_drop_same_file(&job->source, &file->identity))
            *custody = true;
    }
    return true;
}

/* After a failure the incoming directory may be half there: it is put right at once, as after a crash. */
static bool take(struct pickup *pickup, const struct drop *drop, const struct local_file *file, GError **error)
{
    struct gateway *gateway = pickup->gateway;
    GError *fault = NULL;
    bool custody;

    if (!is_in_custody(gateway, drop, file, &custody, error))
        return false;
    if (custody)
        return true;
    if (has_room(gateway, (uint64_t)file->identity.size, &fault) && store(gateway, drop, file, &fault))
        return true;
    g_autofree char *shown = text_escape(file->name, strlen(file->name), 0);
    gateway_fail(gateway, fault, "drop %s: %s was not picked up", drop->name, shown);
    return recover_incoming(gateway, error);
}

static bool look_at_drop(struct pickup *pickup, const struct drop *drop, int64_t *settling, GError **error)
{
    GError *fault = NULL;
    g_auto(GStrv) names = disk_names(drop->in, &fault);

    if (names == NULL) {
        gateway_fail(pickup->gateway, fault, "drop %s cannot be read; the others go on", drop->name);
        return true;
    }
    for (size_t i = 0; names[i] != NULL && !gateway_stopping(pickup->gateway); i++) {
        struct local_file file;
        int64_t wait = 0;
        switch (local_drop_open(drop, names[i], pickup->settling, &file, &wait)) {
        case LOCAL_NOT_A_FILE:
            break;
        case LOCAL_SETTLING:
            *settling = *settling == 0 ? wait : MIN(*settling, wait);
            break;
        case LOCAL_WHOLE: {
            bool good = take(pickup, drop, &file, error);
            local_drop_close(&file);
            if (!good)
                return false;
            break;
        }
        }
    }
    return true;
}

bool pickup_pass(struct pickup *pickup, int64_t *settling, GError **error)
{
    const struct config *config = pickup->gateway->config;

    *settling = 0;
    if (!recover_sources(pickup->gateway, error))
        return false;
    for (guint i = 0; i < config->drops->len; i++) {
        if (!look_at_drop(pickup, config->drops->pdata[i], settling, error))
            return false;
    }
    return true;
}
