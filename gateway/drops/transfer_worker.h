/*
 * A thread that does the work of one connection, so that a drop that hangs holds up neither the other drops nor the
 * stop. The gateway's own thread gives it one task at a time (list, fetch, discard; upload, publish) and comes back for
 * the result. The worker's thread touches only the connection and what `user` of the task points to, never ledger,
 * spool states or configuration: therefore none of those needs a lock.
 *
 *   worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
 *   transfer_worker_begin(worker, task, user);                   when idle; `user` belongs to the worker from now on
 *   if (transfer_worker_wait(worker, until, stop)) …             idle again: `user` is ours
 *   transfer_worker_free(worker);                                interrupts a task under way and waits for its end
 *
 * `wake` is an eventfd that becomes readable when a task ends for which transfer_worker_wait did not stay. A task whose
 * end was waited for must not wake the gateway: it would begin another pass, and another, for ever. -1: no wake.
 *
 * A process for each drop was considered, which would also protect the ledger from a defect in a transport's library. A
 * thread has the simpler contract; this is the only file that would have to change.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_TRANSFER_WORKER_H
#define ECOSGATE_GATEWAY_DROPS_TRANSFER_WORKER_H

#include "gateway/drops/transport.h"

struct transfer_worker;

/* A task. Runs in the worker's thread. */
typedef void transfer_worker_task(const struct transport *transport, struct connection *connection, void *user);

/* Starts the thread and opens the connection, which touches nothing yet. Never NULL. */
struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake);
/* Gives a task to an idle worker. */
void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user);
/* Waits until the worker is idle, at most until `until` (clock_monotonic), and at most 0.1 s longer after *stop was set
 * (NULL is allowed). True if it is idle. */
bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop);
/* Interrupts the connection, waits for the thread and frees all. NULL is allowed. */
void transfer_worker_free(struct transfer_worker *worker);

#endif
