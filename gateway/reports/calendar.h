/*
 * The calendar of reports: which period a moment lies in, and which periods have ended (gateway/REPORTS.md). Pure:
 * it knows no clock and no ledger. Times are seconds UTC; a period is the half-open interval [starts, ends).
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
/* The period that holds `from`, if it has ended by now (ends <= now). */
bool calendar_due(enum calendar_length length, int64_t from, int64_t now, struct period *period);

#endif
