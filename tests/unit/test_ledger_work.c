/* Work items with their sessions: one by its number or WorkItemId, and walks over many. */
#include "spool/ledger/ledger_work.h"

#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_estate.h"
#include "spool/ledger/ledger_find.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_survey.h"
#include "tests/unit/ledger_batches.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* ---- one ---- */

static void test_ledger_work__no_session__work_is_what_the_review_says(void **state)
{
    g_autofree struct ledger_work *work = work_of(first + 5), *none = work_of(999);

    (void)state;
    assert_null(none);
    assert_false(work->has_session);
    assert_int_equal(work->session.state, LEDGER_READY);
    assert_int_equal(work->session.try, 0);
    assert_int_equal(work->item.outcome, LEDGER_REJECTED);
    assert_int_equal(work->item.device, FIRST_DEVICE + 21);
    assert_true(work->item.ended);
    assert_string_equal(work->item.code, "C104");
    assert_string_equal(work->org, "MCC");
    assert_string_equal(work->batch, "B1");
    assert_string_equal(work->name, "n1");
    assert_int_equal(work->revision, 1);
    assert_int_equal(work->judged_at, JUDGED + 1);
}

static int64_t found(const char *org, const char *batch, int64_t record)
{
    g_autofree struct ledger_work *work = NULL;

    assert_true(ledger_work_by_id(ledger, &(struct ledger_work_item_id){org, batch, record}, &work, NULL));
    return work == NULL ? 0 : work->item.item - first + 1;
}

static void test_ledger_work__by_work_item_id__is_found_or_nothing(void **state)
{
    (void)state;
    add_results();
    assert_int_equal(found("MCC", "B1", 1), 1);
    assert_int_equal(found("MCC", "B1", 6), 6);
    assert_int_equal(found("MCC", "B2", 1), 7);
    assert_int_equal(found("MCC", "B2", 6), 12);
    assert_int_equal(found("MCC", "B1", 0), 0);
    assert_int_equal(found("MCC", "B1", -1), 0);
    assert_int_equal(found("MCC", "B2", 0), 0); /* not the last of the batch before */
    assert_int_equal(found("MCC", "B1", 7), 0);
    assert_int_equal(found("MCX", "B1", 1), 0);
    assert_int_equal(found("MCC", "B3", 1), 0);
    assert_int_equal(found("MCC", "B9", 1), 0); /* a batch of results */
    assert_int_equal(found("", "", 1), 0);
}

static void test_ledger_work__by_work_item_ids__in_any_order_each_is_found(void **state)
{
    static const int records[] = {1, 2, 3, 6, 1, 6, 5, 4, 4, 1, 3, 5, 2, 6};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        assert_int_equal(found("MCC", "B1", records[i]), records[i]);
        if (i % 5 == 4)
            assert_int_equal(found("MCC", "B2", records[i]), DEVICES + records[i]);
    }
    assert_true(ledger_execute(ledger, "DELETE FROM work_item WHERE record=3", NULL)); /* damage */
    assert_int_equal(found("MCC", "B1", 2), 2);
    assert_int_equal(found("MCC", "B1", 3), 0);
    assert_int_equal(found("MCC", "B1", 4), 4);
}

static struct ledger_work *by_id(int64_t record)
{
    struct ledger_work *work = NULL;

    assert_true(ledger_work_by_id(ledger, &(struct ledger_work_item_id){"MCC", "B1", record}, &work, NULL));
    assert_non_null(work);
    return work;
}

/* The first transition, without a question in between. */
static void dispatch(const struct ledger_work *work)
{
    const struct ledger_session session = {.state = LEDGER_DISPATCHED, .transitions = 1, .try = 1};
    const struct ledger_transition transition = {.n = 1, .at = 50, .state = LEDGER_DISPATCHED, .try = 1};

    assert_true(ledger_session_put(ledger, work, &session, &transition, NULL));
}

static int64_t transitions_by_id(int64_t record)
{
    g_autofree struct ledger_work *work = by_id(record);

    return work->has_session ? work->session.transitions : 0;
}

