/*
 * Sessions and their transitions: what happened to a work item after its review (gateway/DEVICES.md, History). A
 * session is the present state of an item. Its transitions are how it came there: written once, never changed.
 *
 *   ledger_work_get | ledger_work_by_id → the next state (validators/retry/retry.h) → ledger_session_put
 *
 * A session starts with its first transition. Work items with their sessions: ledger_work.h. Which sessions are due:
 * ledger_due.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SESSIONS_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_devices.h"

struct ledger_work;

/* What a side says in a transition's file: the TCoS side about the replacement, the ECoS side about its confirmation.
 * It counts until the same side says something else. The numbers are stored. */
enum ledger_statement {
    LEDGER_NO_STATEMENT,
    LEDGER_REPLACED,
    LEDGER_NOT_REPLACED,
    LEDGER_CONFIRMED,
    LEDGER_NOT_CONFIRMED,
    LEDGER_ENDED_BY_ORDER, /* of neither side: an operator has ended the session */
    LEDGER_NO_ANSWER,      /* as NOT_REPLACED: the try had no result in time, or was not made */
    LEDGER_WITHDRAWN       /* of neither side: job and record are those of a work order that was never delivered, and
                              the Device is not on it any more */
};

/* The newest statement of one side. It is stored in its transition only. */
struct ledger_side {
    int64_t at;                      /* when it came; 0: this side has made none */
    bool good;                       /* REPLACED or CONFIRMED; the next four are set only then */
    const char *subject_id, *key_id; /* the identifiers in it */
    const char *existing_id;         /* TCoS side only: the SubjectId that was there before; NULL: it did not say */
    int64_t try;                     /* the try that it is about; 0: it names none */
    bool no_answer;                  /* TCoS side, not good: NO_ANSWER; and what its result says, NULL: nothing: */
    const char *gbcs, *duis, *alert; /* as in the transition */
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
    /* The operator's order that caused it (ledger_actions.h): ENDED_BY_ORDER, a hold, a withdrawal. NULL: none did, or
     * of ENDED_BY_ORDER an older program did not keep it here (ledger_session_end_order). */
    const char *order_id;
    int64_t said_at; /* the time in the record; 0: it has none */
    enum ledger_statement statement;
    uint64_t hub; /* DISPATCHED: the inventory's hub of the Device at that time, which the work order names; 0: the
                     inventory had none. Set by the ledger; read only */
};

/* ---- a change ---- */

/* Stores the next state of a work item and the transition that leads to it. `work` is the item as it was read before;
 * transition->n and session->transitions are one more than work->session.transitions. A session that ends is counted
 * in its verdict, and its Device may be instructed again. An end may become another one, once: the first is kept. If an
 * outcome file shows the state that changes, that one is kept too, and a further file falls due when all have ended or
 * an end was corrected. SPOOL_ERROR_EXISTS if the item has changed since it was read. */
bool ledger_session_put(struct ledger *ledger, const struct ledger_work *work, const struct ledger_session *session,
                        const struct ledger_transition *transition, GError **error);
/* The newest transition of the item is what an operator's order has made of it. What the sides stated before says no
 * longer that the credentials were replaced, if it is not MIGRATED (ledger_earlier_work). Of several orders the newest
 * counts. */
bool ledger_session_ended_by(struct ledger *ledger, int64_t item, const char *order_id, GError **error);
/* The newest operator's order that ended an item. */
struct ledger_end_order {
    char *order_id; /* NULL: none did; g_free it */
    int64_t n;      /* which of the item's transitions it is */
    bool newest;    /* nothing was recorded of the item since */
};
/* Fills *found. */
bool ledger_session_end_order(struct ledger *ledger, int64_t item, struct ledger_end_order *found, GError **error);
typedef bool (*ledger_transition_visit)(void *user, const struct ledger_transition *transition, GError **error);
/* Visits the transitions of a work item, oldest first. */
bool ledger_transitions_each(struct ledger *ledger, int64_t item, ledger_transition_visit visit, void *user,
                             GError **error);

/* ---- SubjectIds that are those of TCoS ---- */

/* The Device of the item has migrated, and had credentials with that SubjectId before. subject: one text for all
 * notations (credential_id_key). */
bool ledger_subject_before_put(struct ledger *ledger, const char *subject, int64_t item, GError **error);
/* *device: the first Device that had that SubjectId before it migrated; *known: there is one. */
bool ledger_subject_before(struct ledger *ledger, const char *subject, bool *known, uint64_t *device, GError **error);

#endif
