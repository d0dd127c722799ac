/*
 * The outgoing side of one drop: what the ledger owes it gets there once, whole, in the order of planning
 * (NOTES.md, Delivery). The courier does what touches the drop, task by task; what the ledger must know is
 * committed here between the tasks.
 *
 *   outbox = outbox_new(gateway, drop, wake, settled, user, &error);
 *   outbox_begin_pass(outbox);
 *   outbox_advance(outbox, &error) …               as far as it comes within the pass's time for waiting
 *   outbox_free(outbox);
 *
 * A false result is a fault of the ledger that ends the pass. A drop that is down is an outage; a part that
 * cannot be delivered for a reason of its own is told and left for the next pass, and the others go on.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_OUTBOX_H
#define ECOSGATE_GATEWAY_PIPELINE_OUTBOX_H

#include "gateway/gateway.h"

struct outbox;

/* A part of that job reached the drop. */
typedef void outbox_settled(void *user, int64_t job);

/* wake: worker.h. NULL when the ledger failed. */
struct outbox *outbox_new(struct gateway *gateway, const struct drop *drop, int wake, outbox_settled *settled,
                          void *user, GError **error);
/* NULL is fine. */
void outbox_free(struct outbox *outbox);

/* What failed for a reason of its own is tried again. */
void outbox_begin_pass(struct outbox *outbox);
/* Waits as an inbox does. */
bool outbox_advance(struct outbox *outbox, GError **error);
bool outbox_is_busy(const struct outbox *outbox);
/* Microseconds until it wants a pass by itself, G_MAXINT64: it does not. */
int64_t outbox_due(const struct outbox *outbox);

#endif
