/* Incidents: opened and closed by cause, Device, file and hand; their events. */
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_proof.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct ledger *ledger;

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    return ledger == NULL;
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static bool join_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s %s %d-%d;", incident->code, incident->subject, (int)incident->opened,
                           (int)incident->closed);
    return true;
}

static void test_ledger_incidents__same_cause__is_one_until_closed(void **state)
{
    g_autoptr(GString) all = g_string_new(NULL);
    struct ledger_incident incident = {.code = "A102", .subject = "mcc", .opened = 10, .text = "down"};
    bool open = false;

    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    incident.opened = 11;
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    incident.code = "A103";
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    assert_true(ledger_incident_close(ledger, "A102", "mcc", 20, NULL));
    assert_true(ledger_incident_close(ledger, "A102", "mcc", 21, NULL));
    assert_true(ledger_incident_is_open(ledger, "A102", "mcc", &open, NULL));
    assert_false(open);
    assert_true(ledger_incident_is_open(ledger, "A103", "mcc", &open, NULL));
    assert_true(open);
    incident.code = "A102";
    incident.opened = 30;
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    assert_true(ledger_incidents_recent(ledger, 5, join_incident, all, NULL));
    assert_string_equal(all->str, "A102 mcc 10-20;A103 mcc 11-0;A102 mcc 30-0;");
    g_string_truncate(all, 0);
    assert_true(ledger_incidents_recent(ledger, 0, join_incident, all, NULL));
    assert_true(ledger_incidents_each(ledger, false, join_incident, all, NULL));
    assert_true(ledger_incidents_with_code(ledger, "A103", join_incident, all, NULL));
    assert_string_equal(all->str, "A103 mcc 11-0;A102 mcc 30-0;A103 mcc 11-0;A102 mcc 30-0;A103 mcc 11-0;");
    (void)state;
}

static bool join_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                       GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d %s %s %s by %d;", (int)event->id, incident->code, incident->subject,
                           event->closed ? "cleared" : "raised", (int)event->reported_by);
    return true;
}

/* A job of that sender and name, and the incident of a file rejected whole. */
static void reject_file(int64_t id, const char *sender, const char *name, int64_t at)
{
    struct ledger_job job = {.id = id, .name = name, .sender = sender, .sha256 = "", .drop = "mcc"};
    g_autofree char *subject = g_strdup_printf("mcc/%s", name);
    struct ledger_incident incident = {
        .code = "B208", .subject = subject, .job = id, .revision = 1, .opened = at, .text = "declared 3, found 2"};

    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    assert_true(ledger_incident_open(ledger, &incident, NULL));
}

static void open_of_device(uint64_t device, const char *code, int64_t at)
{
    g_autofree char *subject = g_strdup_printf("%d", (int)device);
    struct ledger_incident incident = {.code = code,
                                       .subject = subject,
                                       .has_device = true,
                                       .device = device,
                                       .job = 1,
                                       .revision = 1,
                                       .opened = at,
                                       .text = "not there"};

    assert_true(ledger_incident_open(ledger, &incident, NULL));
}

static void test_ledger_incidents__of_a_device_or_a_file__are_closed_with_it(void **state)
{
    g_autoptr(GString) all = g_string_new(NULL);
    int64_t n = 0;

    assert_true(ledger_begin(ledger, NULL));
    reject_file(1, "S", "one", 10);
    reject_file(2, "S", "two", 10);
    reject_file(3, "Z", "one", 10); /* the same subject: one is open already */
    open_of_device(0, "C103", 11);
    open_of_device(7, "C103", 11);
    open_of_device(7, "C114", 11);
    open_of_device(7, "C114", 12);
    assert_true(ledger_device_incidents_count(ledger, -1, &n, NULL));
    assert_int_equal(n, 3);
    assert_true(ledger_device_incidents_count(ledger, 1, &n, NULL));
    assert_int_equal(n, 1);
    assert_true(ledger_incidents_of_device(ledger, 7, join_incident, all, NULL));
    assert_string_equal(all->str, "C103 7 11-0;C114 7 11-0;");
    assert_true(ledger_incident_close_file(ledger, 4, 20, NULL)); /* no such job */
    assert_true(ledger_incident_close_file(ledger, 3, 21, NULL)); /* of the same name through the same drop as job 1 */
    assert_true(ledger_incident_close_device(ledger, 7, 22, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 23, NULL));
    assert_true(ledger_incident_close_device(ledger, 8, 23, NULL));
    g_string_truncate(all, 0);
    assert_true(ledger_incidents_each(ledger, true, join_incident, all, NULL));
    assert_string_equal(all->str, "B208 mcc/one 10-21;B208 mcc/two 10-0;C103 0 11-0;C103 7 11-22;C114 7 11-22;");
    (void)state;
}

