#include "spool/packed_batch.h"

/* A batch is full with so many files, or when so many bytes stand in packed files beside the plain ones. */
enum { FILES = 1024, BYTES = 64 * 1024 * 1024 };

struct packed_batch {
    char *dir;
    int fs;           /* their file system; -1: each file is synced by itself */
    GPtrArray *plain; /* char *: files that are to be removed */
    bool gone;        /* others were removed before */
    int64_t files, saved, packed;
};

struct packed_batch *packed_batch_new(const char *dir)
{
    struct packed_batch *batch = g_new0(struct packed_batch, 1);

    batch->dir = g_strdup(dir);
    batch->fs = disk_fs_can_sync(dir) ? disk_fs_open(dir, NULL) : -1;
    batch->plain = g_ptr_array_new_with_free_func(g_free);
    return batch;
}

void packed_batch_free(struct packed_batch *batch)
{
    if (batch == NULL)
        return;
    disk_fs_close(batch->fs);
    g_ptr_array_unref(batch->plain);
    g_free(batch->dir);
    g_free(batch);
}

bool packed_batch_add(struct packed_batch *batch, struct disk_file *packed, const char *path, int64_t saved,
                      GError **error)
{
    bool together = batch->fs >= 0;

    if (!together &&
        (!disk_file_publish(STEP_FILE_PACKED, packed, error) || !disk_unlink(STEP_PLAIN_REMOVED, path, error)))
        return false;
    if (together && !disk_file_place(STEP_FILE_PACKED, packed, error))
        return false;
    if (together)
        g_ptr_array_add(batch->plain, g_strdup(path));
    batch->files++;
    batch->saved += saved;
    batch->packed += (int64_t)disk_file_size(packed);
    return true;
}

bool packed_batch_gone(struct packed_batch *batch, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    batch->gone = batch->fs >= 0;
    return batch->gone || disk_sync_dir(folder, error);
}

bool packed_batch_is_full(const struct packed_batch *batch)
{
    return batch->plain->len >= FILES || batch->packed >= BYTES;
}

/* A packed file must not count before its bytes and its name are on the disk, nor the ledger's row before the plain one
 * is gone for good: a file that comes back would stay in both forms. */
static bool remove_plain(const struct packed_batch *batch, GError **error)
{
    bool good = batch->plain->len == 0 || disk_fs_sync(STEP_PACKING_SYNCED, batch->fs, batch->dir, error);

    for (guint i = 0; good && i < batch->plain->len; i++)
        good = disk_unlink_unsynced(STEP_PLAIN_REMOVED, batch->plain->pdata[i], error);
    return good && disk_fs_sync(STEP_PACKING_SETTLED, batch->fs, batch->dir, error);
}

bool packed_batch_settle(struct packed_batch *batch, int64_t *files, int64_t *saved, GError **error)
{
    bool good = (batch->plain->len == 0 && !batch->gone) || remove_plain(batch, error);

    if (good) {
        *files += batch->files;
        *saved += batch->saved;
    }
    packed_batch_forget(batch);
    return good;
}

void packed_batch_forget(struct packed_batch *batch)
{
    g_ptr_array_set_size(batch->plain, 0);
    batch->gone = false;
    batch->files = batch->saved = batch->packed = 0;
}
