/* The review of a Device against reference data and its past: each rule at its limits, under each setting. */
#include "validators/rules/review_rules.h"

#include "formats/instant.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/foreign_profile.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define DEVICE UINT64_C(0xF0DB1234567890A0)
#define GPF UINT64_C(0x00DB1234567890B0)
#define HUB UINT64_C(0x00DB1234567890C0)
#define LOSING UINT64_C(0x90B3D51F30050001)
#define GAINING UINT64_C(0x90B3D51F30050002)

static struct ledger *ledger;
static struct rules rules;

static int64_t at(const char *text)
{
    int64_t instant;

    if (!instant_parse(text, strlen(text), &instant))
        fail_msg("%s is no time", text);
    return instant;
}

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    rules_init(&rules);
    rules.ledger = ledger;
    rules.now = at("2023-07-03T12:00:00Z");
    return ledger == NULL || !ledger_begin(ledger, NULL);
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static void loaded(enum ledger_reference table)
{
    assert_true(ledger_reference_set(
        ledger, table, &(struct ledger_loaded){.job = 1, .created = rules.now, .loaded = rules.now}, NULL));
}

static struct ledger_inventory known(void)
{
    return (struct ledger_inventory){.device = DEVICE,
                                     .device_type = "ESME",
                                     .status = "Commissioned",
                                     .manufacturer = "AB01",
                                     .model = "010A030B",
                                     .firmware = "0002012F",
                                     .mpxn = "1012345678903",
                                     .chf = HUB,
                                     .supplier = LOSING,
                                     .credentials = "TCOS"};
}

static void put(const struct ledger_inventory *row)
{
    assert_true(ledger_inventory_put(ledger, row, NULL));
    loaded(LEDGER_INVENTORY);
}

static void put_cos(const char *mpxn, const char *starts)
{
    const struct ledger_cos row = {.mpxn = mpxn, .starts = at(starts), .losing = LOSING, .gaining = GAINING};

    assert_true(ledger_cos_put(ledger, &row, NULL));
    loaded(LEDGER_COS);
}

static const struct review_subject same = {.device = DEVICE,
                                           .type = "ESME",
                                           .manufacturer = "AB01",
                                           .model = "010A030B",
                                           .firmware = "0002012F",
                                           .mpxn = "1012345678903"};

/* "C105 C109~ 2023-07-09T00:00:00Z": codes (~: transient) and NextEligible; g_free. */
static char *judged(const struct review_subject *subject, const struct ledger_earlier_work *past)
{
    static const struct ledger_earlier_work none = {0};
    GString *text = g_string_new(NULL);
    struct review review;
    struct row row = {0};
    GError *error = NULL;

    if (!review_open(&review, &rules, &error) || !review_judge(&review, subject, past ? past : &none, &row, &error))
        fail_msg("%s", error->message);
    for (enum code code = C101; code < D101; code++) {
        if (row_has_code(&row, code))
            g_string_append_printf(text, "%s%s%s", text->len ? " " : "", catalogue_entry(code)->id,
                                   row_has_permanent(&row, code) ? "" : "~");
    }
    if (row.next_eligible != 0) {
        char instant[INSTANT_TEXT_SIZE];
        instant_print(row.next_eligible, instant);
        g_string_append_printf(text, " %s", instant);
    }
    return g_string_free(text, FALSE);
}