static void test_ledger_work__changes_between_work_item_ids__are_seen(void **state)
{
    g_autofree struct ledger_work *third = by_id(3), *first_one = by_id(1);

    (void)state;
    dispatch(first_one); /* where the walk stands */
    assert_int_equal(transitions_by_id(1), 1);
    assert_int_equal(transitions_by_id(2), 0);
    dispatch(third); /* ahead of it */
    assert_int_equal(transitions_by_id(3), 1);
    assert_int_equal(transitions_by_id(4), 0);
    assert_true(ledger_withdrawn_put(ledger, first + 4, "o", NULL));
    g_autofree struct ledger_work *fifth = by_id(5);
    assert_true(fifth->withdrawn);
}

static void test_ledger_work__work_item_ids_after_a_rollback__are_as_before(void **state)
{
    (void)state;
    assert_int_equal(transitions_by_id(1), 0);
    assert_true(ledger_savepoint(ledger, NULL));
    g_autofree struct ledger_work *work = by_id(2);
    dispatch(work);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_int_equal(transitions_by_id(2), 0);
    assert_int_equal(transitions_by_id(3), 0);
}

/* Outside of a transaction nothing stands still. */
static void test_ledger_work__by_work_item_id_of_a_reader__sees_each_commit(void **state)
{
    g_autofree struct ledger_work *work = by_id(2);
    struct ledger *writer = ledger;

    (void)state;
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, writer, NULL));
    g_autoptr(ledger_t) reader = ledger_open_reader(LEDGER_HOME_FILE, NULL);
    ledger = reader;
    assert_int_equal(transitions_by_id(1), 0);
    assert_true(ledger_begin(writer, NULL));
    ledger = writer;
    dispatch(work);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, writer, NULL));
    ledger = reader;
    assert_int_equal(transitions_by_id(2), 1);
    ledger = writer;
}

/* ---- many ---- */

static bool join_number(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d ", (int)(work->item.item - first + 1));
    return true;
}

