/*
 * A thread that does one connection's work, so that a drop that hangs holds up neither the others nor the
 * stop. The gateway's one thread gives it a task, does other things, and comes back for it; everything but
 * the connection and the task's own struct stays with that thread (ledger and gateway are never touched here).
 *
 *   worker = transfer_worker_new(drop, CONNECTION_OUT, wake);
 *   transfer_worker_begin(worker, task, user);               when idle
 *   if (transfer_worker_wait(worker, until, stop)) …            idle again: what the task left in user is ours
 *   transfer_worker_free(worker);                            interrupts a task under way and waits for its end
 *
 * `wake` is an eventfd that becomes readable when a task ends for which transfer_worker_wait did not stay: what a pass
 * waited for itself must not wake the gateway for another one, or it would never rest. -1: nobody waits.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_TRANSFER_WORKER_H
#define ECOSGATE_GATEWAY_DROPS_TRANSFER_WORKER_H

#include "gateway/drops/transport.h"

struct transfer_worker;

/* Runs in the courier's thread. */
typedef void transfer_worker_task(const struct transport *transport, struct connection *connection, void *user);

struct transfer_worker *transfer_worker_new(const struct drop *drop, enum connection_direction direction, int wake);
void transfer_worker_begin(struct transfer_worker *worker, transfer_worker_task *task, void *user);
/* Waits until then (monotonic microseconds) at most, and not long after *stop (may be NULL) was set; true when it is
 * idle. */
bool transfer_worker_wait(struct transfer_worker *worker, int64_t until, const volatile bool *stop);
/* NULL is fine. */
void transfer_worker_free(struct transfer_worker *worker);

#endif
