/* codes.json of a profile: its words for values and codes, and what the loader says of faults in it. */
#include "formats/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: they need them */
#include <cmocka.h>

#include "tests/unit/profile_folder.h"

static void test_profile_codes__without_the_file__values_are_the_words(void **state)
{
    (void)state;
    for (size_t fact = 0; fact < G_N_ELEMENTS(profile_builtin()->values); fact++)
        assert_null(profile_builtin()->values[fact]);
    assert_int_equal(profile_builtin()->n_codes, 0);
}

static void test_profile_codes__words__are_those_of_the_file(void **state)
{
    char *folder = folder_copy();
    GString *faults = g_string_new(NULL);
    struct profile *profile;

    (void)state;
    folder_write(folder, "codes.json",
                 "{\"codes\": {\"C108\": {\"code\": \"E-108\", \"text\": \"it has migrated\"},\n"
                 "           \"D101\": {\"text\": \"no way to it\"}},\n"
                 " \"values\": {\"result.outcome\": {\"SUCCESS\": [\"OK\", \"0\"], \"FAILED\": \"NOK\"},\n"
                 "            \"device.type\": {\"ESME\": \"Strom\"},\n"
                 "            \"decision.category\": {\"a\": \"1\", \"b\": \"1\", \"c\": \"3\", \"d\": \"4\"}}}");
    profile = profile_load(folder, folder_hear_fault, faults);
    assert_string_equal(faults->str, "");
    assert_string_equal(profile_word(profile, FACT_result_outcome, "SUCCESS"), "OK");
    assert_string_equal(profile_word(profile, FACT_finding_code, "C108"), "E-108");
    assert_string_equal(profile_word(profile, FACT_end_code, "C108"), "E-108");
    assert_string_equal(profile_word(profile, FACT_end_code, "D101"), "D101");
    assert_string_equal(profile_code_text(profile, "D101", "name"), "no way to it");
    assert_string_equal(value_inner(profile->values[FACT_result_outcome], "0", 1), "SUCCESS");
    assert_string_equal(value_inner(profile->values[FACT_result_outcome], "TIMEOUT", 7), VALUE_UNKNOWN);
    assert_string_equal(value_inner(profile->values[FACT_device_type], "Strom", 5), "ESME");
    assert_null(value_inner(profile->values[FACT_device_type], "GSME", 4));
    assert_null(profile->values[FACT_device_region]);
    profile_free(profile);
    g_string_free(faults, TRUE);
    folder_remove(folder);
}

#define LONG_40 "0123456789012345678901234567890123456789"

/* Each text of the file has one fault. */
static const struct {
    const char *text, *fault;
} wrong[] = {
    {"{\"coeds\": {}}", "1: unknown member \"coeds\"; did you mean \"codes\"?"},
    {"{\"codes\": []}", "1: codes: expected an object, {…}, found an array, […]"},
    {"{\"codes\": {\n\"X108\": {\"code\": \"1\"}}}",
     "2: the catalogue has no code \"X108\"; `ecosgate profile facts` lists them"},
    {"{\"codes\": {\n\"C108\": {\"code\": \"\"}}}", "2: code: expected a text, found an empty one"},
    {"{\"codes\": {\n\"C108\": {}}}", "2: C108: expected a \"code\", a \"text\" or both"},
    {"{\"codes\": {\"C108\": {\n\"name\": \"a\"}}}", "2: unknown member \"name\""},
    {"{\"codes\": {\"C108\": {\"code\":\n\"" LONG_40 LONG_40 "\"}}}",
     "1: expected at most 64 characters, as many as a field may have, found \"" LONG_40 LONG_40 "\""},
    {"{\"values\": {\n\"result.outcom\": {\"SUCCESS\": \"OK\"}}}",
     "2: there is no fact result.outcom; `ecosgate profile facts` lists them"},
    {"{\"values\": {\"device.id\": {\"1\": \"2\"}}}",
     "1: device.id has no list of values: it is of the type eui64; expected a fact of the type code"},
    {"{\"values\": {\n\"header.type\": {\"EMI\": \"2\"}}}",
     "2: header.type frames a record; expected its words in the enum of the field in records/"},
    {"{\"values\": {\"finding.code\": {\"C108\": \"2\"}}}",
     "1: finding.code is a code of the catalogue; expected its words under \"codes\""},
    {"{\"values\": {\"header.mode\": {\n\"ALL\": \"F\", \"FULL\": \"G\"}}}",
     "2: header.mode has no value \"ALL\"; expected FULL, DELTA"},
    {"{\"values\": {\"device.type\": {\n\"\": \"F\", \"GPF\": \"G\"}}}",
     "2: device.type has no value \"\"; expected a text"},
    {"{\"values\": {\n\"header.mode\": {}}}", "2: header.mode: expected at least one value with its word"},
    {"{\"values\": {\"header.mode\": {\"FULL\": \"F\",\n\"DELTA\": []}}}", "2: DELTA: expected at least one word"},
    {"{\"values\": {\"header.mode\": {\"DELTA\": \"D\", \"FULL\": 7}}}",
     "1: FULL: expected a text, \"…\", found a number"},
    {"{\"values\": {\"header.mode\": {\"FULL\": \"F\",\n\"DELTA\": \"D \"}}}",
     "2: DELTA: expected a text without blanks at its ends, found \"D \""},
    {"{\"values\": {\"header.mode\": {\"FULL\": \"F\",\n\"DELTA\": \"F\"}}}",
     "2: \"F\" is a word for FULL already; expected another one for DELTA"},
    {"{\"values\": {\"file.outcome\": {\"WN\": \"W\", \"PA\": \"P\", \"RJ\": \"R\", \"AC\": [\"A\",\n\"A\"]}}}",
     "2: \"A\" is a word for AC already; expected another one for AC"},
    {"{\"values\": {\n\"file.outcome\": {\"AC\": \"A\", \"RJ\": \"R\"}}}",
     "2: file.outcome: there is no word for WN, PA, and files or reports that leave have this fact: each value needs "
     "one"},
    {"{\"values\": {\n\"device.status\": {\"Pending\": \"A\", \"Whitelisted\": \"B\", \"Commissioned\": \"C\", "
     "\"InstalledNotCommissioned\": \"D\", \"Decommissioned\": \"E\", \"Withdrawn\": \"F\", \"Suspended\": \"G\", "
     "\"Recovery\": \"H\"}}}",
     "2: device.status: there is no word for Recovered, and files or reports that leave have this fact: each value "
     "needs one"},
    {"{\"codes\": {\"C108\": {\"code\": \"E\"},\n\"C109\": {\"code\":\n\"E\"}}}",
     "2: \"E\" is the code for C108 already; expected another one for C109"},
    {"{\"codes\": {\"C108\": {\n\"code\": \"C109\"}}}",
     "2: \"C109\" is the code for C108, and also a code that has no other one; expected another one"},
    {"{\"codes\": {\"C108\": {\n\"code\": \"C109\"}, \"C109\": {\"text\": \"t\"}}}",
     "2: \"C109\" is the code for C108, and also a code that has no other one; expected another one"},
    {"{\"values\": {\n\"header.mode\": {\"FULL\": \"DELTA\"}}}",
     "2: header.mode: \"DELTA\" is the word for FULL, and also a value that has no word; expected one for it"},
    {"{\"complete\": true,\n\"values\": {\"header.mode\": {\"FULL\": \"F\"}}}",
     "2: header.mode: there is no word for DELTA, and the file says that it is complete"},
    {"{\"complete\": 1}", "1: complete: expected true or false, found a number"},
};

