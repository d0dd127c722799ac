/* Results and confirmations: each value at its edges, whose work they belong to, what is said of it; in the shapes of
 * both readers, with and without a ledger. */
#include "validators/result_rules.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define DEVICE UINT64_C(0xF0DB1234567890A0)
#define SUBJECT "90-B3-D5-1F-30-02-00-00"
#define KEY "9A07"
#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"
enum { NOW = 1688385600 };

static struct ledger *ledger;

/* ---- a ledger: MCC.B-1.1 has its second try, .2 waits for its first, .3 was rejected and has no Device, .4 has
 * failed, .5 is MIGRATED, .6 was deferred ---- */

static void add_transition(int64_t item, const struct ledger_session *before, enum ledger_statement statement)
{
    g_autofree struct ledger_work *work = NULL;
    struct ledger_session session = *before;

    assert_true(ledger_work_get(ledger, item, &work, NULL));
    assert_non_null(work);
    session.transitions = work->session.transitions + 1;
    session.tcos = work->session.tcos;
    const struct ledger_transition transition = {.n = session.transitions,
                                                 .at = NOW - 600,
                                                 .state = session.state,
                                                 .try = 1,
                                                 .job = 8 + session.transitions,
                                                 .record = item,
                                                 .subject_id = SUBJECT,
                                                 .key_id = KEY,
                                                 .statement = statement};
    assert_true(ledger_session_put(ledger, work, &session, &transition, NULL));
}

static void add_session(int64_t item, enum ledger_state state, const char *code)
{
    const struct ledger_session session = {.state = state,
                                           .try = state == LEDGER_DISPATCHED ? 2 : 1,
                                           .begun = NOW - 600,
                                           .ends = NOW + 85800,
                                           .code = code,
                                           .due = state == LEDGER_DISPATCHED ? NOW + 85800 : 0,
                                           .ended = state == LEDGER_DISPATCHED ? 0 : NOW - 60};

    add_transition(item, &session, state == LEDGER_MIGRATED ? LEDGER_REPLACED : LEDGER_NO_STATEMENT);
    if (state == LEDGER_MIGRATED)
        add_transition(item, &session, LEDGER_CONFIRMED);
}

static void add_batch(void)
{
    const struct ledger_job job = {.id = 1,
                                   .name = "n1",
                                   .type = "EMI",
                                   .form = "csv",
                                   .org = "MCC",
                                   .sender = "90-B3-D5-1F-30-0E-C0-01",
                                   .sequence = 1,
                                   .drop = "mcc",
                                   .received = NOW,
                                   .size = 5,
                                   .sha256 = "aa"};
    struct ledger_verdict verdict = {.job = 1,
                                     .revision = 1,
                                     .judged_at = NOW,
                                     .outcome = "PA",
                                     .batch = "B-1",
                                     .parsed = 6,
                                     .accepted = 4,
                                     .items = 6};

    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    for (int i = 1; i <= 6; i++) {
        struct ledger_item item = {.job = 1,
                                   .record = i,
                                   .has_device = i != 3,
                                   .device = DEVICE + (uint64_t)i - 1,
                                   .device_text = i == 3 ? "nonsense" : NULL,
                                   .device_type = "ESME",
                                   .outcome = i == 3   ? LEDGER_REJECTED
                                              : i == 6 ? LEDGER_DEFERRED
                                                       : LEDGER_READY};
        assert_true(ledger_item_insert(ledger, &item, NULL));
        verdict.first_item = i == 1 ? item.item : verdict.first_item;
    }
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
    add_session(verdict.first_item, LEDGER_DISPATCHED, NULL);
    add_session(verdict.first_item + 3, LEDGER_FAILED, "D105");
    add_session(verdict.first_item + 4, LEDGER_MIGRATED, NULL);
}

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    if (ledger == NULL || !ledger_begin(ledger, NULL))
        return 1;
    add_batch();
    return 0;
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

/* ---- records ---- */

/* EMT or EMC; a reader's way of saying that a field is absent. */
struct shape {
    bool confirmation;
    bool xml;
};

