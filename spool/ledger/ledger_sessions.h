/*
 * Sessions and their transitions: what became of a work item after its split (gateway/DEVICES.md, History). A session
 * is what is so now, its transitions are how it came there: each written once, both in one call.
 *
 *   ledger_work_get | ledger_work_by_id → what it means (validators/retry.h) → ledger_session_put
 *
 * A session begins with the first transition that is put. Which of them are due: ledger_due.h. The rules of all
 * subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"

struct ledger_inventory;
struct ledger_verdict;

/* What a transition's file said that counts from then on, until that side says otherwise. */
enum ledger_statement {
    LEDGER_NO_STATEMENT,
    LEDGER_REPLACED,
    LEDGER_NOT_REPLACED,
    LEDGER_CONFIRMED,
    LEDGER_NOT_CONFIRMED
};

/* What one side has said last; at 0: nothing that counts. It stands in the transition that it led to. */
struct ledger_side {
    int64_t at;
    bool good; /* replaced, confirmed; what follows stands only then */
    const char *subject_id, *key_id;
    int64_t try;        /* that it is about; 0: said about none */
    int64_t transition; /* the ledger's own, as read */
};

/* What is so now, of a work item that has gone beyond its split. */
struct ledger_session {
    enum ledger_state state;
    int64_t transitions; /* how many led here */
    int64_t last;        /* the newest of them, the ledger's own, as read */
    int64_t try;         /* the newest that was ordered; 0: none yet */
    bool answered;       /* a result other than SUCCESS has come for that try, and */
    bool unused;         /* said that it was not attempted */
    int64_t delays;      /* how many of the waits between tries are used up */
    int64_t begun, ends; /* the first try, and until when there may be others */
    int64_t due;         /* goes on by itself then, 0: never */
    const char *code;    /* why it waits, disagrees or failed */
    int64_t next_eligible, ended;
    struct ledger_side tcos, ecos;
};

/* One change of a session: written once, never changed. */
struct ledger_transition {
    int64_t n, at;
    enum ledger_state state; /* from then on */
    int64_t try;
    int64_t job, record; /* the file that caused it (DISPATCHED: the work order); 0: the time */
    const char *code;
    int64_t due;
    const char *gbcs, *duis, *alert, *subject_id, *key_id; /* as the file said */
    int64_t said_at;
    enum ledger_statement statement;
};

/* A work item with all that is so now. */
struct ledger_work {
    struct ledger_item item;
    const char *org, *batch; /* of the instruction */
    const char *name;        /* the instruction's, escaped */
    int64_t revision, judged_at;
    bool has_session;
    struct ledger_session session;
};

/* The three parts of a WorkItemId, <org>.<BatchId>.<RecordNumber>. */
struct ledger_work_item_id {
    const char *org, *batch;
    int64_t record;
};

/* By its WorkItemId; *work is NULL where no accepted instruction has it. Of the item only its
 * place, Device, outcome and end are there, and no text but for the session's. */
bool ledger_work_by_id(struct ledger *ledger, const struct ledger_work_item_id *id, struct ledger_work **work,
                       GError **error);
/* *work is NULL when there is none. */
bool ledger_work_get(struct ledger *ledger, int64_t item, struct ledger_work **work, GError **error);
typedef bool (*ledger_work_visit)(void *user, const struct ledger_work *work, GError **error);
/* All work items of a Device, oldest first. */
bool ledger_work_of_device_each(struct ledger *ledger, uint64_t device, ledger_work_visit visit, void *user,
                                GError **error);
/* Those of a verdict, in the order of the instruction. */
bool ledger_work_of_verdict_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_work_visit visit,
                                 void *user, GError **error);
/* The first `limit` work items in a state; limit 0: all. */
struct ledger_in_state {
    enum ledger_state state;
    int64_t limit;
};
/* In the order of due time and number. */
bool ledger_work_in_state_each(struct ledger *ledger, const struct ledger_in_state *which, ledger_work_visit visit,
                               void *user, GError **error);
/* Work items by current state. Walks all items. */
bool ledger_state_counts_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* The session of that work, which says how it was until now, as it has become, and the transition that led there (its
 * sides are what their transitions say); an ended one frees its Device for later instructions. EXISTS: it has gone on
 * since. */
bool ledger_session_put(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *session,
                        const struct ledger_transition *transition, GError **error);
typedef bool (*ledger_transition_visit)(void *user, const struct ledger_transition *transition, GError **error);
bool ledger_transitions_each(struct ledger *ledger, int64_t item, ledger_transition_visit visit, void *user,
                             GError **error);

/* Sessions that ended in a state in an interval. */
struct ledger_ended {
    enum ledger_state state;
    struct ledger_interval when;
};
/* In the order of their end and their number. */
typedef bool (*ledger_ended_visit)(void *user, int64_t item, uint64_t device, const char *code, GError **error);
bool ledger_ended_sessions_each(struct ledger *ledger, const struct ledger_ended *which, ledger_ended_visit visit,
                                void *user, GError **error);
/* How many there are. */
bool ledger_ended_sessions_count(struct ledger *ledger, const struct ledger_ended *which, int64_t *n, GError **error);
/* Work items of instructions judged with from <= judged_at < until, and how each was split. */
typedef bool (*ledger_review_visit)(void *user, uint64_t device, enum ledger_state outcome, GError **error);
bool ledger_reviews_each(struct ledger *ledger, const struct ledger_interval *judged, ledger_review_visit visit,
                         void *user, GError **error);
/* Work items that were accepted before that time and had not ended then (READY). Walks all. */
bool ledger_unfinished_each(struct ledger *ledger, int64_t at, ledger_review_visit visit, void *user, GError **error);
/* A work item with what the inventory says of its Device, NULL where it is not there. Both are valid during the call,
 * which a missing item does not get. */
typedef bool (*ledger_work_inventory_visit)(void *user, const struct ledger_work *work,
                                            const struct ledger_inventory *device, GError **error);
bool ledger_work_with_inventory(struct ledger *ledger, int64_t item, ledger_work_inventory_visit visit, void *user,
                                GError **error);

/* The Devices of a work order, in the order of its records. */
typedef bool (*ledger_work_order_visit)(void *user, const struct ledger_work *work,
                                        const struct ledger_transition *transition, GError **error);
bool ledger_work_order_each(struct ledger *ledger, int64_t job, ledger_work_order_visit visit, void *user,
                            GError **error);

#endif
