/*
 * The transfer workers of a process (gateway/drops/transfer_worker.h), which have no threads here. A task that is given
 * to a worker runs at once, or late as the stream of its drop decides: it hangs until a time that lies ahead, and the
 * process goes on without it as it would beside a thread.
 *
 * A process that waits calls worker_run_due when it wakes.
 */
#ifndef ECOSGATE_TESTS_SIM_WORKER_H
#define ECOSGATE_TESTS_SIM_WORKER_H

#include <stdint.h>

/* When the next task that hangs goes on, in true time; INT64_MAX: there is none. */
int64_t worker_due(void);
/* Runs the tasks that were to go on by now, and wakes the gateway for those that nobody waits for. */
void worker_run_due(void);

#endif