/* A good record; the values stand in the layout's order. */
static const char *const good_result[RESULT_COLUMNS] = {[RESULT_RECORD_NUMBER] = "1",
                                                        [RESULT_WORK_ITEM_ID] = "MCC.B-1.1",
                                                        [RESULT_DEVICE_ID] = "F0-DB-12-34-56-78-90-A0",
                                                        [RESULT_RESULT] = "SUCCESS",
                                                        [RESULT_TRY] = "2",
                                                        [RESULT_REPLACING_SUBJECT_ID] = SUBJECT,
                                                        [RESULT_REPLACING_KEY_ID] = KEY};
static const char *const good_confirmation[CONFIRMATION_COLUMNS] = {[CONFIRMATION_RECORD_NUMBER] = "1",
                                                                    [CONFIRMATION_WORK_ITEM_ID] = "MCC.B-1.1",
                                                                    [CONFIRMATION_DEVICE_ID] =
                                                                        "F0-DB-12-34-56-78-90-A0",
                                                                    [CONFIRMATION_CONFIRMED] = "Y",
                                                                    [CONFIRMATION_SUBJECT_ID] = SUBJECT,
                                                                    [CONFIRMATION_KEY_ID] = KEY};

/* One value of a record and what stands there instead; len 0: as long as the text. */
struct change {
    size_t column;
    const char *value;
    size_t len;
};

struct judged {
    struct field fields[RESULT_COLUMNS];
    struct record record;
    struct findings *findings;
    struct result result;
};

static void fill(struct judged *j, const struct shape *shape, const char *const *good, size_t n,
                 const struct change *changes, size_t n_changes)
{
    for (size_t i = 0; i < n; i++) {
        struct change set = {.column = i, .value = good[i]};
        for (size_t k = 0; k < n_changes; k++) {
            if (changes[k].column == i)
                set = changes[k];
        }
        size_t len = set.value == NULL ? 0 : set.len > 0 ? set.len : strlen(set.value);
        if (len > 0 || !shape->xml)
            j->fields[i] = (struct field){set.value ? set.value : "", len, {7, (uint32_t)i + 1}};
    }
    j->record = (struct record){.ordinal = 3, .at = {7, 1}, .n_fields = n, .fields = j->fields};
}

static void judge(struct judged *j, const struct shape *shape, struct ledger *asked, const struct change *changes,
                  size_t n_changes)
{
    struct rules rules;
    GError *error = NULL;

    rules_init(&rules);
    rules.ledger = asked;
    rules.now = NOW;
    *j = (struct judged){.findings = findings_new(100)};
    if (shape->confirmation)
        fill(j, shape, good_confirmation, CONFIRMATION_COLUMNS, changes, n_changes);
    else
        fill(j, shape, good_result, RESULT_COLUMNS, changes, n_changes);
    const struct header header = {.created = NOW};
    const struct judged_file file = {.rules = &rules, .header = &header, .findings = j->findings};
    bool good = shape->confirmation ? result_rules_judge_confirmation(&file, &j->record, &j->result, &error)
                                    : result_rules_judge_result(&file, &j->record, &j->result, &error);
    if (!good)
        fail_msg("%s", error->message);
}

static void judged_clear(struct judged *j)
{
    result_clear(&j->result);
    findings_free(j->findings);
}

/* "C120 GBCSStatus, C119~ Result": codes (~: a warning) and their columns; each at its field, or where that is left
 * out at the record. */
static char *found_in(const struct judged *j)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < findings_kept(j->findings); i++) {
        const struct finding *f = findings_at(j->findings, i);
        g_string_append_printf(text, "%s%s%s %s", i > 0 ? ", " : "", catalogue_entry(f->code)->id,
                               f->warning ? "~" : "", f->field);
        assert_int_equal(f->ordinal, 3);
        assert_int_equal(f->at.line, 7);
    }
    return g_string_free(text, FALSE);
}

