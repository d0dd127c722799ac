/*
 * The states of a session, and what time, work orders, the review and operators make of it; retry.h has the picture.
 * What the two sides state: retry_statements.c.
 */
#include "validators/retry/retry.h"

#include "validators/retry/retry_private.h"

#include <glib.h>

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

void retry_rules_init(struct retry_rules *rules)
{
    static const int64_t minutes[] = {5, 5, 10, 20, 40, 80, 160, 320};

    *rules = (struct retry_rules){.n_delays = G_N_ELEMENTS(minutes),
                                  .session_length = 24 * HOUR,
                                  .next_session = 30 * DAY,
                                  .confirmation_wait = 24 * HOUR};
    for (size_t i = 0; i < G_N_ELEMENTS(minutes); i++)
        rules->delays[i] = minutes[i] * MINUTE;
}

/* ---- when TCoS closes ---- */

bool retry_may_try(const struct retry_rules *rules, int64_t at)
{
    return rules->tcos_closes == 0 || at + RETRY_TRY_LENGTH <= rules->tcos_closes;
}

/* The earlier of a time and tcos_closes. */
static int64_t not_after_closing(const struct retry_rules *rules, int64_t at)
{
    return rules->tcos_closes == 0 ? at : MIN(at, rules->tcos_closes);
}

int64_t retry_session_end(const struct retry_rules *rules, const struct ledger_session *session)
{
    return not_after_closing(rules, session->ends);
}

bool retry_may_try_again(const struct retry_rules *rules, const struct ledger_session *session, int64_t at)
{
    return at < retry_session_end(rules, session) && retry_may_try(rules, at);
}

/* ---- a change of a session ---- */

bool retry_changes(enum retry_effect effect)
{
    return effect == RETRY_APPLIES || effect == RETRY_RECORDED;
}

bool retry_has_ended(const struct ledger_session *session)
{
    switch (session->state) {
    case LEDGER_MIGRATED:
    case LEDGER_FAILED:
    case LEDGER_REJECTED:
    case LEDGER_DEFERRED:
        return true;
    default:
        return false;
    }
}

void retry_move_to(const struct retry_change *c, enum ledger_state state, const char *code)
{
    struct ledger_session *session = c->session;

    session->state = state;
    session->transitions++;
    if (retry_has_ended(session) && session->ended == 0) {
        session->ended = c->now;
        session->due = 0;
    }
    *c->transition = (struct ledger_transition){.n = session->transitions,
                                                .at = c->now,
                                                .state = state,
                                                .try = session->try,
                                                .code = code,
                                                .due = session->due};
}

void retry_fail(const struct retry_change *c, const char *code)
{
    c->session->code = code;
    c->session->next_eligible = c->session->ends + c->rules->next_session;
    retry_move_to(c, LEDGER_FAILED, code);
}

/* Ends the session as FAILED when no try follows in RETRY_WAIT: with the code of the last try. A try that was not
 * attempted has none. */
static void fail_with_last_code(const struct retry_change *c)
{
    retry_fail(c, c->session->code != NULL ? c->session->code : retry_id_of(D103));
}

bool retry_ended_in_vain(const struct ledger_session *session)
{
    return retry_has_ended(session) && session->state != LEDGER_MIGRATED && session->try > 0;
}

void retry_migrate_late(const struct retry_change *c)
{
    struct ledger_session *session = c->session;

    if (session->tcos.good) /* a try that succeeded was attempted */
        session->unused = session->unused && session->tcos.try != session->try;
    session->code = NULL;
    session->next_eligible = session->due = session->ended = 0; /* it ends now */
    retry_move_to(c, LEDGER_MIGRATED, NULL);
}

/* ---- time and work orders ---- */

enum retry_effect retry_take_time(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};

    switch (session->state) {
    case LEDGER_DISPATCHED:
        if (now < retry_session_end(rules, session))
            return RETRY_NOTHING_NEW;
        retry_fail(&change, retry_id_of(D103));
        return RETRY_APPLIES;
    case LEDGER_RETRY_WAIT:
        if (retry_may_try_again(rules, session, now))
            return RETRY_NOTHING_NEW;
        fail_with_last_code(&change);
        return RETRY_APPLIES;
    case LEDGER_CONFIRM_PENDING:
        if (session->due == 0 || now < session->due)
            return RETRY_NOTHING_NEW;
        session->due = 0; /* D150 is stated once */
        session->code = retry_id_of(D150);
        retry_move_to(&change, LEDGER_CONFIRM_PENDING, session->code);
        return RETRY_APPLIES;
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
    case LEDGER_REJECTED:
        if (session->due == 0 || now < session->due)
            return RETRY_NOTHING_NEW;
        session->due = 0;
        retry_move_to(&change, session->state, retry_id_of(D150));
        return RETRY_APPLIES;
    default:
        return RETRY_NOTHING_NEW;
    }
}

/* The session as it is while that try is open. */
static void order_try(const struct retry_rules *rules, int64_t now, int64_t try, struct ledger_session *session)
{
    if (session->begun == 0) {
        session->begun = now;
        session->ends = not_after_closing(rules, now + rules->session_length);
    }
    session->try = try;
    session->state = LEDGER_DISPATCHED;
    session->answered = session->unused = false;
    session->due = session->ends;
    session->code = NULL;
}

