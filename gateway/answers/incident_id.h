/*
 * How an incident is named, and what the catalogue says of its code. Apart from incidents.h, which opens and closes
 * incidents, so that commands which change nothing need not include it.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_INCIDENT_ID_H
#define ECOSGATE_GATEWAY_ANSWERS_INCIDENT_ID_H

#include "spool/ledger/ledger_incidents.h"

enum { INCIDENT_ID_SIZE = 24 };
/* "INC-000123", from the number of the incident's row, in text, which is returned. */
const char *incident_id(int64_t id, char text[INCIDENT_ID_SIZE]);
/* The number of "INC-000123" or "123". False: text is neither. */
bool incident_id_parse(const char *text, int64_t *id);

/* What the catalogue says of an incident's code. */
struct incident_kind {
    char category[2];  /* "a" to "d" */
    const char *scope; /* "FILE" … */
    const char *resolver;
};
/* Fills *kind. False: the catalogue has no such code. */
bool incident_kind_of(const struct ledger_incident *incident, struct incident_kind *kind);

#endif
