/*
 * Points in time: whole seconds since 1970-01-01T00:00:00Z, always UTC (FILES.md, text before section 1). Only dates of
 * the calendar from year 0001 to 9999 are accepted. There are no leap seconds.
 */
#ifndef ECOSGATE_FORMATS_INSTANT_H
#define ECOSGATE_FORMATS_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With the closing NUL. */
enum { INSTANT_TEXT_SIZE = 21, INSTANT_DATE_SIZE = 9, INSTANT_TIME_SIZE = 7 };

/* Reads "2023-07-03T06:00:00Z": len bytes, exactly of this form. False for any other text; *at then stays as it is. */
bool instant_parse(const char *text, size_t len, int64_t *at);

/* The same, with a fraction of one to three digits allowed: "2023-07-03T06:00:00.123Z". The fraction is left out: *at
 * is the second in which the time lies. */
bool instant_parse_fraction(const char *text, size_t len, int64_t *at);

/* Writes at in that form. A time outside the years 0001 to 9999 is written as the nearest one within. */
void instant_print(int64_t at, char out[INSTANT_TEXT_SIZE]);

/* True when the text is a date of the calendar, "20230703". */
bool instant_date_is_real(const char *date8);

/* True when the text is a time of day, "060000". */
bool instant_time_is_real(const char *time6);

/* Reads date and time in these forms, as file names have them. False for any other text; *at then stays as it is. */
bool instant_from_name(const char *date8, const char *time6, int64_t *at);

/* Writes at as date and time in these forms; outside the years 0001 to 9999 as instant_print does. */
void instant_print_name(int64_t at, char date[INSTANT_DATE_SIZE], char time[INSTANT_TIME_SIZE]);

#endif