static void expect_in(enum ledger_state in, int64_t limit, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(ledger_work_in_state_each(ledger, &(struct ledger_in_state){.state = in, .limit = limit}, join_number,
                                          text, NULL));
    if (strcmp(text->str, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", ledger_state_name(in), expected, text->str);
}

static void test_ledger_work__in_a_state__by_due_time(void **state)
{
    (void)state;
    move(first, LEDGER_RETRY_WAIT, 90, 100);
    move(first + 1, LEDGER_RETRY_WAIT, 70, 100);
    move(first + 6, LEDGER_RETRY_WAIT, 70, 100);
    move(first + 2, LEDGER_READY, 500, 0);
    move(first + 4, LEDGER_READY, 5000, 0);
    move(first + 3, LEDGER_MIGRATED, 0, 0);
    expect_in(LEDGER_RETRY_WAIT, 0, "2 7 1 ");
    expect_in(LEDGER_RETRY_WAIT, 2, "2 7 ");
    expect_in(LEDGER_READY, 0, "3 8 9 10 11 5 ");
    expect_in(LEDGER_MIGRATED, 0, "4 ");
    expect_in(LEDGER_REJECTED, 0, "6 12 ");
    expect_in(LEDGER_DISPATCHED, 0, "");
}

static void test_ledger_work__of_a_device__oldest_first(void **state)
{
    const uint64_t device = FIRST_DEVICE + 21; /* was rejected */
    g_autoptr(GString) text = g_string_new(NULL), expected = g_string_new("6 ");

    (void)state;
    for (int job = 5; job < 8; job++)
        g_string_append_printf(expected, "%d ", (int)(instruct_again(job, device, LEDGER_REJECTED) - first + 1));
    assert_true(ledger_work_of_device_each(ledger, device, join_number, text, NULL));
    assert_string_equal(text->str, expected->str);
}

static void expect_present(uint64_t device, int64_t expected)
{
    g_autofree struct ledger_work *work = NULL;

    assert_true(ledger_work_of_device(ledger, device, &work, NULL));
    assert_int_equal(work != NULL ? work->item.item - first + 1 : 0, expected);
}

static void test_ledger_work__present_of_a_device__the_live_one_else_the_newest(void **state)
{
    const uint64_t live = FIRST_DEVICE + 16, rejected = FIRST_DEVICE + 21;
    int64_t newest;

    (void)state;
    expect_present(live, 1);
    expect_present(rejected, 6);
    expect_present(12345, 0);
    newest = instruct_again(5, live, LEDGER_REJECTED) - first + 1;
    expect_present(live, 1);
    move(first, LEDGER_FAILED, 0, 90);
    expect_present(live, newest);
    newest = instruct_again(6, rejected, LEDGER_READY) - first + 1;
    (void)instruct_again(7, rejected, LEDGER_DEFERRED);
    expect_present(rejected, newest);
}

static bool join_order(void *user, const struct ledger_work *work, const struct ledger_transition *transition,
                       GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d:%d try %d ", (int)transition->record, (int)(work->item.item - first + 1),
                           (int)transition->try);
    return true;
}

static void test_ledger_work__of_a_work_order__with_their_transitions(void **state)
{
    static const int items[] = {3, 1, 2};
    g_autoptr(GString) text = g_string_new(NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        const struct ledger_session session = {
            .state = LEDGER_DISPATCHED, .transitions = 1, .try = 1, .ends = 90, .due = 90};
        const struct ledger_transition transition = {
            .n = 1, .state = LEDGER_DISPATCHED, .try = 1, .job = 9, .record = (int64_t)i + 1};
        put(first + items[i], &session, &transition);
    }
    /* later transitions, one by a file whose job has the work order's number */
    const struct ledger_session waits = {.state = LEDGER_RETRY_WAIT, .transitions = 2, .try = 1, .ends = 90, .due = 80};
    const struct ledger_transition failed = {.n = 2, .state = LEDGER_RETRY_WAIT, .try = 1, .job = 9, .record = 7};
    put(first + 1, &waits, &failed);
    const struct ledger_session again = {.state = LEDGER_DISPATCHED, .transitions = 3, .try = 2, .ends = 90, .due = 90};
    const struct ledger_transition second = {.n = 3, .state = LEDGER_DISPATCHED, .try = 2, .job = 10, .record = 1};
    put(first + 1, &again, &second);
    assert_true(ledger_work_order_each(ledger, 9, join_order, text, NULL));
    assert_string_equal(text->str, "1:4 try 1 2:2 try 1 3:3 try 1 ");
    g_string_set_size(text, 0);
    assert_true(ledger_work_order_each(ledger, 10, join_order, text, NULL));
    assert_string_equal(text->str, "1:2 try 2 ");
}

/* The Device of the item whose model is asked for; 0: there is no such item. */
static uint64_t device_with_model(int64_t item)
{
    g_autofree struct ledger_item *model = NULL;

    assert_true(ledger_item_model(ledger, item, &model, NULL));
    if (model == NULL)
        return 0;
    assert_string_equal(model->device_type, "ESME");
    assert_string_equal(model->manufacturer, "AB01");
    assert_string_equal(model->model, "010A030B");
    assert_string_equal(model->firmware, "0002012F");
    return model->device;
}

static void add_batch_3_within_a_savepoint(void)
{
    assert_true(ledger_savepoint(ledger, NULL));
    add_batch(3, "MCC", "B3");
}

static void test_ledger_work__models__in_any_order_each_is_found(void **state)
{
    static const int64_t order[] = {0, 1, 3, 1, 4, 10, 11, 0, 2};
    const int64_t beyond = first + 2 * DEVICES;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        g_autofree struct ledger_work *work = by_id(order[i] % DEVICES + 1); /* another walk, beside it */
        uint64_t device = FIRST_DEVICE + (uint64_t)((order[i] / DEVICES + 1) * 16 + order[i] % DEVICES);
        assert_true(device_with_model(first + order[i]) == device);
    }
    assert_true(device_with_model(beyond) == 0);
    assert_true(device_with_model(beyond - 1) != 0);
    add_batch_3_within_a_savepoint();
    assert_true(device_with_model(beyond) == FIRST_DEVICE + 48);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_true(device_with_model(beyond + 1) == 0);
}

