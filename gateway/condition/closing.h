/*
 * How long it is until TCoS closes (setting tcos_closes), as `status` and `doctor` tell it.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_CLOSING_H
#define ECOSGATE_GATEWAY_CONDITION_CLOSING_H

#include <stdint.h>

/* "27 days 4 hours", or "none: closed for 2 days 0 hours". closes: seconds UTC; 0: not known, the text is NULL.
 * g_free. */
char *closing_left(int64_t closes, int64_t now);

#endif
