/*
 * The states of a session and what moves it from one to the next; retry.h has the picture.
 *
 * A side cannot take back its success in CONFIRM_PENDING and MIGRATED: that contradicts (C121). In CONFIRM_MISMATCH it
 * may correct itself, and its newest statement counts. settle() compares the two sides after each statement;
 * settle_late() does so when the work has ended without success.
 */
#include "validators/retry.h"

#include "spool/ledger/ledger_devices.h"
#include "validators/credential_id.h"

#include <glib.h>
#include <string.h>

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

/* Whether another try may be ordered at that time. */
static bool may_try_again(const struct retry_rules *rules, const struct ledger_session *session, int64_t at)
{
    return at < retry_session_end(rules, session) && retry_may_try(rules, at);
}

/* ---- codes of a failed try ---- */

/* A value of an EMT, the code that it stands for (CODE_COUNT: none), and what it says, where we tell that. */
struct meaning {
    const char *said;
    enum code code;
    const char *text;
};

static const struct meaning duis_codes[] = {
#define DUIS(said, code, text) {said, code, text},
#include "validators/duis.def"
#undef DUIS
};

static const struct meaning *find_meaning(const struct meaning *meanings, size_t n, const char *said)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(meanings[i].said, said) == 0)
            return &meanings[i];
    }
    return NULL;
}

const char *retry_duis_meaning(const char *duis)
{
    const struct meaning *meaning = find_meaning(duis_codes, G_N_ELEMENTS(duis_codes), duis);

    return meaning != NULL ? meaning->text : NULL;
}

/* Marks the code of a value. False: the value is not listed. */
static bool mark_code(const struct meaning *meanings, size_t n, const char *said, bool *codes)
{
    const struct meaning *meaning = find_meaning(meanings, n, said);

    if (meaning != NULL && meaning->code != CODE_COUNT)
        codes[meaning->code] = true;
    return meaning != NULL;
}

/* Marks the codes of all values. A status that means success stands for no code; one that is not listed is D127. An
 * alert that is not listed has nothing to do with the try (gateway/DEVICES.md, States). */
static void mark_codes(const struct retry_result *result, bool *codes)
{
    static const struct meaning alerts[] = {
        {"8F1E", D140, NULL}, {"8F30", D140, NULL}, {"8F3D", D140, NULL}, {"819D", D141, NULL}, {"8F84", D141, NULL},
    };
    static const struct meaning gbcs[] = {
        {"5", D105, NULL}, {"10", D110, NULL}, {"17", D117, NULL}, {"25", D125, NULL}, {"30", D130, NULL},
    };

    if (result->alert != NULL)
        (void)mark_code(alerts, G_N_ELEMENTS(alerts), result->alert, codes); /* see above */
    if (result->gbcs != NULL && strcmp(result->gbcs, "0") != 0 &&
        !mark_code(gbcs, G_N_ELEMENTS(gbcs), result->gbcs, codes))
        codes[D127] = true;
    if (result->duis != NULL && !mark_code(duis_codes, G_N_ELEMENTS(duis_codes), result->duis, codes))
        codes[D127] = true;
}

bool retry_says_error(const struct retry_result *result)
{
    bool codes[CODE_COUNT] = {false};

    mark_codes(result, codes);
    for (enum code code = D101; code < CODE_COUNT; code++) {
        if (codes[code])
            return true;
    }
    return false;
}

enum code retry_code(const struct retry_result *result)
{
    bool codes[CODE_COUNT] = {false};
    enum code first = CODE_COUNT;

    mark_codes(result, codes);
    for (enum code code = D101; code < CODE_COUNT; code++) {
        if (codes[code] && !catalogue_entry(code)->transient)
            return code;
        if (codes[code] && first == CODE_COUNT)
            first = code;
    }
    if (first != CODE_COUNT)
        return first;
    return result->kind == RESULT_TIMEOUT ? D103 : D127;
}

/* ---- a change of a session ---- */

/* What every transition needs: the session that changes, and where the transition goes. */
struct change {
    const struct retry_rules *rules;
    int64_t now;
    struct ledger_session *session;
    struct ledger_transition *transition;
};

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

