/*
 * The clock. Only clock.c asks the system for the time, so that --now can move a whole run to another moment.
 */
#ifndef ECOSGATE_GATEWAY_CLOCK_H
#define ECOSGATE_GATEWAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Now, in seconds UTC: for everything that is written or decided by time of day. */
int64_t clock_now(void);

/* From now on clock_now always returns `at` (seconds UTC). Call it before other threads exist. */
void clock_stop_at(int64_t at);
/* True after clock_stop_at. */
bool clock_is_stopped(void);

/* Microseconds that only go forward, whatever --now or a correction of the clock says: for intervals and time limits.
 */
int64_t clock_monotonic(void);

#endif
