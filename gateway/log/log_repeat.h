/*
 * Lines that are left out because they repeat others. Each event of the table has a limit:
 *
 *   EVERY    none
 *   SOME     of one key LOG_SOME lines in LOG_SOME_SECONDS, then "and 512 more in 10 minutes"
 *   ONCE     of one key one line in LOG_LASTING_SECONDS, until log_repeat_over: for what each pass finds again
 *   CHANGES  as ONCE, but each text of a key counts by itself; numbers in it make no other text
 *
 * A key is the event with its job and its texts. At most LOG_KEYS keys are kept; beyond them, an event is one key.
 */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_REPEAT_H
#define ECOSGATE_GATEWAY_LOG_LOG_REPEAT_H

#include "gateway/log/log_private.h"

enum { LOG_SOME = 10, LOG_SOME_SECONDS = 600, LOG_LASTING_SECONDS = 3600, LOG_KEYS = 4096 };

/* True: the line is to be written. Else it is counted. now: monotonic microseconds. */
bool log_repeat_allows(const struct log_event *event, const char *text, int64_t now);
/* Forgets the lines of the event's key. */
void log_repeat_over(const struct log_event *event);
/* Forgets all lines of ONCE and CHANGES. */
void log_repeat_over_all(void);
/* Calls tell with each key of SOME whose time is over, or with all of them, and with the newest of the n texts that
 * were left out; forgets the keys whose time is over, or all. */
void log_repeat_settle(int64_t now, bool all, void (*tell)(const struct log_event *event, const char *text, int64_t n));

#endif
