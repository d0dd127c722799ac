/*
 * Parts owed: every file that leaves the gateway, from its planning to its delivery (gateway/NOTES.md, Delivery).
 *
 *   ledger_outgoing_plan → ledger_outgoing_update: STORED → STAGED → DELIVERED
 *
 * Planned in the transaction that causes it; name, sender and environment are those of then, so that it can be built
 * again from the ledger. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_OUTGOING_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_OUTGOING_H

#include "spool/ledger/ledger.h"

enum ledger_outgoing_state { LEDGER_PLANNED, LEDGER_STORED, LEDGER_STAGED, LEDGER_DELIVERED };

struct ledger_outgoing {
    int64_t id;
    int64_t job, revision;
    int64_t about;    /* the instruction whose outcome it tells, with revision; 0: job itself */
    const char *kind; /* "EMA", "EMD", "EMW", "EMO" */
    const char *name; /* of the file in the drop and of the part in the job's directory; unique */
    const char *form;
    const char *drop, *recipient;
    const char *folder;               /* below the drop's `out`; NULL: right there */
    const char *sender, *environment; /* the gateway's own, as they were at the planning */
    int64_t sequence, created;
    int64_t rows; /* D rows (EMA: F and E rows), -1: not known yet */
    enum ledger_outgoing_state state;
    int64_t size; /* -1 until STORED */
    const char *sha256;
    int64_t delivered_at;
};

/* "PLANNED" … */
const char *ledger_outgoing_state_name(enum ledger_outgoing_state state);
/* A new part; id and state are set by the ledger (PLANNED), id is given out when not NULL. */
bool ledger_outgoing_plan(struct ledger *ledger, const struct ledger_outgoing *part, int64_t *id, GError **error);
bool ledger_outgoing_get(struct ledger *ledger, int64_t id, struct ledger_outgoing **part, GError **error);
/* The part of that name; *part is NULL when there is none. */
bool ledger_outgoing_named(struct ledger *ledger, const char *name, struct ledger_outgoing **part, GError **error);
/* A DELIVERED one is STORED again, to be delivered once more. */
bool ledger_outgoing_deliver_again(struct ledger *ledger, int64_t id, GError **error);
/* struct ledger_outgoing, in the order of planning; job 0: of all jobs. */
bool ledger_outgoing_files_of(struct ledger *ledger, int64_t job, GPtrArray **parts, GError **error);
/* Those that are still PLANNED, in the order of planning. */
bool ledger_outgoing_files_planned(struct ledger *ledger, GPtrArray **parts, GError **error);
/* The first `limit` that are STORED or STAGED for a drop, in the order of planning. */
bool ledger_outgoing_files_deliverable(struct ledger *ledger, const char *drop, int64_t limit, GPtrArray **parts,
                                       GError **error);
/* How many of a job are not DELIVERED. */
bool ledger_outgoing_files_undelivered(struct ledger *ledger, int64_t job, int64_t *n, GError **error);
/* Drops that are owed something, and how much; by name. */
bool ledger_undelivered_by_drop_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);
/* Writes state, rows, size, sha256 and delivered_at of part->id. States go forward by one, or stay
 * (SPOOL_ERROR_BUG); STAGED may go back to STORED. */
bool ledger_outgoing_update(struct ledger *ledger, const struct ledger_outgoing *part, GError **error);

#endif
