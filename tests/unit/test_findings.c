/* The list of findings: its cap, its totals, the first error after the cap, values made printable. */
#include "validators/findings.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void add(struct findings *findings, enum code code, bool warning, uint32_t ordinal)
{
    findings_add(findings, &(struct finding){.code = code, .warning = warning, .ordinal = ordinal, .text = "text"},
                 NULL, 0);
}

static void test_findings__more_than_the_cap__keeps_the_first_and_counts_all(void **state)
{
    struct findings *findings = findings_new(FINDINGS_DEFAULT_MAX);

    (void)state;
    for (uint32_t i = 1; i <= 1500; i++)
        add(findings, i % 3 ? C117 : C101, false, i);
    assert_int_equal(findings_kept(findings), 1000);
    assert_int_equal(findings_at(findings, 0)->ordinal, 1);
    assert_int_equal(findings_at(findings, 999)->ordinal, 1000);
    assert_int_equal(findings_total(findings), 1500);
    assert_int_equal(findings_count(findings, C117), 1000);
    assert_int_equal(findings_count(findings, C101), 500);
    assert_int_equal(findings_count(findings, C102), 0);
    assert_true(findings_truncated(findings));
    findings_free(findings);
}

static void test_findings__as_many_as_the_cap__are_not_truncated(void **state)
{
    struct findings *findings = findings_new(3);

    (void)state;
    for (uint32_t i = 1; i <= 3; i++)
        add(findings, C101, false, i);
    assert_int_equal(findings_kept(findings), 3);
    assert_false(findings_truncated(findings));
    add(findings, C101, false, 4);
    assert_true(findings_truncated(findings));
    findings_free(findings);
}

static void test_findings__first_error_after_the_cap__is_kept(void **state)
{
    struct findings *findings = findings_new(1);

    (void)state;
    add(findings, C113, true, 1);
    add(findings, C101, false, 2);
    add(findings, C102, false, 3);
    add(findings, B208, false, 0);
    assert_int_equal(findings_kept(findings), 1);
    assert_int_equal(findings_first(findings, 'c', true)->ordinal, 1);
    assert_int_equal(findings_first(findings, 'c', false)->ordinal, 2);
    assert_int_equal(findings_first(findings, 'b', false)->code, B208);
    assert_null(findings_first(findings, 'b', true));
    assert_true(findings_has_errors(findings, 'b'));
    findings_free(findings);
}

static void test_findings__cap_of_0__counts_only(void **state)
{
    struct findings *findings = findings_new(0);

    (void)state;
    add(findings, B201, false, 0);
    assert_int_equal(findings_kept(findings), 0);
    assert_int_equal(findings_total(findings), 1);
    assert_int_equal(findings_first(findings, 'b', false)->code, B201);
    findings_free(findings);
}

static void test_findings__warnings_only__are_no_errors(void **state)
{
    struct findings *findings = findings_new(10);

    (void)state;
    assert_false(findings_has_errors(findings, 'b'));
    add(findings, B108, true, 0);
    add(findings, C113, true, 1);
    assert_false(findings_has_errors(findings, 'b'));
    assert_false(findings_has_errors(findings, 'c'));
    add(findings, C113, false, 2);
    assert_true(findings_has_errors(findings, 'c'));
    assert_false(findings_has_errors(findings, 'b'));
    findings_free(findings);
}

static void test_findings__value__is_copied_escaped_and_cut(void **state)
{
    struct findings *findings = findings_new(10);
    char value[100], text[] = "expected", field[] = "DeviceID";

    (void)state;
    memset(value, 'x', sizeof value);
    findings_add(findings, &(struct finding){.code = C101, .field = field, .text = text}, value, sizeof value);
    findings_add(findings, &(struct finding){.code = C101, .text = text}, "a\n\xff\0b", 5);
    findings_add(findings, &(struct finding){.code = C101, .text = text}, "", 0);
    findings_add(findings, &(struct finding){.code = C101, .text = text, .value = "ignored"}, NULL, 0);
    memset(text, '-', sizeof text - 1);
    memset(field, '-', sizeof field - 1);

    assert_int_equal(g_utf8_strlen(findings_at(findings, 0)->value, -1), FINDINGS_VALUE_CHARS);
    assert_true(g_str_has_suffix(findings_at(findings, 0)->value, "…"));
    assert_string_equal(findings_at(findings, 0)->text, "expected");
    assert_string_equal(findings_at(findings, 0)->field, "DeviceID");
    assert_string_equal(findings_at(findings, 1)->value, "a\\x0A\\xFF\\x00b");
    assert_null(findings_at(findings, 1)->field);
    assert_string_equal(findings_at(findings, 2)->value, "");
    assert_null(findings_at(findings, 3)->value);
    findings_free(findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings__more_than_the_cap__keeps_the_first_and_counts_all),
        cmocka_unit_test(test_findings__as_many_as_the_cap__are_not_truncated),
        cmocka_unit_test(test_findings__first_error_after_the_cap__is_kept),
        cmocka_unit_test(test_findings__cap_of_0__counts_only),
        cmocka_unit_test(test_findings__warnings_only__are_no_errors),
        cmocka_unit_test(test_findings__value__is_copied_escaped_and_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
