/*
 * Custody, the first step of a file's way: complete files in the drops become jobs in ready/. The sender's copy leaves
 * the drop only when ours is on disk and in the ledger. pipeline.c calls this; each drop has an inbox (inbox.h), so a
 * drop that hangs delays no other.
 *
 *   struct pickup *pickup = pickup_new(&gateway, wake, &error);   first finishes what a crash left half done
 *   pickup_pass(pickup, &error);                                  lists all drops and picks up
 *   pickup_go_on(pickup, &error) …                                between two jobs, so that no drop waits for judging
 *   pickup_free(pickup);
 *
 * A false result (or NULL) is a failure of spool or ledger; it ends the pass.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_PICKUP_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_PICKUP_H

#include "gateway/gateway.h"

struct pickup;

/* Brings incoming/ to an end after a stop. Whoever makes jobs of our own without a pickup calls it first: the ids of
 * what was being fetched are given out again. Not while the ledger is not the newest (A109): that one does not know all
 * rows. False: spool or ledger failed. */
bool pickup_settle_incoming(struct gateway *gateway, GError **error);

/* wake: the event descriptor of transfer_worker.h, borrowed. The caller frees the result with pickup_free. */
struct pickup *pickup_new(struct gateway *gateway, int wake, GError **error);
/* Interrupts transfers that are under way. NULL is allowed. */
void pickup_free(struct pickup *pickup);

/* Starts a listing of each drop whose turn it is, and goes on with all drops as far as the pass's waiting time allows.
 * Drops are served in the configuration's order. */
bool pickup_pass(struct pickup *pickup, GError **error);
/* Goes on with the drops that have a transfer under way. Starts no new listing. */
bool pickup_go_on(struct pickup *pickup, GError **error);
/* Lists the drops of facts (facts.h) once more and picks up, as far as the pass's waiting time allows. */
bool pickup_list_facts(struct pickup *pickup, GError **error);
/* True if all facts that stood whole in their drops at `since` (monotonic microseconds) are in the spool. A
 * drop that is down or has no room does not count; a file that settles (rule `stable`) does. */
bool pickup_has_facts(const struct pickup *pickup, int64_t since);
/* Has that drop listed once more, and picks up from it with the next pickup_pass. */
void pickup_list_again(struct pickup *pickup, const char *drop);
/* True if all whole files that stood in that drop at `since` (monotonic microseconds) are in the spool and none
 * settles, or if nothing can be picked up from it now (inbox_has_shown). */
bool pickup_has_shown(const struct pickup *pickup, const char *drop, int64_t since);
/* Microseconds until a file that is not complete yet may be (rule `stable`), the shortest of all drops. 0: none is
 * waited for. */
int64_t pickup_settling(const struct pickup *pickup);
/* Microseconds until some drop needs a pass by itself. G_MAXINT64: none does. */
int64_t pickup_due(const struct pickup *pickup);

#endif
