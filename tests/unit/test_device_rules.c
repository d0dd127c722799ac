/* The Device records of an instruction: each field with good and bad values and the codes that they give. */
#include "formats/profile.h"
#include "validators/rules/device_rules.h"

#include "tests/unit/codes_of.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static const char *const good[INSTRUCTION_FIELDS] = {
    "1", "00-DB-12-34-56-78-90-A0", "ESME", "AB01", "010A030B", "0002012F", "1012345678903", NULL, "Central", "1"};

static struct findings *findings;
static struct device_set *seen;
static struct rules rules;
static struct field fields[INSTRUCTION_FIELDS];
static struct record record;
static struct device device;
static struct known_values known;

static void judge_record(void)
{
    const struct filename filename = {.type = profile_type(profile_builtin(), "EMI", 3)};
    const struct judged_file file = {
        .rules = &rules, .filename = &filename, .known = &known, .seen = seen, .findings = findings};

    device_rules_judge(&file, &record, &device);
}

static int enter(void **state)
{
    (void)state;
    findings = findings_new(100);
    seen = device_set_new();
    rules_init(&rules);
    known = (struct known_values){0};
    return 0;
}

static int leave(void **state)
{
    (void)state;
    findings_free(findings);
    device_set_free(seen);
    return 0;
}

/* Judges the good Device with one field changed. type: another Device type; NULL: an ESME. */
static void judge(const char *type, enum instruction_field column, const char *text)
{
    for (size_t i = 0; i < INSTRUCTION_FIELDS; i++)
        fields[i] = (struct field){good[i], good[i] ? strlen(good[i]) : 0, {7, (uint32_t)i + 1}};
    if (type != NULL)
        fields[INSTRUCTION_DEVICE_TYPE] = (struct field){type, strlen(type), {7, 3}};
    fields[column] = (struct field){text, text ? strlen(text) : 0, {text ? 7 : 0, text ? 99 : 0}};
    record = (struct record){.ordinal = 5, .at = {7, 1}, .n_fields = INSTRUCTION_FIELDS, .fields = fields};
    findings_free(findings);
    findings = findings_new(100);
    device_set_free(seen);
    seen = device_set_new();
    judge_record();
}

/* One field of the good Device changed, and the codes that it has then. */
struct field_case {
    const char *type; /* NULL: ESME */
    enum instruction_field column;
    const char *text, *codes;
};

static void expect_cases(const struct field_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        judge(cases[i].type, cases[i].column, cases[i].text);
        g_autofree char *codes = codes_of(findings);
        if (strcmp(codes, cases[i].codes) != 0)
            fail_msg("%s, column %d '%s': expected '%s', found '%s'", cases[i].type ? cases[i].type : "ESME",
                     (int)cases[i].column, cases[i].text ? cases[i].text : "(absent)", cases[i].codes, codes);
    }
}

