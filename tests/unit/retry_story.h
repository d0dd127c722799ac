/*
 * Stories for tests of validators/retry/retry.h. A story is a text of events with blanks between them, which happen one
 * after another to the session of a READY Device:
 *
 *   @N       it is N minutes after the beginning
 *   W        a work order orders the next try
 *   S T F N  a result SUCCESS, TIMEOUT, FAILED, NOT_ATTEMPTED of the newest try. Behind it may stand: a digit, the try
 *            that it is about; g, d or a and a text, its GBCS status, DUIS code or alert; ', other ids; @N, LastTry is
 *            minute N; %N, its file was created in minute N.
 *   Y Y' n   a confirmation: Y, Y with other ids, N
 *   t        retry_take_time
 *   pN lN    put off until minute N with C109, with C116
 *   x X z    refused with C107, with C122, with C108
 *   m        another work item of the Device migrates; what is stated from then on is about a Device that has migrated
 *   o u      an operator ends it as migrated; overrules that. No effect is kept of either.
 *   cN       TCoS closes in minute N: a setting, which has no effect
 *
 * Each event has an effect: + applies, ~ recorded, r nothing new, ! contradicts, ? not ordered. After each event the
 * session and its newest transition are checked against each other.
 */
#ifndef ECOSGATE_TESTS_RETRY_STORY_H
#define ECOSGATE_TESTS_RETRY_STORY_H

#include "spool/ledger/ledger_devices.h"
#include "validators/retry/retry.h"
#include "validators/retry/retry_orders.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define BEGINNING INT64_C(1688385600)
enum { MINUTE = 60 };

struct story {
    struct retry_rules rules;
    struct ledger_session session;
    struct ledger_transition transition;
    int64_t now;
    bool superseded, overruled;
    GArray *transitions; /* all so far */
    GString *effects;
};

static inline int64_t minute_in(const char *event, char mark)
{
    const char *found = strchr(event, mark);

    return found != NULL ? BEGINNING + atoi(found + 1) * MINUTE : 0;
}

/* Asks retry_orders_outdate, as result_rules.c does with the transitions of the ledger. */
static inline bool is_outdated(const struct story *story, const struct retry_result *said, int64_t created)
{
    struct retry_orders orders = {.try = said->try};

    for (guint i = 0; i < story->transitions->len; i++)
        retry_orders_add(&orders, &g_array_index(story->transitions, struct ledger_transition, i));
    return retry_orders_outdate(&orders, said, created);
}

static inline struct retry_result result_of_event(const struct story *story, const char *event)
{
    static const char kinds[] = "SFTN";
    bool other = g_str_has_suffix(event, "'");
    struct retry_result said = {.kind = (enum retry_result_kind)(strchr(kinds, *event) - kinds),
                                .try = MAX(story->session.try, 1),
                                .superseded = story->superseded,
                                .overruled = story->overruled,
                                .at = minute_in(event, '@')};
    int64_t created = strchr(event, '%') != NULL ? minute_in(event, '%') : story->now;

    if (g_ascii_isdigit(event[1]))
        said.try = *++event - '0';
    switch (event[1]) {
    case 'g':
        said.gbcs = event + 2;
        break;
    case 'd':
        said.duis = event + 2;
        break;
    case 'a':
        said.alert = event + 2;
        break;
    default:
        break;
    }
    if (said.kind == RESULT_SUCCESS) {
        said.subject_id = "A";
        said.key_id = other ? "C" : "B";
    }
    said.outdated = is_outdated(story, &said, created);
    return said;
}

static inline bool is_stated_anew(const struct ledger_side *now, const struct ledger_side *before)
{
    return now->at != before->at || now->good != before->good || now->try != before->try ||
           g_strcmp0(now->key_id, before->key_id) != 0;
}

/* The statement that a transition must carry, so that the ledger can read each side from its newest transition. */
static inline enum ledger_statement statement_of(const struct ledger_session *now, const struct ledger_session *before)
{
    if (is_stated_anew(&now->tcos, &before->tcos))
        return now->tcos.good ? LEDGER_REPLACED : now->tcos.no_answer ? LEDGER_NO_ANSWER : LEDGER_NOT_REPLACED;
    if (is_stated_anew(&now->ecos, &before->ecos))
        return now->ecos.good ? LEDGER_CONFIRMED : LEDGER_NOT_CONFIRMED;
    return LEDGER_NO_STATEMENT;
}

/* If nothing changes, session and transition are left alone; else the transition says the same as the session. */
static inline void check_transition(const struct story *story, enum retry_effect effect, const struct story *before,
                                    const char *event)
{
    const struct ledger_session *s = &story->session;
    const struct ledger_transition *t = &story->transition;

    if (!retry_changes(effect)) {
        if (memcmp(s, &before->session, sizeof *s) != 0 || memcmp(t, &before->transition, sizeof *t) != 0)
            fail_msg("'%s' changes nothing, but session or transition was changed", event);
        return;
    }
    if (s->transitions != before->session.transitions + 1 || t->n != s->transitions || t->state != s->state ||
        t->at != story->now || t->due != s->due || t->job != 0 || t->record != 0)
        fail_msg("'%s': the transition differs from the session", event);
    if (t->statement != statement_of(s, &before->session))
        fail_msg("'%s': the statement of the transition is %d", event, (int)t->statement);
    if (t->statement == LEDGER_REPLACED && s->tcos.try != t->try)
        fail_msg("'%s': the transition is about another try than the SUCCESS", event);
    if (strchr("SY", *event) != NULL && (g_strcmp0(t->subject_id, "A") != 0 || t->key_id == NULL))
        fail_msg("'%s': the transition does not say which credentials", event);
    bool in_vain = retry_has_ended(s) && s->state != LEDGER_MIGRATED && s->try > 0;
    bool late = in_vain && s->tcos.good != s->ecos.good; /* one side states a success */
    if (retry_has_ended(s) ? s->ended == 0 || (s->due != 0 && !late) : s->ended != 0)
        fail_msg("'%s': ended or due is wrong for that state", event);
}

