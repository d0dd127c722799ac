/*
 * Incidents: what somebody outside has to act on (gateway/INCIDENTS.md), and what of it service management was told.
 *
 *   ledger_incident_open → … → ledger_incident_close_by_hand… | ledger_incident_close_by_hand          each is an event
 *   ledger_events_unreported → ledger_events_mark_reported                      an INC tells them
 *
 * Written in the transaction that finds it. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_INCIDENTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_INCIDENTS_H

#include "spool/ledger/ledger.h"

/* One cause on one subject; while it lasts there is no second one with the same code and subject. */
struct ledger_incident {
    int64_t id;
    const char *code, *subject; /* "A102", the drop */
    const char *parties;        /* their codes joined by ';'; NULL: nobody in particular */
    int64_t job, revision;      /* the inbound file that it is about, or came from; 0: none */
    bool has_device;
    uint64_t device;
    int64_t opened, closed;   /* closed 0: it lasts */
    const char *text;         /* what was found */
    const char *reason, *who; /* closed by hand; NULL where it ended by itself */
    const char *file, *batch; /* of job and revision; given out only */
};

/* One that lasts already stays as it is. What begins or ends is an event, to be told once. */
bool ledger_incident_open(struct ledger *ledger, const struct ledger_incident *incident, GError **error);
bool ledger_incident_close(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error);
/* All that last of a Device; of the file itself that a sender's (escaped) name is or was. */
bool ledger_incident_close_device(struct ledger *ledger, uint64_t device, int64_t at, GError **error);
bool ledger_incident_close_file(struct ledger *ledger, const char *sender, const char *name, int64_t at,
                                GError **error);
/* By hand; one that does not last stays as it is. */
bool ledger_incident_close_by_hand(struct ledger *ledger, const struct ledger_incident *incident, GError **error);

/* *row is NULL when there is none; g_free it. The second: the newest with that code and subject, over or not. */
bool ledger_incident_get(struct ledger *ledger, int64_t id, struct ledger_incident **row, GError **error);
bool ledger_incident_newest(struct ledger *ledger, const char *code, const char *subject, struct ledger_incident **row,
                            GError **error);
bool ledger_incident_is_open(struct ledger *ledger, const char *code, const char *subject, bool *open, GError **error);
/* How many last that are about a Device, counted up to a limit; -1: all. */
bool ledger_device_incidents_count(struct ledger *ledger, int64_t limit, int64_t *n, GError **error);

typedef bool (*ledger_incident_visit)(void *user, const struct ledger_incident *incident, GError **error);
/* All that last, or all, oldest first. */
bool ledger_incidents_each(struct ledger *ledger, bool all, ledger_incident_visit visit, void *user, GError **error);
/* The same without those of Devices: all that last and the newest cleared ones. */
bool ledger_incidents_recent(struct ledger *ledger, int64_t closed_limit, ledger_incident_visit visit, void *user,
                             GError **error);
/* Those with a code, and those of a Device, that last. */
bool ledger_incidents_with_code(struct ledger *ledger, const char *code, ledger_incident_visit visit, void *user,
                                GError **error);
bool ledger_incidents_of_device(struct ledger *ledger, uint64_t device, ledger_incident_visit visit, void *user,
                                GError **error);

/* An incident began or ended: written once, never changed. */
struct ledger_event {
    int64_t id;          /* 1, 2, 3 … in the order in which it happened */
    bool closed;         /* it was closed; else opened */
    int64_t reported_by; /* the job of the INC that tells it; 0: none yet */
};
typedef bool (*ledger_event_visit)(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                                   GError **error);
/* The first event that no INC tells, and how many there are from it on. */
bool ledger_events_unreported(struct ledger *ledger, int64_t *first, int64_t *n, GError **error);
/* That job tells these. */
bool ledger_events_mark_reported(struct ledger *ledger, int64_t job, int64_t first, int64_t n, GError **error);
/* Those that a job tells, in order; those of an incident. */
bool ledger_events_reported_by(struct ledger *ledger, int64_t job, ledger_event_visit visit, void *user,
                               GError **error);
bool ledger_events_of(struct ledger *ledger, int64_t incident, ledger_event_visit visit, void *user, GError **error);

#endif
