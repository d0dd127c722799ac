/*
 * Points in time: whole seconds since 1970-01-01T00:00:00Z, always UTC (FILES.md, opening
 * paragraph). Only calendar dates from year 0001 to 9999 that exist are accepted; no leap seconds.
 */
#ifndef ECOSGATE_FORMATS_INSTANT_H
#define ECOSGATE_FORMATS_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INSTANT_TEXT_SIZE = 21, INSTANT_DATE_SIZE = 9, INSTANT_TIME_SIZE = 7 };

/* "2023-07-03T06:00:00Z" */
bool instant_parse(const char *text, size_t len, int64_t *at);
void instant_print(int64_t at, char out[INSTANT_TEXT_SIZE]);

/* The parts of a file name: date "20230703", time "060000". */
bool instant_date_is_real(const char *date8);
bool instant_time_is_real(const char *time6);
bool instant_from_name(const char *date8, const char *time6, int64_t *at);
void instant_print_name(int64_t at, char date[INSTANT_DATE_SIZE], char time[INSTANT_TIME_SIZE]);

#endif
