/*
 * A105: the clock cannot be right. Either it stands before the newest verdict by more than `future_tolerance`, or it is
 * further ahead of the last issue of reports than a downtime explains (setting `clock_leap`, days). In the second case
 * a pass would issue years of periods at once and end sessions, and none of that can be taken back (INCIDENTS.md). So a
 * clock that is ahead stops all but operators' orders, deliveries, and the INC that reports it.
 *
 * pipeline.c calls, at the start of each pass:
 *
 *   clock_watch → orders_carry_out → clock_watch_blocks: unless it says so, all the rest of the pass
 *
 * An operator who closes the incident says that the clock is right. That is why the orders come in between.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_CLOCK_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_CLOCK_WATCH_H

#include "gateway/gateway.h"

/* Opens an A105 incident for each fault of the clock that exists now and closes those that no longer exist, each in a
 * transaction of its own. False: the ledger failed. */
bool clock_watch(struct gateway *gateway, GError **error);

/* *blocked: the clock is too far ahead, and no operator has closed the incident. Then gateway->failed is set, and a
 * message says once how to go on. False: the ledger failed. */
bool clock_watch_blocks(struct gateway *gateway, bool *blocked, GError **error);

#endif
