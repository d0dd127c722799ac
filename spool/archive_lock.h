/*
 * The lock of an archive, from before its jobs are chosen until its order is given: the folder orders/ itself, so that
 * exactly those can take it who may give orders, and it needs no file. While it is held no purge goes on, or the
 * archive would keep what the purge removes for good; and the retention removes nothing. The kernel gives the lock up
 * when the command ends in any way.
 */
#ifndef ECOSGATE_SPOOL_ARCHIVE_LOCK_H
#define ECOSGATE_SPOOL_ARCHIVE_LOCK_H

#include "spool/job.h"

/* For disk_unlock; -1 on an error, SPOOL_ERROR_LOCKED while another archive is written. */
int archive_lock(const struct spool *spool, GError **error);

enum archive_lock_state { ARCHIVE_LOCK_FREE, ARCHIVE_LOCK_HELD, ARCHIVE_LOCK_UNKNOWN };
/* Unknown to whoever may not open orders/, such as a person who may only look. The writer takes that for held. */
enum archive_lock_state archive_lock_state(const struct spool *spool);

#endif
