/*
 * A ledger with two instructions, for tests of sessions and of what is due.
 *
 *   enter, leave          set-up and tear-down for cmocka; a transaction is open in between
 *   work_of, put, move    read an item, and add transitions to its session
 *
 * Jobs 1 and 2 are the batches B1 and B2 of the organisation MCC with six Devices each. All are READY but the last of
 * each batch, which was rejected. A Device's number is FIRST_DEVICE + job * 16 + its place in the batch, from 0.
 */
#ifndef ECOSGATE_TESTS_LEDGER_BATCHES_H
#define ECOSGATE_TESTS_LEDGER_BATCHES_H

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define FIRST_DEVICE UINT64_C(0xFFDB123456789000) /* negative as an int64_t */
enum { JUDGED = 1000, DEVICES = 6 };

static struct ledger *ledger;
static int64_t first; /* the number of the first item of job 1; those of job 2 follow */

/* Jobs 1 and 2: batches B1 and B2 of six READY Devices each, but for the last, which was rejected. */
static inline void add_batch(int64_t job, const char *org, const char *batch)
{
    g_autofree char *name = g_strdup_printf("n%d", (int)job);
    const struct ledger_job row = {
        .id = job, .name = name, .type = "EMI", .org = org, .received = JUDGED, .drop = "mcc"};
    struct ledger_verdict v = {.job = job,
                               .revision = 1,
                               .judged_at = JUDGED + job,
                               .outcome = "PA",
                               .batch = batch,
                               .declared = DEVICES,
                               .parsed = DEVICES,
                               .accepted = DEVICES - 1,
                               .rejected = 1,
                               .items = DEVICES};

    assert_true(ledger_job_insert(ledger, &row, NULL, NULL));
    for (int i = 0; i < DEVICES; i++) {
        struct ledger_item item = {.job = job,
                                   .record = i + 1,
                                   .has_device = true,
                                   .device = FIRST_DEVICE + (uint64_t)(job * 16 + i),
                                   .device_type = "ESME",
                                   .manufacturer = "AB01",
                                   .model = "010A030B",
                                   .firmware = "0002012F",
                                   .outcome = i + 1 < DEVICES ? LEDGER_READY : LEDGER_REJECTED,
                                   .code = i + 1 < DEVICES ? NULL : "C104"};
        assert_true(ledger_item_insert(ledger, &item, NULL));
        v.first_item = i == 0 ? item.item : v.first_item;
        first = job == 1 && i == 0 ? item.item : first;
    }
    assert_true(ledger_verdict_insert(ledger, &v, NULL));
}

static inline int enter(void **state)
{
    ledger = ledger_home_open(state);
    if (ledger == NULL || !ledger_begin(ledger, NULL))
        return 1;
    add_batch(1, "MCC", "B1");
    add_batch(2, "MCC", "B2");
    return 0;
}

static inline int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static inline struct ledger_work *work_of(int64_t item)
{
    struct ledger_work *work = NULL;

    assert_true(ledger_work_get(ledger, item, &work, NULL));
    return work;
}

static inline void put(int64_t item, const struct ledger_session *session, const struct ledger_transition *transition)
{
    g_autofree struct ledger_work *work = work_of(item);

    assert_non_null(work);
    assert_true(ledger_session_put(ledger, work, session, transition, NULL));
}

/* The next transition of an item: a state, and when it goes on. */
static inline void move(int64_t item, enum ledger_state state, int64_t due, int64_t ends)
{
    g_autofree struct ledger_work *work = work_of(item);
    struct ledger_session session = work->session;

    session.state = state;
    session.transitions++;
    session.try = MAX(session.try, state == LEDGER_READY ? 0 : 1);
    session.due = due;
    session.ends = ends;
    session.ended = state >= LEDGER_MIGRATED || state == LEDGER_REJECTED ? 50 : 0;
    const struct ledger_transition transition = {
        .n = session.transitions, .at = 50, .state = state, .try = session.try, .due = due};
    assert_true(ledger_session_put(ledger, work, &session, &transition, NULL));
}

/* Instructs a Device once more, in a new batch `job`. The new item's number. */
static inline int64_t instruct_again(int64_t job, uint64_t device, enum ledger_state outcome)
{
    struct ledger_item item = {
        .job = job, .record = 1, .has_device = true, .device = device, .device_type = "ESME", .outcome = outcome};
    const struct ledger_job row = {.id = job, .name = "again", .type = "EMI", .org = "MCC", .received = 1};
    struct ledger_verdict v = {.job = job,
                               .revision = 1,
                               .judged_at = 1,
                               .outcome = "AC",
                               .batch = "BX",
                               .parsed = 1,
                               .accepted = 1,
                               .items = 1};

    assert_true(ledger_job_insert(ledger, &row, NULL, NULL));
    assert_true(ledger_item_insert(ledger, &item, NULL));
    v.first_item = item.item;
    assert_true(ledger_verdict_insert(ledger, &v, NULL));
    return item.item;
}

/* Job 7: three results, batch B9. */
static inline void add_results(void)
{
    const struct ledger_job result = {.id = 7, .name = "r", .type = "EMT", .org = "MCC", .received = 1};
    const struct ledger_verdict verdict = {
        .job = 7, .revision = 1, .judged_at = 1, .outcome = "AC", .batch = "B9", .parsed = 3, .accepted = 3};

    assert_true(ledger_job_insert(ledger, &result, NULL, NULL));
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
}

#endif