/* FAILED, or DEFERRED after a try: the Device may have got its new credentials all the same. */
static bool ended_in_vain(const struct ledger_session *session)
{
    return session->state == LEDGER_FAILED || (session->state == LEDGER_DEFERRED && session->try > 0);
}

static const char *id_of(enum code code)
{
    return catalogue_entry(code)->id;
}

/* Puts the session into a state and fills the transition. code: why; NULL: nothing is wrong. */
static void move_to(const struct change *c, enum ledger_state state, const char *code)
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

/* Ends the session as FAILED. NextEligible counts from the latest end that the session could have had, not from now: a
 * Device that fails early would otherwise come back early. */
static void fail(const struct change *c, const char *code)
{
    c->session->code = code;
    c->session->next_eligible = c->session->ends + c->rules->next_session;
    move_to(c, LEDGER_FAILED, code);
}

/* Ends the session as FAILED when no try follows in RETRY_WAIT: with the code of the last try. A try that was not
 * attempted has none. */
static void fail_with_last_code(const struct change *c)
{
    fail(c, c->session->code != NULL ? c->session->code : id_of(D103));
}

/* ---- the two sides ---- */

static bool says_the_same(const struct ledger_side *a, const struct ledger_side *b)
{
    return a->good == b->good &&
           (!a->good || (credential_id_same(a->subject_id, b->subject_id) && credential_id_same(a->key_id, b->key_id)));
}

/* Compares the sides after one of them has made a statement that counts. */
static void settle(const struct change *c)
{
    struct ledger_session *session = c->session;
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;

    if (tcos->at == 0 || ecos->at == 0) {
        session->due = c->now + c->rules->confirmation_wait;
        session->code = NULL;
        move_to(c, LEDGER_CONFIRM_PENDING, NULL);
    } else if (tcos->good && ecos->good && says_the_same(tcos, ecos)) {
        session->due = 0;
        session->code = NULL;
        move_to(c, LEDGER_MIGRATED, NULL);
    } else if (!tcos->good && !ecos->good) {
        fail(c, id_of(D151));
    } else {
        session->due = 0;
        session->code = id_of(D151);
        move_to(c, LEDGER_CONFIRM_MISMATCH, session->code);
    }
}

/* Both state the same credentials: the success comes late, and the end becomes another one. */
static void migrate_late(const struct change *c)
{
    struct ledger_session *session = c->session;

    session->unused = session->unused && session->tcos.try != session->try; /* a try that succeeded was attempted */
    session->code = NULL;
    session->next_eligible = session->due = session->ended = 0; /* it ends now */
    move_to(c, LEDGER_MIGRATED, NULL);
}

/* Compares the sides after a statement that came when the work had ended without success. The end stays until both
 * state the same credentials; a success of one side is recorded, so that the Device gets C108 and is never replaced
 * twice. What the session failed with stays in it. The transition says what is missing now. */
static enum retry_effect settle_late(const struct change *c)
{
    struct ledger_session *session = c->session;
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;
    const char *code = session->code;

    if (tcos->good && ecos->good && says_the_same(tcos, ecos)) {
        migrate_late(c);
        return RETRY_APPLIES;
    }
    session->due = 0;
    if ((tcos->good || ecos->good) && tcos->at != 0 && ecos->at != 0)
        code = id_of(D151);
    else if (tcos->good || ecos->good)
        session->due = c->now + c->rules->confirmation_wait;
    move_to(c, session->state, code);
    return RETRY_RECORDED;
}

/* ---- results ---- */

/* A failed try: the next delay, or the end. The end comes for a permanent code, after the last delay, and if the next
 * try would be due at the session's end or later, or too late for TCoS. */
static void take_failure(const struct change *c, enum code code)
{
    struct ledger_session *session = c->session;
    const char *id = id_of(code);

    if (!catalogue_entry(code)->transient || (size_t)session->delays >= c->rules->n_delays) {
        fail(c, id);
        return;
    }
    int64_t due = c->now + c->rules->delays[session->delays];
    if (!may_try_again(c->rules, session, due)) {
        fail(c, id);
        return;
    }
    session->delays++;
    session->answered = true;
    session->due = due;
    session->code = id;
    move_to(c, LEDGER_RETRY_WAIT, id);
}

