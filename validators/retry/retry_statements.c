/*
 * What the two sides state about a session, and what it changes.
 *
 * A side cannot take back its success in CONFIRM_PENDING and MIGRATED: that contradicts (C121). In CONFIRM_MISMATCH it
 * may correct itself, and its newest statement counts. settle() compares the two sides after each statement;
 * settle_late() does so when the work has ended without success.
 */
#include "validators/retry/retry.h"

#include "validators/credential_id.h"
#include "validators/retry/retry_code.h"
#include "validators/retry/retry_private.h"

/* ---- the two sides ---- */

static bool says_the_same(const struct ledger_side *a, const struct ledger_side *b)
{
    return a->good == b->good &&
           (!a->good || (credential_id_same(a->subject_id, b->subject_id) && credential_id_same(a->key_id, b->key_id)));
}

/* The code of the result by which the TCoS side says that nothing was replaced. */
static enum code denial_code(const struct ledger_side *tcos)
{
    const struct retry_result said = {.kind = tcos->no_answer ? RESULT_TIMEOUT : RESULT_FAILED,
                                      .gbcs = tcos->gbcs,
                                      .duis = tcos->duis,
                                      .alert = tcos->alert};

    return retry_code(&said);
}

/* Compares the sides after one of them has made a statement that counts. If both say that nothing was replaced, the
 * session fails with what the try failed with: there is nothing left to disagree about. */
static void settle(const struct retry_change *c)
{
    struct ledger_session *session = c->session;
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;

    if (tcos->at == 0 || ecos->at == 0) {
        session->due = c->now + c->rules->confirmation_wait;
        session->code = NULL;
        retry_move_to(c, LEDGER_CONFIRM_PENDING, NULL);
    } else if (tcos->good && ecos->good && says_the_same(tcos, ecos)) {
        session->due = 0;
        session->code = NULL;
        retry_move_to(c, LEDGER_MIGRATED, NULL);
    } else if (!tcos->good && !ecos->good) {
        retry_fail(c, retry_id_of(denial_code(tcos)));
    } else {
        session->due = 0;
        session->code = retry_id_of(D151);
        retry_move_to(c, LEDGER_CONFIRM_MISMATCH, session->code);
    }
}

/* Compares the sides after a statement that came when the work had ended without success. The end stays until both
 * state the same credentials; a success of one side is recorded, so that the Device gets C108 and is never replaced
 * twice. What the session failed with stays in it. The transition says what is missing now. */
static enum retry_effect settle_late(const struct retry_change *c)
{
    struct ledger_session *session = c->session;
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;
    const char *code = session->code;

    session->due = 0;
    if (c->superseded) { /* the Device has its new credentials by another work item, so nothing is missing */
        retry_move_to(c, session->state, code);
        return RETRY_RECORDED;
    }
    if (tcos->good && ecos->good && says_the_same(tcos, ecos)) {
        retry_migrate_late(c);
        return RETRY_APPLIES;
    }
    if ((tcos->good || ecos->good) && tcos->at != 0 && ecos->at != 0)
        code = retry_id_of(D151);
    else if (tcos->good || ecos->good)
        session->due = c->now + c->rules->confirmation_wait;
    retry_move_to(c, session->state, code);
    return RETRY_RECORDED;
}

/* ---- results ---- */

/* A failed try: the next delay, or the end. The end comes for a permanent code, after the last delay, and if the next
 * try would be due at the session's end or later, or too late for TCoS. */
static void take_failure(const struct retry_change *c, enum code code)
{
    struct ledger_session *session = c->session;
    const char *id = retry_id_of(code);

    if (!catalogue_entry(code)->transient || (size_t)session->delays >= c->rules->n_delays) {
        retry_fail(c, id);
        return;
    }
    int64_t due = c->now + c->rules->delays[session->delays];
    if (!retry_may_try_again(c->rules, session, due)) {
        retry_fail(c, id);
        return;
    }
    session->delays++;
    session->answered = true;
    session->due = due;
    session->code = id;
    retry_move_to(c, LEDGER_RETRY_WAIT, id);
}

/* The try was not made: it is ordered again after the first delay, and no delay is used up. */
static void take_not_attempted(const struct retry_change *c)
{
    struct ledger_session *session = c->session;
    int64_t due = c->now + (c->rules->n_delays > 0 ? c->rules->delays[0] : 0);

    session->answered = session->unused = true;
    session->code = NULL;
    if (!retry_may_try_again(c->rules, session, due)) {
        retry_fail(c, retry_id_of(D103));
        return;
    }
    session->due = due;
    retry_move_to(c, LEDGER_RETRY_WAIT, NULL);
}

