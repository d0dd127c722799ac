/* Names of inbound files: code, segment and character of each finding; parties and the clock. */
#include "validators/rules/name_rules.h"

#include "formats/profile.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define MCC "90-B3-D5-1F-30-0E-C0-01"
#define NOW INT64_C(1688364000) /* 2023-07-03T06:00:00Z */

static const char *const mcc_types[] = {"EMI", NULL};
static const struct party parties[] = {
    {.org = "MCC", .eui64 = UINT64_C(0x90B3D51F300EC001), .types = mcc_types, .drop = "mcc"}};
static const struct identity identity = {"TCOS", UINT64_C(0x90B3D51F30000004), "TEST", parties, 1};
static struct rules rules;
static struct filename filename;

static int enter(void **state)
{
    (void)state;
    rules_init(&rules);
    rules.identity = &identity;
    rules.drop = "mcc";
    rules.now = NOW;
    return 0;
}

/* "B101 seq 49, …": code, segment and character of each finding; g_free. *known: the name is in the grammar. */
static char *judge(const char *name, size_t len, bool *known)
{
    struct findings *findings = findings_new(100);
    const struct judged_file file = {.rules = &rules, .profile = profile_builtin(), .findings = findings};
    GString *found = g_string_new(NULL);

    *known = name_rules_judge(&file, name, len, &filename);
    for (size_t i = 0; i < findings_kept(findings); i++) {
        const struct finding *f = findings_at(findings, i);
        assert_int_equal(f->at.line, 0); /* a name has no lines */
        g_string_append_printf(found, "%s%s %s %u", i ? ", " : "", catalogue_entry(f->code)->id, f->field,
                               f->at.column);
    }
    findings_free(findings);
    return g_string_free(found, FALSE);
}

static void test_name_rules__wrong_segments__are_found_with_their_character(void **state)
{
    static const struct {
        const char *name;
        bool known;
        const char *found;
    } cases[] = {
        {"EMI_MCC_" MCC "_20230703_060000_000001.xml", true, ""},
        {"EMI_MCC_" MCC "_20230703_060000_000001.csv.gz", true, ""},
        {"EMI_MCC_" MCC "_20230703_060500_000001.csv", true, ""},
        {"EMI_MCC_" MCC "_20230703_060501_000001.csv", true, "B104 date 33"},
        {"EMI_XYZ_" MCC "_20230703_060000_000001.csv", true, "B103 org 5"},
        {"EMI_MCC_90-B3-D5-1F-30-0E-C0-02_20230703_060000_000001.csv", true, "B103 eui64 9"},
        {"EMT_MCC_" MCC "_20230703_060000_000001.csv", true, "B103 type 1"},
        {"EMX_MCC_" MCC "_20230703_060000_000001.csv", false, "B102 type 1"},
        {"EMI_MCC_" MCC "_20230230_060000_000001.csv", false, "B104 date 33"},
        {"EMI_MCC_" MCC "_20230703_246000_000001.csv", false, "B104 time 42"},
        {"EMI_MCC_" MCC "_20230703_060000_1.xml", false, "B101 seq 49"},
        {"EMI_MCC_" MCC "_20230703_060000_000000.xml", false, "B101 seq 49"},
        {"EMI_MCC_" MCC "_20230703_060000_000001.XML", false, "B101 form 56"},
        {"EMI_mcc_" MCC "_20230703_060000_000001.xml", false, "B101 org 5"},
        {"EMI-MCC_" MCC "_20230703_060000_000001.xml", false, "B101 separator 4"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool known;
        g_autofree char *found = judge(cases[i].name, strlen(cases[i].name), &known);
        if (strcmp(found, cases[i].found) != 0 || known != cases[i].known)
            fail_msg("%s: expected '%s', found '%s', %s", cases[i].name, cases[i].found, found,
                     known ? "known" : "unknown");
    }
}

static void test_name_rules__random_bytes__are_refused(void **state)
{
    static const char nul[] = "EMI_MCC_\0.csv";
    bool known;

    (void)state;
    g_autofree char *with_nul = judge(nul, sizeof nul - 1, &known);
    assert_false(known);
    assert_true(g_str_has_prefix(with_nul, "B101"));
    g_autofree char *empty = judge("", 0, &known);
    assert_false(known);
    assert_true(g_str_has_prefix(empty, "B101"));
    g_autofree char *bytes = judge("\xff\xfe/\n", 4, &known);
    assert_false(known);
    assert_true(g_str_has_prefix(bytes, "B101"));
}

static void test_name_rules__other_drop__is_b103(void **state)
{
    const char *name = "EMI_MCC_" MCC "_20230703_060000_000001.xml";
    bool known;

    (void)state;
    rules.drop = "tcos";
    g_autofree char *found = judge(name, strlen(name), &known);
    assert_true(known);
    assert_string_equal(found, "B103 org 5");
    rules.drop = NULL;
    g_autofree char *untold = judge(name, strlen(name), &known);
    assert_string_equal(untold, "");
}

static void test_name_rules__no_identity__sender_is_not_judged(void **state)
{
    const char *name = "EMI_XYZ_" MCC "_20230703_060000_000001.xml";
    bool known;

    (void)state;
    rules.identity = NULL;
    g_autofree char *found = judge(name, strlen(name), &known);
    assert_true(known);
    assert_string_equal(found, "");
}

static void test_name_rules__wrong_name__still_gives_type_and_form(void **state)
{
    const char *name = "EMI_MCC_" MCC "_20230703_060000_1.xml";
    bool known;

    (void)state;
    g_free(judge(name, strlen(name), &known));
    assert_false(known);
    assert_non_null(filename.type);
    assert_string_equal(filename.type->code, "EMI");
    assert_int_equal(filename.form, FORM_XML);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_name_rules__wrong_segments__are_found_with_their_character, enter),
        cmocka_unit_test_setup(test_name_rules__random_bytes__are_refused, enter),
        cmocka_unit_test_setup(test_name_rules__other_drop__is_b103, enter),
        cmocka_unit_test_setup(test_name_rules__no_identity__sender_is_not_judged, enter),
        cmocka_unit_test_setup(test_name_rules__wrong_name__still_gives_type_and_form, enter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
