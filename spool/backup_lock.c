/* The pid in the file is for people only, as in the writer's lock. */
#include "spool/backup_lock.h"

static char *lock_path(const struct spool *spool)
{
    return g_build_filename(spool_dir(spool), "backup", NULL);
}

int backup_lock(const struct spool *spool, GError **error)
{
    g_autofree char *path = lock_path(spool);
    GError *cause = NULL;
    int lock = disk_lock(path, &cause);

    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_clear_error(&cause);
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
                    "another backup of this spool is being made (%s is locked); try again when it has ended", path);
    } else if (cause != NULL) {
        g_propagate_error(error, cause);
    }
    return lock;
}

bool backup_lock_is_held(const struct spool *spool)
{
    g_autofree char *path = lock_path(spool);
    int64_t pid = 0;

    return !disk_lock_holder(path, &pid, NULL) || pid != 0;
}
