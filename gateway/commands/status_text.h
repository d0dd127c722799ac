/*
 * The condition of the gateway on one screen: what `status` prints for people. At most 100 columns, or as many as the
 * terminal has, and at most 24 lines while nothing is wrong. Cut texts end with "…"; `status --all` has them in full.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_STATUS_TEXT_H
#define ECOSGATE_GATEWAY_COMMANDS_STATUS_TEXT_H

#include "gateway/condition/condition.h"

enum { STATUS_COLUMNS = 100 /* at most, on a terminal of any width */ };

struct status_screen {
    GString *out;  /* what the text is appended to */
    glong columns; /* of its lines: 40 to STATUS_COLUMNS */
    bool all;      /* every alarm and every drop has a line, and alarms are told in full, on lines of any length */
};
/* Appends the text to the screen. */
void status_text(const struct gateway *gateway, const struct condition *condition, const struct status_screen *screen);

#endif
