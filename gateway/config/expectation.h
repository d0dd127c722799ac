/*
 * Files that a party should send by a time of day: a group [expect NAME] of the configuration, and its calendar.
 *
 *   if (expectation_last(expect, now, &due)) … files from due.from on count for it …
 *
 * A due time is at `by` of an expected day. Files count for it from `from` of that day on, or of the day before if
 * `from` is not earlier than `by`; and until those of the next due time begin to count. So each file counts for one due
 * time, also one that comes late.
 *
 * Times of day are those of the zone. On the day on which a clock of Europe/London is put forward, a time that does not
 * exist (01:30) is the moment at which that hour is over; on the day on which it is put back, a time that comes twice
 * is its first coming.
 *
 * Pure functions: they know no clock and no ledger. Times are seconds UTC. A day is the number of days since
 * 1970-01-01.
 */
#ifndef ECOSGATE_GATEWAY_CONFIG_EXPECTATION_H
#define ECOSGATE_GATEWAY_CONFIG_EXPECTATION_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { EXPECTATION_DATE_SIZE = 11, EXPECTATION_TIME_SIZE = 6 };

struct expectation {
    char *name;        /* NAME of [expect NAME] */
    char *party;       /* its code */
    char *type;        /* of the files */
    int64_t count;     /* files */
    int64_t from, by;  /* seconds of the day */
    char *zone_name;   /* "UTC" or "Europe/London" */
    GTimeZone *zone;   /* NULL: the machine does not know the zone */
    unsigned days;     /* bit 0: Monday … bit 6: Sunday */
    char *days_text;   /* as it was given */
    GHashTable *never; /* days on which no file is expected: GINT_TO_POINTER(day) */
};

struct expectation_due {
    int64_t day;  /* in the zone */
    int64_t at;   /* the due time */
    int64_t from; /* files count from here on */
};

/* Frees all. NULL is allowed. */
void expectation_free(struct expectation *expect);

/* The newest due time that is not after `now`. False: there was none in the last ten years. */
bool expectation_last(const struct expectation *expect, int64_t now, struct expectation_due *due);
/* The first due time after `now`. False: there is none in the next ten years. */
bool expectation_next(const struct expectation *expect, int64_t now, struct expectation_due *due);

/* Writes the day as "2023-07-03". */
void expectation_print_day(int64_t day, char out[EXPECTATION_DATE_SIZE]);
/* Writes seconds of the day as "06:30". */
void expectation_print_time(int64_t seconds, char out[EXPECTATION_TIME_SIZE]);

#endif
