/*
 * A105: the clock cannot be right. It stands before the newest verdict, or it has gone on by more since reports were
 * issued last than a downtime explains (`clock_leap`): then years of periods would be issued at once, sessions would
 * end, and nothing of it could be taken back (gateway/INCIDENTS.md).
 *
 *   clock_watch → orders_carry_out → clock_watch_holds: unless true, all the rest of the pass
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_CLOCK_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_CLOCK_WATCH_H

#include "gateway/gateway.h"

/* Once a pass, in transactions of its own: begins what is so, ends what is so no more. */
bool clock_watch(struct gateway *gateway, GError **error);

/* The clock has leapt ahead, and no operator has said that it is right by closing the incident. */
bool clock_watch_holds(struct gateway *gateway, bool *holds, GError **error);

#endif
