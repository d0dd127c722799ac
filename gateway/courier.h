/*
 * A thread that does one carrier's work, so that a drop that hangs holds up neither the others nor the
 * stop. The gateway's one thread gives it a task, does other things, and comes back for it; everything but
 * the carrier and the task's own struct stays with that thread (ledger and gateway are never touched here).
 *
 *   courier = courier_new(drop, CARRIER_OUT, wake);
 *   courier_begin(courier, task, user);               when idle
 *   if (courier_wait(courier, until, stop)) …            idle again: what the task left in user is ours
 *   courier_free(courier);                            interrupts a task under way and waits for its end
 *
 * `wake` is an eventfd that becomes readable when a task ends for which courier_wait did not stay: what a pass waited
 * for itself must not wake the gateway for another one, or it would never rest. -1: nobody waits.
 */
#ifndef ECOSGATE_GATEWAY_COURIER_H
#define ECOSGATE_GATEWAY_COURIER_H

#include "gateway/transport.h"

struct courier;

/* Runs in the courier's thread. */
typedef void courier_task(const struct transport *transport, struct carrier *carrier, void *user);

struct courier *courier_new(const struct drop *drop, enum carrier_direction direction, int wake);
void courier_begin(struct courier *courier, courier_task *task, void *user);
/* Waits until then (monotonic microseconds) at most, and not long after *stop (may be NULL) was set; true when it is
 * idle. */
bool courier_wait(struct courier *courier, int64_t until, const volatile bool *stop);
/* NULL is fine. */
void courier_free(struct courier *courier);

#endif
