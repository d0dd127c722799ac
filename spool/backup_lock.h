/*
 * The lock of a backup, from before the moment that it copies until it has copied all: the file `backup` in the
 * spool's folder. While it is held the retention removes nothing, for the copy of the ledger would miss it. The kernel
 * gives the lock up when the backup ends in any way.
 */
#ifndef ECOSGATE_SPOOL_BACKUP_LOCK_H
#define ECOSGATE_SPOOL_BACKUP_LOCK_H

#include "spool/job.h"

/* For disk_unlock; -1 on an error, SPOOL_ERROR_LOCKED while another backup is made. */
int backup_lock(const struct spool *spool, GError **error);
/* True also if it cannot be found out. */
bool backup_lock_is_held(const struct spool *spool);

#endif
