/*
 * Delivery: the bytes of what the ledger owes are built, sent to their drops and settled, and jobs that owe
 * nothing more are finished (NOTES.md, Promises 2 and 6, The way of a file 5). One outbox for each drop; one that is
 * down or hangs holds up no other.
 *
 *   struct delivery *delivery = delivery_new(&gateway, wake, &error);
 *   delivery_begin_pass(delivery, &error);                once a pass
 *   delivery_advance(delivery, &error) …        after each job, and at the end
 *   delivery_free(delivery);
 *
 * A false result (NULL) is a fault of spool or ledger that ends the pass.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DELIVERY_H
#define ECOSGATE_GATEWAY_PIPELINE_DELIVERY_H

#include "gateway/gateway.h"

struct delivery;

/* wake: worker.h. */
struct delivery *delivery_new(struct gateway *gateway, int wake, GError **error);
/* NULL is fine. */
void delivery_free(struct delivery *delivery);

/* Tries again what failed before, and finishes jobs that a stop left behind. */
bool delivery_begin_pass(struct delivery *delivery, GError **error);
bool delivery_advance(struct delivery *delivery, GError **error);
bool delivery_is_busy(const struct delivery *delivery);
/* Microseconds until it wants a pass by itself, G_MAXINT64: it does not. */
int64_t delivery_due(const struct delivery *delivery);

#endif
