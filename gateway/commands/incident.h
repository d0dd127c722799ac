/*
 * What the commands `incident list`, `incident show` and `incident close` share.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_INCIDENT_H
#define ECOSGATE_GATEWAY_COMMANDS_INCIDENT_H

#include "gateway/commands/command.h"
#include "spool/ledger/ledger_incidents.h"

/* The members that `incident list` prints. A new reference. */
json_t *incident_row(const struct ledger_incident *incident);

/* An incident's ID from the command line, with or without "INC-". False: it is none, and a message has been printed. */
bool incident_parse(const char *text, int64_t *id);

/* Prints that there is no such incident. Returns EXIT_REFUSED. */
int incident_none(int64_t id);

#endif
