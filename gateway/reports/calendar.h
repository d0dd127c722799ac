/*
 * The calendar of reports: in which period a moment lies (gateway/REPORTS.md). A pure function: it knows no clock and
 * no ledger and cannot fail. Times are seconds UTC; a period is the half-open interval [starts, ends). Years 1 to 9998,
 * as in formats/instant.h. Which period is issued next: report_schedule.h.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_CALENDAR_H
#define ECOSGATE_GATEWAY_REPORTS_CALENDAR_H

#include <stdint.h>

enum calendar_length {
    CALENDAR_QUARTER, /* of a day: from 00:00, 06:00, 12:00 or 18:00 on */
    CALENDAR_DAY,     /* from 00:00 on */
    CALENDAR_WEEK,    /* from Monday 00:00 on */
    CALENDAR_MONTH,   /* from the first 00:00 on */
};

struct period {
    int64_t starts, ends;
};

/* The period that holds a moment. */
struct period calendar_period(enum calendar_length length, int64_t at);

#endif
