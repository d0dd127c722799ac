/*
 * A Device's way from its work order to its end, as pure functions: what a result of the TCoS side, a
 * confirmation of the ECoS side, a dispatch or the time means for a session (gateway/DEVICES.md, States; the seed's
 * ¶35, ¶36). No ledger is asked and no clock read: facts and a time go in, the session as it becomes comes out.
 *
 *   struct ledger_session session = as it is;
 *   struct ledger_transition transition;
 *   enum retry_effect effect = retry_result(&rules, now, &said, &session, &transition);
 *   if (retry_changes(effect)) … both go into the ledger …
 *
 * Where nothing changes, session and transition are left as they were. Texts are borrowed from what was said and from
 * the session given. transition gets everything but item, job and record, which say who caused it.
 */
#ifndef ECOSGATE_VALIDATORS_RETRY_H
#define ECOSGATE_VALIDATORS_RETRY_H

#include "spool/ledger/ledger_sessions.h"
#include "validators/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RETRY_MAX_DELAYS = 32 };

/* All in seconds. */
struct retry_rules {
    int64_t delays[RETRY_MAX_DELAYS]; /* between tries, each used once */
    size_t n_delays;
    int64_t session_length;    /* from the first try on */
    int64_t next_session;      /* from the session's end to NextEligible */
    int64_t confirmation_wait; /* until D150 */
};

/* The specification's: 5, 5, 10 … 320 minutes, 24 hours, 30 days, 24 hours. */
void retry_rules_init(struct retry_rules *rules);

/* ---- what a side says ---- */

enum retry_result_kind { RESULT_SUCCESS, RESULT_FAILED, RESULT_TIMEOUT, RESULT_NOT_ATTEMPTED };

/* A record of an EMT. */
struct retry_result {
    enum retry_result_kind kind;
    int64_t try;
    int64_t at;                      /* LastTry; 0: not said */
    bool outdated;                   /* about an earlier order of that try (retry_orders_outdate) */
    const char *gbcs, *duis, *alert; /* NULL: not said */
    const char *subject_id, *key_id; /* Replacing…; of a SUCCESS */
};

/* A record of an EMC. */
struct retry_confirmation {
    bool confirmed;
    int64_t at;
    const char *subject_id, *key_id;
};

/* The code of a failed try: the first lasting one of those that alert, GBCS status and DUIS code stand for, else
 * the first; without any of them D103 for a timeout, else D127. */
enum code retry_code(const struct retry_result *result);
/* Its alert, GBCS status or DUIS code stands for a failure. */
bool retry_says_error(const struct retry_result *result);

/* The orders of one try, which is ordered again after NOT_ATTEMPTED: with which of them a result has to do. Begin with
 * {.try = …} and add the session's transitions, oldest first. */
struct retry_orders {
    int64_t try;
    int64_t first;       /* its first order */
    int64_t noted, said; /* the NOT_ATTEMPTED before the newest one: when it was taken in, and its LastTry */
    enum ledger_state state;
    int64_t waits, waits_said; /* the same of its newest answer, ordered again or not */
};

void retry_orders_add(struct retry_orders *orders, const struct ledger_transition *transition);
/* A result other than SUCCESS is of an earlier order where it is no later than that NOT_ATTEMPTED. Its time is LastTry
 * or, where that is missing or lies before the first order, when its file was created; if that does too, none. */
bool retry_orders_outdate(const struct retry_orders *orders, const struct retry_result *said, int64_t created);

/* ---- what it means ---- */

enum retry_effect {
    RETRY_APPLIES,
    RETRY_NOTED,       /* a success too late: kept, the state stays (C119) */
    RETRY_REPEATS,     /* nothing new, or too late (C119) */
    RETRY_CONTRADICTS, /* C121 */
    RETRY_NOT_ORDERED, /* no such try, or never dispatched (C118) */
};

bool retry_changes(enum retry_effect effect);
/* Its state is an end. */
bool retry_has_ended(const struct ledger_session *session);

enum retry_effect retry_take_result(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                    struct ledger_session *session, struct ledger_transition *transition);
enum retry_effect retry_take_confirmation(const struct retry_rules *rules, int64_t now,
                                          const struct retry_confirmation *said, struct ledger_session *session,
                                          struct ledger_transition *transition);

/* Goes on by itself at its time: a session's end, a confirmation that is missing. RETRY_APPLIES, or RETRY_REPEATS
 * when nothing is due, or when what is due is a dispatch. */
enum retry_effect retry_take_time(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition);

/* The next try goes out: READY or RETRY_WAIT becomes DISPATCHED. */
void retry_dispatch(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition);
/* What is judged before a dispatch says no, until a time: READY and RETRY_WAIT go on waiting. */
void retry_put_off(int64_t now, const char *code, int64_t until, struct ledger_session *session,
                   struct ledger_transition *transition);
/* Or for ever: READY becomes REJECTED, a session that has begun FAILED. */
void retry_refuse(const struct retry_rules *rules, int64_t now, const char *code, struct ledger_session *session,
                  struct ledger_transition *transition);

#endif
