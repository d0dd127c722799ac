/*
 * The transfer workers of a process (gateway/drops/transfer_worker.h), which have no threads here. A task that is given
 * to a worker runs in turns, at once or late as the stream "workers" decides: then it hangs until a time that lies
 * ahead, and the process goes on without it as it would beside a thread.
 *
 * A process that waits calls worker_run_due when it wakes.
 */
#ifndef ECOSGATE_TESTS_SIM_WORKER_H
#define ECOSGATE_TESTS_SIM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/* When the next task goes on, in true time; INT64_MAX: there is none. */
int64_t worker_due(void);
/* Runs the tasks that were to go on by now, and wakes the gateway for those that nobody waits for. */
void worker_run_due(void);
/* True if a task runs, false if the gateway's own work does. */
bool worker_runs(void);
/* True if a task stands within a call that is not a request to a server. */
bool worker_is_within(void);
/* Stops the task that runs until that true time, or until the gateway wants its end. False: no task runs. */
bool worker_stop(int64_t until);
/* A call of the system: another task, or the gateway's own work, may go on here. */
void worker_call(void);

#endif
