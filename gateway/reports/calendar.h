/*
 * The calendar of reports: in which period a moment lies, and which periods have ended (gateway/REPORTS.md). Pure
 * functions: they know no clock and no ledger and cannot fail. Times are seconds UTC; a period is the half-open
 * interval [starts, ends). Years 1 to 9998, as in formats/instant.h.
 *
 *   struct period period;
 *   int64_t from = …the end of the last period that was issued, or any moment of the first one;
 *   while (calendar_due(CALENDAR_DAY, from, now, &period)) { …; from = period.ends; }      oldest first
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_CALENDAR_H
#define ECOSGATE_GATEWAY_REPORTS_CALENDAR_H

#include <stdbool.h>
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
/* Sets *period to the period that holds `from`. True: it has ended (ends <= now). */
bool calendar_due(enum calendar_length length, int64_t from, int64_t now, struct period *period);

#endif
