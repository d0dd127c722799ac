/* Names of files: the grammar, the faults of names outside it, the guesses, and the names that the gateway gives. */
#include "formats/filename.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EUI "90-B3-D5-1F-30-0E-C0-01"
#define GOOD "EMI_MCC_" EUI "_20230703_060000_000001.xml"

/* The faults that a name has given. */
struct given {
    GString *text; /* one line of all */
    const char *name;
    size_t len; /* of the name */
    unsigned n;
};

/* Collects faults as "segment@position:found|…" and asserts that each lies within the name. */
static void on_fault(void *user, const struct filename_fault *fault)
{
    struct given *given = user;

    assert_in_range(fault->position, 1, given->len + 1);
    assert_true(fault->found >= given->name);
    assert_true(fault->found + fault->found_len <= given->name + given->len);
    assert_true(fault->expected[0] != '\0');
    g_string_append_printf(given->text, "%s%s%s@%zu:%.*s", given->n++ ? "|" : "",
                           fault->kind == FILENAME_BAD_TYPE       ? "T!"
                           : fault->kind == FILENAME_BAD_CALENDAR ? "C!"
                                                                  : "",
                           fault->segment, fault->position, (int)fault->found_len, fault->found);
}

static bool parse(const char *name, size_t len, struct filename *f, struct given *given)
{
    *given = (struct given){.text = g_string_new(NULL), .name = name, .len = len};
    return filename_parse(profile_builtin(), name, len, f, on_fault, given);
}

static void test_filename__good_name__fills_all_members(void **state)
{
    struct filename f;
    struct given given;

    (void)state; /* cmocka's signature */
    assert_true(parse(GOOD ".gz", strlen(GOOD) + 3, &f, &given));
    assert_int_equal(given.n, 0);
    assert_string_equal(f.type->code, "EMI");
    assert_string_equal(f.org, "MCC");
    assert_true(f.eui64 == UINT64_C(0x90B3D51F300EC001));
    assert_string_equal(f.date, "20230703");
    assert_string_equal(f.time, "060000");
    assert_true(f.created == 1688364000);
    assert_int_equal(f.sequence, 1);
    assert_int_equal(f.form, FORM_XML);
    assert_int_equal(f.pack, FILENAME_GZ);
    assert_int_equal(f.stem_len, strlen(GOOD));
    g_string_free(given.text, TRUE);
}

static const struct {
    const char *name;
    const char *faults;
} bad_names[] = {
    {"", "type@1:"},
    {"hello.txt", "type@1:hello|org@6:|form@7:txt"},
    {"emi_MCC_" EUI "_20230703_060000_000001.xml", "type@1:emi"},
    {"XYZ_MCC_" EUI "_20230703_060000_000001.xml", "T!type@1:XYZ"},
    {"EMA_MCC_" EUI "_20230703_060000_000001.xml", "T!type@1:EMA"},
    {"EMI-MCC_" EUI "_20230703_060000_000001.xml", "separator@4:-"},
    {"EMI MCC__" EUI "_20230703_060000_000001.xml", "separator@4: |separator@8:__"},
    {"EMI_mcc_" EUI "_20230703_060000_000001.xml", "org@5:mcc"},
    {"EMI_M_" EUI "_20230703_060000_000001.xml", "org@5:M"},
    {"EMI_ABCDEFGH_" EUI "_20230703_060000_000000.xml", "seq@54:000000"},
    {"EMI_ABCDEFGHI_" EUI "_20230703_060000_000001.xml", "org@5:ABCDEFGHI"},
    {"EMI_MCC_90-b3-D5-1F-30-0E-C0-01_20230703_060000_000001.xml", "eui64@9:90-b3-D5-1F-30-0E-C0-01"},
    {"EMI_MCC_90_B3_D5_1F_30_0E_C0_01_20230703_060000_000001.xml", "eui64@9:90_B3_D5_1F_30_0E_C0_01"},
    {"EMI_MCC_90B3D51F300EC001_20230703_060000_000001.xml", "eui64@9:90B3D51F300EC001"},
    {"EMI_MCC_90-B3-D5-1F-30-0E-C0_20230703_060000_000001.xml", "eui64@9:90-B3-D5-1F-30-0E-C0"},
    {"EMI_MCC_20230703_060000_000001.xml", "eui64@9:"},
    {"EMI_MCC_" EUI "_20230230_060000_000001.xml", "C!date@33:20230230"},
    {"EMI_MCC_" EUI "_2023-07-03_060000_000001.xml", "date@33:2023-07-03"},
    {"EMI_MCC_" EUI "_230703_060000_000001.xml", "date@33:230703"},
    {"EMI_MCC_" EUI "_20230703_240000_000001.xml", "C!time@42:240000"},
    {"EMI_MCC_" EUI "_20230703_0600_000001.xml", "time@42:0600"},
    {"EMI_MCC_" EUI "_20230703-060000_000001.xml", "separator@41:-"},
    {"EMI_MCC_" EUI "_20230703_060000_000000.xml", "seq@49:000000"},
    {"EMI_MCC_" EUI "_20230703_060000_1.xml", "seq@49:1"},
    {"EMI_MCC_" EUI "_20230703_060000_000001 (1).xml", "seq@49:000001 (1)"},
    {"EMI_MCC_" EUI "_20230703_060000_000001_xml", "separator@55:_"},
    {"EMI_MCC_" EUI "_20230703_060000.xml", "seq@48:"},
    {"EMI_MCC_" EUI "_20230703_060000_000001.XML", "form@56:XML"},
    {"EMI_MCC_" EUI "_20230703_060000_000001", "form@55:"},
    {"EMI_MCC_" EUI "_20230703_060000_000001.gz", "form@56:gz"},
    {GOOD ".GZ", "pack@60:GZ"},
    {GOOD "-gz", "separator@59:-"},
    {GOOD ".rar", "pack@59:.rar"},
    {GOOD ".", "pack@59:."},
    {GOOD " ", "pack@59: "},
    {" " GOOD, "type@1: EMI"},
    {"./" GOOD, "name@2:/"},
    {"EMI\\MCC_" EUI "_20230703_060000_000001.xml", "name@4:\\"},
    {"EMI_MCC\xC3\x84_" EUI "_20230703_060000_000001.xml", "name@8:\xC3\x84"},
    {"EMI_MCC\xFF_" EUI "_20230703_060000_000001.xml", "name@8:\xFF"},
    {"\xC3\x84MI_mcc_" EUI "_20230703_060000_000001.xml", "name@1:\xC3\x84|org@5:mcc"},
    {"emi-mcc-90-b3-d5-1f-30-0e-c0-01-20230230-060000-000000.XML",
     "type@1:emi|separator@4:-|org@5:mcc|separator@8:-|eui64@9:90-b3-d5-1f-30-0e-c0-01|"
     "separator@32:-|C!date@33:20230230|separator@41:-|separator@48:-|seq@49:000000|form@56:"
     "XML"},
};

