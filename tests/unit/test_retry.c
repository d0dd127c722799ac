/* The tries of a session: when the next one is due, when the session ends, and what an operator may end. */
#include "tests/unit/retry_story.h"

static void test_retry__first_dispatch__begins_the_session(void **state)
{
    (void)state;
    expect_story("", " READY try0");
    expect_story("@3 W", "+ DISPATCHED try1 due1443");
    expect_story("@3 W T @8 W", "+++ DISPATCHED try2 due1443 used1");
    expect_story("@3 W N @8 W", "+++ DISPATCHED try1 due1443");
    expect_story("l60 @60 W", "++ DISPATCHED try1 due1500");
}

static void test_retry__every_try_fails__each_delay_is_used_once_then_the_session_fails(void **state)
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

static void test_retry__session_end__allows_no_try_at_it_or_after_it(void **state)
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
    /* a result that comes after the end, before retry_take_time */
    expect_story("W @1441 T", "++ FAILED D103 try1 ended1441 next44640");
    expect_story("W @1441 S", "++ CONFIRM_PENDING try1 due2881 T:B");
}

static void test_retry__not_attempted__uses_no_try_and_no_delay(void **state)
{
    (void)state;
    expect_story("W N", "++ RETRY_WAIT try1 due5 answered unused");
    expect_story("W N @5 W N @10 W N", "++++++ RETRY_WAIT try1 due15 answered unused");
    expect_story("W T @5 W T @10 W N", "++++++ RETRY_WAIT try3 due15 used2 answered unused");
    expect_story("W N @5 W T", "++++ RETRY_WAIT D103 try1 due10 used1 answered");
    expect_story("W N @5 S", "+++ CONFIRM_PENDING try1 due1445 T:B");
}

static void test_retry__permanent_code__fails_the_session_at_once(void **state)
{
    (void)state;
    expect_story("W @7 Fg17", "++ FAILED D117 try1 ended7 next44640");
    expect_story("W T @5 W @7 Tg5", "++++ FAILED D105 try2 ended7 next44640 used1");
}

static void test_retry__no_delays_set__first_failed_try_fails_the_session(void **state)
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

static void test_retry__put_off__session_waits_or_ends_deferred(void **state)
{
    (void)state;
    /* the daily limit alone lets a first try wait; anything else is for a later instruction */
    expect_story("l60", "+ READY C116 try0 due60");
    expect_story("l60 @60 l9000", "++ READY C116 try0 due9000");
    expect_story("@2 p60", "+ DEFERRED C109 try0 ended2 next60");
    expect_story("l60 @60 p90", "++ DEFERRED C109 try0 ended60 next90");
    /* between two tries: within the session, or beyond it */
    expect_story("W Fg30 @5 p60", "+++ RETRY_WAIT D130 [C109] try1 due60 used1 answered");
    expect_story("W Fg30 @5 p1439", "+++ RETRY_WAIT D130 [C109] try1 due1439 used1 answered");
    expect_story("W Fg30 @5 p60 @1440 t", "++++ FAILED D130 try1 ended1440 next44640 used1 answered");
    expect_story("W Fg30 @5 p1440", "+++ DEFERRED C109 try1 ended5 next1440 used1 answered");
    expect_story("W Fg30 @5 p9000 @6 t", "+++r DEFERRED C109 try1 ended5 next9000 used1 answered");
    expect_story("W n Fg30 @5 p9000", "++++ DEFERRED C109 try1 ended5 next9000 used1 answered E:no");
    expect_story("W N @5 p60", "+++ RETRY_WAIT [C109] try1 due60 answered unused");
    expect_story("W N @5 p60 @60 W", "++++ DISPATCHED try1 due1440");
    expect_story("W N @5 p9000", "+++ DEFERRED C109 try1 ended5 next9000 answered unused");
}

