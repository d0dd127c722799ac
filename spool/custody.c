/*
 * An inbound file on its way into incoming/. Payload and envelope are placed without a sync (disk_file_place), because
 * one sync of the file system at the end of the batch is four times as fast for many small files. That sync also
 * flushes what others write on the same file system: give the spool a file system of its own.
 */
#include "spool/custody.h"

#include <inttypes.h>
#include <string.h>

#define GROUP "envelope"

struct job_custody {
    char *dir; /* incoming/<id> */
    int64_t id;
    struct disk_file *payload;
    bool stored; /* payload and envelope are whole: the folder stays */
};

struct job_batch {
    char *dir; /* incoming/ */
    int fs;    /* its file system, opened before the first write (disk_fs_open) */
};

struct job_batch *job_batch_begin(const struct spool *spool, GError **error)
{
    g_autofree char *dir = g_build_filename(spool_dir(spool), job_state_name(JOB_INCOMING), NULL);
    int fs = disk_fs_open(dir, error);
    if (fs < 0)
        return NULL;
    struct job_batch *batch = g_new0(struct job_batch, 1);
    batch->dir = g_steal_pointer(&dir);
    batch->fs = fs;
    return batch;
}

bool job_batch_settle(struct job_batch *batch, GError **error)
{
    return disk_fs_sync(STEP_CUSTODY_SYNCED, batch->fs, batch->dir, error);
}

void job_batch_free(struct job_batch *batch)
{
    if (batch == NULL)
        return;
    disk_fs_close(batch->fs);
    g_free(batch->dir);
    g_free(batch);
}

struct job_custody *job_custody_begin(const struct spool *spool, int64_t id, uint64_t expected_size, GError **error)
{
    g_autofree char *dir = job_path(spool, JOB_INCOMING, id, NULL);
    if (dir == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "no job can have the id %" PRId64, id);
        return NULL;
    }
    if (!disk_make_dir_unsynced(STEP_CUSTODY_BEGUN, dir, error))
        return NULL;
    g_autoptr(job_custody_t) custody = g_new0(struct job_custody, 1);
    custody->id = id;
    custody->dir = g_steal_pointer(&dir);
    g_autofree char *payload = g_build_filename(custody->dir, JOB_PAYLOAD, NULL);
    custody->payload = disk_file_create(payload, expected_size, error);
    return custody->payload != NULL ? g_steal_pointer(&custody) : NULL;
}

bool job_custody_write(void *user, const char *data, size_t len, GError **error)
{
    struct job_custody *custody = user;
    return disk_file_write(custody->payload, data, len, error);
}

bool job_custody_sign(struct job_custody *custody, const void *data, size_t len, char sha256[DIGEST_HEX_SIZE],
                      GError **error)
{
    g_autofree char *path = g_build_filename(custody->dir, JOB_SIGNATURE, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, len, error);
    if (file == NULL || !disk_file_write(file, data, len, error) ||
        !disk_file_place(STEP_CUSTODY_SIGNATURE, file, error))
        return false;
    g_strlcpy(sha256, disk_file_sha256(file), DIGEST_HEX_SIZE);
    return true;
}

/* A key file, so that people can read where a payload came from when the ledger is lost. */
static char *envelope_text(const struct job_envelope *envelope, size_t *len)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_key_file_set_int64(keys, GROUP, "id", envelope->id);
    g_key_file_set_string(keys, GROUP, "name", envelope->name);
    g_key_file_set_string(keys, GROUP, "drop", envelope->drop);
    g_key_file_set_int64(keys, GROUP, "received", envelope->received);
    g_key_file_set_uint64(keys, GROUP, "size", envelope->size);
    g_key_file_set_string(keys, GROUP, "sha256", envelope->sha256);
    return g_key_file_to_data(keys, len, NULL);
}