static inline enum retry_effect happens(struct story *story, const char *event)
{
    const struct retry_confirmation said = {.confirmed = *event == 'Y',
                                            .superseded = story->superseded,
                                            .overruled = story->overruled,
                                            .subject_id = "A",
                                            .key_id = *event == 'Y' && event[1] ? "C" : "B"};
    const struct retry_rules *rules = &story->rules;
    struct ledger_session *session = &story->session;
    struct ledger_transition *transition = &story->transition;

    switch (*event) {
    case 'W':
        retry_dispatch(rules, story->now, session, transition);
        return RETRY_APPLIES;
    case 'p':
    case 'l': {
        const struct retry_cause cause = {*event == 'p' ? C109 : C116, BEGINNING + atoi(event + 1) * MINUTE};
        retry_put_off(rules, story->now, &cause, session, transition);
        return RETRY_APPLIES;
    }
    case 'x':
    case 'X':
    case 'z':
        retry_refuse(rules, story->now, *event == 'x' ? C107 : *event == 'X' ? C122 : C108, session, transition);
        return RETRY_APPLIES;
    case 'm':
        story->superseded = true;
        return retry_supersede(rules, story->now, session, transition);
    case 't':
        return retry_take_time(rules, story->now, session, transition);
    case 'Y':
    case 'n':
        return retry_take_confirmation(rules, story->now, &said, session, transition);
    default: {
        const struct retry_result result = result_of_event(story, event);
        return retry_take_result(rules, story->now, &result, session, transition);
    }
    }
}

/* The story borrows texts of events. */
static inline void run_story(struct story *story, char **events)
{
    for (; *events != NULL; events++) {
        if (**events == '@') {
            story->now = BEGINNING + atoi(*events + 1) * MINUTE;
        } else if (**events == 'o') {
            (void)retry_end(&story->rules, story->now, true, &story->session, &story->transition);
            g_array_append_val(story->transitions, story->transition);
        } else if (**events == 'u') {
            story->overruled = true;
        } else if (**events == 'c') {
            story->rules.tcos_closes = BEGINNING + atoi(*events + 1) * MINUTE;
        } else if (**events != '\0') {
            struct story before = *story;
            enum retry_effect effect = happens(story, *events);
            check_transition(story, effect, &before, *events);
            if (retry_changes(effect))
                g_array_append_val(story->transitions, story->transition);
            g_string_append_c(story->effects, "+~r!?"[effect]);
        }
    }
}

static inline void story_begin(struct story *story)
{
    *story = (struct story){.now = BEGINNING,
                            .transitions = g_array_new(FALSE, FALSE, sizeof(struct ledger_transition)),
                            .effects = g_string_new(NULL)};
    retry_rules_init(&story->rules);
}

static inline void story_end(struct story *story)
{
    g_string_free(story->effects, TRUE);
    g_array_unref(story->transitions);
}

static inline void add_minute(GString *text, const char *name, int64_t at)
{
    if (at != 0)
        g_string_append_printf(text, " %s%" G_GINT64_FORMAT, name, (at - BEGINNING) / MINUTE);
}

static inline void add_side(GString *text, const char *name, const struct ledger_side *side)
{
    if (side->at != 0)
        g_string_append_printf(text, " %s:%s", name,
                               !side->good                             ? "no"
                               : g_strcmp0(side->subject_id, "A") != 0 ? "?"
                                                                       : side->key_id);
}

/* "RETRY_WAIT D103 try1 due5 used1 answered": the session as it is; [C109]: the code of the newest transition, if it
 * differs.
 */
static inline char *session_text(const struct story *story)
{
    const struct ledger_session *s = &story->session;
    GString *text = g_string_new(ledger_state_name(s->state));

    if (s->code != NULL)
        g_string_append_printf(text, " %s", s->code);
    if (s->transitions > 0 && g_strcmp0(s->code, story->transition.code) != 0)
        g_string_append_printf(text, " [%s]", story->transition.code ? story->transition.code : "-");
    g_string_append_printf(text, " try%" G_GINT64_FORMAT, s->try);
    add_minute(text, "due", s->due);
    add_minute(text, "ended", s->ended);
    add_minute(text, "next", s->next_eligible);
    if (s->delays > 0)
        g_string_append_printf(text, " used%" G_GINT64_FORMAT, s->delays);
    if (s->answered)
        g_string_append(text, " answered");
    if (s->unused)
        g_string_append(text, " unused");
    add_side(text, "T", &s->tcos);
    add_side(text, "E", &s->ecos);
    return g_string_free(text, FALSE);
}

static inline void expect_story(const char *events, const char *expected)
{
    g_auto(GStrv) split = g_strsplit(events, " ", -1);
    struct story story;

    story_begin(&story);
    run_story(&story, split);
    g_autofree char *now = session_text(&story);
    g_autofree char *found = g_strdup_printf("%s %s", story.effects->str, now);
    story_end(&story);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", events, expected, found);
}

#endif
