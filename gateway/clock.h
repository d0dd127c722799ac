/*
 * The one clock. Everything that the program writes or decides by time asks here, so that --now can put a
 * whole run at another moment. Seconds UTC.
 */
#ifndef ECOSGATE_GATEWAY_CLOCK_H
#define ECOSGATE_GATEWAY_CLOCK_H

#include <stdint.h>

int64_t clock_now(void);

/* From now on it is always this moment. */
void clock_stop_at(int64_t at);

/* Microseconds that only go forward, whatever --now says: for stability, progress and intervals. */
int64_t clock_monotonic(void);

#endif
