/*
 * Work orders (EMW) for Devices that are due for dispatch, and what the time alone does to sessions. pipeline.c calls
 * this: timeouts before the files of a pass, work orders after each file. Rules and states: gateway/DEVICES.md.
 *
 * All functions read the clock once. A false result is a failure of the ledger; it ends the pass. What was committed
 * before stays, and the next pass goes on from there.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_H

#include "gateway/gateway.h"

/* Ends the sessions whose time is over, by themselves or because TCoS closes, and marks confirmations that are late
 * (D150), in transactions of some thousand sessions each. Then plans the outcomes that are not waited for any longer.
 * Call it before the files of a pass are judged: what a file means must not depend on how many files came before it. */
bool dispatch_timeouts(struct gateway *gateway, GError **error);

/* Plans work orders for all Devices that are due, each order in a transaction of its own. Outside the hours of dispatch
 * it does nothing, unless TCoS closes: then it refuses what was never ordered. */
bool dispatch_pass(struct gateway *gateway, GError **error);

/* *at: seconds UTC when a session is due by itself, the hours of dispatch begin, or TCoS closes; 0: nothing is due by
 * itself. begun: when the pass began. What became due while it went on may have been missed, so that *at may be a time
 * that has passed. */
bool dispatch_next(struct gateway *gateway, int64_t begun, int64_t *at, GError **error);

#endif
