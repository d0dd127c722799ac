/*
 * Sessions and their transitions: what happened to a work item after its review (gateway/DEVICES.md, History). A
 * session is the present state of an item. Its transitions are how it came there: written once, never changed.
 *
 *   ledger_work_get | ledger_work_by_id → the next state (validators/retry.h) → ledger_session_put
 *
 * A session starts with its first transition. Which sessions are due: ledger_due.h. The rules of all subjects:
 * ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"

struct ledger_inventory;
struct ledger_verdict;

/* What a side says in a transition's file: the TCoS side about the replacement, the ECoS side about its confirmation.
 * It counts until the same side says something else. The numbers are stored. */
enum ledger_statement {
    LEDGER_NO_STATEMENT,
    LEDGER_REPLACED,
    LEDGER_NOT_REPLACED,
    LEDGER_CONFIRMED,
    LEDGER_NOT_CONFIRMED,
    LEDGER_ENDED_BY_ORDER /* of neither side: an operator has ended the session */
};

/* The newest statement of one side. It is stored in its transition only. */
struct ledger_side {
    int64_t at;                      /* when it came; 0: this side has made none */
    bool good;                       /* REPLACED or CONFIRMED; the next four are set only then */
    const char *subject_id, *key_id; /* the identifiers in it */
    const char *existing_id;         /* TCoS side only: the SubjectId that was there before; NULL: it did not say */
    int64_t try;                     /* the try that it is about; 0: it names none */
    int64_t transition;              /* the ledger's own: give it back as it was read */
};

/* The present state of a work item that has a session. */
struct ledger_session {
    enum ledger_state state;
    int64_t transitions;           /* how many led here */
    int64_t last;                  /* the newest of them; the ledger's own: give it back as it was read */
    int64_t try;                   /* number of the newest try that was ordered, from 1; 0: none yet */
    bool answered;                 /* a result other than SUCCESS came for that try */
    bool unused;                   /* and that result says that the try was not attempted */
    int64_t delays;                /* how many of the waits between tries are used up */
    int64_t begun;                 /* the first try; 0: none yet */
    int64_t ends;                  /* the end of the session's time: no try starts later */
    int64_t due;                   /* when it goes on without a file; 0: never */
    const char *code;              /* why it waits, disagrees or failed; NULL: it does not */
    int64_t next_eligible;         /* from when a new instruction can succeed; 0: not known */
    int64_t ended;                 /* 0: not yet */
    struct ledger_side tcos, ecos; /* the newest statement of each side */
};

/* One change of a session. */
struct ledger_transition {
    int64_t n; /* 1, 2, 3 … within the session */
    int64_t at;
    enum ledger_state state; /* from then on */
    int64_t try;
    int64_t job, record;                                   /* the file's record that caused it; 0, 0: the time did.
                                                              DISPATCHED: the work order and its record */
    const char *code;                                      /* as in the session afterwards */
    int64_t due;                                           /* as in the session afterwards */
    const char *gbcs, *duis, *alert, *subject_id, *key_id; /* as the record says; NULL: it does not */
    const char *existing_id;                               /* of a SUCCESS: the SubjectId that was there before */
    int64_t said_at;                                       /* the time in the record; 0: it has none */
    enum ledger_statement statement;
    uint64_t hub; /* DISPATCHED: the inventory's hub of the Device at that time, which the work order names; 0: the
                     inventory had none. Set by the ledger; read only */
};

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
    bool reported;               /* an outcome file (EMO) of the instruction is planned */
    struct ledger_end corrected; /* the end that a late success has corrected; the session has the one that holds */
    bool has_session;            /* false: all members of `session` are 0 */
    struct ledger_session session;
};

/* ---- one work item ---- */

/* The three parts of a WorkItemId, <org>.<BatchId>.<RecordNumber>. */
struct ledger_work_item_id {
    const char *org, *batch;
    int64_t record;
};
/* The work item with that WorkItemId. *work is NULL if no accepted instruction has it; g_free it. For the sake of
 * result files, which ask this for each record, most texts are left out. Set are: of the item its numbers, Device,
 * outcome and end; revision, judged_at, reported; the session. */
bool ledger_work_by_id(struct ledger *ledger, const struct ledger_work_item_id *id, struct ledger_work **work,
                       GError **error);
/* The work item with that number. *work is NULL if there is none; g_free it. */
bool ledger_work_get(struct ledger *ledger, int64_t item, struct ledger_work **work, GError **error);
/* device: what the inventory says of the item's Device; NULL: it is not there. */
typedef bool (*ledger_work_inventory_visit)(void *user, const struct ledger_work *work,
                                            const struct ledger_inventory *device, GError **error);