/* Steps of a walk through a whole table, in the statements of this connection so far. */
static int walked(void)
{
    GHashTableIter i;
    void *statement;
    int steps = 0;

    g_hash_table_iter_init(&i, ledger->statements);
    while (g_hash_table_iter_next(&i, NULL, &statement))
        steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    return steps;
}

static bool ignore(void *user, const struct ledger_work *work, GError **error)
{
    (void)user;
    (void)work;
    (void)error;
    return true;
}

static void test_ledger_work__nothing_is_withheld__no_question_walks_all_work_items(void **state)
{
    const struct ledger_withheld all = {.all = true, .at = JUDGED + 9},
                                 one = {.device = FIRST_DEVICE, .at = JUDGED + 9};
    int64_t n = -1;
    int before = walked();

    (void)state;
    assert_true(ledger_withheld_release(ledger, &all, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_withheld_release(ledger, &one, &n, NULL));
    assert_true(ledger_withheld_count(ledger, &n, NULL));
    assert_true(ledger_work_in_state_each(ledger, &(struct ledger_in_state){.withheld = true}, ignore, NULL, NULL));
    assert_int_equal(walked(), before);
}

/* ---- plans ---- */

/* What SQLite says of the first step of a statement that was prepared and has `part` in its text; g_free. */
static char *first_step(const char *part)
{
    GHashTableIter i;
    void *statement;
    sqlite3_stmt *plan = NULL;

    g_hash_table_iter_init(&i, ledger->statements);
    while (g_hash_table_iter_next(&i, NULL, &statement)) {
        if (strstr(sqlite3_sql(statement), part) == NULL)
            continue;
        g_autofree char *sql = g_strconcat("EXPLAIN QUERY PLAN ", sqlite3_sql(statement), NULL);
        assert_int_equal(sqlite3_prepare_v2(ledger->db, sql, -1, &plan, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(plan), SQLITE_ROW);
        char *step = g_strdup((const char *)sqlite3_column_text(plan, 3));
        (void)sqlite3_finalize(plan);
        return step;
    }
    return NULL;
}

static bool ignore_found(void *user, const struct ledger_found *found_one, GError **error)
{
    (void)user;
    (void)found_one;
    (void)error;
    return true;
}

/* Sessions by the million have ended. A page begins where the one before has ended, not with the first live session. */
static void test_ledger_find__live_sessions_lead__their_index_is_searched(void **state)
{
    const struct ledger_find find = {.state = LEDGER_DISPATCHED, .limit = 2};

    (void)state;
    add_results();
    assert_true(ledger_find_each(ledger, &find, &(struct ledger_find_visitor){ignore_found, NULL}, NULL));
    g_autofree char *step = first_step("s.ended IS NULL AND s.item>?11");
    assert_string_equal(step, "SEARCH s USING INDEX session_live (item>?)");
}

/* ---- the survey ---- */

static bool add_past(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    ledger_past_add(user, work);
    return true;
}

/* The survey reads sessions and what was not dispatched; the walk over one Device's work reads all. */
static bool compare_past(void *user, const struct ledger_surveyed *device, GError **error)
{
    const struct ledger_past *survey = &device->past;
    struct ledger_past past = {0};

    assert_true(ledger_work_of_device_each(ledger, device->device.device, add_past, &past, error));
    assert_true(past.live == survey->live && past.state == survey->state);
    assert_true(past.begun == survey->begun && past.failed == survey->failed);
    assert_int_equal(past.migrated_at, survey->migrated_at);
    ((int *)user)[past.live ? past.state : past.migrated_at != 0 ? LEDGER_MIGRATED : LEDGER_FAILED]++;
    return true;
}

static void test_ledger_survey__work_items__say_what_those_of_one_device_say(void **state)
{
    static const struct ledger_session sessions[] = {
        {.state = LEDGER_DISPATCHED, .transitions = 1, .try = 1, .begun = 70, .ends = 90, .due = 90},
        {.state = LEDGER_FAILED, .transitions = 1, .try = 1, .begun = 70, .ended = 80, .code = "T101"},
        {.state = LEDGER_MIGRATED, .transitions = 1, .try = 1, .begun = 70, .ended = 80},
        {.state = LEDGER_RETRY_WAIT, .transitions = 1, .ends = 90, .due = 80}};
    int seen[LEDGER_FAILED + 1] = {0};

    (void)state;
    for (int i = 0; i < 2 * 16 + DEVICES; i++) {
        const struct ledger_inventory row = {.device = FIRST_DEVICE + (uint64_t)i,
                                             .device_type = "ESME",
                                             .status = "Commissioned",
                                             .credentials = "TCOS"};
        assert_true(ledger_inventory_put(ledger, &row, NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sessions); i++) {
        const struct ledger_transition transition = {
            .n = 1, .state = sessions[i].state, .try = sessions[i].try, .job = 9, .record = (int64_t)i + 1};
        put(first + (int64_t)i, &sessions[i], &transition);
    }
    g_autoptr(ledger_survey_t) survey = ledger_survey_make(ledger, 100, NULL);
    assert_non_null(survey);
    assert_true(ledger_survey_each(survey, compare_past, seen, NULL));
    assert_int_equal(seen[LEDGER_READY], 1 + DEVICES - 1);
    assert_int_equal(seen[LEDGER_DISPATCHED], 1);
    assert_int_equal(seen[LEDGER_RETRY_WAIT], 1);
    assert_int_equal(seen[LEDGER_MIGRATED], 1);
}

/* ---- what an outcome file shows ---- */

static bool check_of_outcome(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    assert_int_equal(work->item.item, first + (*(int64_t *)user)++);
    assert_string_equal(work->org, "MCC");
    assert_string_equal(work->batch, "B1");
    assert_int_equal(work->judged_at, JUDGED + 1);
    return true;
}

static void test_ledger_work__outcome_of_a_job_judged_twice__has_the_verdict_with_the_items(void **state)
{
    const struct ledger_verdict refused = {.job = 1, .judged_at = 1, .outcome = "RJ", .batch = "B0"};
    g_autofree struct ledger_verdict *of = NULL;
    int64_t n = 0;

    (void)state;
    assert_true(ledger_verdict_insert(ledger, &refused, NULL));
    assert_true(ledger_verdict_get(ledger, 1, 1, &of, NULL));
    assert_true(ledger_outcome_mark_planned(ledger, of, 21, NULL));
    assert_true(ledger_work_of_outcome_each(ledger, 21, check_of_outcome, &n, NULL));
    assert_int_equal(n, DEVICES);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_work__no_session__work_is_what_the_review_says),
        T(test_ledger_work__by_work_item_id__is_found_or_nothing),
        T(test_ledger_work__by_work_item_ids__in_any_order_each_is_found),
        T(test_ledger_work__changes_between_work_item_ids__are_seen),
        T(test_ledger_work__work_item_ids_after_a_rollback__are_as_before),
        T(test_ledger_work__by_work_item_id_of_a_reader__sees_each_commit),
        T(test_ledger_work__in_a_state__by_due_time),
        T(test_ledger_work__of_a_device__oldest_first),
        T(test_ledger_work__present_of_a_device__the_live_one_else_the_newest),
        T(test_ledger_work__of_a_work_order__with_their_transitions),
        T(test_ledger_work__models__in_any_order_each_is_found),
        T(test_ledger_work__nothing_is_withheld__no_question_walks_all_work_items),
        T(test_ledger_find__live_sessions_lead__their_index_is_searched),
        T(test_ledger_survey__work_items__say_what_those_of_one_device_say),
        T(test_ledger_work__outcome_of_a_job_judged_twice__has_the_verdict_with_the_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
