/* The header record: malformed values (B211), differences from the name (B206), another gateway (B207). */
#include "formats/profile.h"
#include "validators/rules/header_rules.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define NAME "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000007.xml"
#define CREATED INT64_C(1688364000) /* 2023-07-03T06:00:00Z */
#define A24 "AAAAAAAAAAAAAAAAAAAAAAAA"
#define NAME_OF_128 "EMI_" A24 A24 A24 A24 A24 "_csv"

static const char *const good[HEADER_FIELDS] = {
    "90-B3-D5-1F-30-0E-C0-01", "90-B3-D5-1F-30-00-00-04", "7", "2023-07-03T06:00:00Z", "TEST", "B20230703-0007", NULL};

static const struct identity identity = {"TCOS", UINT64_C(0x90B3D51F30000004), "TEST", NULL, 0};
static struct filename filename;
static struct rules rules;
static struct header header;

static int enter(void **state)
{
    (void)state;
    rules_init(&rules);
    rules.identity = &identity;
    rules.now = CREATED;
    return !filename_parse(profile_builtin(), NAME, strlen(NAME), &filename, NULL, NULL);
}

/* The codes found with one value changed; g_free. */
static char *judge(enum header_field column, const char *text, bool name_is_known)
{
    struct field fields[HEADER_FIELDS];
    struct findings *findings = findings_new(100);
    const struct record record = {.at = {3, 5}, .n_fields = HEADER_FIELDS, .fields = fields};
    GString *codes = g_string_new(NULL);

    for (size_t i = 0; i < HEADER_FIELDS; i++) {
        const char *value = i == column ? text : good[i];
        fields[i] = (struct field){value, value ? strlen(value) : 0, {value ? 4 : 0, value ? 9 : 0}};
    }
    const struct judged_file file = {
        .rules = &rules, .filename = &filename, .name_is_known = name_is_known, .findings = findings};
    header_rules_judge(&file, &record, &header);
    for (size_t i = 0; i < findings_kept(findings); i++) {
        const struct finding *f = findings_at(findings, i);
        g_string_append_printf(codes, "%s%s", i ? " " : "", catalogue_entry(f->code)->id);
        assert_string_equal(f->field, profile_type(profile_builtin(), "INV", 3)->header->columns[column].name);
        assert_int_equal(f->at.line, text ? 4 : 3); /* an absent field has the place of its record */
        assert_false(f->warning);
    }
    findings_free(findings);
    return g_string_free(codes, FALSE);
}

/* One value of the good header changed, and the codes that it has then. */
struct value_case {
    enum header_field column;
    const char *text, *codes;
};

static void expect_cases(const struct value_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *codes = judge(cases[i].column, cases[i].text, true);
        if (strcmp(codes, cases[i].codes) != 0)
            fail_msg("%s '%s': expected '%s', found '%s'", filename.type->header->columns[cases[i].column].name,
                     cases[i].text ? cases[i].text : "(absent)", cases[i].codes, codes);
    }
}

