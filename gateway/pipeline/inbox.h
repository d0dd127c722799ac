/*
 * The incoming side of one drop: look, take into custody, discard the sender's copy (NOTES.md, Custody). The
 * courier does what touches the drop, task by task; what the ledger must know is committed here between the
 * tasks.
 *
 *   inbox = inbox_new(gateway, drop, wake, &error);
 *   inbox_begin_pass(inbox);
 *   inbox_advance(inbox, &error) …                 as far as it comes within the pass's time for waiting
 *   inbox_free(inbox);
 *
 * A false result is a fault of spool or ledger that ends the pass. A drop that is down is an outage.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INBOX_H
#define ECOSGATE_GATEWAY_PIPELINE_INBOX_H

#include "gateway/gateway.h"

struct inbox;

/* wake: worker.h. NULL when the ledger failed. */
struct inbox *inbox_new(struct gateway *gateway, const struct drop *drop, int wake, GError **error);
/* NULL is fine. */
void inbox_free(struct inbox *inbox);

/* Another look is wanted: a local drop at each pass, one elsewhere when its
 * interval is over or a file may have become whole. */
void inbox_begin_pass(struct inbox *inbox);
/* Waits for a task of the courier as long as the pass allows (gateway.h), and not again for one that it waited
 * for in vain: that one is busy then. */
bool inbox_advance(struct inbox *inbox, GError **error);
/* The spool has no room for the next file: nothing behind it may be taken in this pass, from any drop. */
bool inbox_is_full(const struct inbox *inbox);
bool inbox_is_busy(const struct inbox *inbox);

/* Microseconds until a file that is not whole yet may be, 0 when there is none. */
int64_t inbox_settling(const struct inbox *inbox);
/* Microseconds until it wants a pass by itself, G_MAXINT64: it does not. */
int64_t inbox_due(const struct inbox *inbox);

#endif
