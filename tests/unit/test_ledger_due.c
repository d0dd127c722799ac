/* What is due, in which order and how much of it: items without a session, tries, timeouts, outcomes; counts of models.
 */
#include "spool/ledger/ledger_due.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_progress.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"
#include "tests/unit/ledger_batches.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* ---- items with a session ---- */

typedef bool due_fn(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error);

/* "60:1 70:2": due time and item, counted from the first. */
static void expect_due(due_fn *list, int64_t now, int64_t limit, const char *expected)
{
    g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(list(ledger, now, limit, due, NULL));
    for (guint i = 0; i < due->len; i++) {
        const struct ledger_due *one = &g_array_index(due, struct ledger_due, i);
        g_string_append_printf(text, "%s%d:%d", i > 0 ? " " : "", (int)one->at, (int)(one->item - first + 1));
    }
    if (strcmp(text->str, expected) != 0)
        fail_msg("at %d: expected '%s', found '%s'", (int)now, expected, text->str);
}

static void expect_next(int64_t now, int64_t expected)
{
    int64_t at = -1;

    assert_true(ledger_next_due(ledger, now, &at, NULL));
    assert_int_equal(at, expected);
}

static void test_ledger_due__tries_and_timeouts__each_in_its_list(void **state)
{
    (void)state;
    move(first, LEDGER_READY, 80, 0);            /* put off */
    move(first + 1, LEDGER_RETRY_WAIT, 70, 100); /* between tries */
    move(first + 2, LEDGER_RETRY_WAIT, 80, 80);  /* put off to its session's end */
    move(first + 3, LEDGER_DISPATCHED, 90, 90);
    move(first + 4, LEDGER_CONFIRM_PENDING, 75, 100);
    move(first + 6, LEDGER_CONFIRM_PENDING, 0, 100); /* D150 is reported already */
    move(first + 7, LEDGER_CONFIRM_MISMATCH, 0, 100);
    move(first + 8, LEDGER_FAILED, 0, 60);
    move(first + 9, LEDGER_MIGRATED, 0, 60);
    move(first + 10, LEDGER_REJECTED, 0, 0);

    expect_due(ledger_tries_due, 69, 9, "");
    expect_due(ledger_tries_due, 70, 9, "70:2");
    expect_due(ledger_tries_due, 79, 9, "70:2");
    expect_due(ledger_tries_due, 80, 9, "70:2 80:1");
    expect_due(ledger_tries_due, 99, 9, "70:2 80:1");
    expect_due(ledger_tries_due, 100, 9, "80:1");
    expect_due(ledger_tries_due, 80, 1, "70:2");
    expect_due(ledger_tries_due, 80, 0, "");
    expect_due(ledger_later_tries_due, 99, 9, "70:2");
    expect_due(ledger_later_tries_due, 100, 9, "");

    expect_due(ledger_timeouts_due, 74, 9, "");
    expect_due(ledger_timeouts_due, 75, 9, "75:5");
    expect_due(ledger_timeouts_due, 80, 9, "75:5 80:3");
    expect_due(ledger_timeouts_due, 90, 9, "75:5 80:3 90:4");
    expect_due(ledger_timeouts_due, 100, 9, "70:2 75:5 80:3 90:4");
    expect_due(ledger_timeouts_due, 100, 2, "70:2 75:5");

    expect_next(0, 70);
    expect_next(70, 75);
    expect_next(75, 80);
    expect_next(80, 90);
    expect_next(90, 0);
}

static bool has_stale_wake_time(int64_t now)
{
    bool early;

    assert_true(ledger_wake_times_stale(ledger, now, &early, NULL));
    return early;
}

/* What waits for its confirmation goes on when TCoS closes, and what waits for its turn is among the tries. */
static void test_ledger_due__closing__finds_what_waits_for_a_try_or_its_result(void **state)
{
    g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));

    (void)state;
    move(first, LEDGER_READY, 80, 0);
    move(first + 1, LEDGER_RETRY_WAIT, 70, 100);
    move(first + 2, LEDGER_DISPATCHED, 90, 90);
    move(first + 3, LEDGER_CONFIRM_PENDING, 75, 100);
    move(first + 4, LEDGER_FAILED, 0, 60);
    move(first + 5, LEDGER_DEFERRED, 0, 60);
    assert_true(ledger_closing_due(ledger, false, 9, due, NULL));
    assert_int_equal(due->len, 1);
    assert_int_equal(g_array_index(due, struct ledger_due, 0).item, first + 1);
    g_array_set_size(due, 0);
    assert_true(ledger_closing_due(ledger, true, 9, due, NULL));
    assert_int_equal(due->len, 2);
    assert_int_equal(g_array_index(due, struct ledger_due, 1).item, first + 2);
    g_array_set_size(due, 0);
    assert_true(ledger_closing_due(ledger, true, 1, due, NULL));
    assert_int_equal(due->len, 1);
    expect_due(ledger_tries_due, G_MAXINT64, 9, "80:1");
}