static void test_ledger_incidents__opened_after_none_was_found__are_closed(void **state)
{
    const struct ledger_incident by_hand = {.id = 3, .closed = 16, .reason = "known", .who = "ann"};
    g_autoptr(GString) all = g_string_new(NULL);

    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 10, NULL));
    open_of_device(7, "C103", 11);
    assert_true(ledger_incident_close_device(ledger, 7, 12, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close_device(ledger, 8, 13, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    assert_true(ledger_begin(ledger, NULL));
    open_of_device(8, "C103", 14);
    open_of_device(9, "C103", 14);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close_device(ledger, 8, 15, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    ledger_close(ledger); /* the next connection has not opened that of Device 9 */
    ledger = ledger_make(LEDGER_HOME_FILE, NULL);
    assert_non_null(ledger);
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &by_hand, NULL));
    assert_true(ledger_incident_close_device(ledger, 8, 16, NULL));
    ledger_rollback(ledger);
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close_device(ledger, 9, 17, NULL));
    assert_true(ledger_incidents_each(ledger, true, join_incident, all, NULL));
    assert_string_equal(all->str, "C103 7 11-12;C103 8 14-15;C103 9 14-17;");
}

static void test_ledger_incidents__with_a_code__gives_open_subjects_and_devices(void **state)
{
    const struct ledger_incident file = {.code = "C103", .subject = "mcc/one", .opened = 11, .text = "of no Device"};
    g_autoptr(GPtrArray) subjects = NULL;
    g_autoptr(GArray) devices = NULL;

    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    open_of_device(0, "C103", 11);
    open_of_device(7, "C103", 11);
    open_of_device(8, "C114", 11);
    open_of_device(9, "C103", 11);
    assert_true(ledger_incident_open(ledger, &file, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 12, NULL));
    assert_true(ledger_incident_subjects(ledger, "C103", &subjects, NULL));
    assert_int_equal(subjects->len, 3);
    assert_string_equal(subjects->pdata[0], "0");
    assert_string_equal(subjects->pdata[1], "9");
    assert_string_equal(subjects->pdata[2], "mcc/one");
    assert_true(ledger_incident_devices(ledger, "C103", &devices, NULL));
    assert_int_equal(devices->len, 2);
    assert_int_equal(g_array_index(devices, uint64_t, 0), 0);
    assert_int_equal(g_array_index(devices, uint64_t, 1), 9);
}

static void test_ledger_incidents__events__are_reported_once_and_in_order(void **state)
{
    const struct ledger_incident known = {.id = 1, .closed = 13, .reason = "known", .who = "ann"},
                                 again = {.id = 1, .closed = 14, .reason = "again", .who = "bob"};
    g_autoptr(GString) reported = g_string_new(NULL);
    g_autofree struct ledger_incident *row = NULL;
    int64_t first = 0, n = -1;

    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 1 && n == 0);
    assert_true(ledger_begin(ledger, NULL));
    reject_file(1, "S", "one", 10);
    open_of_device(7, "C103", 11);
    assert_true(ledger_incident_close_device(ledger, 7, 12, NULL));
    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 1 && n == 3);
    assert_true(ledger_events_mark_reported(ledger, 5, first, n, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &known, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &again, NULL));
    open_of_device(7, "C103", 15);
    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 4 && n == 2);
    assert_true(ledger_events_reported_by(ledger, 5, join_event, reported, NULL));
    assert_string_equal(reported->str, "1 B208 mcc/one raised by 5;2 C103 7 raised by 5;3 C103 7 cleared by 5;");
    g_string_truncate(reported, 0);
    assert_true(ledger_events_of(ledger, 1, join_event, reported, NULL));
    assert_string_equal(reported->str, "1 B208 mcc/one raised by 5;4 B208 mcc/one cleared by 0;");
    assert_true(ledger_incident_get(ledger, 1, &row, NULL));
    assert_true(row->closed == 13 && strcmp(row->reason, "known") == 0 && strcmp(row->who, "ann") == 0 &&
                strcmp(row->file, "one") == 0 && row->batch == NULL);
    assert_true(ledger_incidents_inconsistent(ledger, &n, NULL));
    assert_int_equal(n, 1); /* job 5 is no INC */
    (void)state;
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_incidents__same_cause__is_one_until_closed),
        T(test_ledger_incidents__of_a_device_or_a_file__are_closed_with_it),
        T(test_ledger_incidents__opened_after_none_was_found__are_closed),
        T(test_ledger_incidents__with_a_code__gives_open_subjects_and_devices),
        T(test_ledger_incidents__events__are_reported_once_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
