/*
 * What becomes of a Device between its work order and its end (gateway/DEVICES.md, States; consultation ¶35, ¶36).
 *
 * Words:
 *   session       everything that happens to one accepted work item. It begins with its first try and lasts
 *                 session_length (24 hours) at most, and never beyond tcos_closes.
 *   try           one attempt of the TCoS Service Provider to replace the credentials of the Device. A work order (EMW)
 *                 orders it; the record of an EMT is its result.
 *   side          who states something about the Device: the TCoS side by a SUCCESS ("replaced"), the ECoS side by the
 *                 confirmation in an EMC ("confirmed"). The Device has migrated when both state the same credentials.
 *
 * The states of a session, and what moves it from one to the next:
 *
 *   READY            --[order]--------------------------------> DISPATCHED
 *   DISPATCHED       --[transient failure, not attempted]-----> RETRY_WAIT --[order]--> DISPATCHED
 *   DISPATCHED       --[permanent failure, no delay left]-----> FAILED
 *   READY            --[review: permanent cause]--------------> REJECTED
 *   READY            --[review: transient cause]--------------> DEFERRED
 *   RETRY_WAIT       --[review: ECoS credentials already]-----> REJECTED
 *   RETRY_WAIT       --[review: another permanent cause]------> FAILED
 *   RETRY_WAIT       --[review: transient until the end]------> DEFERRED
 *   DISPATCHED, RETRY_WAIT --[session's end]------------------> FAILED
 *   DISPATCHED       --[session's end, order not delivered]---> DEFERRED
 *   DISPATCHED       --[review of an order not delivered]-----> REJECTED, DEFERRED, RETRY_WAIT or FAILED
 *   DISPATCHED, RETRY_WAIT --[one side states success]--------> CONFIRM_PENDING
 *   DISPATCHED, RETRY_WAIT --[SUCCESS after an EMC with N]----> CONFIRM_MISMATCH
 *   CONFIRM_PENDING  --[the other side states the same]-------> MIGRATED
 *   CONFIRM_PENDING  --[it states something else]-------------> CONFIRM_MISMATCH
 *   CONFIRM_MISMATCH --[a side corrects itself]---------------> MIGRATED
 *   CONFIRM_MISMATCH --[both state: nothing was replaced]-----> FAILED
 *   CONFIRM_PENDING, CONFIRM_MISMATCH --[operator's order]----> MIGRATED or FAILED
 *   FAILED, DEFERRED, REJECTED, one side states success --[operator's order]--> MIGRATED, or as before
 *   FAILED, DEFERRED, REJECTED --[both state the same, late]--> MIGRATED
 *   MIGRATED, overruled --[a side states for the first time what the other has]--> MIGRATED, which stands again
 *   all but ends     --[another work item has migrated]-------> REJECTED
 *   READY, RETRY_WAIT --[an operator withdraws it]------------> REJECTED
 *   DISPATCHED, withdrawn --[no success, session's end]-------> REJECTED
 *
 * MIGRATED, FAILED, REJECTED and DEFERRED are ends. Only a late success moves a work item again: one that was tried and
 * is no longer live without having migrated, or whose migration an operator has overruled. A Device migrates once:
 * after another work item of it has migrated, what the sides state about this one is recorded and changes no state.
 *
 * All functions are pure: no ledger, no clock. A session, a time and what happened go in; the session as it is
 * afterwards comes out, with the transition that led there:
 *
 *   struct ledger_session session = as the ledger has it;
 *   struct ledger_transition transition;
 *   enum retry_effect effect = retry_take_result(&rules, now, &said, &session, &transition);
 *   if (retry_changes(effect)) … the ledger stores both (ledger_session_put) …
 *
 * If nothing changes, session and transition are left as they were. Texts are borrowed from the session and from what
 * was said. A transition gets everything but job and record, which name the file that caused it. Times are seconds
 * since 1970, UTC. No function fails.
 *
 * What the result of a try says, and the code that it stands for: retry_code.h. To which order of its try it belongs:
 * retry_orders.h.
 */
