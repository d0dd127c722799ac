/* Facts for which a format has no column: the program supplies them (formats/record_kinds.h). */
#include "formats/reader.h"
#include "validators/rules/device_rules.h"
#include "validators/rules/header_rules.h"
#include "validators/judge.h"
#include "validators/rules/reference_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the standard headers: they need them */
#include <cmocka.h>

#include "tests/unit/profile_folder.h"

#define NOW INT64_C(1688371200)     /* 2023-07-03T08:00:00Z */
#define CREATED INT64_C(1688364000) /* 2023-07-03T06:00:00Z */
#define FIELD(fact) "{\"name\": \"" fact "\", \"fact\": \"" fact "\"}"
#define CONSTANT(fact, text)                                                                                           \
    "{\"name\": \"" fact "\", \"fact\": \"" fact "\", \"constraints\": {\"enum\": [\"" text "\"]}}"
#define HEADER(type)                                                                                                   \
    CONSTANT("record.letter", "H") "," CONSTANT("header.type", type) "," CONSTANT("header.layout", "1.0")
#define DEVICE CONSTANT("record.letter", "D") "," FIELD("device.id") "," FIELD("device.type")
#define MODEL FIELD("device.manufacturer") "," FIELD("device.model") "," FIELD("device.firmware")

static const struct identity identity = {"TCOS", UINT64_C(0x90B3D51F30000004), "TEST", NULL, 0};

/* A profile with the least that a format may have. */
static const struct {
    const char *name, *text;
} files[] = {
    {"records/EMI-H.json", "{\"fields\": [" HEADER("EMI") "]}"},
    {"records/INV-H.json", "{\"fields\": [" HEADER("INV") "]}"},
    {"records/EMI-D.json", "{\"fields\": [" DEVICE "," MODEL "," FIELD("device.mpxn") "," FIELD("device.hub") "]}"},
    {"records/INV-D.json", "{\"fields\": [" DEVICE "," FIELD("device.status") "," FIELD("device.credentials") "]}"},
};

struct story {
    struct profile *profile;
    struct rules rules;
    struct filename filename;
    struct judged_file file;
    struct header header;
    size_t records; /* without errors */
    bool removed;
    GString *faults;
};

static void hear_header(void *user, const struct record *record)
{
    struct story *s = user;

    header_rules_judge(&s->file, record, &s->header);
}

static void hear_record(void *user, const struct record *record)
{
    struct story *s = user;
    struct device device;
    struct reference reference;

    if (!s->filename.type->reference) {
        device_rules_judge(&s->file, record, &device);
        s->records += !row_has_errors(&device.row);
        return;
    }
    assert_true(reference_rules_judge(&s->file, LEDGER_INVENTORY, record, &reference, NULL));
    s->records += !row_has_errors(&reference.row);
    s->removed |= reference.remove;
}

static void hear_count(void *user, const struct field *count)
{
    (void)user;
    (void)count;
}

static void hear_fault(void *user, const struct fault *fault)
{
    g_string_append_printf(((struct story *)user)->faults, "%s\n", fault->text);
}