void retry_adopt_try(const struct retry_rules *rules, int64_t now, int64_t try, struct ledger_session *session)
{
    bool waits = session->state == LEDGER_READY || session->state == LEDGER_RETRY_WAIT;

    if (try > session->try && (waits || session->state == LEDGER_DISPATCHED))
        order_try(rules, now, try, session);
    else if (try > session->try && session->state == LEDGER_REJECTED)
        session->try = try;
}

void retry_dispatch(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition)
{
    order_try(rules, now, session->unused ? session->try : session->try + 1, session);
    retry_move_to(&(struct retry_change){rules, now, session, transition, false, false}, LEDGER_DISPATCHED, NULL);
}

void retry_hold(const struct retry_rules *rules, int64_t now, int64_t due, struct ledger_session *session,
                struct ledger_transition *transition)
{
    session->due = due;
    retry_move_to(&(struct retry_change){rules, now, session, transition, false, false}, LEDGER_READY, NULL);
}

void retry_take_back(const struct retry_rules *rules, int64_t now, bool unordered, struct ledger_session *session,
                     struct ledger_transition *transition)
{
    session->unused |= unordered;
    session->code = retry_id_of(C123);
    retry_move_to(&(struct retry_change){rules, now, session, transition, false, false}, LEDGER_REJECTED,
                  session->code);
    if (unordered)
        transition->statement = LEDGER_WITHDRAWN;
}

bool retry_end_taken_back(struct ledger_session *session, struct ledger_transition *transition)
{
    if (session->state != LEDGER_RETRY_WAIT && session->state != LEDGER_FAILED && session->state != LEDGER_DEFERRED)
        return false;
    session->state = transition->state = LEDGER_REJECTED;
    session->code = transition->code = retry_id_of(C123);
    session->next_eligible = session->due = transition->due = 0;
    session->ended = transition->at;
    session->answered |= transition->job != 0; /* its try's result has ended it, not the time */
    return true;
}

bool retry_may_end(const struct ledger_session *session)
{
    return session->state == LEDGER_CONFIRM_PENDING || session->state == LEDGER_CONFIRM_MISMATCH ||
           (retry_ended_in_vain(session) && (session->tcos.good || session->ecos.good));
}

bool retry_end(const struct retry_rules *rules, int64_t now, bool migrated, struct ledger_session *session,
               struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};

    if (!retry_may_end(session))
        return false;
    session->due = 0;
    if (retry_has_ended(session)) {
        if (migrated)
            retry_migrate_late(&change);
        else
            retry_move_to(&change, session->state, session->code);
    } else if (migrated) {
        session->code = NULL;
        retry_move_to(&change, LEDGER_MIGRATED, NULL);
    } else {
        retry_fail(&change, retry_id_of(session->state == LEDGER_CONFIRM_PENDING ? D150 : D151));
    }
    transition->statement = LEDGER_ENDED_BY_ORDER;
    return true;
}

void retry_put_off(const struct retry_rules *rules, int64_t now, const struct retry_cause *cause,
                   struct ledger_session *session, struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};
    bool begun = session->state != LEDGER_READY;
    const char *code = retry_id_of(cause->code);

    if (begun ? !retry_may_try_again(rules, session, cause->until) : cause->code != C116) {
        session->code = code;
        session->next_eligible = cause->until;
        retry_move_to(&change, LEDGER_DEFERRED, code);
        return;
    }
    /* Between two tries the session keeps the code of the last try: it is what it fails with at its end. */
    if (!begun)
        session->code = code;
    session->due = cause->until;
    retry_move_to(&change, session->state, code);
}

enum retry_effect retry_supersede(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};

    if (!retry_has_ended(session)) {
        session->code = retry_id_of(C108);
        retry_move_to(&change, LEDGER_REJECTED, session->code);
        return RETRY_APPLIES;
    }
    if (session->due == 0)
        return RETRY_NOTHING_NEW;
    session->due = 0;
    retry_move_to(&change, session->state, session->code);
    return RETRY_APPLIES;
}

void retry_refuse(const struct retry_rules *rules, int64_t now, enum code code, struct ledger_session *session,
                  struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};

    if (session->try > 0 && code != C108) {
        if (code == C122)
            fail_with_last_code(&change);
        else
            retry_fail(&change, retry_id_of(code));
        return;
    }
    session->code = retry_id_of(code);
    retry_move_to(&change, LEDGER_REJECTED, session->code);
}

void retry_withdraw(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition)
{
    session->unused = true;
    session->code = retry_id_of(C126);
    session->next_eligible = now;
    retry_move_to(&(struct retry_change){rules, now, session, transition, false, false}, LEDGER_DEFERRED,
                  session->code);
    transition->statement = LEDGER_WITHDRAWN;
}

void retry_unorder(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                   struct ledger_transition *transition)
{
    session->unused = true;
    retry_move_to(&(struct retry_change){rules, now, session, transition, false, false}, session->state, NULL);
    transition->statement = LEDGER_WITHDRAWN;
}

void retry_recall(const struct retry_rules *rules, int64_t now, const struct retry_cause *cause,
                  struct ledger_session *session, struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, false, false};

    session->unused = true;
    if (session->state == LEDGER_READY) {
        session->code = retry_id_of(cause->code);
        session->next_eligible = cause->until;
        retry_move_to(&change, cause->until != 0 ? LEDGER_DEFERRED : LEDGER_REJECTED, session->code);
    } else if (cause->until != 0) {
        retry_put_off(rules, now, cause, session, transition);
    } else {
        retry_refuse(rules, now, cause->code, session, transition);
    }
    transition->statement = LEDGER_WITHDRAWN;
}