/* Whether a statement says of a Device that has migrated what is known of it. An operator may have ended the session as
 * migrated on the word of one side. */
static bool is_known(const struct ledger_session *session, const struct ledger_side *side)
{
    return side->good && (says_the_same(&session->tcos, side) || says_the_same(&session->ecos, side));
}

/* What a side states about the credentials of a Device that has migrated. mine: the session's statement of that side;
 * other: that of the other side. An operator may have overruled the migration, which one side had not stated; when it
 * states it for the first time, both agree, and the migration stands again as it was. */
static enum retry_effect take_migrated(const struct retry_change *c, const struct ledger_side *said,
                                       struct ledger_side *mine, const struct ledger_side *other)
{
    if (!is_known(c->session, said))
        return RETRY_CONTRADICTS;
    if (!c->overruled || c->superseded || says_the_same(mine, said) || !says_the_same(other, said))
        return RETRY_NOTHING_NEW;
    *mine = *said;
    retry_move_to(c, LEDGER_MIGRATED, NULL);
    return RETRY_APPLIES;
}

/* A SUCCESS counts in every state, whichever try it is about: the Device has the new credentials. */
static enum retry_effect take_success(const struct retry_change *c, const struct retry_result *said)
{
    struct ledger_session *session = c->session;
    const struct ledger_side side = {.at = c->now,
                                     .good = true,
                                     .subject_id = said->subject_id,
                                     .key_id = said->key_id,
                                     .existing_id = said->existing_id,
                                     .try = said->try};
    bool known = session->tcos.at != 0 && session->tcos.good;
    bool same = known && says_the_same(&session->tcos, &side);
    enum retry_effect effect;

    switch (session->state) {
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
    case LEDGER_REJECTED:
        if (same)
            return RETRY_NOTHING_NEW;
        session->tcos = side;
        effect = settle_late(c);
        c->transition->statement = LEDGER_REPLACED;
        return effect;
    case LEDGER_MIGRATED:
        effect = take_migrated(c, &side, &session->tcos, &session->ecos);
        if (effect == RETRY_APPLIES)
            c->transition->statement = LEDGER_REPLACED;
        return effect;
    case LEDGER_CONFIRM_PENDING:
        if (known)
            return same ? RETRY_NOTHING_NEW : RETRY_CONTRADICTS;
        break;
    case LEDGER_CONFIRM_MISMATCH:
        if (same)
            return RETRY_NOTHING_NEW;
        break;
    default:
        break;
    }
    session->tcos = side;
    session->answered = false;
    session->unused = session->unused && said->try != session->try; /* a try that succeeded was attempted */
    settle(c);
    c->transition->statement = LEDGER_REPLACED;
    return RETRY_APPLIES;
}

/* The ECoS side has stated something already, or the work has ended, so that a failure is no reason to retry: it is the
 * TCoS side's statement that it has replaced nothing. */
static enum retry_effect take_denial(const struct retry_change *c, const struct retry_result *said)
{
    enum retry_effect effect = RETRY_APPLIES;
    bool no_answer = said->kind != RESULT_FAILED;

    c->session->tcos = (struct ledger_side){
        .at = c->now, .no_answer = no_answer, .gbcs = said->gbcs, .duis = said->duis, .alert = said->alert};
    if (retry_ended_in_vain(c->session))
        effect = settle_late(c);
    else
        settle(c);
    c->transition->statement = no_answer ? LEDGER_NO_ANSWER : LEDGER_NOT_REPLACED;
    return effect;
}

/* The result of a try that was open when its work ended because the Device had got its new credentials otherwise: kept,
 * once. */
static enum retry_effect take_open_try(const struct retry_change *c)
{
    if (c->session->answered || c->session->tcos.at != 0)
        return RETRY_NOTHING_NEW;
    c->session->answered = true;
    retry_move_to(c, c->session->state, c->session->code);
    return RETRY_RECORDED;
}

/* FAILED, TIMEOUT or NOT_ATTEMPTED. Before a success only the newest try is open; after one only the try that succeeded
 * can take it back. */
static enum retry_effect take_no_success(const struct retry_change *c, const struct retry_result *said)
{
    const struct ledger_session *session = c->session;

