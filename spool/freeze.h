/*
 * Making the spool stand still for an instant, so that a backup sees ledger and folders as of one moment. The folder
 * that a job stands in is its state, and the ledger says the rest; copied at two moments they contradict each other.
 *
 *   backup:  freeze_ask → freeze_try until it is frozen → it reads → freeze_holds → freeze_end
 *   writer:  freeze_asked → freeze_begin → waits until freeze_asked says no, or too long → freeze_finish
 *
 * The backup holds a lock on the file `freeze`, which the kernel gives up when the backup ends in any way. While that
 * lock is held, a writer that has come to a point between two jobs makes the file `frozen` with a text that is new each
 * time, and waits. What the backup has read is of one moment if `frozen` has the same text before and after: the writer
 * removes the file before it goes on, and each writer removes it when it starts (spool_lock). Without a writer the
 * backup takes the writer's lock itself.
 *
 * Three other designs were looked at:
 *
 *   - Look at ledger and folders again and again until neither has changed in between. Under load that never happens.
 *   - Copy everything while the writer waits. A copy takes minutes, and the gateway would stand still as long.
 *   - A file `frozen` that the backup removes when it has read. A backup that is killed leaves it, and one that was
 *     stopped for a minute (SIGSTOP) cannot tell that the writer has gone on. The kernel's lock has neither fault.
 */
#ifndef ECOSGATE_SPOOL_FREEZE_H
#define ECOSGATE_SPOOL_FREEZE_H

#include "spool/job.h"

/* ---- the backup ---- */

struct freeze;
typedef struct freeze freeze_t;

/* Asks. NULL on an error; SPOOL_ERROR_LOCKED if another backup asks at this moment. */
struct freeze *freeze_ask(const struct spool *spool, GError **error);
/* *frozen: the spool stands still now, because a writer waits or because there is none and we have its lock. */
bool freeze_try(struct freeze *freeze, bool *frozen, GError **error);
/* It has stood still since freeze_try said so. */
bool freeze_holds(const struct freeze *freeze);
/* Lets the writer go on. NULL is allowed. */
void freeze_end(struct freeze *freeze);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(freeze_t, freeze_end)

/* ---- the writer ---- */

/* *pid: of the backup that waits for us; 0: none does; -1: one does, and which is not known. */
bool freeze_asked(const struct spool *spool, int64_t *pid, GError **error);
/* Says that we stand still. */
bool freeze_begin(const struct spool *spool, GError **error);
/* Says that we go on; to be called before anything changes. */
bool freeze_finish(const struct spool *spool, GError **error);

#endif
