/*
 * A109: the ledger is not the newest that this gateway has had. It is behind the witness (`witness=`) or behind the
 * claim in a drop, or it belongs to another spool. What would go out now would use numbers that were used, and order
 * Devices that were ordered. So nothing is picked up, judged, dispatched, answered, delivered or reported; operators'
 * orders are carried out, for one of them (`ecosgate recover`) ends it.
 *
 * pipeline.c calls, at the start of each pass:
 *
 *   orders_carry_out → ledger_watch_blocks: if it says so, nothing more in this pass
 *
 * outbox.c and inbox_custody.c call ledger_watch_renew before a batch of uploads begins and before sender's copies are
 * discarded. The last three functions are for the claims in drops.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_LEDGER_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_LEDGER_WATCH_H

#include "gateway/home_witness.h"

/* *blocked: A109. Then gateway->failed is set, the incident is open, and a message has said once what to do. False:
 * spool or ledger failed. */
bool ledger_watch_blocks(struct gateway *gateway, bool *blocked, GError **error);

/* Makes durable in the witness file what the ledger has given out and accepted so far. False: nothing may leave. */
bool ledger_watch_renew(struct gateway *gateway, GError **error);

/* ---- for the claims in drops ---- */

/* A claim that was found in a drop, not written by this process: its content, before it is taken over. If it knows
 * more of this ledger than the ledger itself (a higher generation or number), that is recorded durably, and
 * ledger_watch_blocks says A109 from now on, also in later runs, until `recover`. The claim must then be left as it is,
 * and nothing may be done in the drop: *behind. A claim of another ledger is recorded too, for `recover` goes on above
 * its numbers; then *behind is false, and what the claim means is decided by the caller (A110). False: the ledger
 * failed. */
bool ledger_watch_drop_witness(struct gateway *gateway, const char *drop, const struct witness *claim, bool *behind,
                               GError **error);

/* *replaced: the ledger of this claim, of another id, is one that this ledger took the place of by `recover`; the claim
 * may be taken over at once, as if it were our own of a lower generation. */
bool ledger_watch_replaces(struct gateway *gateway, const struct witness *claim, bool *replaced, GError **error);

/* The operator has given the drop of that claim to this gateway (`claim take`): it is no longer remembered. */
bool ledger_watch_forget_drop(struct gateway *gateway, const char *drop, GError **error);

#endif
