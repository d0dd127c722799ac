/*
 * The incoming side of one drop, in a cycle of three tasks: list the drop, fetch complete files into custody, discard
 * the sender's copies. pickup.c owns one inbox for each drop. A transfer worker runs each task in its own thread; the
 * results are committed here, between the tasks, in the gateway's thread.
 *
 *   inbox = inbox_new(gateway, drop, wake, &error);
 *   inbox_begin_pass(inbox);
 *   inbox_advance(inbox, &error) …                 as far as the pass's waiting time allows
 *   inbox_free(inbox);
 *
 * A false result is a failure of spool or ledger; it ends the pass. A drop that is down is no failure: it becomes an
 * outage (outage.h), and the inbox tries again later.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_INBOX_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_INBOX_H

#include "gateway/gateway.h"

struct inbox;

/* gateway, drop and wake (transfer_worker.h) are borrowed. NULL: the ledger failed. */
struct inbox *inbox_new(struct gateway *gateway, const struct drop *drop, int wake, GError **error);
/* Interrupts a task that is under way. NULL is allowed. */
void inbox_free(struct inbox *inbox);

/* Asks for another listing: of a local drop in each pass, of another drop when its interval is over or a file may have
 * become complete. */
void inbox_begin_pass(struct inbox *inbox);
/* Runs task after task until there is nothing to do, or until the pass's waiting time is over (gateway->wait_until).
 * In the second case the inbox is busy. Later calls then return at once until that task has ended. */
bool inbox_advance(struct inbox *inbox, GError **error);
/* True if the disk has no room for the next file. Then no later file may be picked up in this pass, from any drop. */
bool inbox_is_full(const struct inbox *inbox);
/* True while an entry of the drop cannot be taken, or the copy of a file in custody not be removed (A107). */
bool inbox_is_failing(const struct inbox *inbox);
/* True while a task is under way. */
bool inbox_is_busy(const struct inbox *inbox);

/* True if it serves the drop of that name. */
bool inbox_is_of(const struct inbox *inbox, const char *drop);
/* Whether facts (facts.h) may come through this drop. */
bool inbox_has_facts(const struct inbox *inbox);
/* Asks for another listing as soon as what the last one showed is done. */
void inbox_list_again(struct inbox *inbox);
/* True if a listing that began at `since` (monotonic microseconds) or later has shown the drop, all whole files of it
 * are in the spool, and no facts were settling. True for a drop that is down, is paused by an operator or has no room,
 * too: nothing can be picked up from it now. */
bool inbox_has_shown(const struct inbox *inbox, int64_t since);

/* Microseconds until a file that is not complete yet may be (rule `stable`). 0: none is waited for. */
int64_t inbox_settling(const struct inbox *inbox);
/* Microseconds until the inbox needs a pass by itself. G_MAXINT64: it does not; the end of its task wakes the
 * gateway. */
int64_t inbox_due(const struct inbox *inbox);

#endif
