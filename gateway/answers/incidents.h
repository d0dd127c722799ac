/*
 * Incidents: what begins one, what ends it, and the INC files that tell service management of both (INCIDENTS.md).
 * The same cause on the same subject is one incident for as long as it lasts.
 *
 *   incidents_… within the transaction that found the cause → incidents_report, once a pass → delivery
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_INCIDENTS_H
#define ECOSGATE_GATEWAY_ANSWERS_INCIDENTS_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/judge.h"

/* "INC-000123", from its row's number; parsed with or without "INC-". */
enum { INCIDENT_ID_SIZE = 24 };
const char *incident_id(int64_t id, char text[INCIDENT_ID_SIZE]);
bool incident_id_parse(const char *text, int64_t *id);

/* What the catalogue says of its code; category is 'a' to 'd'. False: there is no such code. */
struct incident_kind {
    char category[2];
    const char *scope, *resolver;
};
bool incident_kind_of(const struct ledger_incident *incident, struct incident_kind *kind);

/* Codes of the parties whose drop it is, or who send that type, joined by ';'; NULL: none. g_free. */
char *incidents_parties_of(const struct config *config, const char *drop_or_type);

/* ---- within the transaction that found it ---- */

/* Category b: a file rejected whole. One that is accepted ends its own, and that of the file which it resubmits. */
bool incidents_open_file(struct gateway *gateway, const struct ledger_job *job, const struct verdict *verdict,
                         int64_t now, GError **error);

/* Category c: the lasting codes of a Device that the catalogue gives to a DCC incident. job: the instruction. */
struct incidents_device {
    uint64_t device;
    int64_t job, revision;
    const char *parties;
};
bool incidents_open_device(struct gateway *gateway, const struct incidents_device *of, const struct row *row,
                           int64_t now, GError **error);
/* It was accepted, or has migrated. */
bool incidents_clear_device(struct gateway *gateway, uint64_t device, int64_t now, GError **error);

/* ---- once a pass, in a transaction of its own ---- */

/* Plans an INC for all events that none tells yet; *told: there were some, and a party that gets them. */
bool incidents_report(struct gateway *gateway, bool *told, GError **error);

#endif
