/* Names of inbound files: the grammar, the faults of names outside it, and the guesses. */
#include "formats/name/filename.h"

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

/* ---- a second profile, whose names differ in everything ---- */

/* Each grammar once more, as a regular expression whose groups are the digits of the calendar by their name. */
static const struct {
    const char *code, *text, *regex, *seed;
} others[] = {
    {"EMI", "{instant:YYYY-MM-DDTHHMMSSZ}.{type:INSTR}.{sequence:4}.{form:csv=txt}",
     "(?<Y>[0-9]{4})-(?<M>[0-9]{2})-(?<D>[0-9]{2})T(?<h>[0-9]{2})(?<m>[0-9]{2})(?<s>[0-9]{2})Z[.]INSTR[.]"
     "(?!0000)[0-9]{4}[.]txt",
     "2023-07-03T060000Z.INSTR.0001.txt"},
    {"EMT", "{instant:YYYY-MM-DDTHHMMSSZ}.{type:CSV}.{sequence:4}.{form:csv=txt}",
     "(?<Y>[0-9]{4})-(?<M>[0-9]{2})-(?<D>[0-9]{2})T(?<h>[0-9]{2})(?<m>[0-9]{2})(?<s>[0-9]{2})Z[.]CSV[.]"
     "(?!0000)[0-9]{4}[.]txt",
     "2023-07-03T060000Z.CSV.0001.txt.gz"},
    {"EMC", "{org:3}{date}{time:HHMM}{sequence:1-6}.{form:xml=XML}",
     "[A-Z0-9]{3}(?<Y>[0-9]{4})(?<M>[0-9]{2})(?<D>[0-9]{2})(?<h>[0-9]{2})(?<m>[0-9]{2})[1-9][0-9]{0,5}[.]XML",
     "ECO20230703060012.XML"},
    {"INV", "{type:inv}-{date:DDMMYY}{form:csv=}", "inv-(?<D>[0-9]{2})(?<M>[0-9]{2})(?<Y>[0-9]{2})", "inv-030723"},
    {"COS", "{date:YYYY.MM.DD}.{eui64:xxxxxxxxxxxxxxxx}{type:COS}.{org}.csv",
     "(?<Y>[0-9]{4})[.](?<M>[0-9]{2})[.](?<D>[0-9]{2})[.][0-9a-f]{16}COS[.][A-Z0-9]{2,8}[.]csv",
     "2023.07.03.90b3d51f300ec001COS.CSV.csv"},
    {"NMM", "MODELS__{sequence:2}_{eui64:XXXX-XXXX-XXXX-XXXX}_{date:YYYY-MM-DD}_of_{org}.{form}",
     "MODELS__(?!00)[0-9]{2}_[0-9A-F]{4}(?:-[0-9A-F]{4}){3}_(?<Y>[0-9]{4})-(?<M>[0-9]{2})-(?<D>[0-9]{2})_of_"
     "[A-Z0-9]{2,8}[.](?:xml|csv)",
     "MODELS__07_90B3-D51F-300E-C001_2023-07-03_of_DCC.csv.zip"},
    {"PTY", "PTY", "PTY", "PTY"},
};

/* The second profile: the types of the built-in one. */
static const struct profile *second_profile(void)
{
    static struct profile profile;
    static struct names names;
    struct names_template templates[G_N_ELEMENTS(others)] = {0};
    const struct names_table table = {.n = G_N_ELEMENTS(others), .templates = templates};

    if (profile.names != NULL)
        return &profile;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        templates[i] = (struct names_template){NAMES_TYPE, others[i].code, .text = others[i].text};
    profile = *profile_builtin();
    assert_true(names_compile(&profile, &table, &names, NULL, NULL));
    profile.names = &names;
    return &profile;
}

static int group(GMatchInfo *match, const char *name, int otherwise)
{
    g_autofree char *text = g_match_info_fetch_named(match, name);

    return text == NULL || *text == '\0' ? otherwise : atoi(text);
}

/* The type of the name without the scanner; NULL: it is in no grammar. */
static const char *type_by_regex(GRegex *const *regexes, const char *name, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GMatchInfo) match = NULL;
        if (memchr(name, 0, len) != NULL || !g_regex_match_full(regexes[i], name, (gssize)len, 0, 0, &match, NULL))
            continue;
        int year = group(match, "Y", 2023);
        if (g_date_valid_dmy((GDateDay)group(match, "D", 1), (GDateMonth)group(match, "M", 1),
                             (GDateYear)(year < 100 ? year + 2000 : year)) &&
            group(match, "h", 0) < 24 && group(match, "m", 0) < 60 && group(match, "s", 0) < 60)
            return others[i].code;
    }
    return NULL;
}