static void test_ledger_due__put_off_or_ended__wake_time_is_stale_once(void **state)
{
    (void)state;
    move(first, LEDGER_DISPATCHED, 70, 70);
    move(first, LEDGER_CONFIRM_PENDING, 90, 90); /* later */
    move(first + 1, LEDGER_DISPATCHED, 72, 72);
    move(first + 1, LEDGER_CONFIRM_MISMATCH, 0, 72); /* never */
    move(first + 2, LEDGER_DISPATCHED, 73, 73);
    move(first + 2, LEDGER_MIGRATED, 0, 73); /* ended: it has no wake time any more */
    move(first + 3, LEDGER_DISPATCHED, 95, 95);
    move(first + 3, LEDGER_RETRY_WAIT, 80, 95); /* sooner */

    expect_due(ledger_timeouts_due, 71, 9, ""); /* its wake time has come, not its due time */
    assert_false(has_stale_wake_time(69));
    assert_true(has_stale_wake_time(70));
    expect_next(69, 70);
    expect_next(72, 80);
    assert_true(ledger_wake_times_refresh(ledger, 71, NULL));
    assert_false(has_stale_wake_time(71));
    assert_true(has_stale_wake_time(72));
    assert_true(ledger_wake_times_refresh(ledger, 72, NULL));
    assert_false(has_stale_wake_time(99));
    expect_next(0, 80);
    expect_next(80, 90);
    expect_next(90, 0);
    expect_due(ledger_tries_due, 80, 9, "80:4");
    expect_due(ledger_timeouts_due, 90, 9, "90:1");
}

static void test_ledger_due__same_time__in_the_order_of_items(void **state)
{
    (void)state;
    for (int i = 4; i >= 0; i--)
        move(first + i, LEDGER_RETRY_WAIT, 70, 100);
    expect_due(ledger_tries_due, 70, 3, "70:1 70:2 70:3");
    expect_due(ledger_timeouts_due, 100, 3, "70:1 70:2 70:3");
}

/* ---- items without a session ---- */

static struct ledger_verdict verdict_of(int64_t job)
{
    return (struct ledger_verdict){
        .first_item = first + (job - 1) * DEVICES, .items = DEVICES, .judged_at = JUDGED + job};
}

static bool undispatched_of(struct ledger *of, int64_t now, int64_t limit, GArray *due, GError **error)
{
    const struct ledger_verdict verdict = verdict_of(now);

    return ledger_undispatched_items(of, &verdict, limit, due, error);
}

static guint undispatched_verdicts(void)
{
    g_autoptr(GPtrArray) verdicts = NULL;

    assert_true(ledger_undispatched_verdicts(ledger, false, &verdicts, NULL));
    for (guint i = 1; i < verdicts->len; i++)
        assert_true(((const struct ledger_verdict *)verdicts->pdata[i - 1])->judged_at <=
                    ((const struct ledger_verdict *)verdicts->pdata[i])->judged_at);
    return verdicts->len;
}

static void test_ledger_due__undispatched__items_without_a_session(void **state)
{
    (void)state;
    add_results();
    assert_int_equal(undispatched_verdicts(), 2);
    expect_due(undispatched_of, 1, 9, "1001:1 1001:2 1001:3 1001:4 1001:5");
    expect_due(undispatched_of, 2, 2, "1002:7 1002:8");
    move(first, LEDGER_DISPATCHED, 90, 90);
    move(first + 1, LEDGER_READY, 70, 0);
    move(first + 6, LEDGER_REJECTED, 0, 0);
    expect_due(undispatched_of, 1, 2, "1001:3 1001:4");
    expect_due(undispatched_of, 2, 9, "1002:8 1002:9 1002:10 1002:11");
    for (int i = 2; i < DEVICES - 1; i++)
        move(first + i, LEDGER_DISPATCHED, 90, 90);
    expect_due(undispatched_of, 1, 9, "");
    assert_int_equal(undispatched_verdicts(), 1);
}

/* ---- outcomes ---- */

static guint outcomes_due(int64_t *job)
{
    g_autoptr(GPtrArray) due = NULL;

    assert_true(ledger_outcomes_due(ledger, &due, NULL));
    if (due->len > 0)
        *job = ((const struct ledger_verdict *)due->pdata[0])->job;
    return due->len;
}

