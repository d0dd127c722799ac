/* A Device's way as pure functions: who may say what in which state and what becomes of it, delays, ends, codes. */
#include "validators/retry.h"

#include "spool/ledger/ledger_devices.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/*
 * Stories: words with blanks between, told to a session that begins as a READY Device.
 *   @N       it is N minutes after the beginning
 *   W        a work order (dispatch)
 *   S T F N  a result SUCCESS, TIMEOUT, FAILED, NOT_ATTEMPTED of the newest try; a digit behind: of that try;
 *            g, d, a and a text behind: GBCS status, DUIS code, alert; ' behind: other ids; @N behind: of minute N
 *            (LastTry), %N: in a file of minute N
 *   Y Y' n   a confirmation: Y, Y with other ids, N
 *   t        the time is looked at
 *   pN       put off with C109 until minute N
 *   x        refused with C107
 * Each of them has an effect: + applies, ~ noted, r repeats, ! contradicts, ? not ordered.
 */
#define BEGINNING INT64_C(1688385600)
enum { MINUTE = 60 };

struct story {
    struct retry_rules rules;
    struct ledger_session session;
    struct ledger_transition transition;
    int64_t now;
    GArray *transitions; /* all so far */
    GString *effects;
};

static int64_t minute_in(const char *word, char mark)
{
    const char *found = strchr(word, mark);

    return found != NULL ? BEGINNING + atoi(found + 1) * MINUTE : 0;
}

/* As whoever has the transitions of a ledger does. */
static bool is_outdated(const struct story *story, const struct retry_result *said, int64_t created)
{
    struct retry_orders orders = {.try = said->try};

    for (guint i = 0; i < story->transitions->len; i++)
        retry_orders_add(&orders, &g_array_index(story->transitions, struct ledger_transition, i));
    return retry_orders_outdate(&orders, said, created);
}

static struct retry_result result_told(const struct story *story, const char *word)
{
    static const char kinds[] = "SFTN";
    bool other = g_str_has_suffix(word, "'");
    struct retry_result said = {.kind = (enum retry_result_kind)(strchr(kinds, *word) - kinds),
                                .try = MAX(story->session.try, 1),
                                .at = minute_in(word, '@')};
    int64_t created = strchr(word, '%') != NULL ? minute_in(word, '%') : story->now;