/* The try was not made: it is ordered again after the first delay, and no delay is used up. */
static void take_not_attempted(const struct change *c)
{
    struct ledger_session *session = c->session;
    int64_t due = c->now + (c->rules->n_delays > 0 ? c->rules->delays[0] : 0);

    session->answered = session->unused = true;
    session->code = NULL;
    if (!may_try_again(c->rules, session, due)) {
        fail(c, id_of(D103));
        return;
    }
    session->due = due;
    move_to(c, LEDGER_RETRY_WAIT, NULL);
}

/* Whether a statement says of a Device that has migrated what is known of it. An operator may have ended the session as
 * migrated on the word of one side. */
static bool is_known(const struct ledger_session *session, const struct ledger_side *side)
{
    return side->good && (says_the_same(&session->tcos, side) || says_the_same(&session->ecos, side));
}

/* A SUCCESS counts in every state, whichever try it is about: the Device has the new credentials. */
static enum retry_effect take_success(const struct change *c, const struct retry_result *said)
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
        if (same)
            return RETRY_NOTHING_NEW;
        session->tcos = side;
        effect = settle_late(c);
        c->transition->statement = LEDGER_REPLACED;
        return effect;
    case LEDGER_MIGRATED:
        return is_known(session, &side) ? RETRY_NOTHING_NEW : RETRY_CONTRADICTS;
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
static enum retry_effect take_denial(const struct change *c)
{
    enum retry_effect effect = RETRY_APPLIES;

    c->session->tcos = (struct ledger_side){.at = c->now};
    if (ended_in_vain(c->session))
        effect = settle_late(c);
    else
        settle(c);
    c->transition->statement = LEDGER_NOT_REPLACED;
    return effect;
}

void retry_orders_add(struct retry_orders *orders, const struct ledger_transition *transition)
{
    if (transition->try != orders->try)
        return;
    if (transition->state == LEDGER_DISPATCHED) {
        orders->first = orders->first != 0 ? orders->first : transition->at;
        orders->before = orders->newest;
        orders->before_said = orders->newest_said;
    } else if (transition->state == LEDGER_RETRY_WAIT && orders->last_state == LEDGER_DISPATCHED) {
        /* Only the transition right after the order is its answer: a try that is put off stays in RETRY_WAIT, too. */
        orders->newest = transition->at;
        orders->newest_said = transition->said_at;
    }
    orders->last_state = transition->state;
}

bool retry_orders_outdate(const struct retry_orders *orders, const struct retry_result *said, int64_t created)
{
    int64_t at = said->at >= orders->first ? said->at : created;

    /* Only a lost ledger has ordered it: nothing is known of an earlier order. */
    if (orders->first == 0)
        return false;
    return said->kind != RESULT_SUCCESS && at >= orders->first && (at <= orders->before || at == orders->before_said);
}

/* FAILED, TIMEOUT or NOT_ATTEMPTED. Before a success only the newest try is open; after one only the try that succeeded
 * can take it back. */
static enum retry_effect take_no_success(const struct change *c, const struct retry_result *said)
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
        return session->answered ? RETRY_NOTHING_NEW : take_denial(c);
    case LEDGER_CONFIRM_MISMATCH:
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
        return session->tcos.good ? take_denial(c) : RETRY_NOTHING_NEW;
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
    const struct change change = {rules, now, session, transition};
    enum retry_effect effect;

    if (said->try < 1 || said->try > session->try)
        return RETRY_NOT_ORDERED;
    effect = said->kind == RESULT_SUCCESS ? take_success(&change, said) : take_no_success(&change, said);
    if (retry_changes(effect))
        copy_result(said, transition);
    return effect;
}

