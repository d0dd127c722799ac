/* Names that the gateway gives, and names that are of no file yet. */
#include "formats/name/filename.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EUI "90-B3-D5-1F-30-0E-C0-01"
#define GOOD "EMI_MCC_" EUI "_20230703_060000_000001.xml"

static void test_filename_answer__answers__are_derived_from_the_name(void **state)
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

static void test_filename_answer__name_that_the_gateway_writes__is_own(void **state)
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

static void test_filename_answer__name_of_unfinished_file__is_temporary(void **state)
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

static void test_filename_answer__patterns_of_a_drop__decide_alone(void **state)
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
        cmocka_unit_test(test_filename_answer__answers__are_derived_from_the_name),
        cmocka_unit_test(test_filename_answer__name_that_the_gateway_writes__is_own),
        cmocka_unit_test(test_filename_answer__name_of_unfinished_file__is_temporary),
        cmocka_unit_test(test_filename_answer__patterns_of_a_drop__decide_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
