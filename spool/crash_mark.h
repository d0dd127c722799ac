/*
 * Finds the file that makes the program crash. While a job is judged, a handler for fatal signals of this process
 * (SIGSEGV, SIGABRT …) adds one byte to `.crashes` in the job's folder before the process ends.
 *
 *     crash_mark_watch(spool, JOB_ACTIVE, id) → … → crash_mark_unwatch()      one job at a time, in one thread
 *
 * The gateway counts those bytes before it judges: a file moves to corrupt/ after three crashes. A stop from outside
 * (SIGKILL, SIGTERM), a power failure and an I/O error leave no byte, for they are not the file's doing.
 * `.crashes` is not one of the job's files (its name begins with '.'); it moves with the folder.
 */
#ifndef ECOSGATE_SPOOL_CRASH_MARK_H
#define ECOSGATE_SPOOL_CRASH_MARK_H

#include "spool/job.h"

#define CRASH_MARK ".crashes" /* its name in the job's folder */

/* From now on a crash of this thread counts against the job. Nothing is written before a crash. */
void crash_mark_watch(const struct spool *spool, enum job_state state, int64_t id);

/* Ends the watch and restores the signal handlers. No watch is no error. */
void crash_mark_unwatch(void);

/* *crashes: how many crashes were counted against the job so far. Errors: those of disk.h. */
bool crash_mark_count(const struct spool *spool, enum job_state state, int64_t id, int64_t *crashes, GError **error);

/* Forgets the job's crashes, durably. No crash is no error. Errors: those of disk.h. */
bool crash_mark_clear(const struct spool *spool, enum job_state state, int64_t id, GError **error);

#endif