static void test_filename__bad_name__names_each_faulty_segment(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad_names); i++) {
        struct filename f;
        struct given given;
        assert_false(parse(bad_names[i].name, strlen(bad_names[i].name), &f, &given));
        assert_string_equal(given.text->str, bad_names[i].faults);
        g_string_free(given.text, TRUE);
    }
}

static void test_filename__bad_name__gives_guesses(void **state)
{
    static const char name[] = "emi-mcc-90b3d51f300ec001 20230703-060000-000007.CSV.GZ";
    struct filename f;

    (void)state;
    assert_false(filename_parse(profile_builtin(), name, strlen(name), &f, NULL, NULL));
    assert_string_equal(f.type->code, "EMI");
    assert_string_equal(f.org, "MCC");
    assert_true(f.eui64 == UINT64_C(0x90B3D51F300EC001));
    assert_true(f.created == 1688364000);
    assert_int_equal(f.sequence, 7);
    assert_int_equal(f.form, FORM_CSV);
    assert_int_equal(f.pack, FILENAME_GZ);
    assert_int_equal(f.stem_len, strlen(name) - 3);
}

static void test_filename__too_long__says_so_at_the_first_byte_over(void **state)
{
    struct filename f;
    struct given given;
    g_autofree char *tail = g_strnfill(100, 'x');
    g_autofree char *name = g_strconcat(GOOD ".", tail, NULL);

    (void)state;
    assert_false(parse(name, strlen(name), &f, &given));
    assert_non_null(strstr(given.text->str, "name@129:"));
    g_string_free(given.text, TRUE);
    name[128] = '\0';
    assert_false(parse(name, 128, &f, &given)); /* refused for its packing alone */
    assert_null(strstr(given.text->str, "name@"));
    g_string_free(given.text, TRUE);
}

/* The verdict without the scanner: the grammar as a regular expression, the calendar by GLib. */
static bool in_grammar(const GRegex *regex, const char *name, size_t len)
{
    g_autoptr(GMatchInfo) match = NULL;
    int n[6];

    if (len > 128 || memchr(name, 0, len) != NULL || !g_regex_match_full(regex, name, (gssize)len, 0, 0, &match, NULL))
        return false;
    for (int i = 0; i < 6; i++) {
        g_autofree char *part = g_match_info_fetch(match, i + 1);
        n[i] = atoi(part);
    }
    return g_date_valid_dmy((GDateDay)n[2], (GDateMonth)n[1], (GDateYear)n[0]) && n[3] < 24 && n[4] < 60 && n[5] < 60;
}