static void test_profile_codes__fault__is_told_with_its_line(void **state)
{
    char *folder = folder_copy();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        folder_write(folder, "codes.json", wrong[i].text);
        g_autofree char *faults = folder_faults(folder);
        g_autofree char *expected = g_strdup_printf("codes.json:%s\n", wrong[i].fault);
        assert_string_equal(faults, expected);
    }
    folder_remove(folder);
}

/* A file that says that it is complete has a code of the format for each of ours. */
static void test_profile_codes__complete__has_every_code(void **state)
{
    const char *const *ids = fact_values(FACT_finding_code);
    GString *text = g_string_new("{\"complete\": true, \"codes\": {\"C108\": {\"text\": \"t\"}");
    char *folder = folder_copy();

    (void)state;
    for (; *ids != NULL; ids++)
        if (strcmp(*ids, "C108") != 0 && strcmp(*ids, "D101") != 0)
            g_string_append_printf(text, ", \"%s\": {\"code\": \"E%s\"}", *ids, *ids);
    g_string_append(text, "}}");
    folder_write(folder, "codes.json", text->str);
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults,
                        "codes.json:1: codes: C108 has no code of the format, and the file says that it is complete\n"
                        "codes.json:1: codes: D101 has no code of the format, and the file says that it is complete\n");
    g_string_free(text, TRUE);
    folder_remove(folder);
}

/* Two codes may change places: each of them still means one finding. A fact that no file that leaves has, and one whose
 * list is open, may have words for some values only. */
static void test_profile_codes__one_meaning_each__is_no_fault(void **state)
{
    static const char *const sound[] = {
        "{\"codes\": {\"C108\": {\"code\": \"C109\"}, \"C109\": {\"code\": \"C108\"}, \"C110\": {\"code\": \"C110\"}}}",
        "{\"values\": {\"result.outcome\": {\"SUCCESS\": \"OK\"}, \"device.type\": {\"ESME\": \"E\"}}}",
    };
    char *folder = folder_copy();

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(sound); i++) {
        folder_write(folder, "codes.json", sound[i]);
        g_autofree char *faults = folder_faults(folder);
        assert_string_equal(faults, "");
    }
    folder_remove(folder);
}

static void test_profile_codes__too_many_words__is_a_fault(void **state)
{
    GString *text = g_string_new("{\"values\": {\"device.type\": {\"ESME\": [\"0\"");
    char *folder = folder_copy();

    (void)state;
    for (int i = 1; i <= 512; i++)
        g_string_append_printf(text, ", \"%d\"", i);
    g_string_append(text, "]}}}");
    folder_write(folder, "codes.json", text->str);
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults, "codes.json:1: expected at most 512 words for one fact, found more\n");
    g_string_free(text, TRUE);
    folder_remove(folder);
}

/* So a code that is new in the catalogue is missed here, and not by a longer test. */
static void test_profile_codes__the_second_profile__is_sound(void **state)
{
    const char *source = g_getenv("top_srcdir");
    g_autofree char *folder =
        g_build_filename(source != NULL ? source : ".", "samples", "profiles", "contrast-2.0", NULL);

    (void)state;
    g_autofree char *faults = folder_faults(folder);
    assert_string_equal(faults, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_codes__without_the_file__values_are_the_words),
        cmocka_unit_test(test_profile_codes__words__are_those_of_the_file),
        cmocka_unit_test(test_profile_codes__fault__is_told_with_its_line),
        cmocka_unit_test(test_profile_codes__complete__has_every_code),
        cmocka_unit_test(test_profile_codes__one_meaning_each__is_no_fault),
        cmocka_unit_test(test_profile_codes__too_many_words__is_a_fault),
        cmocka_unit_test(test_profile_codes__the_second_profile__is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
