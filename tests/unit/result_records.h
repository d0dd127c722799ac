/*
 * Records of EMT and EMC for tests of validators/rules/result_rules.h: a good record, changes to it, a ledger with work
 * items in several states, and what the rules find.
 */
#ifndef ECOSGATE_TESTS_RESULT_RECORDS_H
#define ECOSGATE_TESTS_RESULT_RECORDS_H

#include "formats/profile.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_home.h"
#include "validators/rules/result_rules.h"

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

/* ---- a ledger with six work items: MCC.B-1.1 has its second try, .2 waits for its first, .3 was rejected and has no
 * Device, .4 has failed, .5 is MIGRATED, .6 was deferred ---- */

static inline void add_transition(int64_t item, const struct ledger_session *before, enum ledger_statement statement)
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

static inline void add_session(int64_t item, enum ledger_state state, const char *code)
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

static inline void add_batch(void)
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

static inline int enter(void **state)
{
    ledger = ledger_home_open(state);
    if (ledger == NULL || !ledger_begin(ledger, NULL))
        return 1;
    add_batch();
    return 0;
}

static inline int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

/* ---- records ---- */

/* EMT or EMC, and the reader: an absent field is empty in CSV and missing in XML. */
struct shape {
    bool confirmation;
    bool xml;
};

/* A good record; the values stand in the layout's order. */
static const char *const good_result[RESULT_FIELDS] = {[RESULT_RECORD_NUMBER] = "1",
                                                       [RESULT_WORK_ITEM_ID] = "MCC.B-1.1",
                                                       [RESULT_DEVICE_ID] = "F0-DB-12-34-56-78-90-A0",
                                                       [RESULT_RESULT] = "SUCCESS",
                                                       [RESULT_TRY] = "2",
                                                       [RESULT_REPLACING_SUBJECT_ID] = SUBJECT,
                                                       [RESULT_REPLACING_KEY_ID] = KEY};
static const char *const good_confirmation[CONFIRMATION_FIELDS] = {[CONFIRMATION_RECORD_NUMBER] = "1",
                                                                   [CONFIRMATION_WORK_ITEM_ID] = "MCC.B-1.1",
                                                                   [CONFIRMATION_DEVICE_ID] = "F0-DB-12-34-56-78-90-A0",
                                                                   [CONFIRMATION_CONFIRMED] = "Y",
                                                                   [CONFIRMATION_SUBJECT_ID] = SUBJECT,
                                                                   [CONFIRMATION_KEY_ID] = KEY};

/* A value that stands in a column in place of the good one. len 0: the length of the text. */
struct change {
    size_t column;
    const char *value;
    size_t len;
};

struct judged {
    struct field fields[RESULT_FIELDS];
    struct record record;
    struct findings *findings;
    struct result result;
};

static inline void fill(struct judged *j, const struct shape *shape, const char *const *good, size_t n,
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

static inline void judge(struct judged *j, const struct shape *shape, struct ledger *asked,
                         const struct change *changes, size_t n_changes)
{
    struct rules rules;
    GError *error = NULL;

    rules_init(&rules);
    rules.ledger = asked;
    rules.now = NOW;
    *j = (struct judged){.findings = findings_new(100)};
    if (shape->confirmation)
        fill(j, shape, good_confirmation, CONFIRMATION_FIELDS, changes, n_changes);
    else
        fill(j, shape, good_result, RESULT_FIELDS, changes, n_changes);
    const struct header header = {.created = NOW};
    const struct filename filename = {.type = profile_type(profile_builtin(), shape->confirmation ? "EMC" : "EMT", 3)};
    const struct judged_file file = {
        .rules = &rules, .filename = &filename, .header = &header, .findings = j->findings};
    bool good = shape->confirmation ? result_rules_judge_confirmation(&file, &j->record, &j->result, &error)
                                    : result_rules_judge_result(&file, &j->record, &j->result, &error);
    if (!good)
        fail_msg("%s", error->message);
}

static inline void judged_clear(struct judged *j)
{
    result_clear(&j->result);
    findings_free(j->findings);
}

/* "C120 GBCSStatus, C119~ Result": codes (~: a warning) and their columns. Each finding points to the line of the
 * record. */
static inline char *found_in(const struct judged *j)
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

static inline void expect_shape(const struct shape *shape, struct ledger *asked, const struct change *changes,
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

/* In CSV and XML, with a ledger and without one. */
static inline void expect(bool confirmation, const struct change *changes, size_t n, const char *expected,
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

static inline void expect_values(bool confirmation, const struct change *also, const struct value_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct change changes[] = {rows[i].change, also ? *also : rows[i].change};
        expect(confirmation, changes, 2, rows[i].expected, rows[i].expected);
    }
}

#endif
