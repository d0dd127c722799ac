/*
 * Work items with their sessions: the present state of one, and walks over many. How a session changes:
 * ledger_sessions.h. What happened within a period: ledger_progress.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_WORK_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_WORK_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"

struct ledger_inventory;

/* An end of a session. */
struct ledger_end {
    enum ledger_state state;
    int64_t ended;         /* when it was recorded; 0: there is no such end */
    const char *code;      /* why it ended so; NULL: none */
    int64_t next_eligible; /* as in the session */
    int64_t tries;         /* that were attempted */
};

/* A work item with its present state. */
struct ledger_work {
    struct ledger_item item;
    const char *org, *batch;     /* of the instruction */
    const char *name;            /* of the instruction's file, escaped */
    int64_t revision, judged_at; /* of the instruction's verdict */
    bool withheld;               /* not ordered before an operator releases it (ledger_recovery.h) */
    bool overruled;              /* an operator has released the Device since its last transition (ledger_resolved.h) */
    bool held;                   /* an operator holds it, or its batch (ledger_holds.h) */
    bool withdrawn;              /* an operator has withdrawn it while its try was ordered (ledger_holds.h) */
    bool reported;               /* an outcome file (EMO) of the instruction is planned */
    struct ledger_end corrected; /* the end that a late success has corrected; the session has the one that holds */
    bool has_session;            /* false: all members of `session` are 0 */
    struct ledger_session session;
};

/* The work item's end in that state, also if a later one has corrected it; NULL: it did not end so. *end is room for
 * the result, which holds as long as both. */
const struct ledger_end *ledger_work_end_in(const struct ledger_work *work, enum ledger_state state,
                                            struct ledger_end *end);

/* What the work items of a Device say of its migration. Begin with zeros. */
struct ledger_past {
    bool live;               /* one of them has not ended */
    enum ledger_state state; /* of that one */
    int64_t migrated_at;     /* seconds UTC; 0: not migrated by this gateway */
    int64_t failed;          /* failed sessions */
    bool begun;              /* a session began: the Device held TCoS credentials then */
};

/* Adds the next work item of the Device. */
void ledger_past_add(struct ledger_past *past, const struct ledger_work *work);

/* ---- one work item ---- */

/* The three parts of a WorkItemId, <org>.<BatchId>.<RecordNumber>. */
struct ledger_work_item_id {
    const char *org, *batch;
    int64_t record;
};
/* The work item with that WorkItemId. *work is NULL if no accepted instruction has it; g_free it. For the sake of
 * result files, which ask this for each record, most texts are left out. Set are: of the item its numbers, Device,
 * outcome and end; revision, judged_at, withheld, overruled, withdrawn, reported; the session. */
bool ledger_work_by_id(struct ledger *ledger, const struct ledger_work_item_id *id, struct ledger_work **work,
                       GError **error);
/* The work item with that number. *work is NULL if there is none; g_free it. */
bool ledger_work_get(struct ledger *ledger, int64_t item, struct ledger_work **work, GError **error);
/* The work item that a question about a Device means: the live one, else the newest that has migrated and that no
 * operator has overruled, else the newest. *work is NULL if no instruction names the Device; g_free it. */
bool ledger_work_of_device(struct ledger *ledger, uint64_t device, struct ledger_work **work, GError **error);
/* *code: the newest code of a Device: of the review of an instruction, or of a transition, also of one that came after
 * the work had ended. NULL: there is none; g_free it. */
bool ledger_work_newest_code(struct ledger *ledger, uint64_t device, char **code, GError **error);
/* device: what the inventory says of the item's Device; NULL: it is not there. */
typedef bool (*ledger_work_inventory_visit)(void *user, const struct ledger_work *work,
                                            const struct ledger_inventory *device, GError **error);
/* Visits the work item with that number, if there is one. */
bool ledger_work_with_inventory(struct ledger *ledger, int64_t item, ledger_work_inventory_visit visit, void *user,
                                GError **error);

/* *items (int64_t): the work items of the Device beside that one which are live, or have ended and wait for a side. */
bool ledger_work_open_beside(struct ledger *ledger, uint64_t device, int64_t item, GArray *items, GError **error);

/* *items (int64_t): the live work items of an instruction, of which these are the first one and how many, in order. */
bool ledger_work_live(struct ledger *ledger, int64_t first_item, int64_t n, GArray *items, GError **error);

/* *n: how many work items of an instruction have ended by an operator's order, which nothing has happened to since. of:
 * its first_item and items. */
bool ledger_ended_by_order(struct ledger *ledger, const struct ledger_verdict *of, const char *order_id, int64_t *n,
                           GError **error);

/* ---- many work items ---- */

typedef bool (*ledger_work_visit)(void *user, const struct ledger_work *work, GError **error);
/* Visits all work items of a Device, oldest first. */
bool ledger_work_of_device_each(struct ledger *ledger, uint64_t device, ledger_work_visit visit, void *user,
                                GError **error);
/* Visits the work items that the outcome file (EMO) of that job shows, in the order of the instruction: state, try,
 * unused, code, next_eligible and ended of each session are what they were when the file was planned
 * (ledger_outcome_mark_planned). For the sake of large files nothing else of a session is set. Set are beside it: of
 * the item its numbers but `job`, Device, outcome, code, next_eligible and kept; org, batch, judged_at; state and ended
 * of `corrected`. */
bool ledger_work_of_outcome_each(struct ledger *ledger, int64_t job, ledger_work_visit visit, void *user,
                                 GError **error);
/* Work items in a state, at most `limit`; limit 0: all. */
struct ledger_in_state {
    enum ledger_state state;
    int64_t limit;
    bool withheld; /* live ones that are withheld (ledger_recovery.h), whatever their state */
};
/* Visits them by due time and number. Walks all items, or those that are withheld. */
bool ledger_work_in_state_each(struct ledger *ledger, const struct ledger_in_state *which, ledger_work_visit visit,
                               void *user, GError **error);
typedef bool (*ledger_work_order_visit)(void *user, const struct ledger_work *work,
                                        const struct ledger_transition *transition, GError **error);
/* Visits the work items of a work order in the order of its records, each with the transition that put it there. Those
 * that were withdrawn from it (LEDGER_WITHDRAWN) are not on it. */
bool ledger_work_order_each(struct ledger *ledger, int64_t job, ledger_work_order_visit visit, void *user,
                            GError **error);

/* jobs: int64_t, the work orders that the TCoS side cannot have: not delivered, and no rename of the file was sent. Of
 * all others nobody can be sure; nor of one that is delivered again. */
bool ledger_orders_undelivered(struct ledger *ledger, GArray *jobs, GError **error);
/* A Device was withdrawn from such a work order: its file has one record less and is PLANNED anew. */
bool ledger_order_shorten(struct ledger *ledger, int64_t job, GError **error);

#endif
