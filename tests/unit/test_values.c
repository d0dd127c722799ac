/* Words of a partner's format: readers turn them into values, writers turn values into words, messages have words. */
#include "formats/reader.h"
#include "formats/writer.h"
#include "tests/unit/foreign_profile.h"
#include "validators/rules/device_rules.h"
#include "validators/rules/header_rules.h"
#include "validators/rules/reference_rules.h"
#include "validators/rules/result_rules.h"

/* ---- maps ---- */

static const struct value_pair pairs[] = {{"SUCCESS", "OK"}, {"SUCCESS", "0"}, {"FAILED", "NOK"}};
static const struct value_map closed = {.closed = true, .n = 3, .pairs = pairs};
static const struct value_map open = {.n = 3, .pairs = pairs};

static void test_values__word__is_its_value(void **state)
{
    (void)state;
    assert_string_equal(value_inner(&closed, "OK", 2), "SUCCESS");
    assert_string_equal(value_inner(&closed, "0", 1), "SUCCESS");
    assert_string_equal(value_inner(&closed, "NOK", 3), "FAILED");
    assert_string_equal(value_inner(&closed, "NO", 2), VALUE_UNKNOWN);
    assert_string_equal(value_inner(&closed, "SUCCESS", 7), VALUE_UNKNOWN); /* a value of ours is no word of his */
    assert_string_equal(value_inner(&open, "SUCCESS", 7), VALUE_UNKNOWN);
    assert_null(value_inner(&open, "TIMEOUT", 7));
}

static void test_values__value__is_its_first_word(void **state)
{
    (void)state;
    assert_string_equal(value_word(&closed, "SUCCESS"), "OK");
    assert_string_equal(value_word(&closed, "TIMEOUT"), "TIMEOUT");
    assert_string_equal(value_word(NULL, "SUCCESS"), "SUCCESS");
    assert_null(value_word(&closed, NULL));
}

static void test_values__words_of_a_list__are_those_that_there_are(void **state)
{
    struct profile profile = {.values = {[FACT_result_outcome] = &closed}};
    const char *const *list = fact_values(FACT_result_outcome);
    g_autofree char *some = profile_words(&profile, FACT_result_outcome, list, ", ", " or ");
    g_autofree char *all = profile_words(profile_builtin(), FACT_result_outcome, list, ", ", " or ");

    (void)state;
    assert_string_equal(some, "OK or NOK");
    assert_string_equal(all, "SUCCESS, FAILED, TIMEOUT or NOT_ATTEMPTED");
}

static void test_values__codes__have_the_words_that_there_are(void **state)
{
    static const struct code_words codes[] = {
        {"C108", "E-108", "is done"}, {"C109", NULL, "soon"}, {"D101", "E1", NULL}};
    const struct profile profile = {.n_codes = 3, .codes = codes};

    (void)state;
    assert_string_equal(profile_code_id(&profile, "C108"), "E-108");
    assert_string_equal(profile_code_id(&profile, "C109"), "C109");
    assert_string_equal(profile_code_id(&profile, "C110"), "C110");
    assert_null(profile_code_id(&profile, NULL));
    assert_string_equal(profile_code_text(&profile, "C108", "name"), "is done");
    assert_string_equal(profile_code_text(&profile, "D101", "name"), "name");
    assert_string_equal(profile_code_text(&profile, "C110", "name"), "name");
}

/* ---- files that arrive: read and judged ---- */

/* The rules of one file, and what they found. */
struct hearing {
    struct rules rules;
    struct filename filename;
    struct header header;
    struct findings *findings;
    struct device_set *seen;
    GString *values; /* of each record, by field: "value=word" where the two differ, else the value */
    int64_t now;
};

static struct judged_file file_of(struct hearing *h)
{
    return (struct judged_file){
        .rules = &h->rules, .filename = &h->filename, .header = &h->header, .seen = h->seen, .findings = h->findings};
}

