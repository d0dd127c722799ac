/* Issued reports: periods, whose file an outgoing file is, what is undelivered, and what is inconsistent. */
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { DAY = 86400 };

static struct ledger *ledger;

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    return ledger == NULL || !ledger_begin(ledger, NULL);
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

/* A day with the files of two recipients, the first of which has that many rows. */
static void issue(int64_t job, int64_t day, int64_t rows, int64_t unassigned)
{
    const struct ledger_period period = {"ECOSMIG-001",       day * DAY, (day + 1) * DAY,
                                         (day + 1) * DAY + 5, job,       unassigned};
    const struct ledger_job of = {.id = job, .direction = LEDGER_OUT, .name = "r", .received = period.issued};

    assert_true(ledger_job_insert(ledger, &of, NULL, NULL));
    assert_true(ledger_period_issue(ledger, &period, NULL));
    for (uint64_t recipient = 1; recipient <= 2; recipient++) {
        g_autofree char *name = g_strdup_printf("%d_%d", (int)day, (int)recipient);
        const struct ledger_outgoing file = {.job = job,
                                             .kind = "ECOSMIG-001",
                                             .name = name,
                                             .drop = "suppliers",
                                             .folder = "AAAA",
                                             .rows = recipient == 1 ? rows : 0,
                                             .created = period.issued};
        struct ledger_report report = {.period = period, .recipient = recipient, .mpid = "AAAA"};
        assert_true(ledger_outgoing_plan(ledger, &file, &report.file.id, NULL));
        assert_true(ledger_report_add(ledger, &report, NULL));
    }
}

static bool count(void *user, const struct ledger_period *period, GError **error)
{
    (void)error;
    assert_string_equal(period->ref, "ECOSMIG-001");
    ++*(int *)user;
    return true;
}

static bool count_undelivered(void *user, const struct ledger_period *period, int64_t n, GError **error)
{
    (void)period, (void)error;
    *(int64_t *)user += n;
    return true;
}

static void deliver(int64_t id)
{
    struct ledger_outgoing file = {.id = id, .sha256 = "x"};

    for (int state = LEDGER_STORED; state <= LEDGER_DELIVERED; state++) {
        file.state = (enum ledger_outgoing_state)state;
        assert_true(ledger_outgoing_update(ledger, &file, NULL));
    }
}

static void test_ledger_reports__issued_period__is_found_again(void **state)
{
    g_autofree struct ledger_period *first = NULL, *last = NULL, *none = NULL, *of_job = NULL, *before = NULL;

    (void)state;
    assert_true(ledger_period_last(ledger, "ECOSMIG-001", INT64_MAX, &none, NULL));
    assert_null(none);
    issue(10, 3, 1, 7);
    issue(11, 4, 0, 0);
    assert_true(ledger_period_get(ledger, "ECOSMIG-001", 3 * DAY, &first, NULL));
    assert_int_equal(first->job, 10);
    assert_int_equal(first->ends, 4 * DAY);
    assert_int_equal(first->unassigned, 7);
    assert_true(ledger_period_get(ledger, "ECOSMIG-002", 3 * DAY, &none, NULL));
    assert_null(none);
    assert_true(ledger_period_last(ledger, "ECOSMIG-001", INT64_MAX, &last, NULL));
    assert_int_equal(last->job, 11);
    assert_true(ledger_period_last(ledger, "ECOSMIG-001", 4 * DAY - 1, &before, NULL));
    assert_int_equal(before->job, 10);
    assert_true(ledger_period_of_job(ledger, 11, &of_job, NULL));
    assert_int_equal(of_job->starts, 4 * DAY);
}

static void test_ledger_reports__issued_twice__is_refused(void **state)
{
    const struct ledger_period again = {"ECOSMIG-001", 3 * DAY, 4 * DAY, 4 * DAY, 0, 0};
    g_autoptr(GError) error = NULL;

    (void)state;
    issue(10, 3, 0, 0);
    assert_false(ledger_period_issue(ledger, &again, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
}

static void test_ledger_reports__of_a_period__by_recipient(void **state)
{
    g_autoptr(GPtrArray) reports = NULL;

    (void)state;
    issue(10, 3, 5, 0);
    assert_true(ledger_reports_of(ledger, "ECOSMIG-001", 3 * DAY, &reports, NULL));
    assert_int_equal(reports->len, 2);
    const struct ledger_report *report = reports->pdata[0];
    assert_int_equal(report->recipient, 1);
    assert_string_equal(report->mpid, "AAAA");
    assert_string_equal(report->file.name, "3_1");
    assert_string_equal(report->file.folder, "AAAA");
    assert_int_equal(report->file.rows, 5);
    assert_int_equal(report->period.job, 10);
}

static void test_ledger_reports__undelivered_periods__until_delivered(void **state)
{
    int64_t undelivered = 0;

    (void)state;
    issue(10, 3, 0, 0);
    issue(11, 4, 0, 0);
    assert_true(ledger_periods_undelivered(ledger, 4 * DAY + 5, count_undelivered, &undelivered, NULL));
    assert_int_equal(undelivered, 2); /* the second was issued later */
    deliver(1);
    undelivered = 0;
    assert_true(ledger_periods_undelivered(ledger, INT64_MAX, count_undelivered, &undelivered, NULL));
    assert_int_equal(undelivered, 3);
}

/* There are no sessions: rows, unassigned ones and gaps do not add up. */
static void test_ledger_reports__wrong_sum_or_gap__is_found(void **state)
{
    static const struct ledger_listing migrated = {"ECOSMIG-001", LEDGER_MIGRATED};
    static const struct {
        int64_t day, rows, unassigned;
        int inconsistent;
    } cases[] = {{3, 0, 0, 0}, {4, 0, 0, 0}, {5, 1, 0, 1}, {6, 0, 1, 2}, {7, 1, -1, 2}, {9, 0, 0, 3}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int inconsistent = 0;
        issue(10 + (int64_t)i, cases[i].day, cases[i].rows, cases[i].unassigned);
        assert_true(ledger_periods_inconsistent(ledger, &migrated, count, &inconsistent, NULL));
        assert_int_equal(inconsistent, cases[i].inconsistent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ledger_reports__issued_period__is_found_again, enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_reports__issued_twice__is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_reports__of_a_period__by_recipient, enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_reports__undelivered_periods__until_delivered, enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_reports__wrong_sum_or_gap__is_found, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