void retry_adopt_try(const struct retry_rules *rules, int64_t now, int64_t try, struct ledger_session *session)
{
    bool waits = session->state == LEDGER_READY || session->state == LEDGER_RETRY_WAIT;

    if (try <= session->try || (!waits && session->state != LEDGER_DISPATCHED))
        return;
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

/* ---- confirmations ---- */

/* A new statement of the ECoS side in a session that has not ended. An EMC with N while tries go on is kept, but stops
 * no try: the state stays. */
static enum retry_effect take_statement(const struct change *c, const struct ledger_side *side)
{
    struct ledger_session *session = c->session;

    session->ecos = *side;
    if (side->good || session->state == LEDGER_CONFIRM_PENDING || session->state == LEDGER_CONFIRM_MISMATCH)
        settle(c);
    else
        move_to(c, session->state, session->code);
    return RETRY_APPLIES;
}

static enum retry_effect take_confirmation(const struct change *c, const struct ledger_side *side)
{
    struct ledger_session *session = c->session;
    bool known = session->ecos.at != 0, same = known && says_the_same(&session->ecos, side);

    switch (session->state) {
    case LEDGER_MIGRATED:
        return is_known(session, side) ? RETRY_NOTHING_NEW : RETRY_CONTRADICTS;
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
        if (same || (!side->good && !session->ecos.good && !session->tcos.good))
            return RETRY_NOTHING_NEW; /* N says what the end says */
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
    const struct change change = {rules, now, session, transition};
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

/* ---- time and work orders ---- */

enum retry_effect retry_take_time(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition)
{
    const struct change change = {rules, now, session, transition};

    switch (session->state) {
    case LEDGER_DISPATCHED:
        if (now < retry_session_end(rules, session))
            return RETRY_NOTHING_NEW;
        fail(&change, id_of(D103));
        return RETRY_APPLIES;
    case LEDGER_RETRY_WAIT:
        if (may_try_again(rules, session, now))
            return RETRY_NOTHING_NEW;
        fail_with_last_code(&change);
        return RETRY_APPLIES;
    case LEDGER_CONFIRM_PENDING:
        if (session->due == 0 || now < session->due)
            return RETRY_NOTHING_NEW;
        session->due = 0; /* D150 is stated once */
        session->code = id_of(D150);
        move_to(&change, LEDGER_CONFIRM_PENDING, session->code);
        return RETRY_APPLIES;
    case LEDGER_FAILED:
    case LEDGER_DEFERRED:
        if (session->due == 0 || now < session->due)
            return RETRY_NOTHING_NEW;
        session->due = 0;
        move_to(&change, session->state, id_of(D150));
        return RETRY_APPLIES;
    default:
        return RETRY_NOTHING_NEW;
    }
}

void retry_dispatch(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition)
{
    const struct change change = {rules, now, session, transition};

    if (session->begun == 0) {
        session->begun = now;
        session->ends = not_after_closing(rules, now + rules->session_length);
    }
    if (!session->unused)
        session->try++;
    session->answered = session->unused = false;
    session->due = session->ends;
    session->code = NULL;
    move_to(&change, LEDGER_DISPATCHED, NULL);
}

bool retry_end(const struct retry_rules *rules, int64_t now, bool migrated, struct ledger_session *session,
               struct ledger_transition *transition)
{
    const struct change change = {rules, now, session, transition};

    if (session->state != LEDGER_CONFIRM_PENDING && session->state != LEDGER_CONFIRM_MISMATCH)
        return false;
    session->due = 0;
    if (migrated) {
        session->code = NULL;
        move_to(&change, LEDGER_MIGRATED, NULL);
    } else {
        fail(&change, id_of(session->state == LEDGER_CONFIRM_PENDING ? D150 : D151));
    }
    transition->statement = LEDGER_ENDED_BY_ORDER;
    return true;
}

void retry_put_off(const struct retry_rules *rules, int64_t now, const struct retry_cause *cause,
                   struct ledger_session *session, struct ledger_transition *transition)
{
    const struct change change = {rules, now, session, transition};
    bool begun = session->state != LEDGER_READY;
    const char *code = id_of(cause->code);

    if (begun ? !may_try_again(rules, session, cause->until) : cause->code != C116) {
        session->code = code;
        session->next_eligible = cause->until;
        move_to(&change, LEDGER_DEFERRED, code);
        return;
    }
    /* Between two tries the session keeps the code of the last try: it is what it fails with at its end. */
    if (!begun)
        session->code = code;
    session->due = cause->until;
    move_to(&change, session->state, code);
}

void retry_refuse(const struct retry_rules *rules, int64_t now, enum code code, struct ledger_session *session,
                  struct ledger_transition *transition)
{
    const struct change change = {rules, now, session, transition};

    if (session->try > 0) {
        if (code == C122)
            fail_with_last_code(&change);
        else
            fail(&change, id_of(code));
        return;
    }
    session->code = id_of(code);
    move_to(&change, LEDGER_REJECTED, session->code);
}