#ifndef ECOSGATE_VALIDATORS_RETRY_RETRY_H
#define ECOSGATE_VALIDATORS_RETRY_RETRY_H

#include "spool/ledger/ledger_sessions.h"
#include "validators/retry/retry_code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- settings ---- */

enum { RETRY_MAX_DELAYS = 32 };

/* Seconds that a try may need until its end. The specification has no figure; this is its shortest interval from a try
 * to the next one (consultation ¶35). No try is ordered later than so long before tcos_closes. */
enum { RETRY_TRY_LENGTH = 300 };

/* All in seconds. */
struct retry_rules {
    int64_t delays[RETRY_MAX_DELAYS]; /* from a failed try to the next, each used once; the first n_delays count */
    size_t n_delays;
    int64_t session_length;    /* from the first try to the session's end */
    int64_t next_session;      /* from the session's end to NextEligible, when a new instruction may come */
    int64_t confirmation_wait; /* how long one side may be silent after the other's success, until D150 */
    int64_t tcos_closes;       /* no time span: when TCoS closes, seconds since 1970, UTC; 0: not known */
};

/* The defaults: delays of 5, 5, 10, 20, 40, 80, 160, 320 minutes; 24 hours; 30 days; 24 hours. */
void retry_rules_init(struct retry_rules *rules);

/* ---- when TCoS closes ---- */

/* Whether a try that is ordered at that time can end before TCoS closes. */
bool retry_may_try(const struct retry_rules *rules, int64_t at);

/* When the session is over: its own end, or tcos_closes if that is earlier. The setting may have changed since the
 * session began. */
int64_t retry_session_end(const struct retry_rules *rules, const struct ledger_session *session);

/* ---- what moves a session on ---- */

/* What a statement means for a session, and which finding its sender gets. */
enum retry_effect {
    RETRY_APPLIES,     /* the session changes; no finding */
    RETRY_RECORDED,    /* after FAILED, DEFERRED or REJECTED: it is recorded, the state stays (C119) */
    RETRY_NOTHING_NEW, /* known already, or too late: nothing changes (C119) */
    RETRY_CONTRADICTS, /* contradicts what the same side stated before: nothing changes (C121) */
    RETRY_NOT_ORDERED, /* that try, or the Device at all, was never ordered: nothing changes (C118) */
};

/* Whether session and transition have to be stored. */
bool retry_changes(enum retry_effect effect);

/* Whether the session's state is an end. */
bool retry_has_ended(const struct ledger_session *session);

/* For a work item that is withheld after a recovery: something came about a try that a lost ledger has ordered. The
 * session takes that try up, as if it had been ordered now; one that was REJECTED meanwhile stays so. Does nothing for
 * a try that it has. */
void retry_adopt_try(const struct retry_rules *rules, int64_t now, int64_t try, struct ledger_session *session);

/* A result of the TCoS side came. */
enum retry_effect retry_take_result(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                    struct ledger_session *session, struct ledger_transition *transition);

/* A record of an EMC. */
struct retry_confirmation {
    bool confirmed;
    bool superseded;                 /* another work item of the Device has migrated */
    bool overruled;                  /* an operator has overruled that this one has migrated (device release) */
    int64_t at;                      /* ConfirmedAt; 0: not stated */
    const char *subject_id, *key_id; /* of the credentials on the Device */
};

/* A confirmation of the ECoS side came. */
enum retry_effect retry_take_confirmation(const struct retry_rules *rules, int64_t now,
                                          const struct retry_confirmation *said, struct ledger_session *session,
                                          struct ledger_transition *transition);

/* Time has passed. RETRY_APPLIES if that ended the session (D103, or the code of the last try) or if a confirmation is
 * missing now (D150, also after a late success of one side), else RETRY_NOTHING_NEW. A try that is due is not the
 * time's doing: retry_dispatch. */
enum retry_effect retry_take_time(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition);