static void mutate(GRand *rand, GString *name)
{
    static const char bytes[] = "EMIemi_-. /0123459AFaf\\\xC3\x84\n";
    gssize at = name->len == 0 ? 0 : g_rand_int_range(rand, 0, (gint32)name->len);
    char c = bytes[g_rand_int_range(rand, 0, sizeof bytes)]; /* NUL too */

    switch (g_rand_int_range(rand, 0, 5)) {
    case 0:
    case 1:
        if (name->len > 0)
            name->str[at] = c;
        break;
    case 2:
        g_string_insert_c(name, at, c);
        break;
    case 3:
        g_string_erase(name, at, name->len == 0 ? 0 : 1);
        break;
    default:
        g_string_insert_len(name, at, name->str, MIN((gssize)name->len, 9));
        break;
    }
}

static void test_filename__random_mutations__false_exactly_with_faults(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20230703);
    g_autoptr(GRegex) regex =
        g_regex_new("\\A(?:EMI|EMT|EMC|INV|COS|NMM|PTY)_[A-Z0-9]{2,8}_(?:[0-9A-F]{2}-){7}[0-9A-F]{2}_"
                    "([0-9]{4})([0-9]{2})([0-9]{2})_([0-9]{2})([0-9]{2})([0-9]{2})_(?!000000)[0-9]{6}\\."
                    "(?:xml|csv)(?:\\.(?:gz|zip))?\\z",
                    G_REGEX_RAW, 0, NULL);
    unsigned good = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        g_autoptr(GString) name = g_string_new(GOOD ".zip");
        for (int n = g_rand_int_range(rand, 0, 4); n > 0; n--)
            mutate(rand, name);
        struct filename f;
        struct given given;
        bool ok = parse(name->str, name->len, &f, &given);
        assert_int_equal(ok, in_grammar(regex, name->str, name->len));
        assert_int_equal(ok, given.n == 0);
        g_string_free(given.text, TRUE);
        good += ok;
    }
    assert_true(good > 1000 && good < 199000);
}

static void test_filename__answers__are_derived_from_the_name(void **state)
{
    g_autofree char *a = filename_answer(profile_builtin(), GOOD ".gz", "EMA", 1);
    g_autofree char *b = filename_answer(profile_builtin(), "EMI_MCC_" EUI "_20230703_060000_000001.csv", "EMD", 12);
    g_autofree char *e = filename_answer(profile_builtin(), "INV_DCC_" EUI "_20230703_060000_000001.csv.zip", "EMA", 1);
    g_autofree char *c = filename_unknown_answer(profile_builtin(), "0123456789abcdef0123", 2);
    const struct filename_own work_order = {.type = "EMW",
                                            .org = "TCOS",
                                            .eui64 = UINT64_C(0x90B3D51F30000004),
                                            .at = 1688364000,
                                            .sequence = 42,
                                            .form = "csv"};
    g_autofree char *d = filename_own(profile_builtin(), &work_order);

    (void)state;
    assert_string_equal(a, "EMA_MCC_" EUI "_20230703_060000_000001_R1.xml");
    assert_string_equal(b, "EMD_MCC_" EUI "_20230703_060000_000001_R12.csv");
    assert_string_equal(e, "EMA_DCC_" EUI "_20230703_060000_000001_INV_R1.csv");
    assert_string_equal(c, "EMA_UNKNOWN_0123456789abcdef_R2.csv");
    assert_string_equal(d, "EMW_TCOS_90-B3-D5-1F-30-00-00-04_20230703_060000_000042.csv");
}