static void expect_shape(const struct shape *shape, struct ledger *asked, const struct change *changes,
                         size_t n_changes, const char *expected)
{
    struct judged j;

    judge(&j, shape, asked, changes, n_changes);
    g_autofree char *found = found_in(&j);
    bool bad = strstr(expected, "C101 ") || strstr(expected, "C118 ") || strstr(expected, "C120 ") ||
               strstr(expected, "C121 ");
    if (strcmp(found, expected) != 0)
        fail_msg("%s %s, column %zu '%s': expected '%s', found '%s'", shape->confirmation ? "EMC" : "EMT",
                 shape->xml ? "xml" : "csv", changes ? changes->column : 0, changes ? changes->value : "", expected,
                 found);
    assert_int_equal(row_has_errors(&j.result.row), bad);
    if (bad)
        assert_false(j.result.changes);
    judged_clear(&j);
}

/* In both shapes; with a ledger, and without one where that says the same. */
static void expect(bool confirmation, const struct change *changes, size_t n, const char *expected,
                   const char *without_ledger)
{
    for (int xml = 0; xml < 2; xml++) {
        const struct shape shape = {confirmation, xml};
        expect_shape(&shape, ledger, changes, n, expected);
        expect_shape(&shape, NULL, changes, n, without_ledger);
    }
}

struct value_row {
    struct change change;
    const char *expected;
};

static void expect_values(bool confirmation, const struct change *also, const struct value_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct change changes[] = {rows[i].change, also ? *also : rows[i].change};
        expect(confirmation, changes, 2, rows[i].expected, rows[i].expected);
    }
}

/* ---- values ---- */

static void test_result__good__nothing_is_said_and_it_changes(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct shape shape = {i & 1, i & 2};
        struct judged j;
        judge(&j, &shape, ledger, NULL, 0);
        assert_int_equal(findings_kept(j.findings), 0);
        assert_true(j.result.changes);
        assert_int_equal(j.result.work->item.device, DEVICE);
        assert_int_equal(j.result.session.state, LEDGER_CONFIRM_PENDING);
        assert_int_equal(j.result.transition.n, 2);
        assert_string_equal(j.result.transition.subject_id, SUBJECT);
        assert_string_equal(j.result.transition.key_id, KEY);
        judged_clear(&j);
        judge(&j, &shape, NULL, NULL, 0);
        assert_int_equal(findings_kept(j.findings), 0);
        assert_false(j.result.changes); /* no ledger: nothing to put anywhere */
        assert_null(j.result.work);
        judged_clear(&j);
    }
}

