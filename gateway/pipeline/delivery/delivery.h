/*
 * Delivery, the last step of a file's way: builds the bytes of each planned file, sends them to their drops, and moves
 * jobs whose files are all delivered to done/ or rejected/. pipeline.c calls this. Each drop has an outbox (outbox.h),
 * so a drop that is down or hangs delays no other.
 *
 *   struct delivery *delivery = delivery_new(&gateway, wake, &error);
 *   delivery_begin_pass(delivery, &error);                once a pass
 *   delivery_advance(delivery, &error) …                  after each group of jobs, and at the end of the pass
 *   delivery_free(delivery);
 *
 * A false result is a failure of spool or ledger; it ends the pass.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DELIVERY_DELIVERY_H
#define ECOSGATE_GATEWAY_PIPELINE_DELIVERY_DELIVERY_H

#include "gateway/gateway.h"

struct delivery;

/* wake: the event descriptor of transfer_worker.h, borrowed. The caller frees the result with delivery_free. NULL: the
 * ledger failed. */
struct delivery *delivery_new(struct gateway *gateway, int wake, GError **error);
/* Interrupts transfers that are under way. NULL is allowed. */
void delivery_free(struct delivery *delivery);

/* Lets what failed in the last pass be tried again, finishes jobs that a stop left in active/, and reports files whose
 * drop is no longer configured. */
bool delivery_begin_pass(struct delivery *delivery, GError **error);
/* Builds planned files, goes on with all drops, and finishes the jobs whose files have arrived. */
bool delivery_advance(struct delivery *delivery, GError **error);
/* Microseconds until some drop needs a pass by itself. G_MAXINT64: none does. */
int64_t delivery_due(const struct delivery *delivery);

#endif
