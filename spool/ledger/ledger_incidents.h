/*
 * Incidents: what somebody outside the gateway has to act on (gateway/INCIDENTS.md), and which of their events were
 * reported to service management.
 *
 *   ledger_incident_open → … → ledger_incident_close… | ledger_incident_close_by_hand     each adds an event
 *   ledger_events_unreported → ledger_events_mark_reported                                an INC file reports them
 *
 * Each change is made in the transaction of what caused it. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_INCIDENTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_INCIDENTS_H

#include "spool/ledger/ledger.h"

/* One cause on one subject. There is at most one open incident with the same code and subject. */
struct ledger_incident {
    int64_t id;
    const char *code, *subject; /* "A102", and the drop's name */
    const char *parties;        /* who has to act: party codes joined by ';'; NULL: nobody in particular */
    int64_t job, revision;      /* the inbound file that it is about or came from; 0: none */
    bool has_device;
    uint64_t device;          /* the Device that it is about; only if has_device */
    int64_t opened, closed;   /* closed 0: it is open */
    const char *text;         /* what was found, or what was found since, if the cause has changed */
    const char *reason, *who; /* why and by whom it was closed by hand; NULL: not by hand */
    const char *file, *batch; /* name and BatchId of that file; read only, not stored */
    const char *opened_for;   /* the text at its opening, which an INC repeats whenever it is built; read only */
};

/* ---- opening and closing ---- */

/* Opens an incident (its code, subject, parties, job, revision, Device, opened and text). If one with this code and
 * subject is open, that one stays as it is. */
bool ledger_incident_open(struct ledger *ledger, const struct ledger_incident *incident, GError **error);
/* Gives an open incident a new text; a closed one stays as it is. That is no event. */
bool ledger_incident_change(struct ledger *ledger, int64_t id, const char *text, GError **error);
/* Closes the open incident with this code and subject, if there is one. */
bool ledger_incident_close(struct ledger *ledger, const char *code, const char *subject, int64_t at, GError **error);
/* Closes all open incidents of a Device. */
bool ledger_incident_close_device(struct ledger *ledger, uint64_t device, int64_t at, GError **error);
/* Closes the open incidents of all files that came under the name of this job's file through its drop, but not those
 * of their Devices. */
bool ledger_incident_close_file(struct ledger *ledger, int64_t job, int64_t at, GError **error);
/* Closes an incident for an operator: reads its id, closed, reason and who. One that is closed stays as it is. */
bool ledger_incident_close_by_hand(struct ledger *ledger, const struct ledger_incident *incident, GError **error);
/* Closes all open incidents of incident->device for an operator: reads closed, reason and who as well. */
bool ledger_incident_close_device_by_hand(struct ledger *ledger, const struct ledger_incident *incident,
                                          GError **error);

/* ---- asking ---- */

/* *row is NULL if there is no incident of that id; g_free it. */
bool ledger_incident_get(struct ledger *ledger, int64_t id, struct ledger_incident **row, GError **error);
/* The newest with this code and subject, open or closed. *row is NULL if there was none; g_free it. */
bool ledger_incident_newest(struct ledger *ledger, const char *code, const char *subject, struct ledger_incident **row,
                            GError **error);
/* *open: one with this code and subject is open. */
bool ledger_incident_is_open(struct ledger *ledger, const char *code, const char *subject, bool *open, GError **error);
/* *n: how many open incidents are about a Device, counted up to a limit (-1: no limit). */
bool ledger_device_incidents_count(struct ledger *ledger, int64_t limit, int64_t *n, GError **error);

typedef bool (*ledger_incident_visit)(void *user, const struct ledger_incident *incident, GError **error);
/* Visits the open incidents, or all of them, oldest first. */
bool ledger_incidents_each(struct ledger *ledger, bool all, ledger_incident_visit visit, void *user, GError **error);
/* Visits, oldest first, the open incidents and the newest `closed_limit` closed ones; none that is about a Device. */
bool ledger_incidents_recent(struct ledger *ledger, int64_t closed_limit, ledger_incident_visit visit, void *user,
                             GError **error);
/* Visits the open incidents with a code, oldest first. */
bool ledger_incidents_with_code(struct ledger *ledger, const char *code, ledger_incident_visit visit, void *user,
                                GError **error);
/* *subjects: those of the open incidents with a code (char *), oldest first. */
bool ledger_incident_subjects(struct ledger *ledger, const char *code, GPtrArray **subjects, GError **error);
/* *devices: those of the open incidents with a code that are about a Device (uint64_t), oldest first. */
bool ledger_incident_devices(struct ledger *ledger, const char *code, GArray **devices, GError **error);
/* Visits the open incidents of a Device, oldest first. */
bool ledger_incidents_of_device(struct ledger *ledger, uint64_t device, ledger_incident_visit visit, void *user,
                                GError **error);

/* ---- events ---- */

/* An incident was opened or closed. Written once, never changed. */
struct ledger_event {
    int64_t id;          /* 1, 2, 3 … without gaps, in the order in which they happened */
    bool closed;         /* false: opened */
    int64_t reported_by; /* the job of the INC file that reports it; 0: not yet reported */
};
typedef bool (*ledger_event_visit)(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                                   GError **error);
/* *first: the id of the first event that no INC file reports; *n: how many there are from it on. */
bool ledger_events_unreported(struct ledger *ledger, int64_t *first, int64_t *n, GError **error);
/* *id: that of the newest event; 0: there is none. */
bool ledger_events_newest(struct ledger *ledger, int64_t *id, GError **error);
/* Visits the events after that id, in their order. */
bool ledger_events_after(struct ledger *ledger, int64_t id, ledger_event_visit visit, void *user, GError **error);
/* The INC file of this job reports n events from the id `first` on. */
bool ledger_events_mark_reported(struct ledger *ledger, int64_t job, int64_t first, int64_t n, GError **error);
/* Visits the events that the INC file of a job reports, in their order. */
bool ledger_events_reported_by(struct ledger *ledger, int64_t job, ledger_event_visit visit, void *user,
                               GError **error);
/* Visits the events of one incident, in their order. */
bool ledger_events_of(struct ledger *ledger, int64_t incident, ledger_event_visit visit, void *user, GError **error);

#endif