static void note(struct hearing *h, const struct record *record)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct field *value = &record->fields[i], *word = record_words(record, i);
        bool same = value->len == word->len && (word->len == 0 || memcmp(value->text, word->text, word->len) == 0);

        g_string_append_printf(h->values, "%s%.*s", i > 0 ? "|" : "", (int)value->len, value->len ? value->text : "");
        if (!same)
            g_string_append_printf(h->values, "=%.*s", (int)word->len, word->len > 0 ? word->text : "");
        assert_int_equal(value->at.line, word->at.line);
    }
    g_string_append_c(h->values, '\n');
}

static void on_header(void *user, const struct record *record)
{
    struct hearing *h = user;
    const struct judged_file file = file_of(h);

    note(h, record);
    header_rules_judge(&file, record, &h->header);
}

static void on_record(void *user, const struct record *record)
{
    struct hearing *h = user;
    const struct judged_file file = file_of(h);
    const char *code = h->filename.type->code;
    enum ledger_reference table;
    struct device device;
    struct result result;
    static struct reference reference;

    note(h, record);
    if (strcmp(code, "EMI") == 0) {
        device_rules_judge(&file, record, &device);
    } else if (reference_rules_table(h->filename.type, &table)) {
        assert_true(reference_rules_judge(&file, table, record, &reference, NULL));
    } else {
        assert_true(strcmp(code, "EMT") == 0 ? result_rules_judge_result(&file, record, &result, NULL)
                                             : result_rules_judge_confirmation(&file, record, &result, NULL));
        result_clear(&result);
    }
}

static void on_count(void *user, const struct field *declared)
{
    (void)user, (void)declared; /* the number of records is not judged here */
}

static void on_fault(void *user, const struct fault *fault)
{
    (void)user;
    fail_msg("fault %d: %s", (int)fault->kind, fault->text);
}

static void hearing_init(struct hearing *h, const char *code)
{
    static const struct identity identity = {.eui64 = 4, .environment = "TEST"};

    *h = (struct hearing){.filename = {.type = foreign_type(code)},
                          .findings = findings_new(1000),
                          .seen = device_set_new(),
                          .values = g_string_new(NULL)};
    rules_init(&h->rules);
    h->rules.now = 1688385600;
    h->rules.identity = &identity;
}

static void hearing_clear(struct hearing *h)
{
    findings_free(h->findings);
    device_set_free(h->seen);
    g_string_free(h->values, TRUE);
}

/* A value for the column of a fact; the format's own word for it. */
typedef const char *value_fn(enum fact fact, const char *wanted);

static const char *word_for(enum fact fact, const char *wanted)
{
    return wanted != NULL ? foreign_word(fact, wanted) : "";
}

static const char *own_value(enum fact fact, const char *wanted)
{
    return fact_values(fact) != NULL || wanted != NULL ? wanted ? wanted : fact_values(fact)[0] : "";
}

static const char *nonsense(enum fact fact, const char *wanted)
{
    (void)fact, (void)wanted;
    return "!/ !";
}

/* The value that the tests give to a fact; NULL: none. */
static const char *wanted_of(enum fact fact, const char *const (*wanted)[2])
{
    for (; wanted != NULL && (*wanted)[0] != NULL; wanted++)
        if (strcmp(fact_entry(fact)->name, (*wanted)[0]) == 0)
            return (*wanted)[1];
    return fact_values(fact) != NULL ? fact_values(fact)[0] : NULL;
}

/* A file with one record in the columns of its type; g_free. */
static char *document(const struct file_type *type, value_fn *value, const char *const (*wanted)[2])
{
    const struct layout_record *records[] = {type->header, type->record};
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "H,%s,%s", type->code, type->profile->version);
    for (size_t r = 0; r < G_N_ELEMENTS(records); r++) {
        g_string_append(text, r > 0 ? "\nD" : "");
        for (size_t i = 0; i < records[r]->n_columns; i++) {
            enum fact fact = records[r]->columns[i].fact;
            g_string_append_printf(text, ",%s", value(fact, wanted_of(fact, wanted)));
        }
    }
    g_string_append(text, "\nT,1\n");
    return g_string_free(text, FALSE);
}

