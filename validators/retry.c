#include "validators/retry.h"

#include "spool/ledger/ledger_devices.h"

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

/* ---- codes of a failed try ---- */

struct meaning {
    const char *said;
    enum code code;
};

static bool add_meaning(const struct meaning *meanings, size_t n, const char *said, bool *codes)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(meanings[i].said, said) == 0) {
            codes[meanings[i].code] = true;
            return true;
        }
    }
    return false;
}

/* The statuses that say "nothing is wrong" stand for no code; any other that is not listed is D127. */
static void mark_codes(const struct retry_result *result, bool *codes)
{
    static const struct meaning alerts[] = {
        {"8F1E", D140}, {"8F30", D140}, {"8F3D", D140}, {"819D", D141}, {"8F84", D141},
    };
    static const struct meaning gbcs[] = {
        {"5", D105}, {"10", D110}, {"17", D117}, {"25", D125}, {"30", D130},
    };
    static const struct meaning duis[] = {{"E20", D101}, {"E21", D102}};

    if (result->alert != NULL)
        (void)add_meaning(alerts, G_N_ELEMENTS(alerts), result->alert, codes); /* others say nothing of the try */
    if (result->gbcs != NULL && strcmp(result->gbcs, "0") != 0 &&
        !add_meaning(gbcs, G_N_ELEMENTS(gbcs), result->gbcs, codes))
        codes[D127] = true;
    if (result->duis != NULL && strcmp(result->duis, "0") != 0 && strcmp(result->duis, "I0") != 0 &&
        !add_meaning(duis, G_N_ELEMENTS(duis), result->duis, codes))
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

/* ---- transitions ---- */

bool retry_changes(enum retry_effect effect)
{
    return effect == RETRY_APPLIES || effect == RETRY_NOTED;
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

/* The session as it is now becomes the newest transition; code is what led here. */
static void move_to(struct ledger_session *session, enum ledger_state state, int64_t now, const char *code,
                    struct ledger_transition *transition)
{
    session->state = state;
    session->transitions++;
    if (retry_has_ended(session) && session->ended == 0) {
        session->ended = now;
        session->due = 0;
    }
    *transition = (struct ledger_transition){
        .n = session->transitions, .at = now, .state = state, .try = session->try, .code = code, .due = session->due};
}

/* NextEligible counts from the end that the session would have had at the latest. */
static void fail(const struct retry_rules *rules, int64_t now, const char *code, struct ledger_session *session,
                 struct ledger_transition *transition)
{
    session->code = code;
    session->next_eligible = session->ends + rules->next_session;
    move_to(session, LEDGER_FAILED, now, code, transition);
}

static const char *id_of(enum code code)
{
    return catalogue_entry(code)->id;
}

/* ---- the two sides ---- */

static bool says_the_same(const struct ledger_side *a, const struct ledger_side *b)
{
    return a->good == b->good &&
           (!a->good || (g_strcmp0(a->subject_id, b->subject_id) == 0 && g_strcmp0(a->key_id, b->key_id) == 0));
}

/* One side has just said something that counts. */
static void settle(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                   struct ledger_transition *transition)
{
    const struct ledger_side *tcos = &session->tcos, *ecos = &session->ecos;

    if (tcos->at == 0 || ecos->at == 0) {
        session->due = now + rules->confirmation_wait;
        session->code = NULL;
        move_to(session, LEDGER_CONFIRM_PENDING, now, NULL, transition);
    } else if (tcos->good && ecos->good && says_the_same(tcos, ecos)) {
        session->due = 0;
        session->code = NULL;
        move_to(session, LEDGER_MIGRATED, now, NULL, transition);
    } else if (!tcos->good && !ecos->good) {
        fail(rules, now, id_of(D151), session, transition);
    } else {
        session->due = 0;
        session->code = id_of(D151);
        move_to(session, LEDGER_CONFIRM_MISMATCH, now, session->code, transition);
    }
}

/* ---- results ---- */

static void add_said(const struct retry_result *said, struct ledger_transition *transition)
{
    transition->try = said->try;
    transition->gbcs = said->gbcs;
    transition->duis = said->duis;
    transition->alert = said->alert;
    transition->subject_id = said->subject_id;
    transition->key_id = said->key_id;
    transition->said_at = said->at;
}

/* What a session in a try, or between two, makes of a failed one. */
static void take_failure(const struct retry_rules *rules, int64_t now, enum code code, struct ledger_session *session,
                         struct ledger_transition *transition)
{
    const char *id = id_of(code);

    if (!catalogue_entry(code)->transient || (size_t)session->delays >= rules->n_delays) {
        fail(rules, now, id, session, transition);
        return;
    }
    int64_t due = now + rules->delays[session->delays];
    if (due >= session->ends) {
        fail(rules, now, id, session, transition);
        return;
    }
    session->delays++;
    session->answered = true;
    session->due = due;
    session->code = id;
    move_to(session, LEDGER_RETRY_WAIT, now, id, transition);
}

static void take_not_attempted(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                               struct ledger_transition *transition)
{
    int64_t due = now + (rules->n_delays > 0 ? rules->delays[0] : 0);

    session->answered = session->unused = true;
    session->code = NULL;
    if (due >= session->ends) {
        fail(rules, now, id_of(D103), session, transition);
        return;
    }
    session->due = due;
    move_to(session, LEDGER_RETRY_WAIT, now, NULL, transition);
}

static enum retry_effect take_success(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                      struct ledger_session *session, struct ledger_transition *transition)
{
    const struct ledger_side side = {now, true, said->subject_id, said->key_id, said->try, 0};
    bool known = session->tcos.at != 0 && session->tcos.good;
    bool same = known && says_the_same(&session->tcos, &side);

    switch (session->state) {
    case LEDGER_FAILED:
        if (known)
            return RETRY_REPEATS;
        session->tcos = side;
        move_to(session, LEDGER_FAILED, now, session->code, transition);
        transition->statement = LEDGER_REPLACED;
        return RETRY_NOTED;
    case LEDGER_MIGRATED:
        return same ? RETRY_REPEATS : RETRY_CONTRADICTS;
    case LEDGER_CONFIRM_PENDING:
        if (known)
            return same ? RETRY_REPEATS : RETRY_CONTRADICTS;
        break;
    case LEDGER_CONFIRM_MISMATCH:
        if (same)
            return RETRY_REPEATS;
        break;
    default:
        break;
    }
    session->tcos = side;
    session->answered = false;
    session->unused = session->unused && said->try != session->try; /* what succeeded was attempted */
    settle(rules, now, session, transition);
    transition->statement = LEDGER_REPLACED;
    return RETRY_APPLIES;
}

/* Where the ECoS side's word is there, the TCoS side's is that it has replaced nothing. */
static enum retry_effect take_denial(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                     struct ledger_transition *transition)
{
    session->tcos = (struct ledger_side){.at = now};
    settle(rules, now, session, transition);
    transition->statement = LEDGER_NOT_REPLACED;
    return RETRY_APPLIES;
}

/* A denial is a transition, too, in which the state stays: an answer is what follows upon the order. */
void retry_orders_add(struct retry_orders *orders, const struct ledger_transition *transition)
{
    if (transition->try != orders->try)
        return;
    if (transition->state == LEDGER_DISPATCHED) {
        orders->first = orders->first != 0 ? orders->first : transition->at;
        orders->noted = orders->waits;
        orders->said = orders->waits_said;
    } else if (transition->state == LEDGER_RETRY_WAIT && orders->state == LEDGER_DISPATCHED) {
        orders->waits = transition->at;
        orders->waits_said = transition->said_at;
    }
    orders->state = transition->state;
}

bool retry_orders_outdate(const struct retry_orders *orders, const struct retry_result *said, int64_t created)
{
    int64_t at = said->at >= orders->first ? said->at : created;

    return said->kind != RESULT_SUCCESS && at >= orders->first && (at <= orders->noted || at == orders->said);
}

static enum retry_effect take_no_success(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                         struct ledger_session *session, struct ledger_transition *transition)
{
    /* After a SUCCESS only the try that succeeded can take it back; before, only the newest one is open. */
    if (said->outdated || said->try != (session->tcos.good ? session->tcos.try : session->try))
        return RETRY_REPEATS;
    switch (session->state) {
    case LEDGER_DISPATCHED:
        if (said->kind == RESULT_NOT_ATTEMPTED)
            take_not_attempted(rules, now, session, transition);
        else
            take_failure(rules, now, retry_code(said), session, transition);
        return RETRY_APPLIES;
    case LEDGER_CONFIRM_PENDING:
        if (session->tcos.at != 0)
            return RETRY_CONTRADICTS;
        return session->answered ? RETRY_REPEATS : take_denial(rules, now, session, transition);
    case LEDGER_CONFIRM_MISMATCH:
        return session->tcos.good ? take_denial(rules, now, session, transition) : RETRY_REPEATS;
    case LEDGER_MIGRATED:
        return RETRY_CONTRADICTS;
    default:
        return RETRY_REPEATS;
    }
}

enum retry_effect retry_take_result(const struct retry_rules *rules, int64_t now, const struct retry_result *said,
                                    struct ledger_session *session, struct ledger_transition *transition)
{
    enum retry_effect effect;

    if (said->try < 1 || said->try > session->try)
        return RETRY_NOT_ORDERED;
    effect = said->kind == RESULT_SUCCESS ? take_success(rules, now, said, session, transition)
                                          : take_no_success(rules, now, said, session, transition);
    if (retry_changes(effect))
        add_said(said, transition);
    return effect;
}

/* ---- confirmations ---- */

/* What an EMC says where the ECoS side's word is still open. */
static enum retry_effect take_word(const struct retry_rules *rules, int64_t now, const struct ledger_side *side,
                                   struct ledger_session *session, struct ledger_transition *transition)
{
    session->ecos = *side;
    if (side->good || session->state == LEDGER_CONFIRM_PENDING || session->state == LEDGER_CONFIRM_MISMATCH)
        settle(rules, now, session, transition);
    else
        move_to(session, session->state, now, session->code, transition);
    return RETRY_APPLIES;
}

enum retry_effect retry_take_confirmation(const struct retry_rules *rules, int64_t now,
                                          const struct retry_confirmation *said, struct ledger_session *session,
                                          struct ledger_transition *transition)
{
    const struct ledger_side side = {.at = now,
                                     .good = said->confirmed,
                                     .subject_id = said->confirmed ? said->subject_id : NULL,
                                     .key_id = said->confirmed ? said->key_id : NULL};
    bool known = session->ecos.at != 0, same = known && says_the_same(&session->ecos, &side);
    enum retry_effect effect = RETRY_APPLIES;

    if (session->try < 1)
        return RETRY_NOT_ORDERED;
    switch (session->state) {
    case LEDGER_MIGRATED:
        return same ? RETRY_REPEATS : RETRY_CONTRADICTS;
    case LEDGER_FAILED:
        if (!said->confirmed || (known && session->ecos.good))
            return RETRY_REPEATS;
        session->ecos = side;
        move_to(session, LEDGER_FAILED, now, session->code, transition);
        effect = RETRY_NOTED;
        break;
    case LEDGER_CONFIRM_PENDING:
        if (known && session->ecos.good)
            return same ? RETRY_REPEATS : RETRY_CONTRADICTS;
        effect = take_word(rules, now, &side, session, transition);
        break;
    default:
        if (same)
            return RETRY_REPEATS;
        effect = take_word(rules, now, &side, session, transition);
        break;
    }
    transition->statement = said->confirmed ? LEDGER_CONFIRMED : LEDGER_NOT_CONFIRMED;
    transition->subject_id = side.subject_id;
    transition->key_id = side.key_id;
    transition->said_at = said->at;
    return effect;
}

/* ---- time and dispatch ---- */

enum retry_effect retry_take_time(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                                  struct ledger_transition *transition)
{
    switch (session->state) {
    case LEDGER_DISPATCHED:
        if (now < session->ends)
            return RETRY_REPEATS;
        fail(rules, now, id_of(D103), session, transition);
        return RETRY_APPLIES;
    case LEDGER_RETRY_WAIT:
        if (now < session->ends)
            return RETRY_REPEATS;
        fail(rules, now, session->code != NULL ? session->code : id_of(D103), session, transition);
        return RETRY_APPLIES;
    case LEDGER_CONFIRM_PENDING:
        if (session->due == 0 || now < session->due)
            return RETRY_REPEATS;
        session->due = 0;
        session->code = id_of(D150);
        move_to(session, LEDGER_CONFIRM_PENDING, now, session->code, transition);
        return RETRY_APPLIES;
    default:
        return RETRY_REPEATS;
    }
}

void retry_dispatch(const struct retry_rules *rules, int64_t now, struct ledger_session *session,
                    struct ledger_transition *transition)
{
    if (session->begun == 0) {
        session->begun = now;
        session->ends = now + rules->session_length;
    }
    if (!session->unused)
        session->try++;
    session->answered = session->unused = false;
    session->due = session->ends;
    session->code = NULL;
    move_to(session, LEDGER_DISPATCHED, now, NULL, transition);
}

void retry_put_off(int64_t now, const char *code, int64_t until, struct ledger_session *session,
                   struct ledger_transition *transition)
{
    /* Between two tries the code of the last one is kept: it is what the session fails with at its end. */
    if (session->state == LEDGER_READY)
        session->code = code;
    session->due = session->ends != 0 ? MIN(until, session->ends) : until;
    move_to(session, session->state, now, code, transition);
}

void retry_refuse(const struct retry_rules *rules, int64_t now, const char *code, struct ledger_session *session,
                  struct ledger_transition *transition)
{
    if (session->try > 0) {
        fail(rules, now, code, session, transition);
        return;
    }
    session->code = code;
    move_to(session, LEDGER_REJECTED, now, code, transition);
}
