/*
 * A thread that does the work of one connection, so that a drop that hangs holds up neither the other drops nor the
 * stop. The gateway's own thread gives it one task at a time (list, fetch, discard; upload, publish) and comes back for
 * the result. The worker's thread touches only the connection and what `user` of the task points to, never ledger,
 * spool states or configuration: therefore none of those needs a lock.
 *
 *   worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
 *   if (transfer_worker_ready(worker, &error)) …                 there is a thread
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

/* Opens the connection, which touches nothing yet. Never NULL. */
struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake);
/* Starts the thread, if it does not run yet. False with TRANSPORT_ERROR_DOWN if the system has none left: only this
 * drop cannot be served now, and a later call tries again. */
bool transfer_worker_ready(struct transfer_worker *worker, GError **error);
/* Gives a task to an idle worker that is ready. */
void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user);
/* Waits until the worker is idle, at most until `until` (clock_monotonic), and at most 0.1 s longer after *stop was set
 * (NULL is allowed). True if it is idle. */
bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop);
/* Interrupts the connection, waits for the thread and frees all. NULL is allowed. */
void transfer_worker_free(struct transfer_worker *worker);

#endif
