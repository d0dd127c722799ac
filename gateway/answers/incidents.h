/*
 * Incidents: what opens one, what closes it, and the INC files that report both to service management (INCIDENTS.md).
 * The same cause on the same subject is one incident while it is open.
 *
 *   incidents_… in the transaction that found the cause → incidents_report, once a pass → delivery
 *
 * All functions that can fail return false with *error set: an error of the ledger, whose transaction is to be rolled
 * back then. Times are seconds UTC.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_INCIDENTS_H
#define ECOSGATE_GATEWAY_ANSWERS_INCIDENTS_H

#include "gateway/answers/incident_id.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/judge.h"

/* The codes of the parties that have that drop, or may send that type, joined by ';'. NULL: there is none. g_free. */
char *incidents_parties_of(const struct config *config, const char *drop_or_type);

/* ---- a cause that may change while the incident is open ---- */

/* Whether two texts state the same cause: they are equal but for numbers (attempts, bytes, ports, times). */
bool incidents_same_cause(const char *a, const char *b);

/* What incidents_state did, for a message that comes once for each. */
enum incidents_news { INCIDENT_AS_BEFORE, INCIDENT_OPENED, INCIDENT_CHANGED };
/* States what is wrong now, as often as it is seen, in a transaction of the caller. Opens the incident; if one with
 * this code and subject is open and its text states another cause, gives that one the new text. It has one opening and
 * one closing however often its cause changes; an INC gives the text of the opening. */
bool incidents_state(struct gateway *gateway, const struct ledger_incident *incident, enum incidents_news *news,
                     GError **error);

/* ---- in the transaction that found the cause ---- */

/* Category b. A file that was rejected whole opens an incident. An accepted file closes its own, and that of the file
 * which its ResubmissionOf names. now: the time of the verdict. */
bool incidents_follow_verdict(struct gateway *gateway, const struct ledger_job *job, const struct verdict *verdict,
                              int64_t now, GError **error);

/* What the incidents of a Device have in common. */
struct incidents_device {
    uint64_t device;
    int64_t job, revision; /* of the instruction that names the Device */
    const char *parties;   /* codes joined by ';'; NULL: nobody in particular */
};
/* Category c. Opens an incident for each permanent code of a Device's review (row) that the catalogue gives to a DCC
 * incident. */
bool incidents_open_device(struct gateway *gateway, const struct incidents_device *of, const struct row *row,
                           int64_t now, GError **error);
/* Closes all incidents of a Device: an instruction for it was accepted, or it has migrated. */
bool incidents_close_device(struct gateway *gateway, uint64_t device, int64_t now, GError **error);

/* ---- once a pass, in a transaction of its own ---- */

/* Plans one INC for all events that no INC reports yet. *planned: there is one now. False is no event at all, or no
 * configured party to report to; the latter is said once a run. */
bool incidents_report(struct gateway *gateway, bool *planned, GError **error);

#endif
