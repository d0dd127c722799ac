/* Who sent a file: by the name, by the drop, by the header. */
#include "validators/rules/sender_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MCC_ID UINT64_C(0x90B3D51F300EC001)
#define DCC_ID UINT64_C(0x90B3D51F300EC002)

static const char *const emi[] = {"EMI", NULL}, *const inv[] = {"INV", NULL};
static const struct party parties[] = {
    {.org = "MCC", .eui64 = MCC_ID, .types = emi, .drop = "mcc"},
    {.org = "DCC", .eui64 = DCC_ID, .types = inv, .drop = "shared"},
    {.org = "DCC2", .eui64 = 7, .types = inv, .drop = "shared"},
};
static const struct identity identity = {.org = "TCOS", .parties = parties, .n_parties = G_N_ELEMENTS(parties)};

/* The built-in profile with names of its own for EMI and INV. */
static const struct profile *profile_with(const char *names_of_emi, struct names *names)
{
    static struct profile profile;
    const struct names_template templates[] = {{NAMES_TYPE, "EMI", .text = names_of_emi},
                                               {NAMES_TYPE, "INV", .text = "INV-{date}.csv"}};
    const struct names_table table = {.n = G_N_ELEMENTS(templates), .templates = templates};

    profile = *profile_builtin();
    profile.names = names;
    assert_true(names_compile(&profile, &table, names, NULL, NULL));
    return &profile;
}

struct seen {
    struct filename filename;
    char *text; /* of the findings: "code field value" in lines */
};

static char *text_of(const struct findings *findings)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < findings_kept(findings); i++) {
        const struct finding *f = findings_at(findings, i);
        g_string_append_printf(text, "%s %s %s %u\n", catalogue_entry(f->code)->id, f->field != NULL ? f->field : "-",
                               f->value != NULL ? f->value : "-", f->at.column);
    }
    return g_string_free(text, FALSE);
}

/* Judges a name that came through a drop; `seen->text` is of g_malloc. */
static void judge(const char *names_of_emi, const char *name, const char *drop, struct seen *seen)
{
    struct names names;
    const struct profile *profile = profile_with(names_of_emi, &names);
    struct rules rules;
    struct findings *findings = findings_new(10);

    rules_init(&rules);
    rules.identity = &identity;
    rules.drop = drop;
    assert_true(filename_parse(profile, name, strlen(name), &seen->filename, NULL, NULL));
    sender_rules_judge_name(&rules, name, &seen->filename, findings);
    seen->filename.grammar = NULL; /* it goes with the names */
    seen->text = text_of(findings);
    findings_free(findings);
    names_clear(&names);
}

static void test_sender_rules__name_and_drop__say_who_sent_it(void **state)
{
    static const struct {
        const char *names, *name, *drop, *org, *findings;
    } cases[] = {
        {"EMI_{org}.csv", "EMI_MCC.csv", "mcc", "MCC", ""},
        {"EMI_{org}.csv", "EMI_MCC.csv", NULL, "MCC", ""},
        {"EMI_{org}.csv", "EMI_XYZ.csv", "mcc", "XYZ", "B103 org XYZ 5\n"},
        {"EMI_{org}.csv", "EMI_MCC.csv", "shared", "MCC", "B103 org MCC 5\n"},
        {"EMI_{org}.csv", "EMI_DCC.csv", "shared", "DCC", "B103 type EMI 1\n"},
        {"EMI_{eui64}.csv", "EMI_90-B3-D5-1F-30-0E-C0-01.csv", "mcc", "MCC", ""},
        {"EMI_{eui64}.csv", "EMI_90-B3-D5-1F-30-0E-C0-03.csv", "mcc", "", "B103 eui64 90-B3-D5-1F-30-0E-C0-03 5\n"},
        {"EMI_{eui64}_{org}.csv", "EMI_90-B3-D5-1F-30-0E-C0-02_MCC.csv", "mcc", "MCC",
         "B103 eui64 90-B3-D5-1F-30-0E-C0-02 5\n"},
        {"{sequence:4}.EMI.csv", "0001.EMI.csv", "mcc", "MCC", ""},
        {"{sequence:4}.EMI.csv", "0001.EMI.csv", "shared", "", ""}, /* the header has to say it */
        {"{sequence:4}.EMI.csv", "0001.EMI.csv", NULL, "", ""},
        {"{sequence:4}.EMI.csv", "INV-20230703.csv", "mcc", "MCC", "B103 type INV 1\n"},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct seen seen;
        judge(cases[i].names, cases[i].name, cases[i].drop, &seen);
        if (strcmp(seen.text, cases[i].findings) != 0 || strcmp(seen.filename.org, cases[i].org) != 0)
            fail_msg("%s through %s: expected %s, %s; found %s, %s", cases[i].name, cases[i].drop, cases[i].org,
                     cases[i].findings, seen.filename.org, seen.text);
        g_free(seen.text);
    }
}

/* Judges what the header says of a file. */
static void judge_header(const char *name, const char *drop, const struct header *header, struct seen *seen)
{
    struct names names;
    const struct profile *profile = profile_with("EMI.{form}", &names);
    struct rules rules;
    static const struct field fields[HEADER_FIELDS];
    const struct record record = {.n_fields = HEADER_FIELDS, .fields = fields};
    struct judged_file file = {.rules = &rules,
                               .filename = &seen->filename,
                               .name_is_known = true,
                               .header = header,
                               .findings = findings_new(10)};

    rules_init(&rules);
    rules.identity = &identity;
    rules.drop = drop;
    assert_true(filename_parse(profile, name, strlen(name), &seen->filename, NULL, NULL));
    (void)sender_rules_judge_header(&file, &record, &seen->filename);
    seen->text = text_of(file.findings);
    findings_free(file.findings);
    names_clear(&names);
}

static void test_sender_rules__header__says_what_name_and_drop_do_not(void **state)
{
    static const struct {
        const char *name, *drop;
        uint64_t sender;
        uint32_t sequence;
        const char *org, *findings;
    } cases[] = {
        {"INV-20230703.csv", "shared", DCC_ID, 12, "DCC", ""},
        {"INV-20230703.csv", "shared", DCC_ID, 0, "DCC", ""},
        {"INV-20230703.csv", "shared", MCC_ID, 12, "MCC", "B103 SenderId  0\n"}, /* not its type */
        {"INV-20230703.csv", "shared", 99, 12, "", "B103 SenderId  0\n"},
        {"INV-20230703.csv", "shared", 0, 12, "", "B103 SenderId  0\n"},
        {"INV-20230703.csv", NULL, DCC_ID, 12, "DCC", ""},
        {"INV-20230703.csv", NULL, 0, 12, "", ""}, /* `check` of a file, whose drop is not known */
        {"EMI.csv", "shared", DCC_ID, 12, "DCC", "B103 SenderId  0\n"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct seen seen;
        const struct header header = {.sender = cases[i].sender, .sequence = cases[i].sequence};
        judge_header(cases[i].name, cases[i].drop, &header, &seen);
        if (strcmp(seen.text, cases[i].findings) != 0 || strcmp(seen.filename.org, cases[i].org) != 0)
            fail_msg("case %zu: expected %s, %s; found %s, %s", i, cases[i].org, cases[i].findings, seen.filename.org,
                     seen.text);
        assert_int_equal(seen.filename.sequence, cases[i].sequence);
        g_free(seen.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sender_rules__name_and_drop__say_who_sent_it),
        cmocka_unit_test(test_sender_rules__header__says_what_name_and_drop_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