static void test_retry__tcos_closes__no_try_that_could_not_end_before(void **state)
{
    (void)state;
    /* the session's end; NextEligible counts from it */
    expect_story("c100 @3 W", "+ DISPATCHED try1 due100");
    expect_story("c100 W @99 t", "+r DISPATCHED try1 due100");
    expect_story("c100 W @100 t", "++ FAILED D103 try1 ended100 next43300");
    expect_story("c9000 W", "+ DISPATCHED try1 due1440");
    /* a try needs five minutes */
    expect_story("c100 W @90 T", "++ RETRY_WAIT D103 try1 due95 used1 answered");
    expect_story("c100 W @91 Fg30", "++ FAILED D130 try1 ended91 next43300");
    expect_story("c100 W @91 N", "++ FAILED D103 try1 ended91 next43300 answered unused");
    expect_story("c100 W Fg30 @5 p95", "+++ RETRY_WAIT D130 [C109] try1 due95 used1 answered");
    expect_story("c100 W Fg30 @5 p96", "+++ DEFERRED C109 try1 ended5 next96 used1 answered");
    expect_story("c100 W Fg30 @95 t", "++r RETRY_WAIT D130 try1 due5 used1 answered");
    expect_story("c100 W Fg30 @96 t", "+++ FAILED D130 try1 ended96 next43300 used1 answered");
    expect_story("c100 W Fg30 @96 X", "+++ FAILED D130 try1 ended96 next43300 used1 answered");
    expect_story("c100 W N @96 X", "+++ FAILED D103 try1 ended96 next43300 answered unused");
    expect_story("c100 l1440 @96 X", "++ REJECTED C122 try0 ended96");
    expect_story("c100 @97 X", "+ REJECTED C122 try0 ended97");
    /* what the sides say counts as ever */
    expect_story("c100 W @99 S @200 Y", "+++ MIGRATED try1 ended200 T:B E:B");
    expect_story("c100 W @100 t @101 S", "++~ FAILED D103 try1 due1541 ended100 next43300 T:B");
    /* the setting changes in mid-session: earlier counts, later does not */
    expect_story("W c100 @99 t", "+r DISPATCHED try1 due1440");
    expect_story("W c100 @100 t", "++ FAILED D103 try1 ended100 next44640");
    expect_story("W c100 @91 Fg30", "++ FAILED D130 try1 ended91 next44640");
    expect_story("c100 W c9000 @100 t", "++ FAILED D103 try1 ended100 next43300");
}

static void test_retry__refused__ready_is_rejected_and_a_session_fails(void **state)
{
    (void)state;
    expect_story("@2 x", "+ REJECTED C107 try0 ended2");
    expect_story("l60 @60 x", "++ REJECTED C107 try0 ended60");
    expect_story("W T @5 x", "+++ FAILED C107 try1 ended5 next44640 used1 answered");
    expect_story("W N @5 x", "+++ FAILED C107 try1 ended5 next44640 answered unused");
}

static void test_retry__device_has_ecos_credentials__ends_as_rejected_and_not_failed(void **state)
{
    (void)state;
    expect_story("W T @5 z", "+++ REJECTED C108 try1 ended5 used1 answered");
    expect_story("W N @5 z", "+++ REJECTED C108 try1 ended5 answered unused");
    /* another work item of the Device has migrated */
    expect_story("@2 m", "+ REJECTED C108 try0 ended2");
    expect_story("l60 @60 m", "++ REJECTED C108 try0 ended60");
    expect_story("W @5 m", "++ REJECTED C108 try1 ended5");
    expect_story("W T @5 m", "+++ REJECTED C108 try1 ended5 used1 answered");
    expect_story("W S @5 m", "+++ REJECTED C108 try1 ended5 T:B");
    expect_story("W S n @5 m", "++++ REJECTED C108 try1 ended5 T:B E:no");
    expect_story("W m @6 Fg5", "++~ REJECTED C108 try1 ended0 answered");
    /* one that has ended waits for no side any more */
    expect_story("W Fg5 S @5 m @1500 t", "++~+r FAILED D105 try1 ended0 next44640 T:B");
    expect_story("W Fg5 @5 m", "++r FAILED D105 try1 ended0 next44640");
    expect_story("W S Y @5 m", "+++r MIGRATED try1 ended0 T:B E:B");
}

/* What an operator makes of a story: the state and code then; NULL: the order changes nothing. */
static void expect_order(const char *events_before, bool migrated, const char *expected)
{
    g_auto(GStrv) split = g_strsplit(events_before, " ", -1);
    struct story story;

    story_begin(&story);
    run_story(&story, split);
    struct ledger_session before = story.session;
    bool done = retry_end(&story.rules, story.now + 60, migrated, &story.session, &story.transition);
    const struct ledger_session *s = &story.session;
    assert_int_equal(done, expected != NULL);
    if (expected == NULL) {
        assert_memory_equal(&before, s, sizeof before);
    } else {
        g_autofree char *found = g_strjoin(" ", ledger_state_name(s->state), s->code, NULL);
        assert_string_equal(found, expected);
        bool stays = !migrated && before.ended != 0;
        assert_int_equal(s->ended, stays ? before.ended : story.now + 60);
        assert_int_equal(s->due, 0);
        assert_int_equal(s->next_eligible, migrated ? 0
                                           : stays  ? before.next_eligible
                                                    : s->ends + story.rules.next_session);
        assert_int_equal(story.transition.statement, LEDGER_ENDED_BY_ORDER);
        assert_int_equal(story.transition.n, before.transitions + 1);
        assert_memory_equal(&before.tcos, &s->tcos, sizeof s->tcos);
        assert_memory_equal(&before.ecos, &s->ecos, sizeof s->ecos);
    }
    story_end(&story);
}

