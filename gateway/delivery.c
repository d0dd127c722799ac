#include "gateway/delivery.h"

#include "gateway/answer.h"
#include "gateway/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 };

static bool update(struct gateway *gateway, enum step step, struct ledger_part *part, enum ledger_part_state state,
                   GError **error)
{
    part->state = state;
    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (ledger_part_update(gateway->ledger, part, error) && ledger_commit(step, gateway->ledger, error))
        return true;
    ledger_rollback(gateway->ledger);
    return false;
}

/* ---- PLANNED → STORED ---- */

static bool build(struct gateway *gateway, struct ledger_part *part, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(gateway->ledger, part->job, &job, error))
        return false;
    /* An inbound job brought its directory along; ours is made here. */
    if (job->direction == LEDGER_OUT && !job_make(STEP_DISPATCH_MADE, gateway->spool, JOB_ACTIVE, job->id, error))
        return false;
    return answer_store(gateway, part, error);
}

/* ---- STORED → STAGED ---- */

static bool copy_part(const char *from, struct disk_file *to, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = -1;
    bool good = fd >= 0;

    while (good && (n = read(fd, buffer, COPY_SIZE)) > 0)
        good = disk_file_write(to, buffer, (size_t)n, error);
    if (n < 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", from, g_strerror(errno));
    if (fd >= 0)
        (void)close(fd); /* only read from */
    return n == 0;
}

static bool upload(struct gateway *gateway, const struct ledger_part *part, const char *target, GError **error)
{
    g_autofree char *stored = job_path(gateway->spool, JOB_ACTIVE, part->job, part->name);
    g_autoptr(disk_file_t) file = disk_file_create(target, (uint64_t)part->size, error);

    if (file == NULL || !copy_part(stored, file, error) || !disk_file_upload(STEP_DELIVERY_UPLOADED, file, error))
        return false;
    if (strcmp(disk_file_sha256(file), part->sha256) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s is not what was stored: its SHA-256 differs", stored);
    return false;
}

/* ---- STAGED → DELIVERED ---- */

/* The name is taken: by the same bytes, then it is delivered; by others, then an operator must look. */
static bool settle_taken(const struct ledger_part *part, const char *target, GError **error)
{
    g_autofree char *temporary = disk_part_path(target);
    bool same;

    if (!disk_same_bytes(target, (uint64_t)part->size, part->sha256, &same, error))
        return false;
    if (same)
        return disk_unlink(STEP_DELIVERY_DROPPED, temporary, error);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                "%s is there with other bytes and is left alone; move it away and the delivery goes on", target);
    return false;
}

static bool publish(const struct ledger_part *part, const char *target, GError **error)
{
    g_autofree char *temporary = disk_part_path(target);
    GError *fault = NULL;
    bool exists;

    if (!disk_exists(temporary, &exists, error))
        return false;
    if (!exists)
        return true; /* renamed before the stop; the recipient may even have taken it already */
    if (disk_publish_part(STEP_DELIVERY_PUBLISHED, target, &fault))
        return true;
    if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_propagate_error(error, fault);
        return false;
    }
    g_clear_error(&fault);
    return settle_taken(part, target, error);
}

static bool deliver(struct gateway *gateway, struct ledger_part *part, GError **error)
{
    const struct drop *drop = config_drop(gateway->config, part->drop);

    if (drop == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "the configuration has no [drop %s] any more", part->drop);
        return false;
    }
    g_autofree char *target = g_build_filename(drop->out, part->name, NULL);
    if (part->state == LEDGER_STORED && (!upload(gateway, part, target, error) ||
                                         !update(gateway, STEP_DELIVERY_STAGED, part, LEDGER_STAGED, error)))
        return false;
    if (!publish(part, target, error))
        return false;
    part->delivered_at = clock_now();
    return update(gateway, STEP_DELIVERY_SETTLED, part, LEDGER_DELIVERED, error);
}

/* ---- jobs that owe nothing more ---- */

static bool finish(struct gateway *gateway, int64_t id, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;
    g_autoptr(GPtrArray) owed = NULL;

    if (!ledger_job_get(gateway->ledger, id, &job, error) || !ledger_parts_owed(gateway->ledger, id, &owed, error))
        return false;
    if (job == NULL || owed->len > 0)
        return true;
    if (job->direction == LEDGER_IN && !ledger_verdict_get(gateway->ledger, id, job->receipt, &verdict, error))
        return false;
    if (job->direction == LEDGER_IN && verdict == NULL)
        return true; /* not judged yet */
    bool rejected = verdict != NULL && strcmp(verdict->outcome, "RJ") == 0;
    return job_move(STEP_JOB_FINISHED, gateway->spool, id, JOB_ACTIVE, rejected ? JOB_REJECTED : JOB_DONE, error);
}

static bool finish_jobs(struct gateway *gateway, GError **error)
{
    g_autoptr(GArray) active = job_list(gateway->spool, JOB_ACTIVE, error);

    for (guint i = 0; active != NULL && i < active->len; i++) {
        if (!finish(gateway, g_array_index(active, int64_t, i), error))
            return false;
    }
    return active != NULL;
}

/* A drop that failed once is not tried again in the same pass: order is kept and time is not wasted. */
static void settle_part(struct gateway *gateway, struct ledger_part *part, GHashTable *down)
{
    GError *fault = NULL;
    g_autofree struct ledger_part *now = NULL;

    if (part->state == LEDGER_PLANNED) {
        if (!build(gateway, part, &fault) || !ledger_part_get(gateway->ledger, part->id, &now, &fault)) {
            gateway_fail(gateway, fault, "%s could not be stored; it is tried again", part->name);
            return;
        }
    }
    if (g_hash_table_contains(down, part->drop))
        return;
    if (!deliver(gateway, now ? now : part, &fault)) {
        gateway_fail(gateway, fault, "drop %s: %s could not be delivered; it waits in the spool", part->drop, part->name);
        g_hash_table_add(down, g_strdup(part->drop));
    }
}

bool delivery_pass(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) owed = NULL;
    g_autoptr(GHashTable) down = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (!ledger_parts_owed(gateway->ledger, 0, &owed, error))
        return false;
    for (guint i = 0; i < owed->len && !gateway_stopping(gateway); i++)
        settle_part(gateway, owed->pdata[i], down);
    return finish_jobs(gateway, error);
}
