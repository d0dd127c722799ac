/*
 * Times of the simulated world as partners write them. A time is an int64_t in microseconds since 1970, UTC. Shares no
 * code with the gateway.
 */
#ifndef ECOSGATE_TESTS_SIM_WHEN_H
#define ECOSGATE_TESTS_SIM_WHEN_H

#include <stdint.h>

enum { WHEN_SIZE = 24 };

/* "2023-07-03T06:00:00Z" */
const char *when_text(int64_t at, char out[WHEN_SIZE]);
/* "20230703_060000", as in a file's name */
const char *when_name(int64_t at, char out[WHEN_SIZE]);
/* "2023-07-03" */
const char *when_date(int64_t at, char out[WHEN_SIZE]);
/* Of "2023-07-03T06:00:00Z" or "2023-07-03"; 0 if it is none. */
int64_t when_parse(const char *text);
/* The beginning of the month of `at`. */
int64_t when_month(int64_t at);
/* The beginning of the month that follows the one of `at`. */
int64_t when_next_month(int64_t at);

#endif