static void test_retry__operator_ends_work__only_where_the_sides_have_not_agreed(void **state)
{
    static const char *const others[] = {"", "x", "p60", "W", "W T", "W n", "W S Y", "W Fg5", "W Fg5 n"};

    (void)state;
    expect_order("W S", true, "MIGRATED");
    expect_order("W Y", true, "MIGRATED");
    expect_order("W S n", true, "MIGRATED");
    expect_order("W S", false, "FAILED D150");
    expect_order("W Y @1440 t", false, "FAILED D150");
    expect_order("W S Y'", false, "FAILED D151");
    /* it had ended before one side stated its success */
    expect_order("W Fg5 S", true, "MIGRATED");
    expect_order("W Fg5 Y @1500 t", true, "MIGRATED");
    expect_order("W Fg5 S n", true, "MIGRATED");
    expect_order("W T @5 p9000 S", true, "MIGRATED");
    expect_order("W T z Y", true, "MIGRATED");
    expect_order("W Fg5 S", false, "FAILED D105");
    expect_order("W T @5 p9000 Y", false, "DEFERRED C109");
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        expect_order(others[i], true, NULL);
        expect_order(others[i], false, NULL);
    }
}

/* An operator withdraws work while its try is ordered. */
static void test_retry__withdrawn_while_ordered__ends_without_a_failure(void **state)
{
    static const enum ledger_state goes_on[] = {LEDGER_DISPATCHED, LEDGER_CONFIRM_PENDING, LEDGER_CONFIRM_MISMATCH,
                                                LEDGER_MIGRATED, LEDGER_REJECTED};
    static const enum ledger_state in_vain[] = {LEDGER_RETRY_WAIT, LEDGER_FAILED, LEDGER_DEFERRED};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(goes_on); i++) {
        struct ledger_session session = {.state = goes_on[i], .due = 9, .next_eligible = 8};
        struct ledger_transition transition = {.state = goes_on[i], .at = 7, .due = 9};
        assert_false(retry_end_taken_back(&session, &transition));
        assert_true(session.state == goes_on[i] && session.due == 9 && session.next_eligible == 8);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(in_vain); i++) {
        struct ledger_session session = {.state = in_vain[i], .code = "D117", .due = 9, .next_eligible = 8};
        struct ledger_transition transition = {.state = in_vain[i], .code = "D117", .at = 7, .due = 9, .gbcs = "17"};
        assert_true(retry_end_taken_back(&session, &transition));
        assert_true(session.state == LEDGER_REJECTED && session.ended == 7 && session.due == 0 &&
                    session.next_eligible == 0 && transition.state == LEDGER_REJECTED && transition.due == 0);
        assert_string_equal(session.code, "C123");
        assert_string_equal(transition.code, "C123");
        assert_string_equal(transition.gbcs, "17"); /* what came stays in the history */
    }
}

static void test_retry__withdrawn_before_a_try__ends_at_once(void **state)
{
    struct retry_rules rules;

    (void)state;
    retry_rules_init(&rules);
    for (int unordered = 0; unordered <= 1; unordered++) {
        struct ledger_session session = {
            .state = unordered ? LEDGER_DISPATCHED : LEDGER_RETRY_WAIT, .try = 2, .transitions = 4, .due = 9};
        struct ledger_transition transition;
        retry_take_back(&rules, 7, unordered != 0, &session, &transition);
        assert_true(session.state == LEDGER_REJECTED && session.ended == 7 && session.due == 0 &&
                    session.transitions == 5 && session.unused == (unordered != 0));
        assert_int_equal(transition.statement, unordered ? LEDGER_WITHDRAWN : LEDGER_NO_STATEMENT);
        assert_string_equal(transition.code, "C123");
    }
}

static void test_retry__effects_and_states__are_classified(void **state)
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
        cmocka_unit_test(test_retry__first_dispatch__begins_the_session),
        cmocka_unit_test(test_retry__every_try_fails__each_delay_is_used_once_then_the_session_fails),
        cmocka_unit_test(test_retry__session_end__allows_no_try_at_it_or_after_it),
        cmocka_unit_test(test_retry__not_attempted__uses_no_try_and_no_delay),
        cmocka_unit_test(test_retry__permanent_code__fails_the_session_at_once),
        cmocka_unit_test(test_retry__no_delays_set__first_failed_try_fails_the_session),
        cmocka_unit_test(test_retry__put_off__session_waits_or_ends_deferred),
        cmocka_unit_test(test_retry__tcos_closes__no_try_that_could_not_end_before),
        cmocka_unit_test(test_retry__refused__ready_is_rejected_and_a_session_fails),
        cmocka_unit_test(test_retry__device_has_ecos_credentials__ends_as_rejected_and_not_failed),
        cmocka_unit_test(test_retry__operator_ends_work__only_where_the_sides_have_not_agreed),
        cmocka_unit_test(test_retry__withdrawn_while_ordered__ends_without_a_failure),
        cmocka_unit_test(test_retry__withdrawn_before_a_try__ends_at_once),
        cmocka_unit_test(test_retry__effects_and_states__are_classified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