static void hear(struct hearing *h, enum form form, const char *text)
{
    const struct reader_sink sink = {h, on_header, on_record, on_count, on_fault};
    const struct reader_limits limits = {10};
    struct reader *reader = reader_new(form, h->filename.type, &limits, &sink);

    (void)reader_push(reader, text, strlen(text)); /* reader_finish says the same */
    assert_true(reader_finish(reader));
    reader_free(reader);
}

static void test_values__words_in_a_file__reach_the_rules_as_values(void **state)
{
    static const char *const wanted[][2] = {{"record.number", "1"},
                                            {"device.type", "GPF"},
                                            {"device.region", "South"},
                                            {"header.environment", "TEST"},
                                            {NULL, NULL}};
    struct hearing h;

    (void)state;
    hearing_init(&h, "EMI");
    g_autofree char *text = document(h.filename.type, word_for, wanted);
    hear(&h, FORM_CSV, text);
    assert_string_equal(h.values->str, "||||TEST=fenvironment1|||\n1||GPF=ftype2||||||South=fregion2|\n");
    assert_string_equal(h.header.environment, "TEST");
    hearing_clear(&h);
}

/* Every type, with a value of ours in each column that has words: it is no word of theirs. */
static void expect_findings(const char *code, value_fn *value, const char *const (*wanted)[2], size_t at_least)
{
    struct hearing h;

    hearing_init(&h, code);
    g_autofree char *text = document(h.filename.type, value, wanted);
    hear(&h, FORM_CSV, text);
    assert_true(findings_kept(h.findings) >= at_least);
    for (size_t i = 0; i < findings_kept(h.findings); i++) {
        const struct finding *f = findings_at(h.findings, i);

        foreign_is_free(f->text);
        assert_true(g_str_has_prefix(f->field, "c-"));
    }
    hearing_clear(&h);
}

static const char *const codes[] = {"EMI", "EMT", "EMC", "INV", "COS", "NMM", "PTY"};

static void test_values__findings__have_no_word_of_the_proposal(void **state)
{
    static const char *const removal[][2] = {{"record.action", "REMOVE"}, {"header.mode", "FULL"}, {NULL, NULL}};
    static const char *const failed[][2] = {
        {"result.outcome", "SUCCESS"}, {"result.gbcs", "5"}, {"result.duis", "E20"}, {"result.alert", "8F84"},
        {"device.type", "GPF"},        {"device.mpxn", "1"}, {"work.item", "MCC"},   {NULL, NULL}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        expect_findings(codes[i], own_value, NULL, 5);
        expect_findings(codes[i], nonsense, NULL, 9);
        expect_findings(codes[i], word_for, NULL, 4);
        expect_findings(codes[i], word_for, removal, 4);
        expect_findings(codes[i], word_for, failed, 4);
    }
}

/* The finding of code with that field says expected, and shows the sender's own value. */
static void expect_text(const char *code, const char *fact_name, const char *given, const char *expected)
{
    const char *const wanted[][2] = {{fact_name, given}, {NULL, NULL}};
    g_autofree char *field = g_strdelimit(g_strconcat("c-", fact_name, NULL), "._", '-');
    struct hearing h;
    bool found = false;

    hearing_init(&h, code);
    g_autofree char *text = document(h.filename.type, word_for, wanted);
    hear(&h, FORM_CSV, text);
    for (size_t i = 0; i < findings_kept(h.findings); i++) {
        const struct finding *f = findings_at(h.findings, i);

        if (strcmp(f->field, field) != 0)
            continue;
        found = true;
        assert_string_equal(f->text, expected);
        assert_string_equal(f->value, given);
    }
    assert_true(found);
    hearing_clear(&h);
}

