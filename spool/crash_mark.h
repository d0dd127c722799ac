/*
 * A mark that this process leaves in a job's directory when a fatal signal of its own (a memory fault, an
 * abort, a trap) ends it while it handles that job: one byte more in .crashes. A file that kills its reader
 * again and again can so be told from a gateway that was killed from outside or lost its power, which
 * leaves no mark.
 *
 *   crash_mark_watch(spool, JOB_ACTIVE, id) → … → crash_mark_unwatch()      one job at a time, one thread
 *
 * The mark is no part of the job (its name begins with '.') and moves with the directory.
 */
#ifndef ECOSGATE_SPOOL_CRASH_MARK_H
#define ECOSGATE_SPOOL_CRASH_MARK_H

#include "spool/job.h"

#define CRASH_MARK ".crashes" /* its name in the job's directory */

void crash_mark_watch(const struct spool *spool, enum job_state state, int64_t id);
void crash_mark_unwatch(void);

/* *crashes: how often so far. */
bool crash_mark_count(const struct spool *spool, enum job_state state, int64_t id, int64_t *crashes, GError **error);
/* Forgets them; none is fine. */
bool crash_mark_clear(const struct spool *spool, enum job_state state, int64_t id, GError **error);

#endif