bool job_custody_store(struct job_custody *custody, struct job_envelope *envelope, GError **error)
{
    /* A crash point of its own: all bytes are here, and nothing of them is durable. */
    step_before(STEP_CUSTODY_FETCHED);
    step_after(STEP_CUSTODY_FETCHED);
    if (!disk_file_place(STEP_CUSTODY_PAYLOAD, custody->payload, error))
        return false;
    struct job_envelope full = *envelope;
    full.id = custody->id;
    full.size = disk_file_size(custody->payload);
    full.sha256 = disk_file_sha256(custody->payload);
    size_t len = 0;
    g_autofree char *text = envelope_text(&full, &len);
    g_autofree char *path = g_build_filename(custody->dir, JOB_ENVELOPE, NULL);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);
    if (file == NULL || !disk_file_write(file, text, len, error) || !disk_file_place(STEP_CUSTODY_STORED, file, error))
        return false;
    custody->stored = true;
    *envelope = full;
    return true;
}

void job_custody_free(struct job_custody *custody)
{
    if (custody == NULL)
        return;
    disk_file_free(custody->payload);
    /* A folder that cannot be removed has no row in the ledger: the next start drops it. */
    if (!custody->stored)
        (void)disk_remove_dir(STEP_ORPHAN_DROPPED, custody->dir, NULL);
    g_free(custody->dir);
    g_free(custody);
}

bool job_envelope_write(enum step step, const struct spool *spool, enum job_state state,
                        const struct job_envelope *envelope, GError **error)
{
    g_autofree char *path = job_path(spool, state, envelope->id, JOB_ENVELOPE);
    size_t len = 0;
    g_autofree char *text = envelope_text(envelope, &len);
    g_autoptr(disk_file_t) file = path != NULL ? disk_file_create(path, 0, error) : NULL;

    return file != NULL && disk_file_write(file, text, len, error) && disk_file_publish(step, file, error);
}

/* A copy whose strings stand in the same block, so that the caller frees it with one g_free. */
static struct job_envelope *pack(const struct job_envelope *envelope)
{
    size_t name = strlen(envelope->name) + 1, drop = strlen(envelope->drop) + 1;
    size_t sha256 = strlen(envelope->sha256) + 1;
    struct job_envelope *block = g_malloc(sizeof *block + name + drop + sha256);
    char *text = (char *)(block + 1);
    *block = *envelope;
    block->name = memcpy(text, envelope->name, name);
    block->drop = memcpy(text + name, envelope->drop, drop);
    block->sha256 = memcpy(text + name + drop, envelope->sha256, sha256);
    return block;
}

/* As job_custody_store wrote it: lower case. Anything else means that the envelope is damaged. */
static bool is_sha256(const char *text)
{
    return strlen(text) == DIGEST_HEX_SIZE - 1 && strspn(text, "0123456789abcdef") == DIGEST_HEX_SIZE - 1;
}

struct job_envelope *job_envelope_read(const struct spool *spool, enum job_state state, int64_t id, GError **error)
{
    g_autofree char *path = job_path(spool, state, id, JOB_ENVELOPE);
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autofree char *name = NULL, *drop = NULL, *sha256 = NULL;
    g_autoptr(GError) cause = NULL;
    struct job_envelope envelope = {0};
    if (path != NULL && g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &cause)) {
        envelope.id = g_key_file_get_int64(keys, GROUP, "id", NULL);
        envelope.received = g_key_file_get_int64(keys, GROUP, "received", NULL);
        envelope.size = g_key_file_get_uint64(keys, GROUP, "size", NULL);
        envelope.name = name = g_key_file_get_string(keys, GROUP, "name", NULL);
        envelope.drop = drop = g_key_file_get_string(keys, GROUP, "drop", NULL);
        envelope.sha256 = sha256 = g_key_file_get_string(keys, GROUP, "sha256", NULL);
    }
    if (envelope.id == id && name != NULL && *name != '\0' && drop != NULL && *drop != '\0' && sha256 != NULL &&
        is_sha256(sha256))
        return pack(&envelope);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "job %" PRId64 ": the envelope %s cannot be used: %s", id,
                path != NULL ? path : "", cause != NULL ? cause->message : "it is damaged");
    return NULL;
}