static void test_filename__other_grammars__false_exactly_with_faults(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20231108);
    GRegex *regexes[G_N_ELEMENTS(others)];
    unsigned good = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *regex = g_strdup_printf("\\A%s(?:\\.(?:gz|zip))?\\z", others[i].regex);
        regexes[i] = g_regex_new(regex, G_REGEX_RAW, 0, NULL);
        assert_non_null(regexes[i]);
    }
    for (int i = 0; i < 200000; i++) {
        g_autoptr(GString) name = g_string_new(others[i % (int)G_N_ELEMENTS(others)].seed);
        for (int n = g_rand_int_range(rand, 0, 4); n > 0; n--)
            mutate(rand, name);
        struct filename f;
        struct given given = {.text = g_string_new(NULL), .name = name->str, .len = name->len};
        bool ok = filename_parse(second_profile(), name->str, name->len, &f, on_fault, &given);
        const char *type = type_by_regex(regexes, name->str, name->len);
        if (ok != (type != NULL) || ok != (given.n == 0) || (ok && strcmp(f.type->code, type) != 0))
            fail_msg("%s: %s, expected %s, faults %s", name->str, ok ? f.type->code : "bad", type, given.text->str);
        g_string_free(given.text, TRUE);
        good += ok;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        g_regex_unref(regexes[i]);
    assert_true(good > 20000 && good < 180000);
}

static void keep_expected(void *user, const struct filename_fault *fault)
{
    g_string_append_printf(user, "%s: %s|", fault->segment, fault->expected);
}

/* A name that none of several grammars explains is of none of their types. */
static void test_filename__other_grammars__nothing_fits__one_fault(void **state)
{
    static const struct {
        const char *name, *expected, *type;
    } cases[] = {
        {"Devices of today.csv", "name: a name of the format, of an inbound file type: ", NULL},
        {"hello", "name: a name of the format, of an inbound file type: ", NULL},
        {"MODELS__07", "eui64: ", "NMM"},
        {"PTX", "date: ", "EMC"},
        {"xyz-030723", "type: an inbound file type: ", NULL},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) told = g_string_new(NULL);
        struct filename f;
        assert_false(filename_parse(second_profile(), cases[i].name, strlen(cases[i].name), &f, keep_expected, told));
        if (!g_str_has_prefix(told->str, cases[i].expected) ||
            g_strcmp0(f.type != NULL ? f.type->code : NULL, cases[i].type) != 0)
            fail_msg("%s: %s, type %s", cases[i].name, told->str, f.type != NULL ? f.type->code : "none");
        if (cases[i].type == NULL && strstr(told->str, "inv, COS or PTY|") == NULL)
            fail_msg("%s: %s", cases[i].name, told->str);
    }
}

static void test_filename__other_grammars__fill_what_the_name_tells(void **state)
{
    struct filename f;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_true(filename_parse(second_profile(), others[i].seed, strlen(others[i].seed), &f, NULL, NULL));
        assert_string_equal(f.type->code, others[i].code);
        assert_true(filename_tells(&f, NAME_ORG) == (f.org[0] != '\0'));
        assert_true(filename_tells(&f, NAME_EUI64) == (f.eui64 != 0));
        assert_true(filename_tells(&f, NAME_SEQUENCE) == (f.sequence != 0));
        assert_true(f.eui64 == 0 || f.eui64 == UINT64_C(0x90B3D51F300EC001));
        assert_true(f.created == 0 || f.created - f.created % 86400 == 1688342400);
    }
    assert_true(filename_parse(second_profile(), "ECO20230703060012.XML", 21, &f, NULL, NULL));
    assert_string_equal(f.org, "ECO");
    assert_true(f.created == 1688364000);
    assert_int_equal(f.grammar->precision, 60);
    assert_int_equal(f.sequence, 12);
    assert_int_equal(f.form, FORM_XML);
    assert_true(filename_parse(second_profile(), "inv-030723.gz", 13, &f, NULL, NULL));
    assert_int_equal(f.grammar->precision, 86400);
    assert_int_equal(f.form, FORM_CSV);
    assert_int_equal(f.stem_len, 10);
}

static const struct {
    const char *name;
    const char *faults;
} other_bad_names[] = {
    {"2023-07-03T060000Z.INSTR.0000.txt", "seq@26:0000"},
    {"2023-07-03T250000Z.INSTR.0001.txt", "C!instant@1:2023-07-03T250000Z"},
    {"20230703T060000Z.INSTR.0001.txt", "instant@1:20230703T060000Z"},
    {"2023-07-03T060000Z.instr.0001.txt", "type@20:instr"},
    {"2023-07-03T060000Z_INSTR.0001.txt", "separator@19:_"},
    {"2023-07-03T060000Z.INSTR.0001.TXT", "form@31:TXT"},
    {"2023-07-03T060000Z.INSTR.0001", "form@30:"},
    {"2023-07-03T060000Z.INSTR.0001.gz", "form@31:gz"},
    {"2023-07-03T060000Z.INSTR.0001 (1).txt", "seq@26:0001 (1)"},
    {"2023-07-03T060000Z.XYZ.0001.txt", "T!type@20:XYZ"},
    {"2023.07.03.90B3d51f300ec001COS.CSV.csv", "eui64@12:90B3d51f300ec001"},
    {"2023.07.03.90b3d51f300ec001COS.csv", "org@31:"},
    {"MODELS_07_90B3-D51F-300E-C001_2023-07-03_of_DCC.csv", "separator@7:_"},
    {"MODELS__07_90B3D51F300EC001_2023-07-03_of_DCC.csv", "eui64@12:90B3D51F300EC001"},
    {"MODELS__07_2023-07-03_of_DCC.csv", "eui64@12:"},
    {"MODELS__07_90B3-D51F-300E-C001_20230703_of_DCC.csv", "date@32:20230703"},
    {"ECO20231303060012.XML", "C!date@4:20231303"},
    {"ECO20230703060.XML", "time@12:060|seq@15:"},
};

