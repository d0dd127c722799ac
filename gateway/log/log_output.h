/*
 * Standard error as the log uses it: a write never holds the gateway up, and never ends it.
 *
 * Whoever reads a pipe or a socket may stop reading. The first line that finds no room waits for a second, the ones
 * after it not at all, until there is room again. O_NONBLOCK would do that, too, but every process that shares the
 * descriptor would have it.
 */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_OUTPUT_H
#define ECOSGATE_GATEWAY_LOG_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a line of at most LOG_LINE_MAX bytes with its end. False, with *errnum set: it is lost. */
bool log_output_line(const char *line, int *errnum);
/* Writes a text of any length, and waits as long as it takes: a command's message. */
void log_output_text(const char *text);
/* As log_output_line, without a wait; for signal handlers. */
void log_output_at_once(const char *line, size_t len);

#endif
