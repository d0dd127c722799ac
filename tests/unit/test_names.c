/* Templates of names: what they compile to, and what is wrong with those that do not. */
#include "formats/name/filename.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Collects faults as "index@position: text" in lines. */
static void on_fault(void *user, size_t index, size_t position, const char *text)
{
    g_string_append_printf(user, "%zu@%zu: %s\n", index, position, text);
}

/* The faults of a table of templates; "": there are none. g_free. */
static char *faults_of(const struct names_template *templates, size_t n)
{
    GString *faults = g_string_new(NULL);
    const struct names_table table = {.n = n, .templates = templates};
    struct names names;

    bool good = names_compile(profile_builtin(), &table, &names, on_fault, faults);
    assert_int_equal(good, faults->len == 0);
    if (good)
        names_clear(&names);
    assert_null(names.inbound);
    return g_string_free(faults, FALSE);
}

static void test_names__bad_template__says_what_is_wrong_and_where(void **state)
{
    static const struct {
        const char *text;
        const char *faults; /* begin with this */
    } cases[] = {
        {"EMI_{org}.{form}", ""},
        {"", "0@1: expected the name of a file"},
        {"EMI_{org", "0@5: '{' without '}'"},
        {"EMI_org}", "0@8: expected letters, digits and printable separators"},
        {"EMI {org}", "0@4: expected letters"},
        {"in/EMI_{org}", "0@3: expected letters"},
        {".EMI_{org}", "0@1: names that begin with '.'"},
        {"EMI_{sender}", "0@5: expected {type}, {org}"},
        {"EMI_{revision}", "0@5: {revision} belongs into the name of a file that the gateway writes"},
        {"EMI_{answered.name}", "0@5: {answered.name} belongs into the name of an answer"},
        {"EMI_{org}_{org}", "0@11: this part stands in the name already"},
        {"EMI_{type}_{org}", "0@5: this part stands in the name already"},
        {"EMI_{org}{date}", "0@5: this part has 2 to 8 characters"},
        {"EMI_{org:3}{date}.{form}", ""},
        {"EMI_{org:1}", "0@5: expected a number from 2 to 8"},
        {"EMI_{org:5-3}", "0@5: expected a number from 2 to 8"},
        {"EMI_{sequence:7}", "0@5: expected a number from 1 to 6"},
        {"EMI_{sequence:1-4}{date}", "0@5: this part has 1 to 4 characters"},
        {"EMI_{date:YYYYMM}", "0@5: expected YYYY or YY, MM and DD"},
        {"EMI_{date:YYYY-MM-DD-}", "0@5: expected YYYY or YY"},
        {"EMI_{date:YYMDYYMD}", "0@5: expected YYYY or YY"},
        {"EMI_{date}_{time:HHSS}", "0@12: expected HH, MM and SS"},
        {"EMI_{time}", "0@1: {time} says nothing without {date}"},
        {"EMI_{instant}_{date}", "0@1: {instant} tells date and time already"},
        {"EMI_{eui64:XX}", "0@5: expected 16 X"},
        {"EMI_{form:doc}", "0@5: expected xml and csv"},
        {"EMI_{form:xml=gz}", "0@5: expected xml and csv"},
        {"EMI_{org}.{form:xml=xml,csv=part}", "0@1: such a name means a file that is still being written"},
        {"EMI_{org}.gz", "0@11: a file whose name ends in \"gz\" is packed"},
        {"{type:MI GR}_{org}", "0@1: expected letters and digits as the word"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct names_template one = {NAMES_TYPE, "EMI", .text = cases[i].text};
        g_autofree char *faults = faults_of(&one, 1);
        if (*cases[i].faults == '\0' ? *faults != '\0' : !g_str_has_prefix(faults, cases[i].faults))
            fail_msg("%s: expected %s, found %s", cases[i].text, cases[i].faults, faults);
    }
}

static void test_names__written_files__have_names_of_their_own(void **state)
{
    static const struct {
        struct names_template one;
        const char *faults;
    } cases[] = {
        {{NAMES_TYPE, "EMW", .text = "EMW_{sequence}"}, ""},
        {{NAMES_TYPE, "EMW", .text = "EMW_{date}_{time}"}, ""},
        {{NAMES_TYPE, "EMW", .text = "EMW_{date}_{time:HHMM}"}, "0@1: expected date and time to the second, or"},
        {{NAMES_TYPE, "EMW", .text = "EMW_{sequence:4}"}, "0@1: expected date and time to the second, or"},
        {{NAMES_TYPE, "EMW", .text = "EMW_{sequence:4}_{date}"}, "0@1: expected date and time to the second, or"},
        {{NAMES_TYPE, "EMW", .text = "EMW_{sequence:1}_{instant}"}, ""},
        {{NAMES_REPORT, "ECOSMIG-001", .text = "R1_{mpid}_{date}.csv"}, ""},
        {{NAMES_REPORT, "ECOSMIG-001", .text = "R1_{date}.csv"}, "0@1: expected {mpid} or {eui64}"},
        {{NAMES_REPORT, "ECOSMIG-001", .text = "R1_{mpid}.csv"}, "0@1: expected {date} or {instant}"},
        {{NAMES_REPORT, "NMDM", .text = "NM_{eui64}_{date}.csv"}, "0@1: expected {date} and {time}, or {instant}"},
        {{NAMES_REPORT, "NMDM", .text = "NM_{eui64}_{instant}.csv"}, ""},
        {{NAMES_REPORT, "ECOSMIG-002", .text = "R2_{mpid}_{date}.csv"}, "0@1: expected {date} and {time}, or"},
        {{NAMES_REPORT, "ECOSMIG-002", .text = "R2_{mpid}_{date}_{time:HH}.csv"}, ""},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *faults = faults_of(&cases[i].one, 1);
        if (*cases[i].faults == '\0' ? *faults != '\0' : !g_str_has_prefix(faults, cases[i].faults))
            fail_msg("%s: expected %s, found %s", cases[i].one.text, cases[i].faults, faults);
    }
}

static void test_names__two_kinds_of_written_files__have_names_that_differ(void **state)
{
    static const struct names_template alike[] = {{NAMES_REPORT, "ECOSMIG-001", .text = "{mpid}-{date}-R1.csv"},
                                                  {NAMES_REPORT, "MGMT", .text = "{mpid}-{date}-{org}.csv"}};
    static const struct names_template apart[] = {{NAMES_REPORT, "ECOSMIG-001", .text = "{mpid}-{date}-R1.csv"},
                                                  {NAMES_REPORT, "MGMT", .text = "{mpid}-{date}-M{org}.csv"}};
    static const struct names_template pages[] = {{NAMES_REPORT, "MGMT", .text = "{mpid}-{date}.csv"},
                                                  {NAMES_REPORT, "MGMT-PAGE", .text = "{mpid}-{date}.html"}};
    g_autofree char *faults = faults_of(alike, 2), *none = faults_of(apart, 2), *other = faults_of(pages, 2);

    (void)state; /* cmocka's signature */
    assert_true(g_str_has_prefix(faults, "1@1: a name of MGMT may be one of ECOSMIG-001, too"));
    assert_string_equal(none, "");
    assert_string_equal(other, "");
}

/* Names of EMI and of COS. */
static void test_names__two_grammars__no_name_fits_both(void **state)
{
    static const struct {
        const char *emi, *cos;
        bool apart;
    } cases[] = {
        {"EMI_{org}.{form}", "COS_{org}.csv", true},
        {"{type:A}_{org}.{form}", "{type:A}_{org}.csv", false},
        {"{type:A}_{org}.{form}", "{type:a}_{org}.{form}", false}, /* a name in the wrong case would be of either */
        {"EMI_{org}.{form}", "{org}_{org:3}.csv", true},           /* a fault of its own */
        {"AB_{sequence:4}.csv", "{org}_{date}.csv", true},
        {"AB_{sequence:4}.csv", "{org}_{sequence:4}.csv", false},
        {"AB_{sequence:4}.csv", "{org}_{sequence:1-4}.csv", false},
        {"{sequence:4}{form:csv=}", "{date}{form:csv=}", true},
        {"{sequence:1-6}{form:csv=}", "{date}{form:csv=}", true},
        {"{date}.{org}{form:csv=}", "{date:DDMMYYYY}.X{sequence:2}.csv", true},
        {"{date}.{org}{form:csv=}", "{date:DDMMYYYY}.X{sequence:2}", false},
        {"{eui64:XXXXXXXXXXXXXXXX}.csv", "{sequence:6}{date}{sequence:2}.csv", true}, /* a fault of its own */
        {"{eui64:XXXXXXXXXXXXXXXX}.csv", "{date}{time:HHMM}{sequence:4}.csv", false},
        {"{eui64:xxxxxxxxxxxxxxxx}.csv", "A{date}{time:HHMM}{sequence:3}.csv", true},
        {"EMI{form:csv=}", "EMI.csv", true},
        {"EMI.csv.{form:csv=gza}", "EMI.csv.{form:csv=gzb}", true},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct names_template both[] = {{NAMES_TYPE, "EMI", .text = cases[i].emi},
                                              {NAMES_TYPE, "COS", .text = cases[i].cos}};
        g_autofree char *faults = faults_of(both, G_N_ELEMENTS(both));
        bool apart = strstr(faults, "may be of the type EMI too") == NULL;
        if (apart != cases[i].apart)
            fail_msg("%s and %s: %s", cases[i].emi, cases[i].cos, faults);
    }
}

/* Names that the gateway gives, beside those of EMI. */
static void test_names__own_names__fit_what_they_are_for(void **state)
{
    static const struct {
        enum names_use use;
        const char *code, *answered, *text, *faults;
    } cases[] = {
        {NAMES_TYPE, "EMW", NULL, "IN.{sequence:6}.csv", "1@1: a file with such a name may be of the type EMI too"},
        {NAMES_ANSWER, "EMA", "EMI", "A.{answered.name}.{revision}.csv", ""},
        {NAMES_ANSWER, "EMA", "EMI", "A.{answered.type}.{sequence:4}.{revision}.csv", ""},
        {NAMES_ANSWER, "EMA", "EMI", "A.{hash}.{revision}.csv", ""},
        {NAMES_ANSWER, "EMA", "EMI", "A.{answered.name}.csv", "1@1: expected {revision}"},
        {NAMES_ANSWER, "EMA", "EMI", "A.{org}.{revision}.csv", "1@1: the name of the answered file has no {org}"},
        {NAMES_ANSWER, "EMA", "EMT", "A.{revision}.csv", ""}, /* EMT has no names here */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct names_template both[] = {{NAMES_TYPE, "EMI", .text = "{type:IN}.{sequence:1-6}.{form:csv}"},
                                              {cases[i].use, cases[i].code, cases[i].answered, cases[i].text}};
        g_autofree char *faults = faults_of(both, G_N_ELEMENTS(both));
        if (*cases[i].faults == '\0' ? *faults != '\0' : !g_str_has_prefix(faults, cases[i].faults))
            fail_msg("%s: expected %s, found %s", cases[i].text, cases[i].faults, faults);
    }
}

/* A name that a grammar gives, read by it again. */
static void check_name(const struct profile *profile, const char *template, const char *pack)
{
    const struct name_grammar *grammar =
        profile->names->inbound[0].grammar.n > 0 ? &profile->names->inbound[0].grammar : NULL;
    char org[] = "CSVGZ7AB";
    struct filename f;

    assert_non_null(grammar);
    for (size_t i = 0; i < grammar->n; i++)
        if (grammar->parts[i].kind == NAME_ORG)
            org[grammar->parts[i].min] = '\0';
    const struct filename_own own = {"EMI", org, UINT64_C(0x90B3D51F300EC001), 1688364000, 1, "csv"};
    g_autofree char *plain = filename_own(profile, &own), *name = g_strconcat(plain, pack, NULL);
    if (!filename_parse(profile, name, strlen(name), &f, NULL, NULL))
        fail_msg("%s: %s is not read", template, name);
    assert_string_equal(f.type->code, "EMI");
    assert_true(!filename_tells(&f, NAME_ORG) || strcmp(f.org, org) == 0);
    assert_true(!filename_tells(&f, NAME_EUI64) || f.eui64 == own.eui64);
    assert_true(!filename_tells(&f, NAME_SEQUENCE) || f.sequence == 1);
    assert_int_equal(f.stem_len, strlen(plain));
    if (filename_precision(&f) != 0)
        assert_int_equal(f.created, own.at - own.at % filename_precision(&f));
}

/* What random templates are made of. */
static const char *const pieces[] = {"{org}",
                                     "{org:3}",
                                     "{eui64}",
                                     "{eui64:xxxxxxxxxxxxxxxx}",
                                     "{date}",
                                     "{date:YYYY-MM-DD}",
                                     "{time}",
                                     "{date:DD.MM.YY}",
                                     "{time:HH}",
                                     "{instant}",
                                     "{sequence}",
                                     "{sequence:1-4}",
                                     "{form}",
                                     "{sequence:3}",
                                     "{type:CSV}",
                                     "{instant:YYMMDDHHMM}",
                                     "{form:csv=txt}",
                                     "{form:csv=}",
                                     "EMI",
                                     "_",
                                     "-",
                                     ".",
                                     "__",
                                     "X",
                                     "gz",
                                     "7",
                                     ".",
                                     "_",
                                     "{form:csv=,xml}",
                                     ".csv"};

static void test_names__any_template_without_fault__reads_the_names_that_it_gives(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20231127);
    unsigned good = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int n = g_rand_int_range(rand, 1, 11); n > 0; n--)
            g_string_append(text, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
        const struct names_template one = {NAMES_TYPE, "EMI", .text = text->str};
        const struct names_table table = {.n = 1, .templates = &one};
        struct profile profile = *profile_builtin();
        struct names names;
        profile.names = &names;
        if (!names_compile(&profile, &table, &names, NULL, NULL))
            continue;
        good++;
        check_name(&profile, text->str, "");
        check_name(&profile, text->str, ".gz");
        check_name(&profile, text->str, ".zip");
        names_clear(&names);
    }
    assert_true(good > 1000);
}

static void test_names__builtin_templates__have_no_fault(void **state)
{
    (void)state;
    assert_int_equal(profile_builtin()->names->n_inbound, 1);
    assert_int_equal(profile_builtin()->names->inbound[0].n_types, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names__bad_template__says_what_is_wrong_and_where),
        cmocka_unit_test(test_names__written_files__have_names_of_their_own),
        cmocka_unit_test(test_names__two_kinds_of_written_files__have_names_that_differ),
        cmocka_unit_test(test_names__two_grammars__no_name_fits_both),
        cmocka_unit_test(test_names__own_names__fit_what_they_are_for),
        cmocka_unit_test(test_names__any_template_without_fault__reads_the_names_that_it_gives),
        cmocka_unit_test(test_names__builtin_templates__have_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