static void test_filename__name_that_the_gateway_writes__is_own(void **state)
{
    static const struct {
        const char *name;
        bool own;
    } cases[] = {
        {"EMA_MCC_" EUI "_20230703_060000_000001_R1.xml", true},
        {"EMD_MCC_" EUI "_20230703_060000_000001_R12.csv", true},
        {"EMO_MCC_" EUI "_20230703_060000_000001_R1.csv", true},
        {"EMA_TCSP_" EUI "_20230703_060000_000001_EMT_R1.xml", true},
        {"EMA_DCC_" EUI "_20230703_060000_000001_PTY_R12.csv", true},
        {"EMA_DCC_" EUI "_20230703_060000_000001_EMI_R1.csv", false}, /* answers to an EMI do not name it */
        {"EMA_DCC_" EUI "_20230703_060000_000001_INC_R1.csv", false}, /* nobody sends an INC to the gateway */
        {"EMA_DCC_" EUI "_20230703_060000_000001_INV_INV_R1.csv", false},
        {"EMA_UNKNOWN_0123456789abcdef_R2.csv", true},
        {"EMW_TCOS_90-B3-D5-1F-30-00-00-04_20230703_060000_000042.csv", true},
        {"INC_TCOS_90-B3-D5-1F-30-00-00-04_20230703_060000_999999.csv", true},
        {"ECOSMIG-002_ABCD_" EUI "_20230703_000000.csv", true},
        {"MAPR_ABCD_" EUI "_20230703_000000.csv", true},
        {"NMDM_TCOS_90-B3-D5-1F-30-00-00-04_20230703_000000.csv", true},
        {"MGMT_TCOS_90-B3-D5-1F-30-00-00-04_20230703_000000.html", true},
        {GOOD, false},
        {"EMA_MCC_" EUI "_20230703_060000_000001.xml", false}, /* no answer has such a name: B102 */
        {"EMA_MCC_" EUI "_20230703_060000_000001_R.xml", false},
        {"EMA_MCC_" EUI "_20230703_060000_000001_R1.xml.gz", false},
        {"EMA_UNKNOWN_0123456789abcde_R2.csv", false},
        {"EMA_UNKNOWN_0123456789abcdef_R2.xml", false},
        {"EMI_MCC_" EUI "_20230703_060000_000001_R1.xml", false},
        {"EMW_ECOS_90-B3-D5-1F-30-00-00-04_20230703_060000_000042.csv", false}, /* another gateway's */
        {"EMW_TCOS_" EUI "_20230703_060000_000042.csv", false},
        {"EMW_TCOS_90-B3-D5-1F-30-00-00-04_20230703_060000_1000000.csv", false},
        {"NMDM_TCOS_" EUI "_20230703_000000.csv", false},
        {"ECOSMIG-007_ABCD_" EUI "_20230703_000000.csv", false},
        {"ECOSMIG-002_ABCD_" EUI "_20230703_000000.txt", false},
        {"ECOSMIG-002", false},
        {"EMA_", false},
        {"_R1", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (filename_is_own(profile_builtin(), cases[i].name, "TCOS", UINT64_C(0x90B3D51F30000004)) != cases[i].own)
            fail_msg("%s: expected %d", cases[i].name, cases[i].own);
    }
}

static void test_filename__name_of_unfinished_file__is_temporary(void **state)
{
    static const struct {
        const char *name;
        bool temporary;
    } cases[] = {
        {".hidden", true},          {GOOD ".tmp", true}, {GOOD ".part", true},   {GOOD ".filepart", true},
        {GOOD ".incomplete", true}, {GOOD, false},       {"tmp", false},         {GOOD ".TMP", true},
        {GOOD ".partial", true},    {GOOD "~", true},    {GOOD ".swp", true},    {GOOD ".3f2a.partial", true},
        {GOOD ".crdownload", true}, {GOOD ".lck", true}, {GOOD ".tmp2", false},  {GOOD ".writing", true},
        {GOOD ".uploading", true},  {"", false},         {"\xfc\xff.tmp", true}, {"~a", false},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (filename_is_temporary(cases[i].name, NULL) != cases[i].temporary)
            fail_msg("%s: expected %d", cases[i].name, cases[i].temporary);
    }
}

static void test_filename__patterns_of_a_drop__decide_alone(void **state)
{
    static const char *const patterns[] = {"new-*", "*.a?c*", NULL}, *const none[] = {NULL};
    static const struct {
        const char *name;
        bool temporary;
    } cases[] = {{"new-", true},
                 {"NEW-x", true},
                 {"new", false},
                 {"x.tmp", false},
                 {"x.abc", true},
                 {"x.ac", false},
                 {"x.acac", false},
                 {"x.ab.abc.d", true},
                 {"a.a\xff"
                  "c",
                  true},
                 {".hidden", false},
                 {"", false},
                 {".ecosgate-claim", true}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (filename_is_temporary(cases[i].name, patterns) != cases[i].temporary)
            fail_msg("%s: expected %d", cases[i].name, cases[i].temporary);
    }
    assert_false(filename_is_temporary(".hidden.tmp", none));
    assert_true(filename_is_temporary(".ecosgate-doctor-1", none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filename__good_name__fills_all_members),
        cmocka_unit_test(test_filename__bad_name__names_each_faulty_segment),
        cmocka_unit_test(test_filename__bad_name__gives_guesses),
        cmocka_unit_test(test_filename__too_long__says_so_at_the_first_byte_over),
        cmocka_unit_test(test_filename__random_mutations__false_exactly_with_faults),
        cmocka_unit_test(test_filename__answers__are_derived_from_the_name),
        cmocka_unit_test(test_filename__name_that_the_gateway_writes__is_own),
        cmocka_unit_test(test_filename__name_of_unfinished_file__is_temporary),
        cmocka_unit_test(test_filename__patterns_of_a_drop__decide_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