    if (g_ascii_isdigit(word[1]))
        said.try = *++word - '0';
    switch (word[1]) {
    case 'g':
        said.gbcs = word + 2;
        break;
    case 'd':
        said.duis = word + 2;
        break;
    case 'a':
        said.alert = word + 2;
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

static bool is_said_anew(const struct ledger_side *now, const struct ledger_side *before)
{
    return now->at != before->at || now->good != before->good || now->try != before->try ||
           g_strcmp0(now->key_id, before->key_id) != 0;
}

/* What a transition has to say so that the sides can be read from their newest transitions. */
static enum ledger_statement word_of(const struct ledger_session *now, const struct ledger_session *before)
{
    if (is_said_anew(&now->tcos, &before->tcos))
        return now->tcos.good ? LEDGER_REPLACED : LEDGER_NOT_REPLACED;
    if (is_said_anew(&now->ecos, &before->ecos))
        return now->ecos.good ? LEDGER_CONFIRMED : LEDGER_NOT_CONFIRMED;
    return LEDGER_NO_STATEMENT;
}

/* Where nothing changes, nothing is touched; where it does, the transition says what the session says. */
static void check_step(const struct story *story, enum retry_effect effect, const struct story *before,
                       const char *word)
{
    const struct ledger_session *s = &story->session;
    const struct ledger_transition *t = &story->transition;

    if (!retry_changes(effect)) {
        if (memcmp(s, &before->session, sizeof *s) != 0 || memcmp(t, &before->transition, sizeof *t) != 0)
            fail_msg("'%s' changes nothing, yet something was touched", word);
        return;
    }
    if (s->transitions != before->session.transitions + 1 || t->n != s->transitions || t->state != s->state ||
        t->at != story->now || t->due != s->due || t->job != 0 || t->record != 0)
        fail_msg("'%s': the step is not what the session is", word);
    if (t->statement != word_of(s, &before->session))
        fail_msg("'%s': the step's word is %d", word, (int)t->statement);
    if (t->statement == LEDGER_REPLACED && s->tcos.try != t->try)
        fail_msg("'%s': the step is about another try than the SUCCESS", word);
    if (strchr("SY", *word) != NULL && (g_strcmp0(t->subject_id, "A") != 0 || t->key_id == NULL))
        fail_msg("'%s': the step does not say which credentials", word);
    if (retry_has_ended(s) ? s->ended == 0 || s->due != 0 : s->ended != 0)
        fail_msg("'%s': ended and due are not as an end demands", word);
}

static enum retry_effect tell_word(struct story *story, const char *word)
{
    const struct retry_confirmation yes = {.confirmed = true, .subject_id = "A", .key_id = "B"},
                                    other = {.confirmed = true, .subject_id = "A", .key_id = "C"},
                                    no = {.confirmed = false, .subject_id = "A", .key_id = "B"};
    const struct retry_rules *rules = &story->rules;
    struct ledger_session *session = &story->session;
    struct ledger_transition *transition = &story->transition;

    switch (*word) {
    case 'W':
        retry_dispatch(rules, story->now, session, transition);
        return RETRY_APPLIES;
    case 'p':
        retry_put_off(story->now, "C109", BEGINNING + atoi(word + 1) * MINUTE, session, transition);
        return RETRY_APPLIES;
    case 'x':
        retry_refuse(rules, story->now, "C107", session, transition);
        return RETRY_APPLIES;
    case 't':
        return retry_take_time(rules, story->now, session, transition);
    case 'Y':
        return retry_take_confirmation(rules, story->now, word[1] ? &other : &yes, session, transition);
    case 'n':
        return retry_take_confirmation(rules, story->now, &no, session, transition);
    default: {
        const struct retry_result said = result_told(story, word);
        return retry_take_result(rules, story->now, &said, session, transition);
    }
    }
}

/* words: kept by the story as long as it is looked at. */
static void tell(struct story *story, char **words)
{
    for (; *words != NULL; words++) {
        if (**words == '@') {
            story->now = BEGINNING + atoi(*words + 1) * MINUTE;
        } else if (**words != '\0') {
            struct story before = *story;
            enum retry_effect effect = tell_word(story, *words);
            check_step(story, effect, &before, *words);
            if (retry_changes(effect))
                g_array_append_val(story->transitions, story->transition);
            g_string_append_c(story->effects, "+~r!?"[effect]);
        }
    }
}

static void begin(struct story *story)
{
    *story = (struct story){.now = BEGINNING,
                            .transitions = g_array_new(FALSE, FALSE, sizeof(struct ledger_transition)),
                            .effects = g_string_new(NULL)};
    retry_rules_init(&story->rules);
}

static void end(struct story *story)
{
    g_string_free(story->effects, TRUE);
    g_array_unref(story->transitions);
}

static void say_minute(GString *text, const char *name, int64_t at)
{
    if (at != 0)
        g_string_append_printf(text, " %s%" G_GINT64_FORMAT, name, (at - BEGINNING) / MINUTE);
}

static void say_side(GString *text, const char *name, const struct ledger_side *side)
{
    if (side->at != 0)
        g_string_append_printf(text, " %s:%s", name,
                               !side->good                             ? "no"
                               : g_strcmp0(side->subject_id, "A") != 0 ? "?"
                                                                       : side->key_id);
}

/* "RETRY_WAIT D103 try1 due5 used1 answered": what is so now; [C109]: the newest transition's code where it is another.
 */
static char *now_so(const struct story *story)
{
    const struct ledger_session *s = &story->session;
    GString *text = g_string_new(ledger_state_name(s->state));

    if (s->code != NULL)
        g_string_append_printf(text, " %s", s->code);
    if (s->transitions > 0 && g_strcmp0(s->code, story->transition.code) != 0)
        g_string_append_printf(text, " [%s]", story->transition.code ? story->transition.code : "-");
    g_string_append_printf(text, " try%" G_GINT64_FORMAT, s->try);
    say_minute(text, "due", s->due);
    say_minute(text, "ended", s->ended);
    say_minute(text, "next", s->next_eligible);
    if (s->delays > 0)
        g_string_append_printf(text, " used%" G_GINT64_FORMAT, s->delays);
    if (s->answered)
        g_string_append(text, " answered");
    if (s->unused)
        g_string_append(text, " unused");
    say_side(text, "T", &s->tcos);
    say_side(text, "E", &s->ecos);
    return g_string_free(text, FALSE);
}

static void expect_story(const char *words, const char *expected)
{
    g_auto(GStrv) split = g_strsplit(words, " ", -1);
    struct story story;

    begin(&story);
    tell(&story, split);
    g_autofree char *now = now_so(&story);
    g_autofree char *found = g_strdup_printf("%s %s", story.effects->str, now);
    end(&story);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", words, expected, found);
}

/* ---- every state, every word ---- */

enum { WORDS = 10 };
/* Of the newest try; t a day later. */
static const char *const words[WORDS] = {"S", "S'", "T", "Fg5", "N", "Y", "Y'", "n", "t", "@1500 t"};

static void expect_cell(const char *story_words, const char *word, const char *expected)
{
    static const char *const short_names[LEDGER_STATES] = {[LEDGER_READY] = "RD",
                                                           [LEDGER_REJECTED] = "RJ",
                                                           [LEDGER_DEFERRED] = "DF",
                                                           [LEDGER_DISPATCHED] = "DI",
                                                           [LEDGER_RETRY_WAIT] = "RW",
                                                           [LEDGER_CONFIRM_PENDING] = "CP",
                                                           [LEDGER_CONFIRM_MISMATCH] = "CM",
                                                           [LEDGER_MIGRATED] = "MI",
                                                           [LEDGER_FAILED] = "FA"};
    g_autofree char *all = g_strconcat(story_words, " @10 ", word, NULL);
    g_auto(GStrv) split = g_strsplit(all, " ", -1);
    struct story story;

    begin(&story);
    tell(&story, split);
    char effect = story.effects->str[story.effects->len - 1];
    g_autofree char *found =
        g_strdup_printf("%c%s", effect, effect == '+' || effect == '~' ? short_names[story.session.state] : "");
    end(&story);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", all, expected, found);
}

static void test_retry__each_state_and_each_word__as_the_design_says(void **state)
{
    static const struct {
        const char *story;
        const char *expected[WORDS]; /* S S' T Fg5 N Y Y' n t, t a day later */
    } rows[] = {
        {"", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
        {"p60", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
        {"x", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
        {"W", {"+CP", "+CP", "+RW", "+FA", "+RW", "+CP", "+CP", "+DI", "r", "+FA"}},
        {"W T @5 W", {"+CP", "+CP", "+RW", "+FA", "+RW", "+CP", "+CP", "+DI", "r", "+FA"}},
        {"W n", {"+CM", "+CM", "+RW", "+FA", "+RW", "+CP", "+CP", "r", "r", "+FA"}},
        {"W T", {"+CP", "+CP", "r", "r", "r", "+CP", "+CP", "+RW", "r", "+FA"}},
        {"W N", {"+CP", "+CP", "r", "r", "r", "+CP", "+CP", "+RW", "r", "+FA"}},
        {"W T n", {"+CM", "+CM", "r", "r", "r", "+CP", "+CP", "r", "r", "+FA"}},
        /* the TCoS side has spoken */
        {"W S", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "+CP"}},
        {"W T S", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "+CP"}},
        {"W S @1440 t", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "r"}},
        /* the ECoS side */
        {"W Y", {"+MI", "+CM", "+CM", "+CM", "+CM", "r", "!", "!", "r", "+CP"}},
        {"W n Y", {"+MI", "+CM", "+CM", "+CM", "+CM", "r", "!", "!", "r", "+CP"}},
        {"W T Y", {"+MI", "+CM", "r", "r", "r", "r", "!", "!", "r", "+CP"}},
        {"W N Y", {"+MI", "+CM", "r", "r", "r", "r", "!", "!", "r", "+CP"}},
        /* they disagree */
        {"W S n", {"r", "+CM", "+FA", "+FA", "+FA", "+MI", "+CM", "r", "r", "r"}},
        {"W S Y'", {"r", "+MI", "+CM", "+CM", "+CM", "+MI", "r", "+CM", "r", "r"}},
        {"W Y T", {"+MI", "+CM", "r", "r", "r", "r", "+CM", "+FA", "r", "r"}},
        {"W S Y' T", {"+CM", "+MI", "r", "r", "r", "+CM", "r", "+FA", "r", "r"}},
        /* ends */
        {"W S Y", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
        {"W S n Y", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
        {"W Fg5", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W n Fg5", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W @1440 t", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W Y T n", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W S n T", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W T x", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W Fg5 S", {"r", "r", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
        {"W Fg5 Y", {"~FA", "~FA", "r", "r", "r", "r", "r", "r", "r", "r"}},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t j = 0; j < WORDS; j++)
            expect_cell(rows[i].story, words[j], rows[i].expected[j]);
    }
}

static void test_retry__an_earlier_try__success_counts_and_nothing_else(void **state)
{
    static const char *const before[] = {"W T @5 W", "W T @5 W T", "W T @5 W Y", "W T @5 W S2", "W T @5 W Fg5"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        expect_cell(before[i], "T1", "r");
        expect_cell(before[i], "Fg5", i == 1 || i == 4 ? "r" : i == 3 ? "!" : i == 2 ? "+CM" : "+FA");
        expect_cell(before[i], "F1g5", "r");
        expect_cell(before[i], "N1", "r");
        expect_cell(before[i], "S3", "?");
        expect_cell(before[i], "T3", "?");
        expect_cell(before[i], "S0", "?");
        expect_cell(before[i], "T0", "?");
    }
    /* after it, only the try that succeeded can fail */
    expect_cell("W T @5 W S1", "T2", "r");
    expect_cell("W T @5 W S1", "T1", "!");
    expect_cell("W T @5 W Y S1", "Fg5", "r");
    expect_cell("W T @5 W Y S1", "F1g5", "!");
    expect_cell("W T @5 W S1 n", "T2", "r");
    expect_cell("W T @5 W S1 n", "T1", "+FA");
    expect_cell("W T @5 W Fg5 S1", "T1", "r");
    expect_story("W T @5 W @6 S1", "++++ CONFIRM_PENDING try2 due1446 used1 T:B");
    expect_story("W T @5 W T @6 S1", "+++++ CONFIRM_PENDING try2 due1446 used2 T:B");
    expect_story("W T @5 W Y @6 S1", "+++++ MIGRATED try2 ended6 used1 T:B E:B");
    expect_story("W T @5 W Fg5 @6 S1", "++++~ FAILED D105 try2 ended5 next44640 used1 T:B");
}

/* ---- what is so then ---- */

static void test_retry__dispatch__begins_the_session_once(void **state)
{
    (void)state;
    expect_story("", " READY try0");
    expect_story("@3 W", "+ DISPATCHED try1 due1443");
    expect_story("@3 W T @8 W", "+++ DISPATCHED try2 due1443 used1");
    expect_story("@3 W N @8 W", "+++ DISPATCHED try1 due1443");
    expect_story("p60 @60 W", "++ DISPATCHED try1 due1500");
}

static void test_retry__delays__each_is_used_once_and_the_last_ends_it(void **state)
{
    static const int due[] = {5, 10, 20, 40, 80, 160, 320, 640};
    GString *story = g_string_new("W");
    GString *effects = g_string_new("+");

    (void)state;
    for (int i = 0; i < 8; i++) {
        g_autofree char *expected =
            g_strdup_printf("%s+ RETRY_WAIT D103 try%d due%d used%d answered", effects->str, i + 1, due[i], i + 1);
        g_string_append(story, " T");
        expect_story(story->str, expected);
        g_string_append_printf(story, " @%d W", due[i]);
        g_string_append(effects, "++");
    }
    g_string_append(story, " T");
    g_string_append(effects, "+ FAILED D103 try9 ended640 next44640 used8");
    expect_story(story->str, effects->str);
    g_string_free(story, TRUE);
    g_string_free(effects, TRUE);
}

static void test_retry__session_end__no_try_at_it_or_after(void **state)
{
    (void)state;
    expect_story("W @1434 T", "++ RETRY_WAIT D103 try1 due1439 used1 answered");
    expect_story("W @1435 T", "++ FAILED D103 try1 ended1435 next44640");
    expect_story("W @1439 Fg30", "++ FAILED D130 try1 ended1439 next44640");
    expect_story("W @1434 N", "++ RETRY_WAIT try1 due1439 answered unused");
    expect_story("W @1435 N", "++ FAILED D103 try1 ended1435 next44640 answered unused");
    expect_story("W @1439 t", "+r DISPATCHED try1 due1440");
    expect_story("W @1440 t", "++ FAILED D103 try1 ended1440 next44640");
    expect_story("W @9000 t", "++ FAILED D103 try1 ended9000 next44640");
    /* between tries: the last code; after NOT_ATTEMPTED D103 */
    expect_story("W Fg30 @1439 t", "++r RETRY_WAIT D130 try1 due5 used1 answered");
    expect_story("W Fg30 @1440 t", "+++ FAILED D130 try1 ended1440 next44640 used1 answered");
    expect_story("W N @1440 t", "+++ FAILED D103 try1 ended1440 next44640 answered unused");
    expect_story("W Fg30 @5 W N @1440 t", "+++++ FAILED D103 try2 ended1440 next44640 used1 answered unused");
    expect_story("W Fg30 n @1440 t", "++++ FAILED D130 try1 ended1440 next44640 used1 answered E:no");
    /* a result that comes when it is over, before the time was looked at */
    expect_story("W @1441 T", "++ FAILED D103 try1 ended1441 next44640");
    expect_story("W @1441 S", "++ CONFIRM_PENDING try1 due2881 T:B");
}

static void test_retry__not_attempted__costs_no_try_and_no_delay(void **state)
{
    (void)state;
    expect_story("W N", "++ RETRY_WAIT try1 due5 answered unused");
    expect_story("W N @5 W N @10 W N", "++++++ RETRY_WAIT try1 due15 answered unused");
    expect_story("W T @5 W T @10 W N", "++++++ RETRY_WAIT try3 due15 used2 answered unused");
    expect_story("W N @5 W T", "++++ RETRY_WAIT D103 try1 due10 used1 answered");
    expect_story("W N @5 S", "+++ CONFIRM_PENDING try1 due1445 T:B");
}

/* Ordered again at minute 6 after NOT_ATTEMPTED, LastTry minute 1, that came at minute 2; the word comes at minute 7.
 */
static void expect_again(const char *word, const char *expected)
{
    g_autofree char *story = g_strconcat("@0 W @2 N@1 @6 W @7 ", word, NULL);

    expect_story(story, expected);
}

static void test_retry__ordered_again__what_is_of_the_first_order_says_nothing_new(void **state)
{
    (void)state;
    expect_again("N@1", "+++r DISPATCHED try1 due1440");
    expect_again("N@2", "+++r DISPATCHED try1 due1440");
    expect_again("N@3", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("T@1", "+++r DISPATCHED try1 due1440");
    expect_again("F@0", "+++r DISPATCHED try1 due1440");
    expect_again("F@7", "++++ RETRY_WAIT D127 try1 due12 used1 answered");
    expect_again("S@1", "++++ CONFIRM_PENDING try1 due1447 T:B");
    /* no time, or one that cannot be this try's: its file's */
    expect_again("N", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N%2", "+++r DISPATCHED try1 due1440");
    expect_again("N%3", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N@-1", "++++ RETRY_WAIT try1 due12 answered unused");
    expect_again("N@-1%1", "+++r DISPATCHED try1 due1440");
    expect_again("N@-1%-1", "++++ RETRY_WAIT try1 due12 answered unused");
    /* it takes nothing back */
    expect_again("S T@1", "++++r CONFIRM_PENDING try1 due1447 T:B");
    expect_again("S n N@1", "+++++r CONFIRM_MISMATCH D151 try1 T:B E:no");
    expect_again("S n N@7", "++++++ FAILED D151 try1 ended7 next44640 T:no E:no");
    expect_again("Y N@1", "++++r CONFIRM_PENDING try1 due1447 E:B");
    /* said with a clock that is ahead, and then again */
    expect_story("W @2 N@4 @7 W @8 N@4", "+++r DISPATCHED try1 due1440");
    expect_story("W @2 N@4 @7 W @8 N@5", "++++ RETRY_WAIT try1 due13 answered unused");
    /* every order counts for itself */
    expect_again("N@7 @12 W @13 N@7", "+++++r DISPATCHED try1 due1440");
    expect_again("N@7 @12 W @13 N@1", "+++++r DISPATCHED try1 due1440");
    expect_again("N@7 @12 W @13 N@8", "++++++ RETRY_WAIT try1 due18 answered unused");
    expect_story("W T@1 @5 W @6 T@1", "++++ RETRY_WAIT D103 try2 due11 used2 answered");
    expect_story("W T @5 W @6 N@5 @11 W @12 N@4", "++++++ RETRY_WAIT try2 due17 used1 answered unused");
    expect_story("W T @5 W @6 N@5 @11 W @12 N@5", "+++++r DISPATCHED try2 due1440 used1");
    expect_story("W T@9 @5 W @9 T@9", "++++ RETRY_WAIT D103 try2 due14 used2 answered");
    /* a denial is no order, and no answer */
    expect_story("W n @2 N@1 n @6 W @7 N@2", "+++r+r DISPATCHED try1 due1440 E:no");
    expect_story("W @2 N@1 @4 n @6 W @7 N@3", "+++++ RETRY_WAIT try1 due12 answered unused E:no");
    expect_story("W @1 n @2 T@1", "+++ RETRY_WAIT D103 try1 due7 used1 answered E:no");
}

static void test_retry__lasting_code__fails_at_once(void **state)
{
    (void)state;
    expect_story("W @7 Fg17", "++ FAILED D117 try1 ended7 next44640");
    expect_story("W T @5 W @7 Tg5", "++++ FAILED D105 try2 ended7 next44640 used1");
}

static void test_retry__no_delays__a_failed_try_ends_it(void **state)
{
    struct retry_result timeout = {.kind = RESULT_TIMEOUT, .try = 1}, none = {.kind = RESULT_NOT_ATTEMPTED, .try = 1};
    struct ledger_session session = {0}, again;
    struct ledger_transition transition;
    struct retry_rules rules;

    (void)state;
    retry_rules_init(&rules);
    rules.n_delays = 0;
    retry_dispatch(&rules, BEGINNING, &session, &transition);
    again = session;
    assert_int_equal(retry_take_result(&rules, BEGINNING, &timeout, &session, &transition), RETRY_APPLIES);
    assert_int_equal(session.state, LEDGER_FAILED);
    assert_int_equal(retry_take_result(&rules, BEGINNING, &none, &again, &transition), RETRY_APPLIES);
    assert_int_equal(again.state, LEDGER_RETRY_WAIT);
    assert_int_equal(again.due, BEGINNING);
}

static void test_retry__missing_confirmation__is_told_once_and_mended(void **state)
{
    (void)state;
    expect_story("W @10 S", "++ CONFIRM_PENDING try1 due1450 T:B");
    expect_story("W @10 S @1449 t", "++r CONFIRM_PENDING try1 due1450 T:B");
    expect_story("W @10 S @1450 t", "+++ CONFIRM_PENDING D150 try1 T:B");
    expect_story("W @10 S @1450 t @9999 t", "+++r CONFIRM_PENDING D150 try1 T:B");
    expect_story("W @10 S @1450 t @2000 Y", "++++ MIGRATED try1 ended2000 T:B E:B");
    expect_story("W @10 S @1450 t @2000 n", "++++ CONFIRM_MISMATCH D151 try1 T:B E:no");
    expect_story("W @10 Y @1450 t @2000 S", "++++ MIGRATED try1 ended2000 T:B E:B");
    expect_story("W @10 Y", "++ CONFIRM_PENDING try1 due1450 E:B");
    expect_story("W Fg30 @2 Y", "+++ CONFIRM_PENDING try1 due1442 used1 answered E:B");
    expect_story("W n Y", "+++ CONFIRM_PENDING try1 due1440 E:B");
}

static void test_retry__disagreement__the_newer_word_counts_and_may_mend_it(void **state)
{
    (void)state;
    expect_story("W S n", "+++ CONFIRM_MISMATCH D151 try1 T:B E:no");
    expect_story("W n S", "+++ CONFIRM_MISMATCH D151 try1 T:B E:no");
    expect_story("W S Y'", "+++ CONFIRM_MISMATCH D151 try1 T:B E:C");
    expect_story("W S Y' S'", "++++ MIGRATED try1 ended0 T:C E:C");
    expect_story("W S Y' n @4 Y", "+++++ MIGRATED try1 ended4 T:B E:B");
    expect_story("W S Y' n S'", "+++++ CONFIRM_MISMATCH D151 try1 T:C E:no");
    expect_story("W Y T", "+++ CONFIRM_MISMATCH D151 try1 T:no E:B");
    expect_story("W Y N @9 S", "++++ MIGRATED try1 ended9 T:B E:B");
    expect_story("W Y T Y'", "++++ CONFIRM_MISMATCH D151 try1 T:no E:C");
    expect_story("W S Y' @3 T", "++++ CONFIRM_MISMATCH D151 try1 T:no E:C");
    /* nothing was replaced, both say in the end */
    expect_story("W Y T @3 n", "++++ FAILED D151 try1 ended3 next44640 T:no E:no");
    expect_story("W S n @3 N", "++++ FAILED D151 try1 ended3 next44640 T:no E:no");
}

static void test_retry__after_the_end__a_success_is_noted_once_a_side(void **state)
{
    (void)state;
    expect_story("W Fg5 @3 S", "++~ FAILED D105 try1 ended0 next44640 T:B");
    expect_story("W Fg5 @3 S S'", "++~r FAILED D105 try1 ended0 next44640 T:B");
    expect_story("W Fg5 @3 Y S", "++~~ FAILED D105 try1 ended0 next44640 T:B E:B");
    expect_story("W n Fg5 Y", "+++~ FAILED D105 try1 ended0 next44640 E:B");
    expect_story("W N @1440 t S", "+++~ FAILED D103 try1 ended1440 next44640 answered unused T:B");
}

static void test_retry__put_off__waits_but_not_beyond_the_session(void **state)
{
    (void)state;
    expect_story("p60", "+ READY C109 try0 due60");
    expect_story("p60 @60 p9000", "++ READY C109 try0 due9000");
    expect_story("W Fg30 @5 p60", "+++ RETRY_WAIT D130 [C109] try1 due60 used1 answered");
    expect_story("W Fg30 @5 p9000", "+++ RETRY_WAIT D130 [C109] try1 due1440 used1 answered");
    expect_story("W Fg30 @5 p9000 @1440 t", "++++ FAILED D130 try1 ended1440 next44640 used1 answered");
    expect_story("W N @5 p60", "+++ RETRY_WAIT [C109] try1 due60 answered unused");
    expect_story("W N @5 p60 @60 W", "++++ DISPATCHED try1 due1440");
}

static void test_retry__refused__ready_is_rejected_a_session_fails(void **state)
{
    (void)state;
    expect_story("@2 x", "+ REJECTED C107 try0 ended2");
    expect_story("p60 @60 x", "++ REJECTED C107 try0 ended60");
    expect_story("W T @5 x", "+++ FAILED C107 try1 ended5 next44640 used1 answered");
    expect_story("W N @5 x", "+++ FAILED C107 try1 ended5 next44640 answered unused");
}

static void test_retry__what_was_said__stands_in_the_step(void **state)
{
    const struct retry_result result = {.kind = RESULT_FAILED,
                                        .try = 1,
                                        .at = 77,
                                        .gbcs = "30",
                                        .duis = "I0",
                                        .alert = "8F84",
                                        .subject_id = "s",
                                        .key_id = "k"};
    const struct retry_confirmation yes = {true, 88, "A", "B"}, no = {false, 99, "A", "B"};
    struct ledger_session session = {0};
    struct ledger_transition transition;
    struct retry_rules rules;

    (void)state;
    retry_rules_init(&rules);
    retry_dispatch(&rules, BEGINNING, &session, &transition);
    assert_int_equal(transition.try, 1);
    assert_null(transition.code);
    assert_int_equal(retry_take_result(&rules, BEGINNING + 1, &result, &session, &transition), RETRY_APPLIES);
    assert_string_equal(transition.gbcs, "30");
    assert_string_equal(transition.duis, "I0");
    assert_string_equal(transition.alert, "8F84");
    assert_string_equal(transition.subject_id, "s");
    assert_string_equal(transition.key_id, "k");
    assert_string_equal(transition.code, "D130");
    assert_int_equal(transition.said_at, 77);
    assert_int_equal(transition.try, 1);
    assert_int_equal(retry_take_confirmation(&rules, BEGINNING + 2, &no, &session, &transition), RETRY_APPLIES);
    assert_null(transition.subject_id); /* a denial confirms no credentials */
    assert_null(transition.key_id);
    assert_int_equal(transition.said_at, 99);
    assert_string_equal(transition.code, "D130"); /* why it waits */
    retry_dispatch(&rules, BEGINNING + 3, &session, &transition);
    assert_null(transition.gbcs);
    /* a transition names the try that was spoken of */
    const struct retry_result late = {.kind = RESULT_SUCCESS, .try = 1, .subject_id = "A", .key_id = "B"};
    assert_int_equal(retry_take_result(&rules, BEGINNING + 4, &late, &session, &transition), RETRY_APPLIES);
    assert_int_equal(transition.try, 1);
    assert_int_equal(session.try, 2);
    assert_int_equal(session.tcos.at, BEGINNING + 4);
    assert_string_equal(session.tcos.subject_id, "A");
    assert_int_equal(retry_take_confirmation(&rules, BEGINNING + 5, &yes, &session, &transition), RETRY_APPLIES);
    assert_string_equal(transition.subject_id, "A");
    assert_string_equal(transition.key_id, "B");
    assert_int_equal(transition.said_at, 88);
}

static void test_retry__ids__are_compared_both(void **state)
{
    static const struct {
        const char *subject, *key;
        enum ledger_state expected;
    } rows[] = {{"A", "B", LEDGER_MIGRATED},
                {"X", "B", LEDGER_CONFIRM_MISMATCH},
                {"A", "X", LEDGER_CONFIRM_MISMATCH},
                {"B", "A", LEDGER_CONFIRM_MISMATCH}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct retry_result success = {.kind = RESULT_SUCCESS, .try = 1, .subject_id = "A", .key_id = "B"};
        const struct retry_confirmation yes = {true, 0, rows[i].subject, rows[i].key};
        struct ledger_session session = {0};
        struct ledger_transition transition;
        struct retry_rules rules;
        retry_rules_init(&rules);
        retry_dispatch(&rules, BEGINNING, &session, &transition);
        assert_int_equal(retry_take_result(&rules, BEGINNING, &success, &session, &transition), RETRY_APPLIES);
        assert_int_equal(retry_take_confirmation(&rules, BEGINNING, &yes, &session, &transition), RETRY_APPLIES);
        assert_int_equal(session.state, rows[i].expected);
    }
}

/* ---- codes of failed tries ---- */

static void test_retry_code__statuses__stand_for_codes_of_the_catalogue(void **state)
{
    static const struct {
        enum retry_result_kind kind;
        const char *gbcs, *duis, *alert;
        enum code expected;
    } rows[] = {
        {RESULT_FAILED, NULL, NULL, NULL, D127},
        {RESULT_TIMEOUT, NULL, NULL, NULL, D103},
        {RESULT_FAILED, "0", "I0", NULL, D127},
        {RESULT_TIMEOUT, "0", "0", NULL, D103},
        {RESULT_FAILED, "5", NULL, NULL, D105},
        {RESULT_FAILED, "10", NULL, NULL, D110},
        {RESULT_FAILED, "17", NULL, NULL, D117},
        {RESULT_FAILED, "25", NULL, NULL, D125},
        {RESULT_FAILED, "30", NULL, NULL, D130},
        {RESULT_FAILED, "127", NULL, NULL, D127},
        {RESULT_FAILED, "1", NULL, NULL, D127},
        {RESULT_TIMEOUT, "99", NULL, NULL, D127},
        {RESULT_FAILED, NULL, "E20", NULL, D101},
        {RESULT_FAILED, NULL, "E21", NULL, D102},
        {RESULT_TIMEOUT, NULL, "E20", NULL, D101},
        {RESULT_FAILED, NULL, "E49", NULL, D127},
        {RESULT_TIMEOUT, NULL, "E1", NULL, D127},
        {RESULT_FAILED, NULL, NULL, "8F1E", D140},
        {RESULT_FAILED, NULL, NULL, "8F30", D140},
        {RESULT_FAILED, NULL, NULL, "8F3D", D140},
        {RESULT_FAILED, NULL, NULL, "819D", D141},
        {RESULT_FAILED, NULL, NULL, "8F84", D141},
        {RESULT_FAILED, NULL, NULL, "8F2F", D127},
        {RESULT_TIMEOUT, NULL, NULL, "8F2F", D103},
        /* several: the first lasting one, else the first */
        {RESULT_FAILED, "30", NULL, "8F84", D130},
        {RESULT_FAILED, "30", "E21", "8F84", D102},
        {RESULT_FAILED, "1", "E20", NULL, D101},
        {RESULT_FAILED, "1", NULL, "819D", D127},
        {RESULT_FAILED, "30", "E20", "8F1E", D140},
        {RESULT_FAILED, "17", "E20", "8F1E", D117},
        {RESULT_TIMEOUT, "17", "E20", "8F84", D117},
        {RESULT_FAILED, "0", "E20", NULL, D101},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct retry_result said = {
            .kind = rows[i].kind, .gbcs = rows[i].gbcs, .duis = rows[i].duis, .alert = rows[i].alert};
        enum code found = retry_code(&said);
        if (found != rows[i].expected)
            fail_msg("row %zu: expected %s, found %s", i, catalogue_entry(rows[i].expected)->id,
                     catalogue_entry(found)->id);
    }
}

static void test_retry__effects_and_ends__are_told_apart(void **state)
{
    (void)state;
    assert_true(retry_changes(RETRY_APPLIES));
    assert_true(retry_changes(RETRY_RECORDED));
    assert_false(retry_changes(RETRY_NOTHING_NEW));
    assert_false(retry_changes(RETRY_CONTRADICTS));
    assert_false(retry_changes(RETRY_NOT_ORDERED));
    for (int i = 0; i < LEDGER_STATES; i++) {
        const struct ledger_session session = {.state = (enum ledger_state)i};
        assert_int_equal(retry_has_ended(&session),
                         i == LEDGER_MIGRATED || i == LEDGER_FAILED || i == LEDGER_REJECTED || i == LEDGER_DEFERRED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry__each_state_and_each_word__as_the_design_says),
        cmocka_unit_test(test_retry__an_earlier_try__success_counts_and_nothing_else),
        cmocka_unit_test(test_retry__dispatch__begins_the_session_once),
        cmocka_unit_test(test_retry__delays__each_is_used_once_and_the_last_ends_it),
        cmocka_unit_test(test_retry__session_end__no_try_at_it_or_after),
        cmocka_unit_test(test_retry__not_attempted__costs_no_try_and_no_delay),
        cmocka_unit_test(test_retry__ordered_again__what_is_of_the_first_order_says_nothing_new),
        cmocka_unit_test(test_retry__lasting_code__fails_at_once),
        cmocka_unit_test(test_retry__no_delays__a_failed_try_ends_it),
        cmocka_unit_test(test_retry__missing_confirmation__is_told_once_and_mended),
        cmocka_unit_test(test_retry__disagreement__the_newer_word_counts_and_may_mend_it),
        cmocka_unit_test(test_retry__after_the_end__a_success_is_noted_once_a_side),
        cmocka_unit_test(test_retry__put_off__waits_but_not_beyond_the_session),
        cmocka_unit_test(test_retry__refused__ready_is_rejected_a_session_fails),
        cmocka_unit_test(test_retry__what_was_said__stands_in_the_step),
        cmocka_unit_test(test_retry__ids__are_compared_both),
        cmocka_unit_test(test_retry_code__statuses__stand_for_codes_of_the_catalogue),
        cmocka_unit_test(test_retry__effects_and_ends__are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