static void test_ledger_due__last_session_ends__outcome_is_due_once(void **state)
{
    int64_t job = 0;

    (void)state;
    for (int i = 0; i < DEVICES - 1; i++) {
        assert_int_equal(outcomes_due(&job), 0);
        move(first + DEVICES + i, i % 2 ? LEDGER_MIGRATED : LEDGER_FAILED, 0, 90);
    }
    assert_int_equal(outcomes_due(&job), 1);
    assert_int_equal(job, 2);
    g_autofree struct ledger_verdict *verdict = NULL;
    assert_true(ledger_verdict_get(ledger, 2, 1, &verdict, NULL));
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 21, NULL));
    assert_int_equal(outcomes_due(&job), 0);
}

static bool join_states(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s ", ledger_state_name(work->session.state));
    return true;
}

static void expect_outcome(int64_t job, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(ledger_work_of_outcome_each(ledger, job, join_states, text, NULL));
    assert_string_equal(text->str, expected);
}

static void test_ledger_due__end_is_corrected__a_further_outcome_is_due_and_the_first_stays(void **state)
{
    g_autofree struct ledger_verdict *verdict = NULL;
    int64_t job = 0;

    (void)state;
    for (int i = 0; i < DEVICES - 1; i++)
        move(first + DEVICES + i, LEDGER_FAILED, 0, 90);
    assert_true(ledger_verdict_get(ledger, 2, 1, &verdict, NULL));
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 21, NULL));
    move(first + DEVICES, LEDGER_FAILED, 0, 90); /* recorded only */
    assert_int_equal(outcomes_due(&job), 0);
    move(first + DEVICES, LEDGER_MIGRATED, 0, 95);
    assert_int_equal(outcomes_due(&job), 1);
    assert_int_equal(job, 2);
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 22, NULL));
    assert_int_equal(outcomes_due(&job), 0);
    expect_outcome(21, "FAILED FAILED FAILED FAILED FAILED READY ");
    expect_outcome(22, "MIGRATED FAILED FAILED FAILED FAILED READY ");
}

/* What an EMO shows of a work item is what the item says when it is read alone. */
static bool compare(void *user, const struct ledger_work *work, GError **error)
{
    g_autofree struct ledger_work *alone = NULL;
    const struct ledger_item *item = &work->item;

    assert_true(ledger_work_get(ledger, item->item, &alone, error));
    assert_int_equal(item->record, alone->item.record);
    assert_int_equal(item->has_device, alone->item.has_device);
    assert_int_equal(item->device, alone->item.device);
    assert_int_equal(g_strcmp0(item->device_text, alone->item.device_text), 0);
    assert_int_equal(item->outcome, alone->item.outcome);
    assert_int_equal(g_strcmp0(item->code, alone->item.code), 0);
    assert_int_equal(item->next_eligible, alone->item.next_eligible);
    assert_int_equal(g_strcmp0(item->kept, alone->item.kept), 0);
    assert_string_equal(work->org, alone->org);
    assert_string_equal(work->batch, alone->batch);
    assert_int_equal(work->judged_at, alone->judged_at);
    assert_int_equal(work->has_session, alone->has_session);
    assert_int_equal(work->session.state, alone->session.state);
    assert_int_equal(work->session.try, alone->session.try);
    assert_int_equal(work->session.unused, alone->session.unused);
    assert_int_equal(g_strcmp0(work->session.code, alone->session.code), 0);
    assert_int_equal(work->session.next_eligible, alone->session.next_eligible);
    assert_int_equal(work->session.ended, alone->session.ended);
    (*(int *)user)++;
    return true;
}

static void test_ledger_due__outcome__shows_what_its_work_items_say(void **state)
{
    const struct ledger_job job = {.id = 3, .name = "n3", .type = "EMI", .org = "MCC", .received = 1, .drop = "mcc"};
    struct ledger_item wrong = {.job = 3,
                                .record = 1,
                                .device_text = "no id",
                                .outcome = LEDGER_REJECTED,
                                .code = "C104",
                                .next_eligible = 77,
                                .kept = "6:kept"};
    struct ledger_item tried = {
        .job = 3, .record = 2, .has_device = true, .device = FIRST_DEVICE, .outcome = LEDGER_READY};
    struct ledger_session session = {.state = LEDGER_FAILED,
                                     .transitions = 1,
                                     .try = 3,
                                     .unused = true,
                                     .code = "D105",
                                     .next_eligible = 88,
                                     .ended = 50};
    const struct ledger_transition transition = {.n = 1, .at = 50, .state = LEDGER_FAILED, .try = 3};
    int rows = 0;

    (void)state;
    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    assert_true(ledger_item_insert(ledger, &wrong, NULL));
    assert_true(ledger_item_insert(ledger, &tried, NULL));
    const struct ledger_verdict verdict = {.job = 3,
                                           .revision = 1,
                                           .judged_at = 9,
                                           .outcome = "PA",
                                           .batch = "B3",
                                           .declared = 2,
                                           .parsed = 2,
                                           .accepted = 1,
                                           .rejected = 1,
                                           .first_item = wrong.item,
                                           .items = 2};
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
    put(tried.item, &session, &transition);
    assert_true(ledger_outcome_mark_planned(ledger, &verdict, 21, NULL));
    assert_true(ledger_work_of_outcome_each(ledger, 21, compare, &rows, NULL));
    assert_int_equal(rows, 2);
}