    if (said->outdated || said->try != (session->tcos.good ? session->tcos.try : session->try))
        return RETRY_NOTHING_NEW;
    switch (session->state) {
    case LEDGER_DISPATCHED:
        if (said->kind == RESULT_NOT_ATTEMPTED)
            take_not_attempted(c);
        else
            take_failure(c, retry_code(said));
        return RETRY_APPLIES;
    case LEDGER_CONFIRM_PENDING:
        if (session->tcos.at != 0)
            return RETRY_CONTRADICTS;
        return session->answered ? RETRY_NOTHING_NEW : take_denial(c, said);
    case LEDGER_CONFIRM_MISMATCH:
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
        return session->tcos.good ? take_denial(c, said) : RETRY_NOTHING_NEW;
    case LEDGER_REJECTED:
        return session->tcos.good ? take_denial(c, said) : take_open_try(c);
    case LEDGER_MIGRATED:
        return RETRY_CONTRADICTS;
    default:
        return RETRY_NOTHING_NEW;
    }
}

/* What the record said goes into the transition as it stands. */
static void copy_result(const struct retry_result *said, struct ledger_transition *transition)
{
    transition->try = said->try;
    transition->gbcs = said->gbcs;
    transition->duis = said->duis;
    transition->alert = said->alert;
    transition->subject_id = said->subject_id;
    transition->key_id = said->key_id;
    transition->existing_id = said->existing_id;
    transition->said_at = said->at;
}

enum retry_effect retry_take_result(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                    struct ledger_session *session, struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, said->superseded, said->overruled};
    enum retry_effect effect;

    if (said->try < 1 || said->try > session->try)
        return RETRY_NOT_ORDERED;
    effect = said->kind == RESULT_SUCCESS ? take_success(&change, said) : take_no_success(&change, said);
    if (retry_changes(effect))
        copy_result(said, transition);
    return effect;
}

/* ---- confirmations ---- */

/* A new statement of the ECoS side in a session that has not ended. An EMC with N while tries go on is kept, but stops
 * no try: the state stays. */
static enum retry_effect take_statement(const struct retry_change *c, const struct ledger_side *side)
{
    struct ledger_session *session = c->session;

    session->ecos = *side;
    if (side->good || session->state == LEDGER_CONFIRM_PENDING || session->state == LEDGER_CONFIRM_MISMATCH)
        settle(c);
    else
        retry_move_to(c, session->state, session->code);
    return RETRY_APPLIES;
}

static enum retry_effect take_confirmation(const struct retry_change *c, const struct ledger_side *side)
{
    struct ledger_session *session = c->session;
    bool known = session->ecos.at != 0, same = known && says_the_same(&session->ecos, side);

    switch (session->state) {
    case LEDGER_MIGRATED:
        return take_migrated(c, side, &session->ecos, &session->tcos);
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
        if (!side->good && !session->ecos.good && !session->tcos.good)
            return RETRY_NOTHING_NEW; /* N says what the end says */
        /* fall through */
    case LEDGER_REJECTED:
        if (same)
            return RETRY_NOTHING_NEW;
        session->ecos = *side;
        return settle_late(c);
    case LEDGER_CONFIRM_PENDING:
        if (known && session->ecos.good)
            return same ? RETRY_NOTHING_NEW : RETRY_CONTRADICTS;
        return take_statement(c, side);
    default:
        return same ? RETRY_NOTHING_NEW : take_statement(c, side);
    }
}

enum retry_effect retry_take_confirmation(const struct retry_rules *rules, int64_t now,
                                          const struct retry_confirmation *said, struct ledger_session *session,
                                          struct ledger_transition *transition)
{
    const struct retry_change change = {rules, now, session, transition, said->superseded, said->overruled};
    const struct ledger_side side = {.at = now,
                                     .good = said->confirmed,
                                     .subject_id = said->confirmed ? said->subject_id : NULL,
                                     .key_id = said->confirmed ? said->key_id : NULL};
    enum retry_effect effect;

    if (session->try < 1)
        return RETRY_NOT_ORDERED;
    effect = take_confirmation(&change, &side);
    if (!retry_changes(effect))
        return effect;
    transition->statement = said->confirmed ? LEDGER_CONFIRMED : LEDGER_NOT_CONFIRMED;
    transition->subject_id = side.subject_id;
    transition->key_id = side.key_id;
    transition->said_at = said->at;
    return effect;
}