static void test_device_rules__device_id_or_type_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {NULL, INSTRUCTION_DEVICE_ID, "00-db-12-34-56-78-90-a0", ""},
        {NULL, INSTRUCTION_DEVICE_ID, "", "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, NULL, "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, "00-DB-12-34-56-78-90", "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, "00-DB-12-34-56-78-90-A0-00", "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, "00:DB:12:34:56:78:90:A0", "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, "00-DB-12-34-56-78-90-AG", "C101"},
        {NULL, INSTRUCTION_DEVICE_ID, " 00-DB-12-34-56-78-90-A0", "C101"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "esme", "C104"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "", "C104"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "PPMID", "C104"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "ESMEX", "C104"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_device_rules__model_changed__is_c117_unless_hex(void **state)
{
    static const struct field_case cases[] = {
        {NULL, INSTRUCTION_MANUFACTURER, "ab0F", ""},      {NULL, INSTRUCTION_MANUFACTURER, "AB0", "C117"},
        {NULL, INSTRUCTION_MANUFACTURER, "AB011", "C117"}, {NULL, INSTRUCTION_MANUFACTURER, "AB0G", "C117"},
        {NULL, INSTRUCTION_MANUFACTURER, "", "C117"},      {NULL, INSTRUCTION_MODEL, "010a030b", ""},
        {NULL, INSTRUCTION_MODEL, "010A030", "C117"},      {NULL, INSTRUCTION_MODEL, "010A030BB", "C117"},
        {NULL, INSTRUCTION_FIRMWARE, "0002012", "C117"},   {NULL, INSTRUCTION_FIRMWARE, "0002 12F", "C117"},
        {NULL, INSTRUCTION_FIRMWARE, "", "C117"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_device_rules__mpxn_changed__is_c113_unless_it_fits_the_type(void **state)
{
    static const struct field_case cases[] = {
        {NULL, INSTRUCTION_MPXN, "", "C113"},
        {NULL, INSTRUCTION_MPXN, "101234567890", "C113"},
        {NULL, INSTRUCTION_MPXN, "10123456789031", "C113"},
        {NULL, INSTRUCTION_MPXN, "10123456789O3", "C113"},
        {NULL, INSTRUCTION_MPXN, "1012345678904", "C113?"},
        {NULL, INSTRUCTION_MPXN, "1012345678940", ""}, /* the sum mod 11 is 10 */
        {"GSME", INSTRUCTION_MPXN, "3938424403", ""},
        {"GSME", INSTRUCTION_MPXN, "3938424402", "C113?"},
        {"GSME", INSTRUCTION_MPXN, "12345", "C113"},
        {"GSME", INSTRUCTION_MPXN, "12345678901", "C113"},
        {"GSME", INSTRUCTION_MPXN, "", "C113"},
        {"GSME", INSTRUCTION_MPXN, "393842440x", "C113"},
        {"GPF", INSTRUCTION_MPXN, "3938424403", "C113 C117"},
        {"GPF", INSTRUCTION_MPXN, NULL, "C117"},
        {"XXXX", INSTRUCTION_MPXN, "what", "C104"}, /* the MPxN of an unknown type is not judged */
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_device_rules__hub_region_or_attempt_changed__has_its_code(void **state)
{
    static const struct field_case cases[] = {
        {NULL, INSTRUCTION_ATTEMPT, "1", ""},
        {NULL, INSTRUCTION_CHF_DEVICE_ID, "00-DB-12-34-56-78-90-C0", ""},
        {NULL, INSTRUCTION_CHF_DEVICE_ID, "", ""},
        {NULL, INSTRUCTION_CHF_DEVICE_ID, "00-DB", "C117"},
        {NULL, INSTRUCTION_CSP_REGION, "North", ""},
        {NULL, INSTRUCTION_CSP_REGION, "South", ""},
        {NULL, INSTRUCTION_CSP_REGION, "", ""},
        {NULL, INSTRUCTION_CSP_REGION, NULL, ""},
        {NULL, INSTRUCTION_CSP_REGION, "north", "C117"},
        {NULL, INSTRUCTION_CSP_REGION, "West", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "999999999", ""},
        {NULL, INSTRUCTION_ATTEMPT, "0", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "01", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "-1", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "1.5", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "", "C117"},
        {NULL, INSTRUCTION_ATTEMPT, "1000000000", "C117"},
    };

    (void)state;
    expect_cases(cases, G_N_ELEMENTS(cases));
}

static void test_device_rules__wrong_check_digits__count_as_the_setting_says(void **state)
{
    static const struct {
        const char *type, *mpxn;
        bool fits;
    } cases[] = {
        {"ESME", "1012345678903", true},  {"ESME", "1012345678900", false}, {"ESME", "0000000000000", true},
        {"ESME", "2012345678903", false}, {"GSME", "3938424403", true},     {"GSME", "3938424413", false},
        {"GSME", "000000", true},         {"GSME", "100004", true},         {"GSME", "100005", false},
    };
    static const char *const expected[] = {
        [CHECK_DIGITS_OFF] = "", [CHECK_DIGITS_WARN] = "C113?", [CHECK_DIGITS_REJECT] = "C113"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (int setting = CHECK_DIGITS_OFF; setting <= CHECK_DIGITS_REJECT; setting++) {
            rules.check_digits = (enum check_digits)setting;
            judge(cases[i].type, INSTRUCTION_MPXN, cases[i].mpxn);
            g_autofree char *codes = codes_of(findings);
            if (strcmp(codes, cases[i].fits ? "" : expected[setting]) != 0)
                fail_msg("%s, setting %d: found '%s'", cases[i].mpxn, setting, codes);
            assert_int_equal(row_has_errors(&device.row), !cases[i].fits && setting == CHECK_DIGITS_REJECT);
            assert_int_equal(device.row.warned, !cases[i].fits && setting == CHECK_DIGITS_WARN);
        }
    }
}

/* Whether the check digits are right, digit by digit. */
static bool is_right(const char *mpxn, size_t len)
{
    static const int weights[] = {3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};
    size_t n = len == 13 ? 12 : len - 2;
    int sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (mpxn[i] - '0') * (len == 13 ? weights[i] : (int)(n - i));
    return len == 13 ? sum % 11 % 10 == mpxn[12] - '0' : sum % 11 == (mpxn[n] - '0') * 10 + mpxn[n + 1] - '0';
}

static void test_device_rules__random_digits__are_checked_as_one_by_one(void **state)
{
    int right = 0;

    (void)state;
    rules.check_digits = CHECK_DIGITS_REJECT;
    for (int i = 0; i < 20000; i++) {
        char mpxn[14] = "";
        size_t len = i % 2 == 0 ? 13 : (size_t)g_random_int_range(6, 11);
        bool near_nine = g_random_boolean();

        for (size_t k = 0; k < len; k++) /* the last two of an MPRN are a number below 11 */
            mpxn[k] =
                (char)g_random_int_range(near_nine && k + 2 < len ? '8' : '0', len < 13 && k + 2 == len ? '2' : ':');
        judge(len == 13 ? "ESME" : "GSME", INSTRUCTION_MPXN, mpxn);
        if (row_has_errors(&device.row) == is_right(mpxn, len))
            fail_msg("%s", mpxn);
        right += !row_has_errors(&device.row);
    }
    assert_in_range(right, 1000, 4000);
}

/* Values that have stood in their lists are looked up no more; others are, each time. */
static void test_device_rules__values_again__are_judged_as_before(void **state)
{
    static const struct field_case cases[] = {
        {NULL, INSTRUCTION_CSP_REGION, "North", ""},
        {NULL, INSTRUCTION_CSP_REGION, "Nort", "C117"},
        {NULL, INSTRUCTION_CSP_REGION, "Northern", "C117"},
        {NULL, INSTRUCTION_CSP_REGION, "Northern Isles", "C117"},
        {NULL, INSTRUCTION_CSP_REGION, "", ""},
        {NULL, INSTRUCTION_CSP_REGION, "ESME", "C117"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "North", "C104"},
        {"GSME", INSTRUCTION_MPXN, "768431110", ""},
        {NULL, INSTRUCTION_DEVICE_TYPE, "ESM", "C104"},
        {NULL, INSTRUCTION_DEVICE_TYPE, "", "C104"},
    };

    (void)state;
    for (int i = 0; i < 3; i++)
        expect_cases(cases, G_N_ELEMENTS(cases));
    for (unsigned word = 0; word < 50000; word++) { /* at each place, whatever stands there */
        char text[9];
        (void)g_snprintf(text, sizeof text, "x%u", word);
        judge(NULL, INSTRUCTION_CSP_REGION, word % 2 == 0 ? text : "South");
        assert_int_equal(row_has_errors(&device.row), word % 2 == 0);
    }
}

static void test_device_rules__same_device_again__is_c102_each_time(void **state)
{
    (void)state;
    judge(NULL, INSTRUCTION_ATTEMPT, "1");
    assert_int_equal(findings_total(findings), 0);
    for (uint64_t n = 1; n <= 2; n++) {
        judge_record();
        assert_int_equal(findings_count(findings, C102), n);
        assert_int_equal(row_first_code(&device.row), C102);
    }
    /* In lower case it is the same Device. */
    fields[INSTRUCTION_DEVICE_ID].text = "00-db-12-34-56-78-90-a0";
    judge_record();
    assert_int_equal(findings_count(findings, C102), 3);
}

static void test_device_rules__id_that_was_read_ahead__is_the_devices(void **state)
{
    (void)state;
    judge(NULL, INSTRUCTION_ATTEMPT, "1");
    record.ahead = UINT64_C(0x00DB123456789077);
    judge_record();
    assert_true(device.has_id && device.id == record.ahead);
    assert_false(device_set_add(seen, record.ahead));
    assert_int_equal(findings_total(findings), 0);
}

/* A table of pointers could take the id 0 for an empty place. */
static void test_device_rules__id_of_zeros__is_a_valid_device(void **state)
{
    (void)state;
    judge(NULL, INSTRUCTION_DEVICE_ID, "00-00-00-00-00-00-00-00");
    assert_int_equal(findings_total(findings), 0);
    judge_record();
    assert_int_equal(findings_count(findings, C102), 1);
}

static void test_device_rules__all_fields_wrong__are_found_in_order(void **state)
{
    (void)state;
    judge("GPF", INSTRUCTION_DEVICE_ID, "x");
    static const char *const bad[] = {"1", "x", "x", "x", "x", "x", "x", "x", "x", "x"};
    for (size_t i = 1; i < INSTRUCTION_FIELDS; i++)
        fields[i] = (struct field){bad[i], 1, {7, 1}};
    findings_free(findings);
    findings = findings_new(100);
    judge_record();
    g_autofree char *codes = codes_of(findings);
    assert_string_equal(codes, "C101 C104 C117 C117 C117 C117 C117 C117");
    assert_int_equal(row_first_code(&device.row), C101);
    assert_false(device.has_id);
    assert_false(row_is_deferred(&device.row));
}

static void test_device_rules__finding__has_record_field_and_place(void **state)
{
    (void)state;
    judge(NULL, INSTRUCTION_MODEL, "bad");
    const struct finding *f = findings_at(findings, 0);
    assert_int_equal(f->ordinal, 5);
    assert_string_equal(f->field, "DeviceModel");
    assert_string_equal(f->value, "bad");
    assert_int_equal(f->at.line, 7);
    assert_int_equal(f->at.column, 99);
    judge("GPF", INSTRUCTION_CHF_DEVICE_ID, NULL); /* an absent field has the place of its record */
    f = findings_at(findings, findings_kept(findings) - 1);
    assert_string_equal(f->field, "CHFDeviceID");
    assert_int_equal(f->at.column, 1);
}

static void test_device_rules__other_scope__allows_only_its_types(void **state)
{
    static const char *const scope[] = {"PPMID", NULL};

    (void)state;
    rules.device_types = scope;
    judge(NULL, INSTRUCTION_ATTEMPT, "1");
    assert_int_equal(findings_count(findings, C104), 1);
    judge("PPMID", INSTRUCTION_ATTEMPT, "1");
    assert_int_equal(findings_count(findings, C104), 0);
}

static void test_row__transient_codes_only__is_deferred(void **state)
{
    struct row d = {0};

    (void)state;
    assert_false(row_has_errors(&d));
    assert_false(row_is_deferred(&d));
    row_add_code(&d, C110, true);
    assert_true(row_is_deferred(&d));
    row_add_code(&d, C109, true);
    assert_true(row_is_deferred(&d));
    assert_int_equal(row_first_code(&d), C109);
    row_add_code(&d, C117, false);
    assert_false(row_is_deferred(&d));
    assert_true(row_has_errors(&d));
}

enum { KEYS = 50000 };

/* Over several sizes of the set, with keys that differ in high bits, in low ones, and the key 0. */
static void has_each_once(uint64_t foreseen)
{
    struct device_set *set = device_set_new();

    device_set_foresee(set, foreseen);
    for (uint64_t pass = 0; pass < 2; pass++)
        for (uint64_t i = 0; i < KEYS; i++) {
            device_set_expect(set, i << 40);
            assert_int_equal(device_set_add(set, i), pass == 0);
            assert_int_equal(device_set_add(set, (i + 1) << 40), pass == 0);
        }
    assert_true(device_set_add(set, KEYS));
    assert_false(device_set_has_key(set, "a"));
    assert_true(device_set_add_key(set, "a"));
    assert_true(device_set_has_key(set, "a"));
    device_set_free(set);
}

static void test_device_set__many_keys__has_each_once(void **state)
{
    (void)state; /* cmocka's signature */
    has_each_once(0);
}

/* Right, too few, and more than any memory has. */
static void test_device_set__number_foreseen__has_each_once(void **state)
{
    static const uint64_t foreseen[] = {2 * KEYS + 2, 1, 1000, UINT64_MAX};

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(foreseen); i++)
        has_each_once(foreseen[i]);
}

/* 16 million, the most that max_devices allows, are foreseen and come: they take 171 MiB, and may take no more than the
 * 200 MiB of the whole program, also while the set grows. The number foreseen is a little too low. */
static void test_device_set__largest_file__takes_less_than_180_mib(void **state)
{
    const uint64_t keys = 16000000;
    struct device_set *set = device_set_new();
    struct rusage before, after;

    (void)state; /* cmocka's signature */
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    device_set_foresee(set, keys - keys / 50);
    for (uint64_t i = 1; i <= keys; i++)
        assert_true(device_set_add(set, i));
    for (uint64_t i = 1; i <= keys; i += 1001)
        assert_false(device_set_add(set, i));
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 180 * 1024);
#endif
    device_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_device_set__many_keys__has_each_once),
        cmocka_unit_test(test_device_set__number_foreseen__has_each_once),
        cmocka_unit_test(test_device_set__largest_file__takes_less_than_180_mib),
        cmocka_unit_test_setup_teardown(test_device_rules__device_id_or_type_changed__has_its_code, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__model_changed__is_c117_unless_hex, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__mpxn_changed__is_c113_unless_it_fits_the_type, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__hub_region_or_attempt_changed__has_its_code, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__wrong_check_digits__count_as_the_setting_says, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__random_digits__are_checked_as_one_by_one, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__values_again__are_judged_as_before, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__same_device_again__is_c102_each_time, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__id_of_zeros__is_a_valid_device, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__id_that_was_read_ahead__is_the_devices, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__all_fields_wrong__are_found_in_order, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__finding__has_record_field_and_place, enter, leave),
        cmocka_unit_test_setup_teardown(test_device_rules__other_scope__allows_only_its_types, enter, leave),
        cmocka_unit_test(test_row__transient_codes_only__is_deferred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