static bool join_ends(void *user, const struct ledger_work *work, GError **error)
{
    const struct ledger_session *s = &work->session;

    (void)error;
    g_string_append_printf(user, "%s %d@%d ", ledger_state_name(s->state), (int)s->try - s->unused, (int)s->ended);
    return true;
}

static void expect_first_end(int64_t job, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(ledger_work_of_outcome_each(ledger, job, join_ends, text, NULL));
    assert_true(g_str_has_prefix(text->str, expected));
}

static int64_t ended_in(enum ledger_state state)
{
    const struct ledger_ended which = {state, {0, 1000}};
    int64_t n = -1;

    assert_true(ledger_ended_sessions_count(ledger, &which, &n, NULL));
    return n;
}

/* Its last order never left: that try does not count, and the end stays the only one. */
static void test_ledger_due__tries_of_an_end_change__it_stays_one_end(void **state)
{
    const int64_t item = first + DEVICES;
    g_autofree struct ledger_verdict *verdict = NULL;

    (void)state;
    for (int i = 0; i < DEVICES - 1; i++)
        move(item + i, LEDGER_FAILED, 0, 90);
    assert_true(ledger_verdict_get(ledger, 2, 1, &verdict, NULL));
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 21, NULL));
    g_autofree struct ledger_work *work = work_of(item);
    struct ledger_session session = work->session;
    session.unused = true;
    session.transitions++;
    const struct ledger_transition transition = {.n = session.transitions, .at = 60, .state = LEDGER_FAILED, .try = 1};
    assert_true(ledger_session_put(ledger, work, &session, &transition, NULL));
    assert_int_equal(ended_in(LEDGER_FAILED), DEVICES - 1);
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 22, NULL));
    move(item, LEDGER_MIGRATED, 0, 95);
    assert_int_equal(ended_in(LEDGER_FAILED), DEVICES - 1);
    assert_int_equal(ended_in(LEDGER_MIGRATED), 1);
    expect_first_end(21, "FAILED 1@50 FAILED 1@50 ");
    expect_first_end(22, "FAILED 0@50 FAILED 1@50 ");
    expect_outcome(22, "FAILED FAILED FAILED FAILED FAILED READY ");
}

static guint overdue(int64_t at)
{
    g_autoptr(GPtrArray) found = NULL;

    assert_true(ledger_outcomes_overdue(ledger, at, &found, NULL));
    return found->len;
}

static int64_t next_outcome(int64_t after)
{
    int64_t at = -1;

    assert_true(ledger_next_outcome(ledger, after, &at, NULL));
    return at;
}

static void begin_session(int64_t item, int64_t ends)
{
    const struct ledger_session session = {
        .state = LEDGER_CONFIRM_PENDING, .transitions = 1, .try = 1, .begun = 1, .ends = ends};
    const struct ledger_transition transition = {.n = 1, .state = LEDGER_CONFIRM_PENDING, .try = 1};

    put(item, &session, &transition);
}

static void test_ledger_due__all_have_begun_or_ended__outcome_is_overdue_after_the_last_end(void **state)
{
    g_autofree struct ledger_verdict *verdict = NULL;

    (void)state;
    for (int i = 0; i < DEVICES - 2; i++)
        begin_session(first + DEVICES + i, 900 + i);
    assert_int_equal(overdue(9999), 0); /* one has not begun */
    move(first + DEVICES + DEVICES - 2, LEDGER_REJECTED, 0, 0);
    assert_int_equal(overdue(902), 0);
    assert_int_equal(next_outcome(902), 903);
    assert_int_equal(next_outcome(903), 0);
    assert_int_equal(overdue(903), 1);
    assert_true(ledger_verdict_get(ledger, 2, 1, &verdict, NULL));
    assert_int_equal(verdict->begun, DEVICES - 1);
    assert_true(ledger_outcome_mark_planned(ledger, verdict, 21, NULL));
    assert_int_equal(overdue(9999), 0);
    int64_t job = 0;
    move(first + DEVICES, LEDGER_MIGRATED, 0, 900);
    assert_int_equal(outcomes_due(&job), 0); /* others are live */
    for (int i = 1; i < DEVICES - 2; i++)
        move(first + DEVICES + i, LEDGER_MIGRATED, 0, 900);
    assert_int_equal(outcomes_due(&job), 1);
    expect_outcome(21, "CONFIRM_PENDING CONFIRM_PENDING CONFIRM_PENDING CONFIRM_PENDING REJECTED READY ");
}