static void test_filename__other_grammars__name_each_faulty_segment(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(other_bad_names); i++) {
        const char *name = other_bad_names[i].name;
        struct filename f;
        struct given given = {.text = g_string_new(NULL), .name = name, .len = strlen(name)};
        assert_false(filename_parse(second_profile(), name, strlen(name), &f, on_fault, &given));
        if (strcmp(given.text->str, other_bad_names[i].faults) != 0)
            fail_msg("%s: expected %s, found %s", name, other_bad_names[i].faults, given.text->str);
        g_string_free(given.text, TRUE);
    }
}

static void hear_expected(void *user, const struct filename_fault *fault)
{
    g_string_append_printf(user, "%s|", fault->expected);
}

/* Whoever packs a file leaves its form in the name. */
static void test_filename__packed_without_form__says_where_it_belongs(void **state)
{
    static const struct {
        const char *end, *expected;
    } cases[] = {{"zip", "form: \"xml\" or \"csv\" before .zip|"},
                 {"GZ", "form: \"xml\" or \"csv\" before .gz|pack: lower case: gz|"},
                 {"xlsx", "form: \"xml\" or \"csv\"|"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("EMI_MCC_" EUI "_20230703_060000_000001.", cases[i].end, NULL);
        g_autoptr(GString) heard = g_string_new(NULL);
        struct filename f;
        assert_false(filename_parse(profile_builtin(), name, strlen(name), &f, keep_expected, heard));
        assert_string_equal(heard->str, cases[i].expected);
    }
}

/* Faults are those of the grammar that comes closest, and its types are those that are expected. */
static void test_filename__bad_name__is_told_by_the_closest_grammar(void **state)
{
    static const struct names_template templates[] = {
        {NAMES_TYPE, "EMI", .text = "START-{org}-{sequence:4}.{form}"},
        {NAMES_TYPE, "INV", .text = "STOCK-{org}-{sequence:5}.{form}"},
        {NAMES_TYPE, "COS", .text = "SWITCH-{org}-{sequence:6}.{form}"},
        {NAMES_TYPE, "EMT", .text = "EMT_{org}_{sequence:6}.{form}"},
        {NAMES_TYPE, "EMC", .text = "EMC_{org}_{sequence:6}.{form}"},
    };
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"STOK-MCC-1.csv", "\"STOCK\""},
        {"STAT-MCC-1.csv", "\"START\""},
        {"SWICH-MCC-1.csv", "\"SWITCH\""},
        {"EMI_MCC_000001.csv", "an inbound file type: EMT or EMC|"},
        {"EMX_MCC_000001.csv", "an inbound file type: EMT or EMC|"},
    };
    const struct names_table table = {.n = G_N_ELEMENTS(templates), .templates = templates};
    struct profile profile = *profile_builtin();
    struct names names;

    (void)state;
    assert_true(names_compile(&profile, &table, &names, NULL, NULL));
    profile.names = &names;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *name = cases[i].name;
        struct filename f;
        g_autoptr(GString) heard = g_string_new(NULL);
        assert_false(filename_parse(&profile, name, strlen(name), &f, hear_expected, heard));
        if (!g_str_has_prefix(heard->str, cases[i].expected))
            fail_msg("%s: expected %s, found %s", name, cases[i].expected, heard->str);
    }
    names_clear(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filename__good_name__fills_all_members),
        cmocka_unit_test(test_filename__bad_name__names_each_faulty_segment),
        cmocka_unit_test(test_filename__bad_name__gives_guesses),
        cmocka_unit_test(test_filename__too_long__says_so_at_the_first_byte_over),
        cmocka_unit_test(test_filename__random_mutations__false_exactly_with_faults),
        cmocka_unit_test(test_filename__other_grammars__false_exactly_with_faults),
        cmocka_unit_test(test_filename__other_grammars__nothing_fits__one_fault),
        cmocka_unit_test(test_filename__other_grammars__fill_what_the_name_tells),
        cmocka_unit_test(test_filename__other_grammars__name_each_faulty_segment),
        cmocka_unit_test(test_filename__packed_without_form__says_where_it_belongs),
        cmocka_unit_test(test_filename__bad_name__is_told_by_the_closest_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
