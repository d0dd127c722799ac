/*
 * The form of a line of the log. Whatever bytes a text from outside has, the result is one line of valid UTF-8: control
 * characters, characters that end a line or turn its direction, and bytes that are not UTF-8 become \xHH.
 *
 * A line has at most LOG_LINE_MAX bytes, so that a pipe takes it whole or not at all (PIPE_BUF); longer texts are cut
 * and end with an ellipsis.
 */
#ifndef ECOSGATE_GATEWAY_LOG_LOG_FORM_H
#define ECOSGATE_GATEWAY_LOG_LOG_FORM_H

#include "gateway/log/log.h"

enum { LOG_LINE_MAX = 4096 };

/* The whole line with its line end. In the form PLAIN the text is left as it is: it may have several lines. g_free. */
char *log_form_line(enum log_format form, const struct log_event *event, const char *text);

/* The form that a setting means now: AUTO and JSON have another one for the journal. */
enum log_format log_form_of(enum log_format format);

#endif