static void test_result__values_of_a_success__each_at_its_edges(void **state)
{
    static const struct value_row rows[] = {
        {{RESULT_DEVICE_ID, "f0-db-12-34-56-78-90-a0", 0}, ""},
        {{RESULT_DEVICE_ID, "F0DB1234567890A0", 0}, "C101 DeviceID"},
        {{RESULT_DEVICE_ID, "", 0}, "C101 DeviceID"},
        {{RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A", 0}, "C101 DeviceID"},
        {{RESULT_RESULT, "", 0}, "C120 Result"},
        {{RESULT_RESULT, "success", 0}, "C120 Result"},
        {{RESULT_RESULT, "SUCCESS ", 0}, "C120 Result"},
        {{RESULT_RESULT, "OK", 0}, "C120 Result"},
        {{RESULT_RESULT, "SUCCESS\0", 8}, "C120 Result"},
        {{RESULT_GBCS_STATUS, "0", 0}, ""},
        {{RESULT_GBCS_STATUS, "00", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1234", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "-1", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "A", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "0\0", 2}, "C120 GBCSStatus"},
        {{RESULT_DUIS_CODE, "I0", 0}, ""},
        {{RESULT_DUIS_CODE, "0", 0}, ""},
        {{RESULT_DUIS_CODE, "E20", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "i0", 0}, "C120 DUISCode"},
        {{RESULT_ALERT_CODE, "8F2F", 0}, ""},
        {{RESULT_ALERT_CODE, "8f2f", 0}, ""},
        {{RESULT_ALERT_CODE, "8F1E", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "819d", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F2", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8f1e", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "819D", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F2FF", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8G2F", 0}, "C120 AlertCode"},
        {{RESULT_ALERT_CODE, "8F\0F", 4}, "C120 AlertCode"},
        {{RESULT_TRY, "1", 0}, ""},
        {{RESULT_TRY, "", 0}, "C120 Try"},
        {{RESULT_TRY, "0", 0}, "C120 Try"},
        {{RESULT_TRY, "02", 0}, "C120 Try"},
        {{RESULT_TRY, "+2", 0}, "C120 Try"},
        {{RESULT_TRY, "2.0", 0}, "C120 Try"},
        {{RESULT_TRY, "1234567890", 0}, "C120 Try"},
        {{RESULT_FIRST_TRY, "2023-07-03T12:00:00Z", 0}, ""},
        {{RESULT_FIRST_TRY, "2023-07-03", 0}, "C120 FirstTry"},
        {{RESULT_FIRST_TRY, "2023-02-30T12:00:00Z", 0}, "C120 FirstTry"},
        {{RESULT_FIRST_TRY, "2023-07-03T12:00:00", 0}, "C120 FirstTry"},
        {{RESULT_LAST_TRY, "2023-07-03T12:00:00Z", 0}, ""},
        {{RESULT_LAST_TRY, "2023-07-03T24:00:00Z", 0}, "C120 LastTry"},
        {{RESULT_LAST_TRY, "yesterday", 0}, "C120 LastTry"},
        {{RESULT_ORIGINATOR_COUNTER, "kept, not judged", 0}, ""},
        {{RESULT_EXISTING_SUBJECT_ID, "x y", 0}, ""},
        {{RESULT_EXISTING_KEY_ID, "\xC3\xA9", 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, LONGEST, 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, "", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A B", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "\xC3\xA9", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A\x7F", 0}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_SUBJECT_ID, "A\0B", 3}, "C120 ReplacingSubjectId"},
        {{RESULT_REPLACING_KEY_ID, LONGEST, 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "", 0}, "C120 ReplacingKeyId"},
        {{RESULT_REPLACING_KEY_ID, "A\tB", 0}, "C120 ReplacingKeyId"},
    };

    (void)state;
    expect_values(false, NULL, rows, G_N_ELEMENTS(rows));
}

static void test_result__values_of_a_failed_try__statuses_and_no_ids(void **state)
{
    static const struct change failed = {RESULT_RESULT, "FAILED", 0};
    static const struct value_row rows[] = {
        {{RESULT_GBCS_STATUS, "17", 0}, ""},
        {{RESULT_GBCS_STATUS, "0", 0}, ""},
        {{RESULT_GBCS_STATUS, "05", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "000", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "999", 0}, ""},
        {{RESULT_GBCS_STATUS, "1000", 0}, "C120 GBCSStatus"},
        {{RESULT_GBCS_STATUS, "1a", 0}, "C120 GBCSStatus"},
        {{RESULT_DUIS_CODE, "E20", 0}, ""},
        {{RESULT_DUIS_CODE, "E2020202", 0}, ""},
        {{RESULT_DUIS_CODE, "E20202020", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "e20", 0}, "C120 DUISCode"},
        {{RESULT_DUIS_CODE, "E-20", 0}, "C120 DUISCode"},
        {{RESULT_ALERT_CODE, "8F1E", 0}, ""},
        {{RESULT_REPLACING_SUBJECT_ID, "", 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "", 0}, ""},
        {{RESULT_REPLACING_KEY_ID, "A B", 0}, "C120 ReplacingKeyId"},
    };
    static const char *const others[] = {"TIMEOUT", "NOT_ATTEMPTED"};

    (void)state;
    expect_values(false, &failed, rows, G_N_ELEMENTS(rows));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        const struct change changes[] = {{RESULT_RESULT, others[i], 0}, {RESULT_REPLACING_KEY_ID, "", 0}};
        expect(false, changes, 2, "", "");
    }
}

static void test_result__several_slips__are_all_told(void **state)
{
    static const struct change changes[] = {
        {RESULT_DEVICE_ID, "x", 0}, {RESULT_RESULT, "x", 0},     {RESULT_GBCS_STATUS, "x", 0},
        {RESULT_DUIS_CODE, "x", 0}, {RESULT_ALERT_CODE, "x", 0}, {RESULT_TRY, "x", 0},
        {RESULT_FIRST_TRY, "x", 0}, {RESULT_LAST_TRY, "x", 0},   {RESULT_REPLACING_KEY_ID, " ", 0}};
    static const char all[] = "C101 DeviceID, C120 Result, C120 GBCSStatus, C120 DUISCode, C120 AlertCode, C120 Try, "
                              "C120 FirstTry, C120 LastTry, C120 ReplacingKeyId";

    (void)state;
    expect(false, changes, G_N_ELEMENTS(changes), all, all);
}

static void test_confirmation__values__each_at_its_edges(void **state)
{
    static const struct value_row rows[] = {
        {{CONFIRMATION_DEVICE_ID, "x", 0}, "C101 DeviceID"},
        {{CONFIRMATION_CONFIRMED, "", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED, "y", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED, "YES", 0}, "C120 Confirmed"},
        {{CONFIRMATION_CONFIRMED_AT, "2023-07-03T11:00:00Z", 0}, ""},
        {{CONFIRMATION_CONFIRMED_AT, "now", 0}, "C120 ConfirmedAt"},
        {{CONFIRMATION_SUBJECT_ID, "", 0}, "C120 SubjectId"},
        {{CONFIRMATION_SUBJECT_ID, "a b", 0}, "C120 SubjectId"},
        {{CONFIRMATION_SUBJECT_ID, LONGEST, 0}, ""},
        {{CONFIRMATION_KEY_ID, "", 0}, "C120 KeyId"},
        {{CONFIRMATION_KEY_ID, "\n", 0}, "C120 KeyId"},
        {{CONFIRMATION_CODE, "why not, not judged", 0}, ""},
    };
    static const struct change no = {CONFIRMATION_CONFIRMED, "N", 0};
    static const struct value_row denials[] = {
        {{CONFIRMATION_SUBJECT_ID, "", 0}, ""},
        {{CONFIRMATION_KEY_ID, "", 0}, ""},
        {{CONFIRMATION_KEY_ID, "a b", 0}, "C120 KeyId"},
    };

    (void)state;
    expect_values(true, NULL, rows, G_N_ELEMENTS(rows));
    expect_values(true, &no, denials, G_N_ELEMENTS(denials));
}

static void test_result__ids__are_compared_in_one_spelling(void **state)
{
    static const struct {
        const char *given, *kept;
    } rows[] = {{"9a07", "9A07"},
                {"90-b3-d5-1f", "90-B3-D5-1F"},
                {"Key-9a07", "Key-9a07"}, /* no hex: as it was given */
                {"9A07", "9A07"},
                {LONGEST, LONGEST}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (int confirmation = 0; confirmation < 2; confirmation++) {
            const struct shape shape = {confirmation, false};
            const struct change changes[] = {
                {confirmation ? (size_t)CONFIRMATION_KEY_ID : RESULT_REPLACING_KEY_ID, rows[i].given, 0}};
            struct judged j;
            judge(&j, &shape, ledger, changes, 1);
            assert_string_equal(j.result.transition.key_id, rows[i].kept);
            const struct ledger_side *side = confirmation ? &j.result.session.ecos : &j.result.session.tcos;
            assert_string_equal(side->key_id, rows[i].kept);
            assert_string_equal(side->subject_id, SUBJECT);
            judged_clear(&j);
        }
    }
}

static void test_result__what_it_says__reaches_the_step(void **state)
{
    const struct shape shape = {false, true};
    const struct change changes[] = {{RESULT_RESULT, "FAILED", 0},
                                     {RESULT_GBCS_STATUS, "30", 0},
                                     {RESULT_DUIS_CODE, "E20", 0},
                                     {RESULT_ALERT_CODE, "8f84", 0},
                                     {RESULT_REPLACING_SUBJECT_ID, "", 0},
                                     {RESULT_REPLACING_KEY_ID, "", 0},
                                     {RESULT_FIRST_TRY, "2023-07-03T11:00:00Z", 0},
                                     {RESULT_LAST_TRY, "2023-07-03T12:00:00Z", 0}};
    struct judged j;

    (void)state;
    judge(&j, &shape, ledger, changes, G_N_ELEMENTS(changes));
    assert_true(j.result.changes);
    assert_string_equal(j.result.transition.gbcs, "30");
    assert_string_equal(j.result.transition.duis, "E20");
    assert_string_equal(j.result.transition.alert, "8F84");
    assert_null(j.result.transition.subject_id);
    assert_null(j.result.transition.key_id);
    assert_int_equal(j.result.transition.said_at, 1688385600);
    assert_int_equal(j.result.transition.try, 2);
    assert_string_equal(j.result.transition.code, "D101");
    judged_clear(&j);

    const struct shape confirmation = {true, false};
    const struct change when[] = {{CONFIRMATION_CONFIRMED_AT, "2023-07-03T12:00:00Z", 0}};
    judge(&j, &confirmation, ledger, when, 1);
    assert_int_equal(j.result.transition.said_at, 1688385600);
    judged_clear(&j);
}

/* ---- whose work it is ---- */

/* with: what a ledger knows of it; without: the shape alone. */
static void expect_work(const char *id, size_t len, const char *with, const char *without)
{
    for (int confirmation = 0; confirmation < 2; confirmation++) {
        const struct change change = {confirmation ? (size_t)CONFIRMATION_WORK_ITEM_ID : RESULT_WORK_ITEM_ID, id, len};
        expect(confirmation, &change, 1, with, without);
    }
}

static void test_work__id_of_no_shape__is_told_without_a_ledger_too(void **state)
{
    static const char *const bad[] = {
        "",          "MCC",        "MCC.B-1",          "MCC.B-1.",   "MCC.B-1.0",
        "MCC.B-1.x", "MCC.B-1.-1", "MCC.B-1.1 ",       "MCC.B-1.01", "MCC.B-1.1234567890",
        "..",        ".",          "TOOLONGORG.B-1.1", "MCC.B-1.+1", "MCC.B123456789012345678901234.1"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_work(bad[i], 0, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC.B-1.1\0", 10, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC\0.B-1.1", 10, "C118 WorkItemId", "C118 WorkItemId");
    expect_work("MCC.B\0-1.1", 10, "C118 WorkItemId", "C118 WorkItemId");
}

static void test_work__unknown__only_a_ledger_can_tell(void **state)
{
    static const char *const unknown[] = {
        "MCX.B-1.1", "MCC.B-2.1",   "MCC.B-1.7",   "MCC.B-1.999999999", "mcc.B-1.1",
        "MCC.b-1.1", "MCC.X.B-1.1", "MCC.B-1.X.1", "ABCDEFGH.B-1.1",    "MCC.B12345678901234567890123.1"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++)
        expect_work(unknown[i], 0, "C118 WorkItemId", "");
}

static void test_work__another_device__is_told_with_the_right_one(void **state)
{
    static const struct change result = {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0},
                               confirmation = {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0};
    static const struct change nobody[] = {{RESULT_WORK_ITEM_ID, "MCC.B-1.3", 0}};
    static const struct change zero[] = {{RESULT_WORK_ITEM_ID, "MCC.B-1.3", 0},
                                         {RESULT_DEVICE_ID, "00-00-00-00-00-00-00-00", 0}};
    const struct shape shape = {false, false};
    struct judged j;

    (void)state;
    expect(false, zero, 2, "C118 DeviceID", "");
    expect(false, &result, 1, "C118 DeviceID", "");
    expect(true, &confirmation, 1, "C118 DeviceID", "");
    judge(&j, &shape, ledger, &result, 1);
    assert_non_null(strstr(findings_at(j.findings, 0)->text, "F0-DB-12-34-56-78-90-A0"));
    judged_clear(&j);
    judge(&j, &shape, ledger, nobody, 1);
    assert_non_null(strstr(findings_at(j.findings, 0)->text, "no Device"));
    judged_clear(&j);
}

static void expect_text(const struct change *changes, size_t n, const char *part)
{
    const struct shape shape = {false, false};
    struct judged j;

    judge(&j, &shape, ledger, changes, n);
    assert_int_equal(findings_kept(j.findings), 1);
    if (strstr(findings_at(j.findings, 0)->text, part) == NULL)
        fail_msg("expected '%s', found '%s'", part, findings_at(j.findings, 0)->text);
    judged_clear(&j);
}

static void test_work__not_ordered__names_the_try_or_the_work(void **state)
{
    static const struct change third = {RESULT_TRY, "3", 0};
    static const struct change waits[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.2", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0}, {RESULT_TRY, "1", 0}};
    static const struct change never[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.6", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A5", 0}, {RESULT_TRY, "1", 0}};
    static const struct change waits_too[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.2", 0},
                                              {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A1", 0}};

    (void)state;
    expect(false, &third, 1, "C118 Try", "");
    expect(false, waits, 3, "C118 WorkItemId", "");
    expect(true, waits_too, 2, "C118 WorkItemId", "");
    expect_text(waits, 3, "it is READY");
    expect_text(never, 3, "it is DEFERRED");
}

/* ---- what it means there ---- */

static void test_result__after_the_end__warns_or_contradicts(void **state)
{
    static const struct change late[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.4", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A3", 0}, {RESULT_TRY, "1", 0}};
    static const struct change again[] = {
        {RESULT_WORK_ITEM_ID, "MCC.B-1.5", 0}, {RESULT_DEVICE_ID, "F0-DB-12-34-56-78-90-A4", 0}, {RESULT_TRY, "1", 0}};
    struct change other[] = {again[0], again[1], again[2], {RESULT_REPLACING_KEY_ID, "9A08", 0}};
    struct change timeout[] = {late[0], late[1], late[2], {RESULT_RESULT, "TIMEOUT", 0}};
    const struct shape shape = {false, false};
    struct judged j;

    (void)state;
    expect(false, late, 3, "C119~ Result", "");
    expect(false, again, 3, "C119~ Result", "");
    expect(false, timeout, 4, "C119~ Result", "");
    expect(false, other, 4, "C121 Result", "");
    judge(&j, &shape, ledger, late, 3);
    assert_true(j.result.changes); /* noted */
    assert_true(j.result.row.warned);
    assert_int_equal(j.result.session.state, LEDGER_FAILED);
    judged_clear(&j);
    judge(&j, &shape, ledger, again, 3);
    assert_false(j.result.changes);
    judged_clear(&j);
    judge(&j, &shape, ledger, timeout, 4);
    assert_false(j.result.changes);
    judged_clear(&j);
}

static void test_confirmation__after_the_end__warns_or_contradicts(void **state)
{
    static const struct change late[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.4", 0},
                                         {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A3", 0}};
    static const struct change again[] = {{CONFIRMATION_WORK_ITEM_ID, "MCC.B-1.5", 0},
                                          {CONFIRMATION_DEVICE_ID, "F0-DB-12-34-56-78-90-A4", 0}};
    struct change denial[] = {again[0], again[1], {CONFIRMATION_CONFIRMED, "N", 0}};

    (void)state;
    expect(true, late, 2, "C119~ Confirmed", "");
    expect(true, again, 2, "C119~ Confirmed", "");
    expect(true, denial, 3, "C121 Confirmed", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_result__good__nothing_is_said_and_it_changes, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__values_of_a_success__each_at_its_edges, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__values_of_a_failed_try__statuses_and_no_ids, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__several_slips__are_all_told, enter, leave),
        cmocka_unit_test_setup_teardown(test_confirmation__values__each_at_its_edges, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__ids__are_compared_in_one_spelling, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__what_it_says__reaches_the_step, enter, leave),
        cmocka_unit_test_setup_teardown(test_work__id_of_no_shape__is_told_without_a_ledger_too, enter, leave),
        cmocka_unit_test_setup_teardown(test_work__unknown__only_a_ledger_can_tell, enter, leave),
        cmocka_unit_test_setup_teardown(test_work__another_device__is_told_with_the_right_one, enter, leave),
        cmocka_unit_test_setup_teardown(test_work__not_ordered__names_the_try_or_the_work, enter, leave),
        cmocka_unit_test_setup_teardown(test_result__after_the_end__warns_or_contradicts, enter, leave),
        cmocka_unit_test_setup_teardown(test_confirmation__after_the_end__warns_or_contradicts, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
