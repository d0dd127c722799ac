/*
 * Options that choose from a list, where several commands have them.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_SELECTION_H
#define ECOSGATE_GATEWAY_COMMANDS_SELECTION_H

#include "spool/ledger/ledger_estate.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads a time such as 2023-07-03T06:00:00Z, or a day, which begins at 00:00 UTC. *at: seconds UTC; unchanged if text
 * is NULL. False: it is none, and a message has been printed that begins with the command and names the option. */
bool selection_time(const char *command, const char *option, const char *text, int64_t *at);

/* Reads an age such as 30m, 12h or 2d. *seconds is unchanged if text is NULL. False: as above. */
bool selection_age(const char *command, const char *option, const char *text, int64_t *seconds);

/* False: a limit below 0, and a message has been printed. */
bool selection_limit(const char *command, int limit);

/* *id: the EUI-64 of the party with that role ("SUPPLIER", "MAP") and MPID in the newest PTY; unchanged if there is
 * none. False: the ledger's error. */
bool selection_party(struct ledger *ledger, const char *role, const char *mpid, uint64_t *id, GError **error);

#endif
