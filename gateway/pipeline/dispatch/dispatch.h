/*
 * Work orders (EMW) for Devices that are due for dispatch, and what the time alone does to sessions. pipeline.c calls
 * this: timeouts when the facts of a pass are judged (queue.h), work orders then and after each instruction. Rules and
 * states: gateway/DEVICES.md.
 *
 *   dispatch_is_due(gateway, by, &due, &error)    `by`: seconds UTC when the pass began; what becomes due later is not
 *                                                 for this pass, whose facts may be older
 *   dispatch_timeouts(gateway, by, &error)
 *   dispatch_pass(gateway, by, &error) …
 *
 * All functions read the clock once. A false result is a failure of the ledger; it ends the pass. What was committed
 * before stays, and the next pass goes on from there.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_DISPATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_DISPATCH_H

#include "gateway/gateway.h"

/* *due: dispatch_timeouts or dispatch_pass has something to do. */
bool dispatch_is_due(struct gateway *gateway, int64_t by, bool *due, GError **error);

/* Ends the sessions whose time is over, by themselves or because TCoS closes, and marks confirmations that are late
 * (D150), in transactions of some thousand sessions each. Then plans the outcomes that are not waited for any longer.
 * Call it once in a pass, between its facts and its instructions: what a file means must not depend on how many files
 * came before it, and what came in time counts before the time does. */
bool dispatch_timeouts(struct gateway *gateway, int64_t by, GError **error);

/* Plans work orders for all Devices that are READY, or whose next try was due then, each order in a transaction of its
 * own. Outside the hours of dispatch, and while dispatch_waits says so, it does nothing, unless TCoS closes: then it
 * refuses what was never ordered. */
bool dispatch_pass(struct gateway *gateway, int64_t by, GError **error);

/* Withdraws Devices from work orders that wait for their drop, if a review forbids the try now, or if their sessions
 * have gone on without it. Call it before dispatch_pass. It reviews them when reference data or statements have come,
 * and once a day. */
bool dispatch_recall(struct gateway *gateway, GError **error);

/* *waits: no work order is made, because an operator has paused dispatch or what goes out to the drop of the work
 * orders, or because that drop cannot be written or is not ours: a session that begins with an order that cannot leave
 * would only lose its time. */
bool dispatch_waits(struct gateway *gateway, bool *waits, GError **error);

/* *at: seconds UTC when a session is due by itself, the hours of dispatch begin, or TCoS closes; 0: nothing is due by
 * itself. begun: when the pass began. What became due while it went on may have been missed, so that *at may be a time
 * that has passed. */
bool dispatch_next(struct gateway *gateway, int64_t begun, int64_t *at, GError **error);

#endif