static void story_begin(struct story *s, const char *type)
{
    char *folder = folder_copy();
    GString *faults = g_string_new(NULL);

    *s = (struct story){.faults = g_string_new(NULL)};
    folder_write(folder, "xml.json", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        folder_write(folder, files[i].name, files[i].text);
    s->profile = profile_load(folder, folder_hear_fault, faults);
    assert_string_equal(faults->str, "");
    g_string_free(faults, TRUE);
    folder_remove(folder);
    rules_init(&s->rules);
    s->rules.now = NOW;
    s->rules.identity = &identity;
    s->filename = (struct filename){.type = profile_type(s->profile, type, 3),
                                    .eui64 = UINT64_C(0x90B3D51F300EC001),
                                    .created = CREATED,
                                    .sequence = 7};
    s->file = (struct judged_file){.rules = &s->rules,
                                   .filename = &s->filename,
                                   .name_is_known = true,
                                   .header = &s->header,
                                   .seen = device_set_new(),
                                   .findings = findings_new(100)};
}

static void story_read(struct story *s, const char *document)
{
    const struct reader_sink sink = {s, hear_header, hear_record, hear_count, hear_fault};
    struct reader *reader = reader_new(FORM_CSV, s->filename.type, &(struct reader_limits){10}, &sink);

    (void)reader_push(reader, document, strlen(document));
    (void)reader_finish(reader);
    reader_free(reader);
    assert_string_equal(s->faults->str, "");
}

static void story_end(struct story *s)
{
    findings_free(s->file.findings);
    device_set_free(s->file.seen);
    g_string_free(s->faults, TRUE);
    profile_free(s->profile);
}

static void test_supplied__header_without_columns__has_what_name_and_gateway_say(void **state)
{
    struct story s;

    (void)state; /* cmocka's signature */
    story_begin(&s, "EMI");
    story_read(&s, "H,EMI,1.0\n"
                   "D,00-DB-12-34-56-78-90-A0,ESME,AB01,010A030B,0002012F,1012345678903,\nT,1\n");
    assert_int_equal(findings_total(s.file.findings), 0);
    assert_true(s.header.seen);
    assert_true(s.header.recipient == identity.eui64);
    assert_string_equal(s.header.environment, "TEST");
    assert_int_equal(s.header.created, CREATED);
    assert_string_equal(s.header.batch, "20230703-060000-000007");
    assert_string_equal(s.header.resubmission_of, "");
    assert_int_equal(s.header.mode, HEADER_MODE_NONE);
    assert_int_equal(s.records, 1);
    story_end(&s);
}

/* The name is a guess, or says no time; a bare `check` has no identity. */
static void test_supplied__name_that_says_nothing__leaves_the_clock(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "EMI");
    s.file.name_is_known = false;
    s.rules.identity = NULL;
    story_read(&s, "H,EMI,1.0\nT,0\n");
    assert_int_equal(findings_total(s.file.findings), 0);
    assert_int_equal(s.header.created, NOW);
    assert_string_equal(s.header.batch, "20230703-080000-000000");
    assert_string_equal(s.header.environment, "");
    story_end(&s);
}

static void test_supplied__reference_data_without_mode_and_action__are_full_and_set(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "INV");
    story_read(&s, "H,INV,1.0\nD,00-DB-12-34-56-78-90-A0,ESME,Commissioned,TCOS\n"
                   "D,00-DB-12-34-56-78-90-A1,ESME,Commissioned,ECOS\nT,2\n");
    assert_int_equal(findings_total(s.file.findings), 0);
    assert_int_equal(s.header.mode, HEADER_MODE_FULL);
    assert_int_equal(s.records, 2);
    assert_false(s.removed);
    story_end(&s);
}

/* The whole way of a file, chosen and judged by the profile. The record numbers that it does not have count nothing. */
static void test_supplied__records_without_numbers__are_accepted(void **state)
{
    static const char name[] = "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000007.csv";
    static const char text[] = "H,EMI,1.0\n"
                               "D,00-DB-12-34-56-78-90-A0,ESME,AB01,010A030B,0002012F,1012345678903,\n"
                               "D,00-DB-12-34-56-78-90-A1,ESME,AB01,010A030B,0002012F,1012345678903,\nT,2\n";
    struct story s;
    struct verdict verdict = {0};
    int fd = memfd_create("file", MFD_CLOEXEC);

    (void)state;
    story_begin(&s, "EMI");
    const struct profile *const profiles[] = {s.profile, NULL};
    s.rules.identity = NULL;
    s.rules.profiles = profiles;
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    const struct judge_request request = {
        .rules = &s.rules, .name = name, .name_len = strlen(name), .fd = fd, .max_findings = 10};
    assert_true(judge_file(&request, &verdict, NULL));
    assert_int_equal(verdict.outcome, OUTCOME_AC);
    assert_int_equal(verdict.accepted, 2);
    assert_string_equal(verdict.header.batch, "20230703-060000-000007");
    verdict_clear(&verdict);
    close(fd);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supplied__header_without_columns__has_what_name_and_gateway_say),
        cmocka_unit_test(test_supplied__name_that_says_nothing__leaves_the_clock),
        cmocka_unit_test(test_supplied__records_without_numbers__are_accepted),
        cmocka_unit_test(test_supplied__reference_data_without_mode_and_action__are_full_and_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
