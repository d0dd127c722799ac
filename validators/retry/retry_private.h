/* What retry.c and retry_statements.c share: a change of one session. */
#ifndef ECOSGATE_VALIDATORS_RETRY_RETRY_PRIVATE_H
#define ECOSGATE_VALIDATORS_RETRY_RETRY_PRIVATE_H

#include "validators/retry/retry.h"

/* What every transition needs: the session that changes, and where the transition goes. */
struct retry_change {
    const struct retry_rules *rules;
    int64_t now;
    struct ledger_session *session;
    struct ledger_transition *transition;
    bool superseded; /* of a statement: another work item of the Device has migrated, */
    bool overruled;  /* or this one has, and an operator has overruled it */
};

static inline const char *retry_id_of(enum code code)
{
    return catalogue_entry(code)->id;
}

/* Whether another try may be ordered at that time. */
bool retry_may_try_again(const struct retry_rules *rules, const struct ledger_session *session, int64_t at);

/* Puts the session into a state and fills the transition. code: why; NULL: nothing is wrong. */
void retry_move_to(const struct retry_change *c, enum ledger_state state, const char *code);

/* FAILED, or DEFERRED or REJECTED after a try: the Device may have got its new credentials all the same. */
bool retry_ended_in_vain(const struct ledger_session *session);

/* Makes such a session MIGRATED: the success comes late, and the end becomes another one. */
void retry_migrate_late(const struct retry_change *c);

/* Ends the session as FAILED. NextEligible counts from the latest end that the session could have had, not from now: a
 * Device that fails early would otherwise come back early. */
void retry_fail(const struct retry_change *c, const char *code);

#endif