/* The next try was ordered: READY or RETRY_WAIT becomes DISPATCHED. After NOT_ATTEMPTED it is the same try again. */
void retry_dispatch(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition);

/* An operator holds a work item that is READY and has no session: it gets one, whose first try was due at `due`. So the
 * items after it go out before it. */
void retry_hold(const struct retry_rules *rules, int64_t now, int64_t due, struct ledger_session *session,
                struct ledger_transition *transition);

/* An operator withdraws a work item that waits for a try: READY or RETRY_WAIT becomes REJECTED with C123, which is no
 * failure of the Device. unordered: it is DISPATCHED by an order that was never delivered, and is withdrawn from that,
 * too: the try counts as not ordered. */
void retry_take_back(const struct retry_rules *rules, int64_t now, bool unordered, struct ledger_session *session,
                     struct ledger_transition *transition);

/* What becomes of a session whose work item an operator has withdrawn while its try was ordered: where it would go on
 * to RETRY_WAIT, or end as FAILED or DEFERRED, it becomes REJECTED with C123. session and transition: of the change
 * from DISPATCHED, whose job is set if a result has caused it; both stay as they are in any other state. True: they
 * have changed. */
bool retry_end_taken_back(struct ledger_session *session, struct ledger_transition *transition);

/* Whether an operator may end the session: one side has stated a success that the other does not share. That is
 * CONFIRM_PENDING and CONFIRM_MISMATCH, and a session that has ended before one side stated it. */
bool retry_may_end(const struct ledger_session *session);

/* An operator ends such a session: as MIGRATED, or as FAILED with D150 or D151. One that has ended in vain stays as it
 * is if it is not MIGRATED, and what the sides have stated is overruled. False: it may not be ended, and nothing
 * changes. */
bool retry_end(const struct retry_rules *rules, int64_t now, bool migrated, struct ledger_session *session,
               struct ledger_transition *transition);

/* What the review before a work order found: the first cause, and when the last of the transient ones will be gone. */
struct retry_cause {
    enum code code;
    int64_t until; /* of transient causes only */
};

/* All causes are transient. READY becomes DEFERRED, unless only the daily limit (C116) stands against the try: then it
 * waits for its turn. RETRY_WAIT waits until that time; if the session is over by then, it becomes DEFERRED at once:
 * that is no failure of the Device. */
void retry_put_off(const struct retry_rules *rules, int64_t now, const struct retry_cause *cause,
                   struct ledger_session *session, struct ledger_transition *transition);

/* Another work item of the Device has migrated. One that is live becomes REJECTED with C108, in whatever state it is:
 * that is no failure of the Device. One that has ended waits for no side any more. RETRY_NOTHING_NEW: there was nothing
 * to change. */
enum retry_effect retry_supersede(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition);

/* The newest order of the session was never delivered, and is withdrawn from its work order: the try counts as not
 * ordered. DISPATCHED becomes DEFERRED, with NextEligible now, for nothing stands against a new instruction. */
void retry_withdraw(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition);

/* The same for a session that has gone on meanwhile, by what a side stated or as another work item has migrated. Its
 * state stays. */
void retry_unorder(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                   struct ledger_transition *transition);

/* The same, because the review found a cause against a try whose order waits for its drop. cause->until 0: it is
 * permanent. The caller sets the session's state to that before the order: READY becomes REJECTED or DEFERRED,
 * RETRY_WAIT becomes FAILED, or stays, or becomes DEFERRED. */
void retry_recall(const struct retry_rules *rules, int64_t now, const struct retry_cause *cause,
                  struct ledger_session *session, struct ledger_transition *transition);

/* One cause is permanent: READY becomes REJECTED, a session that has begun FAILED. code: the first permanent cause. If
 * it is that TCoS closes (C122), a session fails with the code of its last try. If the Device holds ECoS credentials
 * already (C108), a session becomes REJECTED as well: the Device has not failed to migrate. */
void retry_refuse(const struct retry_rules *rules, int64_t now, enum code code, struct ledger_session *session,
                  struct ledger_transition *transition);

#endif