static void expect_of(const struct review_subject *subject, const struct ledger_earlier_work *past,
                      const char *expected, const char *what)
{
    g_autofree char *found = judged(subject, past);

    if (strcmp(found, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", what, expected, found);
}

static void expect(const char *expected, const char *what)
{
    expect_of(&same, NULL, expected, what);
}

static void test_review_rules__no_reference_data__has_no_code(void **state)
{
    (void)state;
    expect("", "no reference data");
    loaded(LEDGER_COS);
    loaded(LEDGER_NMM);
    expect("", "empty files");
    loaded(LEDGER_INVENTORY);
    expect("C103", "an inventory without the Device");
}

static void test_review_rules__device_status__is_c105_transient_or_permanent(void **state)
{
    static const struct {
        const char *status, *expected;
    } cases[] = {
        {"Commissioned", ""},
        {"Recovered", ""},
        {"InstalledNotCommissioned", "C105~ 2023-07-04T12:00:00Z"},
        {"Suspended", "C105~ 2023-07-04T12:00:00Z"},
        {"Recovery", "C105~ 2023-07-04T12:00:00Z"},
        {"Pending", "C105"},
        {"Whitelisted", "C105"},
        {"Decommissioned", "C105"},
        {"Withdrawn", "C105"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct ledger_inventory row = known();
        row.status = cases[i].status;
        put(&row);
        expect(cases[i].expected, cases[i].status);
    }
}

static void test_review_rules__type_and_model__are_compared_with_the_inventory(void **state)
{
    static const struct {
        struct review_subject subject;
        const char *expected;
    } cases[] = {
        {{DEVICE, "ESME", "AB01", "010A030B", "0002012F", NULL, 0, NULL}, ""},
        {{DEVICE, "GSME", "AB01", "010A030B", "0002012F", NULL, 0, NULL}, "C104"},
        {{DEVICE, "ESME", "AB02", "010A030B", "0002012F", NULL, 0, NULL}, "C106~ 2023-07-04T12:00:00Z"},
        {{DEVICE, "ESME", "AB01", "010A030C", "0002012F", NULL, 0, NULL}, "C106~ 2023-07-04T12:00:00Z"},
        {{DEVICE, "ESME", "AB01", "010A030B", "00020130", NULL, 0, NULL}, "C106~ 2023-07-04T12:00:00Z"},
        {{DEVICE, "GSME", "AB01", "010A030B", "00020130", NULL, 0, NULL}, "C104 C106~ 2023-07-04T12:00:00Z"},
        {{DEVICE, NULL, NULL, NULL, NULL, NULL, 0, NULL}, ""},
        {{DEVICE + 1, "ESME", "AB01", "010A030B", "0002012F", NULL, 0, NULL}, "C103"},
    };
    struct ledger_inventory row = known();

    (void)state;
    put(&row);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_of(&cases[i].subject, NULL, cases[i].expected, cases[i].expected);
    row.manufacturer = row.model = row.firmware = NULL;
    put(&row);
    expect("", "what the inventory does not say cannot differ");
}

static void test_review_rules__non_migratable_model__counts_from_midnight_to_midnight(void **state)
{
    static const struct {
        const char *now, *expected;
    } cases[] = {
        {"2023-06-30T23:59:59Z", ""},     {"2023-07-01T00:00:00Z", "C107"}, {"2023-07-31T23:59:59Z", "C107"},
        {"2023-08-01T00:00:00Z", ""},     {"2024-02-28T23:59:59Z", ""},     {"2024-02-29T00:00:00Z", "C107"},
        {"2099-01-01T00:00:00Z", "C107"},
    };
    struct ledger_nmm row = {
        "ESME", "AB01", "010A030B", "0002012F", at("2023-07-01T00:00:00Z"), at("2023-08-01T00:00:00Z"), "D117", NULL};

    (void)state;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    row.since = at("2024-02-29T00:00:00Z");
    row.until = LEDGER_FOR_EVER;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    loaded(LEDGER_NMM);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        rules.now = at(cases[i].now);
        expect(cases[i].expected, cases[i].now);
    }
}

static void test_review_rules__non_migratable_model_without_firmware__means_every_firmware(void **state)
{
    static const struct {
        struct review_subject subject;
        const char *expected;
    } cases[] = {
        {{DEVICE, "ESME", "AB01", "010A030B", "0002012F", NULL, 0, NULL}, "C107"},
        {{DEVICE, "ESME", "AB01", "010A030B", "00020130", NULL, 0, NULL}, ""},
        {{DEVICE, "GSME", "AB01", "010A030B", "0002012F", NULL, 0, NULL}, ""},
        {{DEVICE, "ESME", "AB02", "010A030B", "0002012F", NULL, 0, NULL}, ""},
        {{DEVICE, "ESME", "AB01", "FFFFFFFF", "0002012F", NULL, 0, NULL}, "C107"},
        {{DEVICE, "ESME", "AB01", "FFFFFFFF", "99999999", NULL, 0, NULL}, "C107"},
        {{DEVICE, "ESME", "AB01", "FFFFFFFF", NULL, NULL, 0, NULL},
         "C107"}, /* malformed: an entry without firmware means every firmware */
        {{DEVICE, "ESME", "AB01", "010A030B", NULL, NULL, 0, NULL}, ""},
        {{DEVICE, "ESME", "AB01", NULL, "0002012F", NULL, 0, NULL}, ""},
        {{DEVICE, "ESME", NULL, "FFFFFFFF", "0002012F", NULL, 0, NULL}, ""},
    };
    struct ledger_nmm row = {"ESME", "AB01", "010A030B", "0002012F", 0, LEDGER_FOR_EVER, NULL, NULL};

    (void)state;
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    row.model = "FFFFFFFF";
    row.firmware = "";
    assert_true(ledger_nmm_put(ledger, &row, NULL));
    loaded(LEDGER_NMM);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_of(&cases[i].subject, NULL, cases[i].expected, cases[i].subject.model);
}

static void test_review_rules__change_of_supplier_in_the_window__is_c109(void **state)
{
    static const struct {
        const char *now, *starts, *expected;
    } cases[] = {
        {"2023-07-03T12:00:00Z", "2023-07-04T00:00:00Z", "C109~ 2023-07-05T00:00:00Z"},
        {"2023-07-03T12:00:00Z", "2023-07-10T00:00:00Z", "C109~ 2023-07-11T00:00:00Z"},
        {"2023-07-03T12:00:00Z", "2023-07-11T00:00:00Z", ""},
        {"2023-07-03T00:00:00Z", "2023-07-10T00:00:00Z", "C109~ 2023-07-11T00:00:00Z"},
        {"2023-07-02T23:59:59Z", "2023-07-10T00:00:00Z", ""},
        {"2023-07-03T23:59:59Z", "2023-07-04T00:00:00Z", "C109~ 2023-07-05T00:00:00Z"},
        {"2023-07-04T00:00:00Z", "2023-07-04T00:00:00Z", ""},
        {"2023-07-04T00:00:01Z", "2023-07-04T00:00:00Z", ""},
        {"2024-02-25T12:00:00Z", "2024-02-29T00:00:00Z", "C109~ 2024-03-01T00:00:00Z"},
        {"2024-02-28T12:00:00Z", "2024-02-28T00:00:00Z", ""},
        {"2023-12-28T12:00:00Z", "2023-12-31T00:00:00Z", "C109~ 2024-01-01T00:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(ledger_reference_load_begin(ledger, LEDGER_COS, false, NULL));
        assert_true(ledger_reference_load_end(ledger, LEDGER_COS, NULL));
        put_cos("1012345678903", cases[i].starts);
        rules.now = at(cases[i].now);
        expect(cases[i].expected, cases[i].now);
    }
    rules.cos_window = 0;
    rules.now = at("2023-12-30T23:59:59Z");
    expect("", "no window");
}

static void test_review_rules__change_of_supplier__is_looked_up_by_the_mpxn_of_the_inventory(void **state)
{
    struct ledger_inventory row = known();

    (void)state;
    put_cos("1012345678903", "2023-07-05T00:00:00Z");
    put_cos("1012345678903", "2023-07-07T00:00:00Z");
    expect("C109~ 2023-07-08T00:00:00Z", "the instruction's MPxN, the later of two");
    row.mpxn = "1012345678940";
    put(&row);
    expect("", "the inventory knows better");
    row.mpxn = NULL;
    put(&row);
    expect("C109~ 2023-07-08T00:00:00Z", "the inventory does not say");
    const struct review_subject gpf = {.device = DEVICE, .type = "ESME"};
    expect_of(&gpf, NULL, "", "no meter has a supplier");
}

static void test_review_rules__tcos_closes__no_try_that_could_not_end_before(void **state)
{
    (void)state;
    rules.retry.tcos_closes = at("2024-10-31T00:00:00Z");
    rules.now = at("2024-10-30T23:55:00Z");
    expect("", "a try needs five minutes");
    rules.now++;
    expect("C122", "one second less");
    rules.now = at("2024-12-01T00:00:00Z");
    expect("C122", "closed");
}

static void test_review_rules__credentials_and_pending__come_from_the_inventory(void **state)
{
    static const struct {
        const char *credentials, *pending, *expected;
    } cases[] = {
        {"TCOS", NULL, ""},
        {"ECOS", NULL, "C108"},
        {"TCOS", "USC", "C111~ 2023-07-04T12:00:00Z"},
        {"TCOS", "FW", "C112~ 2023-07-04T12:00:00Z"},
        {"ECOS", "FW", "C108 C112~ 2023-07-04T12:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct ledger_inventory row = known();
        row.credentials = cases[i].credentials;
        row.pending = cases[i].pending;
        put(&row);
        expect(cases[i].expected, cases[i].expected);
    }
}

static void test_review_rules__supplier__comes_from_the_inventory_or_a_change_of_supplier(void **state)
{
    struct ledger_inventory row = known();

    (void)state;
    row.supplier = 0;
    put(&row);
    expect("C114", "no supplier at all");
    put_cos("1012345678903", "2023-07-04T00:00:00Z");
    expect("C109~ C114 2023-07-05T00:00:00Z", "not yet");
    rules.now = at("2023-07-04T00:00:00Z");
    expect("", "the gaining supplier from 00:00 on");
}

static void test_review_rules__supplier_of_a_gpf__is_that_of_the_gas_then_the_electricity_meter(void **state)
{
    static const char *const unconnected[] = {
        "Pending", "Whitelisted", "InstalledNotCommissioned", "Suspended", "Recovery", "Decommissioned", "Withdrawn"};
    const struct review_subject gpf = {.device = GPF, .type = "GPF"};
    struct ledger_inventory row = known();

    (void)state;
    row.device = GPF;
    row.device_type = "GPF";
    row.mpxn = NULL;
    put(&row);
    expect_of(&gpf, NULL, "", "not judged by default");
    rules.gpf_supplier = REVIEW_REJECT;
    expect_of(&gpf, NULL, "C114", "its own SupplierId does not count");
    row = known();
    for (size_t i = 0; i < G_N_ELEMENTS(unconnected); i++) {
        row.status = unconnected[i];
        put(&row);
        expect_of(&gpf, NULL, "C114", unconnected[i]);
    }
    row.status = "Recovered";
    row.chf = HUB + 1;
    put(&row);
    expect_of(&gpf, NULL, "C114", "a meter on another hub");
    row.chf = HUB;
    put(&row);
    expect_of(&gpf, NULL, "", "a meter there");
    put_cos("1012345678903", "2023-07-05T00:00:00Z");
    expect_of(&gpf, NULL, "C109~ 2023-07-06T00:00:00Z", "whose supplier changes");
    rules.now = at("2023-07-05T00:00:00Z");
    expect_of(&gpf, NULL, "", "has changed");
}

static void test_review_rules__earlier_work__is_c108_or_c115(void **state)
{
    static const struct {
        struct ledger_earlier_work past;
        const char *now, *expected;
    } cases[] = {
        {{.replaced = true}, "2023-07-03T12:00:00Z", "C108"},
        {{.next_eligible = 1688385600}, "2023-07-03T12:00:00Z", ""},
        {{.next_eligible = 1688385601}, "2023-07-03T12:00:00Z", "C115~ 2023-07-03T12:00:01Z"},
        {{.replaced = true, .next_eligible = 1688385601}, "2023-07-03T12:00:00Z", "C108 C115~ 2023-07-03T12:00:01Z"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        rules.now = at(cases[i].now);
        expect_of(&same, &cases[i].past, cases[i].expected, cases[i].expected);
    }
}

static void add_verdict(int64_t job, const char *type, const char *judged_at, int64_t accepted)
{
    g_autofree char *name = g_strdup_printf("%s_%d", type, (int)job);
    const struct ledger_job row = {.id = job, .name = name, .type = type, .drop = "mcc", .sha256 = name};
    const struct ledger_verdict verdict = {.job = job,
                                           .revision = 1,
                                           .judged_at = at(judged_at),
                                           .outcome = "AC",
                                           .accepted = accepted,
                                           .parsed = accepted};

    assert_true(ledger_job_insert(ledger, &row, NULL, NULL));
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
}

static void test_review_rules__daily_limit__counts_devices_since_midnight(void **state)
{
    (void)state;
    add_verdict(1, "EMI", "2023-07-02T23:59:59Z", 100);
    add_verdict(2, "EMI", "2023-07-03T00:00:00Z", 3);
    add_verdict(3, "INV", "2023-07-03T00:00:00Z", 100);
    add_verdict(4, "EMI", "2023-07-03T11:00:00Z", 2);
    expect("", "no limit");
    rules.daily_limit = 6;
    expect("", "one more may come");
    rules.daily_limit = 5;
    expect("C116~ 2023-07-04T00:00:00Z", "as many as are allowed");
    rules.daily_limit = 4;
    expect("C116~ 2023-07-04T00:00:00Z", "the limit was lowered");
    rules.now = at("2023-07-04T00:00:00Z");
    expect("", "the next day");
}

static void test_review_rules__several_codes__have_the_latest_next_eligible(void **state)
{
    struct ledger_inventory row = known();

    (void)state;
    row.status = "Suspended";
    row.pending = "USC";
    put(&row);
    put_cos("1012345678903", "2023-07-08T00:00:00Z");
    expect("C105~ C109~ C111~ 2023-07-09T00:00:00Z", "all are transient");
    row.credentials = "ECOS";
    put(&row);
    expect("C105~ C108 C109~ C111~ 2023-07-09T00:00:00Z", "one is permanent");
}

static void test_review_rules__hub_point_and_region__are_compared_with_the_inventory(void **state)
{
    static const struct {
        const char *mpxn, *region, *expected;
        uint64_t hub;
    } cases[] = {
        {"1012345678903", "CENTRAL", "", HUB},   {NULL, NULL, "", 0},
        {"01012345678903", "EAST", "", HUB},     {"1012345678904", "CENTRAL", "C125", HUB},
        {"1012345678903", "SOUTH", "C125", HUB}, {"1012345678903", "CENTRAL", "C125", HUB + 1},
    };
    struct ledger_inventory row = known();

    (void)state;
    row.region = "Central";
    put(&row);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct review_subject subject = same;
        subject.mpxn = cases[i].mpxn;
        subject.region = cases[i].region;
        subject.hub = cases[i].hub;
        rules.review[C125] = REVIEW_WARN;
        rules.region = REVIEW_WARN;
        expect_of(&subject, NULL, "", "a warning by default");
        rules.review[C125] = REVIEW_REJECT;
        rules.region = REVIEW_REJECT;
        expect_of(&subject, NULL, cases[i].expected, "rejected");
    }
    rules.region = REVIEW_OFF;
    expect_of(&(struct review_subject){.device = DEVICE, .region = "SOUTH"}, NULL, "", "a region by default");
    row.mpxn = row.region = NULL;
    row.chf = 0;
    put(&row);
    expect_of(&(struct review_subject){.device = DEVICE, .mpxn = "1012345678904", .hub = HUB, .region = "SOUTH"}, NULL,
              "", "nothing to compare with");
}

/* Every code of the review, under each setting. */
static void test_review_rules__setting_of_a_code__makes_it_an_error_a_warning_or_nothing(void **state)
{
    static const enum code codes[] = {C104, C105, C106, C107, C108, C109, C111, C114, C115, C116};
    const struct ledger_earlier_work past = {.replaced = true, .next_eligible = at("2023-08-03T00:00:00Z")};
    const struct ledger_nmm model = {"GSME", "AB02", "010A030B", "0002012F", 0, LEDGER_FOR_EVER, NULL, NULL};
    const struct review_subject wrong = {DEVICE, "GSME", "AB02", "010A030B", "0002012F", NULL, 0, NULL};
    struct ledger_inventory row = known();

    (void)state;
    row.status = "Withdrawn";
    row.supplier = 0;
    row.pending = "USC";
    put(&row);
    put_cos("1012345678903", "2023-07-08T00:00:00Z");
    assert_true(ledger_nmm_put(ledger, &model, NULL));
    loaded(LEDGER_NMM);
    rules.daily_limit = 1;
    add_verdict(1, "EMI", "2023-07-03T00:00:00Z", 1);
    expect_of(&wrong, &past, "C104 C105 C106~ C107 C108 C109~ C111~ C114 C115~ C116~ 2023-08-03T00:00:00Z", "all");
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        for (int mode = REVIEW_WARN; mode <= REVIEW_OFF; mode++) {
            rules.review[codes[i]] = (enum review_mode)mode;
            g_autofree char *found = judged(&wrong, &past);
            assert_null(strstr(found, catalogue_entry(codes[i])->id));
            assert_int_equal(strlen(found) < strlen("C104 C105 C106~ C107 C108 C109~ C111~ C114 C115~ C116~ "
                                                    "2023-08-03T00:00:00Z"),
                             1);
            rules.review[codes[i]] = REVIEW_REJECT;
        }
    }
}

/* What the review finds is told in the words of the sender's format: nothing of the proposal, and his for the values of
 * the inventory. */
static void test_review_rules__findings__have_the_words_of_the_sender(void **state)
{
    static const struct field fields[INSTRUCTION_FIELDS];
    const struct record record = {.ordinal = 1, .n_fields = INSTRUCTION_FIELDS, .fields = fields};
    const struct filename filename = {.type = foreign_type("EMI")};
    struct findings *findings = findings_new(100);
    const struct judged_file file = {.rules = &rules, .filename = &filename, .findings = findings};
    struct row row = {.file = &file, .record = &record, .layout = filename.type->record};
    const struct ledger_earlier_work past = {.replaced = true, .next_eligible = at("2023-08-03T00:00:00Z")};
    struct ledger_inventory row_known = known();
    struct review review;
    GString *texts = g_string_new(NULL);

    (void)state;
    row_known.region = "Central";
    row_known.status = "Withdrawn";
    row_known.pending = "FW";
    row_known.supplier = 0;
    put(&row_known);
    put_cos("1012345678903", "2023-07-05T00:00:00Z");
    rules.region = REVIEW_REJECT;
    rules.daily_limit = 1;
    const struct review_subject other = {
        .device = DEVICE, .type = "GPF", .manufacturer = "AB02", .mpxn = "1", .hub = HUB + 1, .region = "SOUTH"};
    assert_true(review_open(&review, &rules, NULL));
    review.counted = 1;
    assert_true(review_judge(&review, &other, &past, &row, NULL));
    assert_true(findings_kept(findings) >= 11);
    for (size_t i = 0; i < findings_kept(findings); i++) {
        foreign_is_free(findings_at(findings, i)->text);
        g_string_append_printf(texts, "%s\n", findings_at(findings, i)->text);
    }
    assert_non_null(strstr(texts->str, "expected the status fstatus3 or fstatus8; the inventory says fstatus5\n"));
    assert_non_null(strstr(texts->str, "the inventory says ftype0\n"));
    assert_non_null(strstr(texts->str, "the inventory says fregion1\n"));
    g_string_free(texts, TRUE);
    findings_free(findings);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_review_rules__no_reference_data__has_no_code),
        T(test_review_rules__device_status__is_c105_transient_or_permanent),
        T(test_review_rules__type_and_model__are_compared_with_the_inventory),
        T(test_review_rules__non_migratable_model__counts_from_midnight_to_midnight),
        T(test_review_rules__non_migratable_model_without_firmware__means_every_firmware),
        T(test_review_rules__change_of_supplier_in_the_window__is_c109),
        T(test_review_rules__change_of_supplier__is_looked_up_by_the_mpxn_of_the_inventory),
        T(test_review_rules__tcos_closes__no_try_that_could_not_end_before),
        T(test_review_rules__credentials_and_pending__come_from_the_inventory),
        T(test_review_rules__supplier__comes_from_the_inventory_or_a_change_of_supplier),
        T(test_review_rules__supplier_of_a_gpf__is_that_of_the_gas_then_the_electricity_meter),
        T(test_review_rules__earlier_work__is_c108_or_c115),
        T(test_review_rules__daily_limit__counts_devices_since_midnight),
        T(test_review_rules__several_codes__have_the_latest_next_eligible),
        T(test_review_rules__hub_point_and_region__are_compared_with_the_inventory),
        T(test_review_rules__findings__have_the_words_of_the_sender),
        T(test_review_rules__setting_of_a_code__makes_it_an_error_a_warning_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
