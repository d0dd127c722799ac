/*
 * SIGTERM and SIGINT for commands that copy much: the command ends at its next safe point and removes what it has
 * begun.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_INTERRUPTION_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_INTERRUPTION_H

#include <stdbool.h>

/* Catches both signals from now on. The result becomes true with the first of them. */
const volatile bool *interruption_catch(void);

#endif