static void test_ledger_due__nothing_accepted__outcome_is_due_at_once(void **state)
{
    const struct ledger_job row = {.id = 3, .name = "n3", .type = "EMI", .org = "MCC", .received = 1};
    struct ledger_item item = {.job = 3, .record = 1, .outcome = LEDGER_REJECTED, .device_text = "x"};
    struct ledger_verdict v = {.job = 3,
                               .revision = 1,
                               .judged_at = 1,
                               .outcome = "PA",
                               .batch = "B3",
                               .parsed = 1,
                               .rejected = 1,
                               .items = 1};
    struct ledger_verdict whole = {
        .job = 3, .revision = 2, .judged_at = 1, .outcome = "RJ", .batch = "B3", .parsed = 1, .rejected = 1};
    int64_t job = 0;

    (void)state;
    assert_true(ledger_job_insert(ledger, &row, NULL, NULL));
    assert_true(ledger_item_insert(ledger, &item, NULL));
    v.first_item = item.item;
    assert_true(ledger_verdict_insert(ledger, &v, NULL));
    assert_true(ledger_verdict_insert(ledger, &whole, NULL)); /* rejected whole: no outcome */
    assert_int_equal(outcomes_due(&job), 1);
    assert_int_equal(job, 3);
}

static void test_ledger_due__models__are_told_apart_by_all_four_names(void **state)
{
    struct ledger_item item = {
        .device_type = "ESME", .manufacturer = "AB01", .model = "010A030B", .firmware = "0002012F"};
    struct ledger_item others[] = {item, item, item, item};
    struct ledger_model now;

    (void)state;
    others[0].device_type = "GSME";
    others[1].manufacturer = "AB02";
    others[2].model = "010A030C";
    others[3].firmware = "00020130";
    assert_true(ledger_model_count(ledger, &item, LEDGER_MODEL_FAILED, &now, NULL));
    assert_int_equal(now.failed, 1);
    assert_int_equal(now.migrated, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_true(ledger_model_count(ledger, &others[i], LEDGER_MODEL_MIGRATED, &now, NULL));
        assert_int_equal(now.failed, 0);
        assert_int_equal(now.migrated, 1);
    }
    assert_true(ledger_model_count(ledger, &item, LEDGER_MODEL_MIGRATED, &now, NULL));
    assert_true(ledger_model_count(ledger, &item, LEDGER_MODEL_FAILED, &now, NULL));
    assert_int_equal(now.failed, 2);
    assert_int_equal(now.migrated, 1);
    for (size_t i = 0; i < 2; i++) { /* never below none: an older program counted no migration that was overruled */
        assert_true(ledger_model_count(ledger, &item, LEDGER_MODEL_OVERRULED, &now, NULL));
        assert_int_equal(now.failed, 2);
        assert_int_equal(now.migrated, 0);
    }
    assert_string_equal(now.device_type, "ESME");
    assert_string_equal(now.manufacturer, "AB01");
    assert_string_equal(now.model, "010A030B");
    assert_string_equal(now.firmware, "0002012F");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_due__tries_and_timeouts__each_in_its_list),
        T(test_ledger_due__closing__finds_what_waits_for_a_try_or_its_result),
        T(test_ledger_due__put_off_or_ended__wake_time_is_stale_once),
        T(test_ledger_due__same_time__in_the_order_of_items),
        T(test_ledger_due__undispatched__items_without_a_session),
        T(test_ledger_due__last_session_ends__outcome_is_due_once),
        T(test_ledger_due__outcome__shows_what_its_work_items_say),
        T(test_ledger_due__end_is_corrected__a_further_outcome_is_due_and_the_first_stays),
        T(test_ledger_due__tries_of_an_end_change__it_stays_one_end),
        T(test_ledger_due__all_have_begun_or_ended__outcome_is_overdue_after_the_last_end),
        T(test_ledger_due__nothing_accepted__outcome_is_due_at_once),
        T(test_ledger_due__models__are_told_apart_by_all_four_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