/* Visits the work item with that number, if there is one. */
bool ledger_work_with_inventory(struct ledger *ledger, int64_t item, ledger_work_inventory_visit visit, void *user,
                                GError **error);

/* ---- many work items ---- */

typedef bool (*ledger_work_visit)(void *user, const struct ledger_work *work, GError **error);
/* Visits all work items of a Device, oldest first. */
bool ledger_work_of_device_each(struct ledger *ledger, uint64_t device, ledger_work_visit visit, void *user,
                                GError **error);
/* Visits the work items that the outcome file (EMO) of that job shows, in the order of the instruction: state, try,
 * unused, code, next_eligible and ended of each session are what they were when the file was planned
 * (ledger_outcome_mark_planned). */
bool ledger_work_of_outcome_each(struct ledger *ledger, int64_t job, ledger_work_visit visit, void *user,
                                 GError **error);
/* Work items in a state, at most `limit`; limit 0: all. */
struct ledger_in_state {
    enum ledger_state state;
    int64_t limit;
    bool withheld; /* live ones that are withheld (ledger_recovery.h), whatever their state */
};
/* Visits them by due time and number. Walks all items. */
bool ledger_work_in_state_each(struct ledger *ledger, const struct ledger_in_state *which, ledger_work_visit visit,
                               void *user, GError **error);
/* Visits each present state by number, with its name and how many work items have it. Walks all items. */
bool ledger_state_counts_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);
typedef bool (*ledger_work_order_visit)(void *user, const struct ledger_work *work,
                                        const struct ledger_transition *transition, GError **error);
/* Visits the work items of a work order in the order of its records, each with the transition that put it there. */
bool ledger_work_order_each(struct ledger *ledger, int64_t job, ledger_work_order_visit visit, void *user,
                            GError **error);

/* ---- a change ---- */

/* Stores the next state of a work item and the transition that leads to it. `work` is the item as it was read before;
 * transition->n and session->transitions are one more than work->session.transitions. A session that ends is counted
 * in its verdict, and its Device may be instructed again. An end may become another one, once: the first is kept. If an
 * outcome file shows the state that changes, that one is kept too, and a further file falls due when all have ended or
 * an end was corrected. SPOOL_ERROR_EXISTS if the item has changed since it was read. */
bool ledger_session_put(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *session,
                        const struct ledger_transition *transition, GError **error);
/* The newest transition of the item is the end that an operator's order has given it. What the sides stated before says
 * no longer that the credentials were replaced, if that end is FAILED (ledger_earlier_work). */
bool ledger_session_ended_by(struct ledger *ledger, int64_t item, const char *order_id, GError **error);
/* *order_id: of the operator's order that ended the item; NULL: none did; g_free it. */
bool ledger_session_end_order(struct ledger *ledger, int64_t item, char **order_id, GError **error);
typedef bool (*ledger_transition_visit)(void *user, const struct ledger_transition *transition, GError **error);
/* Visits the transitions of a work item, oldest first. */
bool ledger_transitions_each(struct ledger *ledger, int64_t item, ledger_transition_visit visit, void *user,
                             GError **error);

/* ---- for reports ---- */

/* The work item's end in that state, also if a later one has corrected it; NULL: it did not end so. *end is room for
 * the result, which holds as long as both. */
const struct ledger_end *ledger_work_end_in(const struct ledger_work *work, enum ledger_state state,
                                            struct ledger_end *end);

/* Sessions that ended in a state within an interval. An end that was corrected later stays one: a session that failed
 * in one week and turned out to have succeeded in the next failed in the first and migrated in the second. */
struct ledger_ended {
    enum ledger_state state;
    struct ledger_interval when;
};
/* code: why it ended so; NULL: none. */
typedef bool (*ledger_ended_visit)(void *user, int64_t item, uint64_t device, const char *code, GError **error);
/* Visits them by their end and number. */
bool ledger_ended_sessions_each(struct ledger *ledger, const struct ledger_ended *which, ledger_ended_visit visit,
                                void *user, GError **error);
/* *n: how many there are. */
bool ledger_ended_sessions_count(struct ledger *ledger, const struct ledger_ended *which, int64_t *n, GError **error);

/* outcome: of the review. */
typedef bool (*ledger_review_visit)(void *user, uint64_t device, enum ledger_state outcome, GError **error);
/* Visits the work items of instructions judged within an interval, in no order. */
bool ledger_reviews_each(struct ledger *ledger, const struct ledger_interval *judged, ledger_review_visit visit,
                         void *user, GError **error);
/* Visits the work items that were accepted before `at` and whose session had not ended then, in no order. */
bool ledger_unfinished_each(struct ledger *ledger, int64_t at, ledger_review_visit visit, void *user, GError **error);

#endif