static void test_header_rules__parties_sequence_or_time_changed__has_its_code(void **state)
{
    static const struct value_case cases[] = {
        {HEADER_SENDER_ID, "90-b3-d5-1f-30-0e-c0-01", ""},
        {HEADER_SENDER_ID, "90-B3-D5-1F-30-0E-C0-02", "B206"},
        {HEADER_SENDER_ID, "90-B3-D5-1F-30-0E-C0", "B211"},
        {HEADER_SENDER_ID, "", "B211"},
        {HEADER_SENDER_ID, NULL, "B211"},
        {HEADER_RECIPIENT_ID, "90-B3-D5-1F-30-00-00-05", "B207"},
        {HEADER_RECIPIENT_ID, "x", "B211"},
        {HEADER_FILE_SEQUENCE, "8", "B206"},
        {HEADER_FILE_SEQUENCE, "0", "B211"},
        {HEADER_FILE_SEQUENCE, "07", "B211"},
        {HEADER_FILE_SEQUENCE, "+7", "B211"},
        {HEADER_FILE_SEQUENCE, "999999", "B206"},
        {HEADER_FILE_SEQUENCE, "1000000", "B211"},
        {HEADER_FILE_SEQUENCE, "7x", "B211"},
        {HEADER_CREATION_DATE_TIME, "2023-07-03T06:00:01Z", "B206"},
        {HEADER_CREATION_DATE_TIME, "2023-07-03T06:00:00", "B211"},
        {HEADER_CREATION_DATE_TIME, "2023-07-03 06:00:00Z", "B211"},
        {HEADER_CREATION_DATE_TIME, "2023-02-29T06:00:00Z", "B211"},
        {HEADER_CREATION_DATE_TIME, "2023-07-03T24:00:00Z", "B211"},
        {HEADER_CREATION_DATE_TIME, "2023-07-03T06:00:00+00:00", "B211"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_header_rules__environment_batch_or_resubmission_changed__has_its_code(void **state)
{
    static const struct value_case cases[] = {
        {HEADER_ENVIRONMENT, "LIVE", "B207"},
        {HEADER_ENVIRONMENT, "test", "B211"},
        {HEADER_ENVIRONMENT, "TEST ", "B211"},
        {HEADER_ENVIRONMENT, NULL, "B211"},
        {HEADER_BATCH_ID, A24, ""},
        {HEADER_BATCH_ID, A24 "A", "B211"},
        {HEADER_BATCH_ID, "-", ""},
        {HEADER_BATCH_ID, "b1", "B211"},
        {HEADER_BATCH_ID, "B_1", "B211"},
        {HEADER_BATCH_ID, "", "B211"},
        {HEADER_RESUBMISSION_OF, "", ""},
        {HEADER_RESUBMISSION_OF, "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_050000_000006.csv.gz", ""},
        {HEADER_RESUBMISSION_OF, "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_050000_6.csv",
         ""}, /* a name outside the grammar */
        {HEADER_RESUBMISSION_OF, NAME_OF_128, ""},
        {HEADER_RESUBMISSION_OF, "yesterday's", ""},
        {HEADER_RESUBMISSION_OF, "../EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_050000_000006.csv", "B211"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_header_rules__mode__is_judged_in_reference_data_only(void **state)
{
    static const struct {
        const char *text, *codes;
        enum header_mode mode;
    } cases[] = {
        {"FULL", "", HEADER_MODE_FULL}, {"DELTA", "", HEADER_MODE_DELTA}, {"full", "B211", HEADER_MODE_NONE},
        {"", "B211", HEADER_MODE_NONE}, {NULL, "B211", HEADER_MODE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        filename.type = profile_type(profile_builtin(), "NMM", 3);
        filename.form = FORM_CSV; /* the only one of this type */
        g_autofree char *codes = judge(HEADER_MODE, cases[i].text, true);
        assert_string_equal(codes, cases[i].codes);
        assert_int_equal(header.mode, cases[i].mode);
        assert_int_equal(header.created, CREATED);
    }
    filename.type = profile_type(profile_builtin(), "EMI", 3);
    g_autofree char *codes = judge(HEADER_MODE, NULL, true);
    assert_string_equal(codes, "");
}

static void test_header_rules__no_identity__b207_is_not_judged(void **state)
{
    (void)state;
    rules.identity = NULL;
    g_autofree char *recipient = judge(HEADER_RECIPIENT_ID, "90-B3-D5-1F-30-00-00-05", true);
    g_autofree char *environment = judge(HEADER_ENVIRONMENT, "LIVE", true);
    g_autofree char *bad = judge(HEADER_ENVIRONMENT, "live", true);
    assert_string_equal(recipient, "");
    assert_string_equal(environment, "");
    assert_string_equal(bad, "B211");
}

static void test_header_rules__name_outside_the_grammar__is_not_compared(void **state)
{
    (void)state;
    g_autofree char *sender = judge(HEADER_SENDER_ID, "90-B3-D5-1F-30-0E-C0-02", false);
    g_autofree char *sequence = judge(HEADER_FILE_SEQUENCE, "8", false);
    g_autofree char *at_limit = judge(HEADER_CREATION_DATE_TIME, "2023-07-03T06:05:00Z", false);
    g_autofree char *ahead = judge(HEADER_CREATION_DATE_TIME, "2023-07-03T06:05:01Z", false);
    assert_string_equal(sender, "");
    assert_string_equal(sequence, "");
    assert_string_equal(at_limit, "");
    assert_string_equal(ahead, "B211");
}

static void test_header_rules__well_formed_values__are_in_the_header(void **state)
{
    (void)state;
    g_free(judge(HEADER_RESUBMISSION_OF, NAME, true));
    assert_true(header.seen);
    assert_string_equal(header.batch, "B20230703-0007");
    assert_string_equal(header.resubmission_of, NAME);
    g_free(judge(HEADER_BATCH_ID, "b", true));
    assert_string_equal(header.batch, "");
    assert_string_equal(header.resubmission_of, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_header_rules__parties_sequence_or_time_changed__has_its_code, enter),
        cmocka_unit_test_setup(test_header_rules__environment_batch_or_resubmission_changed__has_its_code, enter),
        cmocka_unit_test_setup(test_header_rules__mode__is_judged_in_reference_data_only, enter),
        cmocka_unit_test_setup(test_header_rules__no_identity__b207_is_not_judged, enter),
        cmocka_unit_test_setup(test_header_rules__name_outside_the_grammar__is_not_compared, enter),
        cmocka_unit_test_setup(test_header_rules__well_formed_values__are_in_the_header, enter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
