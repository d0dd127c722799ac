/* The work item that a result or a confirmation is about, and what a record means after the end of the work. */
#include "tests/unit/result_records.h"

/* ---- the work item ---- */

/* with: the findings with a ledger; without: the findings of the form alone. */
static void expect_work(const char *id, size_t len, const char *with, const char *without)
{
    for (int confirmation = 0; confirmation < 2; confirmation++) {
        const struct change change = {confirmation ? (size_t)CONFIRMATION_WORK_ITEM_ID : RESULT_WORK_ITEM_ID, id, len};
        expect(confirmation, &change, 1, with, without);
    }
}

static void test_result_rules__malformed_work_item_id__is_found_without_a_ledger_too(void **state)
{
    static const char *const bad[] = {
        "",          "MCC",        "MCC.B-1",          "MCC.B-1.",   "MCC.B-1.0",
        "MCC.B-1.x", "MCC.B-1.-1", "MCC.B-1.1 ",       "MCC.B-1.01", "MCC.B-1.1234567890",
        "..",        ".",          "TOOLONGORG.B-1.1", "MCC.B-1.+1", "MCC.B123456789012345678901234.1"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_work(bad[i], 0, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC.B-1.1\0", 10, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC\0.B-1.1", 10, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC.B\0-1.1", 10, "C118 WorkItemId", "C118 WorkItemId");
}

static void test_result_rules__unknown_work_item_id__is_found_with_a_ledger_only(void **state)
{
    static const char *const unknown[] = {
        "MCX.B-1.1", "MCC.B-2.1",   "MCC.B-1.7",   "MCC.B-1.999999999", "mcc.B-1.1",
        "MCC.b-1.1", "MCC.X.B-1.1", "MCC.B-1.X.1", "ABCDEFGH.B-1.1",    "MCC.B12345678901234567890123.1"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
        expect_work(unknown[i], 0, "C118 WorkItemId", "");
}

static void test_result_rules__other_device__is_named_with_the_right_one(void **state)
{
    static const struct change result = {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0},
                               confirmation = {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0};
    static const struct change no_device[] = {{RESULT_WORK_ITEM_ID, "MCC.B-1.3", 0}};
    static const struct change zero[] = {{RESULT_WORK_ITEM_ID, "MCC.B-1.3", 0},
                                         {RESULT_DEVICE_ID, "00-00-00-00-00-00-00-00", 0}};
    const struct shape shape = {false, false};
    struct judged j;

    (void)state;
    expect(false, zero, 2, "C118 DeviceID", "");
    expect(false, &result, 1, "C118 DeviceID", "");
    expect(true, &confirmation, 1, "C118 DeviceID", "");
    judge(&j, &shape, ledger, &result, 1);
    assert_non_null(strstr(findings_at(j.findings, 0)->text, "F0-DB-12-34-56-78-90-A0"));
    judged_clear(&j);
    judge(&j, &shape, ledger, no_device, 1);
    assert_non_null(strstr(findings_at(j.findings, 0)->text, "no Device"));
    judged_clear(&j);
}

static void expect_text(const struct change *changes, size_t n, const char *part)
{
    const struct shape shape = {false, false};
    struct judged j;

    judge(&j, &shape, ledger, changes, n);
    assert_int_equal(findings_kept(j.findings), 1);
    if (strstr(findings_at(j.findings, 0)->text, part) == NULL)
        fail_msg("expected '%s', found '%s'", part, findings_at(j.findings, 0)->text);
    judged_clear(&j);
}

static void test_result_rules__try_not_ordered__points_to_the_try_or_the_work_item(void **state)
{
    static const struct change third = {RESULT_TRY, "3", 0};
    static const struct change waits[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.2", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0}, {RESULT_TRY, "1", 0}};
    static const struct change never[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.6", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A5", 0}, {RESULT_TRY, "1", 0}};
    static const struct change waits_too[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.2", 0},
                                              {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0}};

    (void)state;
    expect(false, &third, 1, "C118 Try", "");
    expect(false, waits, 3, "C118 WorkItemId", "");
    expect(true, waits_too, 2, "C118 WorkItemId", "");
    expect_text(waits, 3, "it is READY");
    expect_text(never, 3, "it is DEFERRED");
}

/* ---- after its end ---- */

static void test_result_rules__result_after_the_end__is_a_warning_or_contradicts(void **state)
{
    static const struct change late[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.4", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A3", 0}, {RESULT_TRY, "1", 0}};
    static const struct change again[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.5", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A4", 0}, {RESULT_TRY, "1", 0}};
    struct change other[] = {again[0], again[1], again[2], {RESULT_REPLACING_KEY_ID, "9A08", 0}};
    struct change timeout[] = {late[0], late[1], late[2], {RESULT_RESULT, "TIMEOUT", 0}};
    const struct shape shape = {false, false};
    struct judged j;

    (void)state;
    expect(false, late, 3, "C119~ Result", "");
    expect(false, again, 3, "C119~ Result", "");
    expect(false, timeout, 4, "C119~ Result", "");
    expect(false, other, 4, "C121 Result", "");
    judge(&j, &shape, ledger, late, 3);
    assert_true(j.result.changes); /* recorded */
    assert_true(j.result.row.warned);
    assert_int_equal(j.result.session.state, LEDGER_FAILED);
    judged_clear(&j);
    judge(&j, &shape, ledger, again, 3);
    assert_false(j.result.changes);
    judged_clear(&j);
    judge(&j, &shape, ledger, timeout, 4);
    assert_false(j.result.changes);
    judged_clear(&j);
}

static void test_result_rules__confirmation_after_the_end__is_a_warning_or_contradicts(void **state)
{
    static const struct change late[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.4", 0},
                                         {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A3", 0}};
    static const struct change again[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.5", 0},
                                          {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A4", 0}};
    struct change denial[] = {again[0], again[1], {CONFIRMATION_CONFIRMED, "N", 0}};

    (void)state;
    expect(true, late, 2, "C119~ Confirmed", "");
    expect(true, again, 2, "C119~ Confirmed", "");
    expect(true, denial, 3, "C121 Confirmed", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_result_rules__malformed_work_item_id__is_found_without_a_ledger_too, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__unknown_work_item_id__is_found_with_a_ledger_only, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__other_device__is_named_with_the_right_one, enter, leave),
        cmocka_unit_test_setup_teardown(test_result_rules__try_not_ordered__points_to_the_try_or_the_work_item, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__result_after_the_end__is_a_warning_or_contradicts, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_result_rules__confirmation_after_the_end__is_a_warning_or_contradicts,
                                        enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
