/* A folder keeps no pid, so nobody can say whose archive it is. */
#include "spool/archive_lock.h"

int archive_lock(const struct spool *spool, GError **error)
{
    GError *cause = NULL;
    int lock = disk_lock_dir(spool_orders_dir(spool), &cause);

    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_clear_error(&cause);
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
                    "another archive of this spool is being written (%s is locked); try again when it has ended",
                    spool_orders_dir(spool));
    } else if (cause != NULL) {
        g_propagate_error(error, cause);
    }
    return lock;
}

enum archive_lock_state archive_lock_state(const struct spool *spool)
{
    int64_t pid = 0;

    if (!disk_lock_holder(spool_orders_dir(spool), &pid, NULL))
        return ARCHIVE_LOCK_UNKNOWN;
    return pid != 0 ? ARCHIVE_LOCK_HELD : ARCHIVE_LOCK_FREE;
}
