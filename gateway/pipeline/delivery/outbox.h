/*
 * The outgoing side of one drop: each stored file gets there once, complete, and in the order of planning. delivery.c
 * owns one outbox for each drop. A transfer worker runs each task in its own thread; what the ledger must know is
 * committed here, between the tasks, in the gateway's thread.
 *
 *   outbox = outbox_new(gateway, drop, wake, &listener, &error);
 *   outbox_begin_pass(outbox);
 *   outbox_advance(outbox, &error) …               as far as the pass's waiting time allows
 *   outbox_free(outbox);
 *
 * A false result is a failure of the ledger; it ends the pass. A drop that is down becomes an outage (outage.h). A file
 * that cannot be delivered for a reason of its own is reported and left for the next pass; the others go on. If another
 * file stands under its name in the drop, that is an incident (A107) until it is delivered.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DELIVERY_OUTBOX_H
#define ECOSGATE_GATEWAY_PIPELINE_DELIVERY_OUTBOX_H

#include "gateway/gateway.h"

struct outbox;

/* Whom to tell that a file of a job was delivered, once that is committed. */
struct outbox_listener {
    void (*delivered)(void *user, int64_t job);
    void *user;
};

/* gateway, drop and wake (transfer_worker.h) are borrowed, listener is copied. NULL: the ledger failed. */
struct outbox *outbox_new(struct gateway *gateway, const struct drop *drop, int wake,
                          const struct outbox_listener *listener, GError **error);
/* Interrupts a task that is under way. NULL is allowed. */
void outbox_free(struct outbox *outbox);

/* Lets the files that could not be delivered in the last pass be tried again. */
void outbox_begin_pass(struct outbox *outbox);
/* Runs task after task until nothing is left to deliver, or until the pass's waiting time is over
 * (gateway->wait_until). In the second case the outbox is busy. Later calls then return at once until that task has
 * ended. */
bool outbox_advance(struct outbox *outbox, GError **error);
/* Microseconds until the outbox needs a pass by itself. G_MAXINT64: it does not. */
int64_t outbox_due(const struct outbox *outbox);

/* Closes each A114 of a drop that is no longer in the configuration, or has no taken_within any more. False: the ledger
 * failed. */
bool outbox_close_unasked(struct gateway *gateway, GError **error);

#endif
