/*
 * The thresholds of [thresholds] and [party ORG]: how many Devices one sender, one Responsible Supplier or one Device
 * Model may have accepted until an instruction is held (gateway/thresholds.h).
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_THRESHOLD_RULES_H
#define ECOSGATE_GATEWAY_CONFIG_THRESHOLD_RULES_H

#include <stdint.h>

/* 0: any number. */
struct threshold {
    int64_t hour;  /* Devices in an hour of the clock, UTC */
    int64_t day;   /* Devices in an hour and the 23 before it */
    int64_t usual; /* the same, as a multiple of the usual number of a day */
};

#endif
