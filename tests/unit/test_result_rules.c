/* The values of results and confirmations, each at its limits, from CSV and XML, with and without a ledger. */
#include "tests/unit/result_records.h"

/* ---- values ---- */

static void test_result_rules__good_record__has_no_finding_and_changes_the_session(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct shape shape = {i & 1, i & 2};
        struct judged j;
        judge(&j, &shape, ledger, NULL, 0);
        assert_int_equal(findings_kept(j.findings), 0);
        assert_true(j.result.changes);
        assert_int_equal(j.result.work->item.device, DEVICE);
        assert_int_equal(j.result.session.state, LEDGER_CONFIRM_PENDING);
        assert_int_equal(j.result.transition.n, 2);
        assert_string_equal(j.result.transition.subject_id, SUBJECT);
        assert_string_equal(j.result.transition.key_id, KEY);
        judged_clear(&j);
        judge(&j, &shape, NULL, NULL, 0);
        assert_int_equal(findings_kept(j.findings), 0);
        assert_false(j.result.changes); /* without a ledger there is no session */
        assert_null(j.result.work);
        judged_clear(&j);
    }
}

static void test_result_rules__statuses_of_a_success__are_judged_at_their_limits(void **state)
{
    static const struct value_row rows[] = {
        {{RESULT_DEVICE_ID, "f0-db-12-34-56-78-90-a0", 0}, ""},
        {{RESULT_DEVICE_ID, "F0DB1234567890A0", 0}, "C101 DeviceID"},
        {{RESULT_DEVICE_ID, "", 0}, "C101 DeviceID"},
        {{RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A", 0}, "C101 DeviceID"},
        {{RESULT_RESULT, "", 0}, "C120 Result"},
        {{RESULT_RESULT, "success", 0}, "C120 Result"},
        {{RESULT_RESULT, "SUCCESS ", 0}, "C120 Result"},
        {{RESULT_RESULT, "OK", 0}, "C120 Result"},
        {{RESULT_RESULT, "SUCCESS\0", 8}, "C120 Result"},
        {{RESULT_GBCS_STATUS, "0", 0}, ""},
        {{RESULT_GBCS_STATUS, "00", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1234", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "-1", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "A", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "0\0", 2}, "C120 GBCSStatus"},
        {{RESULT_DUIS_CODE, "I0", 0}, ""},
        {{RESULT_DUIS_CODE, "0", 0}, ""},
        {{RESULT_DUIS_CODE, "E20", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "i0", 0}, "C120 DUISCode"},
        {{RESULT_ALERT_CODE, "8F2F", 0}, ""},
        {{RESULT_ALERT_CODE, "8f2f", 0}, ""},
        {{RESULT_ALERT_CODE, "8F1E", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "819d", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F2", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8f1e", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "819D", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F2FF", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8G2F", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F\0F", 4}, "C120 AlertCode"},
    };

    (void)state;
    expect_values(false, NULL, rows, G_N_ELEMENTS(rows));
}

static void test_result_rules__try_times_and_ids_of_a_success__are_judged_at_their_limits(void **state)
{
    static const struct value_row rows[] = {
        {{RESULT_TRY, "1", 0}, ""},
        {{RESULT_TRY, "", 0}, "C120 Try"},
        {{RESULT_TRY, "0", 0}, "C120 Try"},
        {{RESULT_TRY, "02", 0}, "C120 Try"},
        {{RESULT_TRY, "+2", 0}, "C120 Try"},
        {{RESULT_TRY, "2.0", 0}, "C120 Try"},
        {{RESULT_TRY, "1234567890", 0}, "C120 Try"},
        {{RESULT_FIRST_TRY, "2023-07-03T12:00:00Z", 0}, ""},
        {{RESULT_FIRST_TRY, "2023-07-03", 0}, "C120 FirstTry"},
        {{RESULT_FIRST_TRY, "2023-02-30T12:00:00Z", 0}, "C120 FirstTry"},
        {{RESULT_FIRST_TRY, "2023-07-03T12:00:00", 0}, "C120 FirstTry"},
        {{RESULT_LAST_TRY, "2023-07-03T12:00:00Z", 0}, ""},
        {{RESULT_LAST_TRY, "2023-07-03T24:00:00Z", 0}, "C120 LastTry"},
        {{RESULT_LAST_TRY, "yesterday", 0}, "C120 LastTry"},
        {{RESULT_ORIGINATOR_COUNTER, "kept, not judged", 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, "x y", 0}, ""},
        {{RESULT_EXISTING_KEY_ID, "\xC3\xA9", 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, LONGEST, 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, "", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A B", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "\xC3\xA9", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A\x7F", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A\0B", 3}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_KEY_ID, LONGEST, 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "", 0}, "C120 ReplacingKeyId"},
        {{RESULT_REPLACING_KEY_ID, "A\tB", 0}, "C120 ReplacingKeyId"},
        {{RESULT_EXISTING_SUBJECT_ID, "", 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, "other", 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, "not judged, \xC3\xA9", 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, LONGEST, 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, SUBJECT, 0}, "C121 ReplacingSubjectId"},
    };

    (void)state;
    expect_values(false, NULL, rows, G_N_ELEMENTS(rows));
}

static void test_result_rules__values_of_a_failed_try__need_no_ids(void **state)
{
    static const struct change failed = {RESULT_RESULT, "FAILED", 0};
    static const struct value_row rows[] = {
        {{RESULT_GBCS_STATUS, "17", 0}, ""},
        {{RESULT_GBCS_STATUS, "0", 0}, ""},
        {{RESULT_GBCS_STATUS, "05", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "000", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "999", 0}, ""},
        {{RESULT_GBCS_STATUS, "1000", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1a", 0}, "C120 GBCSStatus"},
        {{RESULT_DUIS_CODE, "E20", 0}, ""},
        {{RESULT_DUIS_CODE, "E2020202", 0}, ""},
        {{RESULT_DUIS_CODE, "E20202020", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "e20", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "E-20", 0}, "C120 DUISCode"},
        {{RESULT_ALERT_CODE, "8F1E", 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, "", 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "", 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "A B", 0}, "C120 ReplacingKeyId"},
    };
    static const char *const others[] = {"TIMEOUT", "NOT_ATTEMPTED"};

    (void)state;
    expect_values(false, &failed, rows, G_N_ELEMENTS(rows));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        const struct change changes[] = {{RESULT_RESULT, others[i], 0}, {RESULT_REPLACING_KEY_ID, "", 0}};
        expect(false, changes, 2, "", "");
    }
}

static void test_result_rules__several_errors__are_all_found(void **state)
{
    static const struct change changes[] = {
        {RESULT_DEVICE_ID, "x", 0}, {RESULT_RESULT, "x", 0},     {RESULT_GBCS_STATUS, "x", 0},
        {RESULT_DUIS_CODE, "x", 0}, {RESULT_ALERT_CODE, "x", 0}, {RESULT_TRY, "x", 0},
        {RESULT_FIRST_TRY, "x", 0}, {RESULT_LAST_TRY, "x", 0},   {RESULT_REPLACING_KEY_ID, " ", 0}};
    static const char all[] = "C101 DeviceID, C120 Result, C120 GBCSStatus, C120 DUISCode, C120 AlertCode, C120 Try, "
                              "C120 FirstTry, C120 LastTry, C120 ReplacingKeyId";

    (void)state;
    expect(false, changes, G_N_ELEMENTS(changes), all, all);
}

static void test_result_rules__values_of_a_confirmation__are_judged_at_their_limits(void **state)
{
    static const struct value_row rows[] = {
        {{CONFIRMATION_DEVICE_ID, "x", 0}, "C101 DeviceID"},
        {{CONFIRMATION_CONFIRMED, "", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED, "y", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED, "YES", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED_AT, "2023-07-03T12:00:00Z", 0}, ""},
        {{CONFIRMATION_CONFIRMED_AT, "now", 0}, "C120 ConfirmedAt"},
        {{CONFIRMATION_SUBJECT_ID, "", 0}, "C120 SubjectId"},
        {{CONFIRMATION_SUBJECT_ID, "a b", 0}, "C120 SubjectId"},
        {{CONFIRMATION_SUBJECT_ID, LONGEST, 0}, ""},
        {{CONFIRMATION_KEY_ID, "", 0}, "C120 KeyId"},
        {{CONFIRMATION_KEY_ID, "\n", 0}, "C120 KeyId"},
        {{CONFIRMATION_CODE, "why not, not judged", 0}, ""},
    };
    static const struct change no = {CONFIRMATION_CONFIRMED, "N", 0};
    static const struct value_row denials[] = {
        {{CONFIRMATION_SUBJECT_ID, "", 0}, ""},
        {{CONFIRMATION_KEY_ID, "", 0}, ""},
        {{CONFIRMATION_KEY_ID, "a b", 0}, "C120 KeyId"},
    };

    (void)state;
    expect_values(true, NULL, rows, G_N_ELEMENTS(rows));
    expect_values(true, &no, denials, G_N_ELEMENTS(denials));
}

static void test_result_rules__hex_ids__become_upper_case(void **state)
{
    static const struct {
        const char *given, *kept;
    } rows[] = {{"9a07", "9A07"},
                {"90-b3-d5-1f", "90-B3-D5-1F"},
                {"Key-9a07", "Key-9a07"}, /* not hex: as it was given */
                {"9A07", "9A07"},
                {LONGEST, LONGEST}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (int confirmation = 0; confirmation < 2; confirmation++) {
            const struct shape shape = {confirmation, false};
            const struct change changes[] = {
                {confirmation ? (size_t)CONFIRMATION_KEY_ID : RESULT_REPLACING_KEY_ID, rows[i].given, 0}};
            struct judged j;
            judge(&j, &shape, ledger, changes, 1);
            assert_string_equal(j.result.transition.key_id, rows[i].kept);
            const struct ledger_side *side = confirmation ? &j.result.session.ecos : &j.result.session.tcos;
            assert_string_equal(side->key_id, rows[i].kept);
            assert_string_equal(side->subject_id, SUBJECT);
            judged_clear(&j);
        }
    }
}

static void test_result_rules__values__are_in_the_transition(void **state)
{
    const struct shape shape = {false, true};
    const struct change changes[] = {{RESULT_RESULT, "FAILED", 0},
                                     {RESULT_GBCS_STATUS, "30", 0},
                                     {RESULT_DUIS_CODE, "E20", 0},
                                     {RESULT_ALERT_CODE, "8f84", 0},
                                     {RESULT_REPLACING_SUBJECT_ID, "", 0},
                                     {RESULT_REPLACING_KEY_ID, "", 0},
                                     {RESULT_FIRST_TRY, "2023-07-03T11:00:00Z", 0},
                                     {RESULT_LAST_TRY, "2023-07-03T12:00:00Z", 0}};
    struct judged j;

    (void)state;
    judge(&j, &shape, ledger, changes, G_N_ELEMENTS(changes));
    assert_true(j.result.changes);
    assert_string_equal(j.result.transition.gbcs, "30");
    assert_string_equal(j.result.transition.duis, "E20");
    assert_string_equal(j.result.transition.alert, "8F84");
    assert_null(j.result.transition.subject_id);
    assert_null(j.result.transition.key_id);
    assert_int_equal(j.result.transition.said_at, 1688385600);
    assert_int_equal(j.result.transition.try, 2);
    assert_string_equal(j.result.transition.code, "D101");
    judged_clear(&j);

    const struct shape confirmation = {true, false};
    const struct change when[] = {{CONFIRMATION_CONFIRMED_AT, "2023-07-03T12:00:00Z", 0}};
    judge(&j, &confirmation, ledger, when, 1);
    assert_int_equal(j.result.transition.said_at, 1688385600);
    judged_clear(&j);
}

/* It is 12:00; the work was ordered at 11:50; a clock may be five minutes wrong. */
static void test_result_rules__times_that_cannot_be__are_warnings_and_do_not_count(void **state)
{
    static const struct {
        const char *first, *last, *with, *without;
        int64_t kept;
    } rows[] = {
        {"", "2023-07-03T12:05:00Z", "", "", 1688385900},
        {"", "2023-07-03T12:05:00.999Z", "", "", 1688385900},
        {"", "2023-07-03T12:05:01Z", "C120~ LastTry", "C120~ LastTry", 0},
        {"", "2024-07-03T12:00:00.5Z", "C120~ LastTry", "C120~ LastTry", 0},
        {"", "2023-07-03T11:45:00Z", "", "", 1688384700},
        {"", "2023-07-03T11:44:59Z", "C120~ LastTry", "", 0},
        {"2023-07-03T12:05:01Z", "2023-07-03T12:00:00Z", "C120~ FirstTry", "C120~ FirstTry", 1688385600},
        {"2023-07-03T12:00:00Z", "2023-07-03T12:00:00.001Z", "", "", 1688385600},
        {"2023-07-03T12:00:00Z", "2023-07-03T11:59:59Z", "C120~ LastTry", "C120~ LastTry", 0},
        {"2023-07-03T11:00:00Z", "2023-07-03T11:30:00Z", "C120~ LastTry", "", 0},
    };
    static const struct value_row confirmations[] = {{{CONFIRMATION_CONFIRMED_AT, "2023-07-03T11:45:00.25Z", 0}, ""}};
    static const struct change late[] = {{CONFIRMATION_CONFIRMED_AT, "2203-07-03T12:00:00Z", 0}},
                               early[] = {{CONFIRMATION_CONFIRMED_AT, "2023-07-03T11:44:59Z", 0}};
    const struct shape shape = {false, false};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct change changes[] = {
            {RESULT_TRY, "1", 0}, {RESULT_FIRST_TRY, rows[i].first, 0}, {RESULT_LAST_TRY, rows[i].last, 0}};
        struct judged j;
        expect(false, changes, 3, rows[i].with, rows[i].without);
        judge(&j, &shape, ledger, changes, 3);
        assert_true(j.result.changes);
        assert_int_equal(j.result.transition.said_at, rows[i].kept);
        judged_clear(&j);
    }
    expect_values(true, NULL, confirmations, 1);
    expect(true, late, 1, "C120~ ConfirmedAt", "C120~ ConfirmedAt");
    expect(true, early, 1, "C120~ ConfirmedAt", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_result_rules__good_record__has_no_finding_and_changes_the_session, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__statuses_of_a_success__are_judged_at_their_limits, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__try_times_and_ids_of_a_success__are_judged_at_their_limits,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__values_of_a_failed_try__need_no_ids, enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__several_errors__are_all_found, enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__values_of_a_confirmation__are_judged_at_their_limits, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__hex_ids__become_upper_case, enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__values__are_in_the_transition, enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__times_that_cannot_be__are_warnings_and_do_not_count, enter,
                                        leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
