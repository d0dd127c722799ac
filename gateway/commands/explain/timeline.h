/*
 * The tries of a Device's session as bars on one scale of time, for people at a terminal.
 *
 *     1 ━━━━━━━✗                                D101   2 min
 *     2                  ━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄✓        12 min
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_TIMELINE_H
#define ECOSGATE_GATEWAY_COMMANDS_EXPLAIN_TIMELINE_H

#include <jansson.h>

/* Prints the tries of one work item, as wide as the terminal; nothing where standard output is no terminal, or no try
 * was ordered. history: the rows of `device show`, of which those with the text work_item count. In colour unless the
 * environment says otherwise (NO_COLOR, or TERM=dumb). */
void timeline_print(const json_t *history, const char *work_item);

#endif
