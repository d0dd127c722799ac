/*
 * A105: the clock cannot be right. What a pass does at a wrong time cannot be taken back: reports are issued, sessions
 * end, work orders go out (INCIDENTS.md).
 *
 *   fault  | what was found                                                       | the pass
 *   ahead  | more than `clock_leap` after the last issue of reports               | is held
 *   jump   | while the gateway ran, the clock jumped by more than CLOCK_STEP      | is held
 *   behind | more than CLOCK_STEP before the newest time that the ledger recorded | acts at that time
 *   none   | at most CLOCK_STEP before it                                         | acts at that time; one message
 *
 * In every case the pass acts at no earlier time than the newest recorded one (clock_now). A held pass carries out
 * operators' orders, delivers, and reports its incident, all dated with that time: a wrong clock leaves no trace of its
 * own in the ledger.
 *
 * pipeline.c calls, in each pass:
 *
 *   clock_watch → orders_carry_out → clock_watch_blocks → unless it says so, the rest of the pass → clock_watch_keep
 *
 * An operator who closes the incident says that the clock is right. That is why the orders come in between.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_CLOCK_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_CLOCK_WATCH_H

#include "gateway/gateway.h"

/* Sets the time at which the gateway acts, opens the A105 incident of the fault that exists now and closes those that
 * no longer exist. False: the ledger failed. */
bool clock_watch(struct gateway *gateway, GError **error);

/* *blocked: the clock is not believed, and no operator has closed the incident. Then gateway->failed is set, and a
 * message says once how to go on. False: the ledger failed. */
bool clock_watch_blocks(struct gateway *gateway, bool *blocked, GError **error);

/* Sets the time alone, for a command that carries out an order itself. False: the ledger failed. */
bool clock_watch_set(struct gateway *gateway, GError **error);

/* Keeps the time of the pass while the ledger still holds later times that an operator has called wrong. False: the
 * ledger failed. */
bool clock_watch_keep(struct gateway *gateway, GError **error);

#endif
