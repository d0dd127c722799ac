/* What results and confirmations make of a session: which statement counts in which state, how the two sides meet. */
#include "tests/unit/retry_story.h"

/* ---- every event in every state ---- */

enum { EVENTS = 10 };
/* About the newest try; the last one is t a day later. */
static const char *const events[EVENTS] = {"S", "S'", "T", "Fg5", "N", "Y", "Y'", "n", "t", "@1500 t"};

static void expect_cell(const char *story_events, const char *event, const char *expected)
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
    g_autofree char *all = g_strconcat(story_events, " @10 ", event, NULL);
    g_auto(GStrv) split = g_strsplit(all, " ", -1);
    struct story story;

    story_begin(&story);
    run_story(&story, split);
    char effect = story.effects->str[story.effects->len - 1];
    g_autofree char *found =
        g_strdup_printf("%c%s", effect, effect == '+' || effect == '~' ? short_names[story.session.state] : "");
    story_end(&story);
    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", all, expected, found);
}

static const struct {
    const char *story;
    const char *expected[EVENTS]; /* S S' T Fg5 N Y Y' n t, t a day later */
} cells[] = {
    {"", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
    {"l60", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
    {"p60", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
    {"x", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
    {"W", {"+CP", "+CP", "+RW", "+FA", "+RW", "+CP", "+CP", "+DI", "r", "+FA"}},
    {"W T @5 W", {"+CP", "+CP", "+RW", "+FA", "+RW", "+CP", "+CP", "+DI", "r", "+FA"}},
    {"W n", {"+CM", "+CM", "+RW", "+FA", "+RW", "+CP", "+CP", "r", "r", "+FA"}},
    {"W T", {"+CP", "+CP", "r", "r", "r", "+CP", "+CP", "+RW", "r", "+FA"}},
    {"W N", {"+CP", "+CP", "r", "r", "r", "+CP", "+CP", "+RW", "r", "+FA"}},
    {"W T n", {"+CM", "+CM", "r", "r", "r", "+CP", "+CP", "r", "r", "+FA"}},
    /* the TCoS side has stated success */
    {"W S", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "+CP"}},
    {"W T S", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "+CP"}},
    {"W S @1440 t", {"r", "!", "!", "!", "!", "+MI", "+CM", "+CM", "r", "r"}},
    /* the ECoS side has */
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
    {"W T @5 p9000", {"~DF", "~DF", "r", "r", "r", "~DF", "~DF", "r", "r", "r"}},
    {"W T n @5 p9000", {"~DF", "~DF", "r", "r", "r", "~DF", "~DF", "r", "r", "r"}},
    /* after a late success of one side, and of both */
    {"W T @5 p9000 S", {"r", "~DF", "~DF", "~DF", "~DF", "+MI", "~DF", "~DF", "r", "+DF"}},
    {"W Fg5 S", {"r", "~FA", "~FA", "~FA", "~FA", "+MI", "~FA", "~FA", "r", "+FA"}},
    {"W Fg5 Y", {"+MI", "~FA", "r", "r", "r", "r", "~FA", "~FA", "r", "+FA"}},
    {"W Fg5 S n", {"r", "~FA", "~FA", "~FA", "~FA", "+MI", "~FA", "r", "r", "r"}},
    {"W Fg5 S Y'", {"r", "+MI", "~FA", "~FA", "~FA", "+MI", "r", "~FA", "r", "r"}},
    {"W Fg5 S T", {"~FA", "~FA", "r", "r", "r", "~FA", "~FA", "r", "r", "r"}},
    {"W Fg5 Y S", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
    /* an operator has ended it as migrated, and overruled that: it stands again when the other side agrees */
    {"W S o", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
    {"W S o u", {"r", "!", "!", "!", "!", "+MI", "!", "!", "r", "r"}},
    {"W Y o u", {"+MI", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
    {"W S n o u", {"r", "!", "!", "!", "!", "+MI", "!", "!", "r", "r"}},
    {"W S Y' o u", {"r", "+MI", "!", "!", "!", "+MI", "r", "!", "r", "r"}},
    {"W Fg5 S o u", {"r", "!", "!", "!", "!", "+MI", "!", "!", "r", "r"}},
    {"W S Y u", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
    {"W S o u m", {"r", "!", "!", "!", "!", "r", "!", "!", "r", "r"}},
    /* it holds ECoS credentials, says the review: what its try said is kept, and it may migrate late */
    {"W T z", {"~RJ", "~RJ", "r", "r", "r", "~RJ", "~RJ", "~RJ", "r", "r"}},
    {"W T z S", {"r", "~RJ", "~RJ", "~RJ", "~RJ", "+MI", "~RJ", "~RJ", "r", "+RJ"}},
    /* another work item has migrated: everything is kept once, and nothing changes any more */
    {"m", {"?", "?", "?", "?", "?", "?", "?", "?", "r", "r"}},
    {"W m", {"~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "r", "r"}},
    {"W m T", {"~RJ", "~RJ", "r", "r", "r", "~RJ", "~RJ", "~RJ", "r", "r"}},
    {"W n m", {"~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "r", "r", "r"}},
    {"W T m", {"~RJ", "~RJ", "r", "r", "r", "~RJ", "~RJ", "~RJ", "r", "r"}},
    {"W S m", {"r", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "r", "r"}},
    {"W Y m", {"~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "r", "~RJ", "~RJ", "r", "r"}},
    {"W S n m", {"r", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "~RJ", "r", "r", "r"}},
    {"W m S Y", {"r", "~RJ", "~RJ", "~RJ", "~RJ", "r", "~RJ", "~RJ", "r", "r"}},
    {"W Fg5 S m", {"r", "~FA", "~FA", "~FA", "~FA", "~FA", "~FA", "~FA", "r", "r"}},
    {"W T @5 p9000 m", {"~DF", "~DF", "r", "r", "r", "~DF", "~DF", "r", "r", "r"}},
};

static void test_retry_statements__each_event_in_each_state__has_the_effect_of_the_design(void **state)
{

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
        for (size_t j = 0; j < EVENTS; j++)
            expect_cell(cells[i].story, events[j], cells[i].expected[j]);
    }
}

static void test_retry_statements__result_of_an_earlier_try__counts_only_if_success(void **state)
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
    expect_cell("W T @5 W Fg5 S1", "T1", "~FA");
    expect_cell("W T @5 W Fg5 S1", "T2", "r");
    expect_story("W T @5 W @6 S1", "++++ CONFIRM_PENDING try2 due1446 used1 T:B");
    expect_story("W T @5 W T @6 S1", "+++++ CONFIRM_PENDING try2 due1446 used2 T:B");
    expect_story("W T @5 W Y @6 S1", "+++++ MIGRATED try2 ended6 used1 T:B E:B");
    expect_story("W T @5 W Fg5 @6 S1", "++++~ FAILED D105 try2 due1446 ended5 next44640 used1 T:B");
}

static void test_retry_statements__missing_confirmation__is_d150_once_and_may_still_come(void **state)
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

static void test_retry_statements__sides_disagree__newer_statement_counts(void **state)
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
    /* both state in the end that nothing was replaced */
    expect_story("W Y Fg5 @3 n", "++++ FAILED D105 try1 ended3 next44640 T:no E:no");
    expect_story("W Y F @3 n", "++++ FAILED D127 try1 ended3 next44640 T:no E:no");
    expect_story("W S n @3 Fa8F1E", "++++ FAILED D140 try1 ended3 next44640 T:no E:no");
    expect_story("W Y T @3 n", "++++ FAILED D103 try1 ended3 next44640 T:no E:no");
    expect_story("W S n @3 N", "++++ FAILED D103 try1 ended3 next44640 T:no E:no");
}

static void test_retry_statements__success_after_the_end__is_recorded_until_both_sides_agree(void **state)
{
    (void)state;
    expect_story("W Fg5 @3 S", "++~ FAILED D105 try1 due1443 ended0 next44640 T:B");
    expect_story("W Fg5 @3 S @1442 t", "++~r FAILED D105 try1 due1443 ended0 next44640 T:B");
    expect_story("W Fg5 @3 S @1443 t t", "++~+r FAILED D105 [D150] try1 ended0 next44640 T:B");
    expect_story("W Fg5 @3 S S'", "++~~ FAILED D105 try1 due1443 ended0 next44640 T:C");
    expect_story("W Fg5 @3 Y @4 S", "++~+ MIGRATED try1 ended4 T:B E:B");
    expect_story("W Fg5 @3 S @4 Y", "++~+ MIGRATED try1 ended4 T:B E:B");
    expect_story("W Fg5 @3 S @1443 t @1444 Y", "++~++ MIGRATED try1 ended1444 T:B E:B");
    expect_story("W Fg5 @3 S Y'", "++~~ FAILED D105 [D151] try1 ended0 next44640 T:B E:C");
    expect_story("W Fg5 @3 S n", "++~~ FAILED D105 [D151] try1 ended0 next44640 T:B E:no");
    expect_story("W Fg5 @3 S T", "++~~ FAILED D105 try1 ended0 next44640 T:no");
    expect_story("W n Fg5 Y", "+++~ FAILED D105 try1 due1440 ended0 next44640 E:B");
    expect_story("W N @1440 t S", "+++~ FAILED D103 try1 due2880 ended1440 next44640 answered unused T:B");
    /* a try that succeeded was attempted, whatever was said of it before */
    expect_story("W N @1440 t S Y", "+++~+ MIGRATED try1 ended1440 answered T:B E:B");
    expect_story("W T @5 W N @1440 t S1 Y", "+++++~+ MIGRATED try2 ended1440 used1 answered unused T:B E:B");
}

static void test_retry_statements__what_was_stated__is_in_the_transition(void **state)
{
    const struct retry_result result = {.kind = RESULT_FAILED,
                                        .try = 1,
                                        .at = 77,
                                        .gbcs = "30",
                                        .duis = "I0",
                                        .alert = "8F84",
                                        .subject_id = "s",
                                        .key_id = "k"};
    const struct retry_confirmation yes = {.confirmed = true, .at = 88, .subject_id = "A", .key_id = "B"},
                                    no = {.at = 99, .subject_id = "A", .key_id = "B"};
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
    assert_null(transition.subject_id); /* a confirmation N confirms no credentials */
    assert_null(transition.key_id);
    assert_int_equal(transition.said_at, 99);
    assert_string_equal(transition.code, "D130"); /* the code of the last try stays */
    retry_dispatch(&rules, BEGINNING + 3, &session, &transition);
    assert_null(transition.gbcs);
    /* a transition names the try that the result is about */
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

static void test_retry_statements__subject_and_key_id__are_both_compared(void **state)
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
        const struct retry_confirmation yes = {.confirmed = true, .subject_id = rows[i].subject, .key_id = rows[i].key};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_statements__each_event_in_each_state__has_the_effect_of_the_design),
        cmocka_unit_test(test_retry_statements__result_of_an_earlier_try__counts_only_if_success),
        cmocka_unit_test(test_retry_statements__missing_confirmation__is_d150_once_and_may_still_come),
        cmocka_unit_test(test_retry_statements__sides_disagree__newer_statement_counts),
        cmocka_unit_test(test_retry_statements__success_after_the_end__is_recorded_until_both_sides_agree),
        cmocka_unit_test(test_retry_statements__what_was_stated__is_in_the_transition),
        cmocka_unit_test(test_retry_statements__subject_and_key_id__are_both_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