static void test_values__finding__names_the_words_that_are_expected(void **state)
{
    (void)state;
    expect_text("EMT", "result.outcome", "OK", "expected foutcome0, foutcome1, foutcome2 or foutcome3");
    expect_text("EMC", "confirmation.given", "J", "expected fgiven0 or fgiven1");
    expect_text("EMI", "device.region", "Nord", "expected fregion0, fregion1, fregion2 or nothing");
    expect_text("EMI", "device.type", "meter", "expected a Device type in scope: ftype0, ftype1, ftype2");
    expect_text("EMI", "header.environment", "PROD", "expected fenvironment0 or fenvironment1");
    expect_text("INV", "header.mode", "ALL", "expected fmode0 or fmode1");
    expect_text("INV", "device.credentials", "NEW", "expected one of fcredentials0, fcredentials1");
    expect_text("INV", "device.pending", "NO", "expected one of fpending0, fpending1, or nothing");
    expect_text("PTY", "party.role", "FRIEND", "expected one of frole0, frole1");
    expect_text("COS", "record.action", "ADD", "expected one of faction0, faction1");
}

static void test_values__xml__has_words_too(void **state)
{
    struct hearing h;

    (void)state;
    hearing_init(&h, "EMC");
    g_autofree char *text = g_strdup_printf(
        "<MigrationConfirmation xmlns=\"urn:ecos-gateway:migration:1\" schemaVersion=\"1.0\"><Header>"
        "<c-header-batch>B</c-header-batch><c-header-environment>fenvironment0</c-header-environment>"
        "<c-header-created/><c-header-sequence/><c-header-recipient/><c-header-sender/><DeviceCount>1</DeviceCount>"
        "</Header><Devices><Device><c-confirmation-given>%s</c-confirmation-given><c-device-id/><c-work-item/>"
        "<c-record-number/></Device></Devices></MigrationConfirmation>",
        "fgiven1");
    hear(&h, FORM_XML, text);
    assert_string_equal(h.values->str, "||||LIVE=fenvironment0|B||\n|||N=fgiven1||||\n");
    hearing_clear(&h);
}

/* ---- files that leave ---- */

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

/* Every fact, with the first value of its list, or its name where it has none. */
static char *write_file(const struct file_type *type, enum form form)
{
    enum fact ids[FACT_COUNT];
    const char *values[FACT_COUNT];
    const struct facts facts = {ids, values, FACT_COUNT};
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct writer *w = writer_new(form, type, append, out);

    for (size_t i = 0; i < FACT_COUNT; i++) {
        ids[i] = (enum fact)i;
        values[i] = fact_is_code(ids[i]) ? "C108" : fact_values(ids[i]) != NULL ? fact_values(ids[i])[0] : "";
    }
    writer_header(w, &facts, 1);
    writer_row(w, &facts);
    assert_true(writer_finish(w, &error));
    writer_free(w);
    return g_string_free(out, FALSE);
}

static void test_values__file_that_leaves__has_words(void **state)
{
    static const struct value_pair code_pairs[] = {{"C108", "E-108"}};
    static const struct value_map code_map = {.n = 1, .pairs = code_pairs};
    struct profile profile = *foreign_profile();
    struct file_type type = *foreign_type("EMD");

    (void)state;
    profile.values[FACT_decision_code] = &code_map;
    type.profile = &profile;
    g_autofree char *csv = write_file(&type, FORM_CSV);
    g_autofree char *xml = write_file(&type, FORM_XML);
    assert_non_null(strstr(csv, "\r\nD,,,,fresolver0,ftransient0,fcategory0,E-108,foutcome0,,,\r\n"));
    assert_non_null(strstr(csv, ",fenvironment0,"));
    assert_non_null(strstr(xml, "<c-decision-outcome>foutcome0</c-decision-outcome>\n"));
    assert_non_null(strstr(xml, "<c-decision-code>E-108</c-decision-code>\n"));
    assert_non_null(strstr(xml, "<c-header-environment>fenvironment0</c-header-environment>\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values__word__is_its_value),
        cmocka_unit_test(test_values__value__is_its_first_word),
        cmocka_unit_test(test_values__words_of_a_list__are_those_that_there_are),
        cmocka_unit_test(test_values__codes__have_the_words_that_there_are),
        cmocka_unit_test(test_values__words_in_a_file__reach_the_rules_as_values),
        cmocka_unit_test(test_values__findings__have_no_word_of_the_proposal),
        cmocka_unit_test(test_values__finding__names_the_words_that_are_expected),
        cmocka_unit_test(test_values__xml__has_words_too),
        cmocka_unit_test(test_values__file_that_leaves__has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
