/*
 * What the commands `incident list`, `incident show` and `incident close` share: how an incident is shown and chosen.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_INCIDENT_H
#define ECOSGATE_GATEWAY_COMMANDS_INCIDENT_H

#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_incidents.h"

/* The members that `incident list` prints. A new reference. */
json_t *incident_row(const struct ledger_incident *incident);

/* An incident's ID from the command line, with or without "INC-". False: it is none, and a message has been printed. */
bool incident_parse(const char *text, int64_t *id);

/* Which incidents are chosen; NULL or 0 where nothing is said. */
struct incident_filter {
    char *code, *drop;    /* the options' texts, */
    char *category, *age; /* and of --older-than; incident_filter_clear frees all four */
    int64_t begun_until;  /* by --older-than: begun at that time or earlier */
};
/* The options of a filter, to be copied into a command's own: 4 of GOptionEntry, without an empty one at the end. */
enum { INCIDENT_FILTER_OPTIONS = 4 };
/* Writes these options to entries, an array of at least as many. */
void incident_filter_options(struct incident_filter *filter, void *entries);
/* Reads the texts. False: one is wrong, and a message has been printed that begins with the command. */
bool incident_filter_read(struct incident_filter *filter, const char *command);
/* Asks the home for the drop. False: it knows none of that name, or the ledger's error. */
bool incident_filter_find(struct read_access *access, const struct incident_filter *filter, const char *command,
                          GError **error);
/* Whether anything is asked. */
bool incident_filter_asks(const struct incident_filter *filter);
/* Frees the texts. */
void incident_filter_clear(struct incident_filter *filter);
/* *fits: the incident is chosen. False: the ledger's error. */
bool incident_fits(struct ledger *ledger, const struct incident_filter *filter, const struct ledger_incident *incident,
                   bool *fits, GError **error);

/* Prints that there is no such incident. Returns EXIT_REFUSED. */
int incident_none(int64_t id);

#endif
