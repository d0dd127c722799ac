/*
 * The condition of the gateway on one screen: what `status` prints for people. At most 100 columns, and at most 24
 * lines while nothing is wrong. Cut texts end with "…"; `status --all` has them in full.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_STATUS_TEXT_H
#define ECOSGATE_GATEWAY_COMMANDS_STATUS_TEXT_H

#include "gateway/condition/condition.h"

/* Appends it to out. all: every alarm and every drop has a line, and alarms are told in full, on lines of any length.
 */
void status_text(const struct gateway *gateway, const struct condition *condition, bool all, GString *out);

#endif
