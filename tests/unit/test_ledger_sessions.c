/* Changes of sessions: every member comes back, statements, transitions, ends. */
#include "spool/ledger/ledger_sessions.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_pending.h"
#include "spool/ledger/ledger_tally.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_batches.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* ---- rows ---- */

static const struct ledger_session whole_session = {.state = LEDGER_CONFIRM_MISMATCH,
                                                    .try = 3,
                                                    .answered = true,
                                                    .unused = true,
                                                    .delays = 4,
                                                    .begun = 11,
                                                    .ends = 12,
                                                    .due = 13,
                                                    .code = "D151",
                                                    .next_eligible = 14};
static const struct ledger_transition whole_transition = {.n = 1,
                                                          .at = 21,
                                                          .state = LEDGER_CONFIRM_MISMATCH,
                                                          .try = 2,
                                                          .job = 22,
                                                          .record = 23,
                                                          .code = "D151",
                                                          .due = 24,
                                                          .gbcs = "30",
                                                          .duis = "E20",
                                                          .alert = "8F84",
                                                          .subject_id = "s",
                                                          .key_id = "k",
                                                          .said_at = 25,
                                                          .statement = LEDGER_REPLACED};

/* Puts a transition of an item; its session is whole_session afterwards, with the right number of transitions. */
static void put_whole(int64_t item, const struct ledger_transition *transition)
{
    g_autofree struct ledger_work *work = work_of(item);
    struct ledger_session session = whole_session;
    struct ledger_transition next = *transition;

    session.transitions = next.n = work->session.transitions + 1;
    session.tcos.transition = work->session.tcos.transition;
    session.ecos.transition = work->session.ecos.transition;
    assert_true(ledger_session_put(ledger, work, &session, &next, NULL));
}

static void check_whole(int64_t item, int64_t transitions)
{
    g_autofree struct ledger_work *work = work_of(item);
    const struct ledger_session *s = &work->session;

    assert_true(work->has_session);
    assert_int_equal(s->state, LEDGER_CONFIRM_MISMATCH);
    assert_int_equal(s->transitions, transitions);
    assert_int_equal(s->try, 3);
    assert_true(s->answered);
    assert_true(s->unused);
    assert_int_equal(s->delays, 4);
    assert_int_equal(s->begun, 11);
    assert_int_equal(s->ends, 12);
    assert_int_equal(s->due, 13);
    assert_string_equal(s->code, "D151");
    assert_int_equal(s->next_eligible, 14);
    assert_int_equal(s->ended, 0);
}

static void test_ledger_sessions__put__every_member_comes_back(void **state)
{
    const struct ledger_session bare = {.state = LEDGER_DISPATCHED, .transitions = 1};
    const struct ledger_transition begun = {.n = 1};

    (void)state;
    put_whole(first, &whole_transition);
    check_whole(first, 1);
    /* and in place of another session */
    put(first + 1, &bare, &begun);
    put_whole(first + 1, &whole_transition);
    check_whole(first + 1, 2);
}

static void check_side(const struct ledger_side *side, int64_t at, bool good, const char *subject, const char *key,
                       int64_t try)
{
    assert_int_equal(side->at, at);
    assert_true(side->good == good);
    assert_true(g_strcmp0(side->subject_id, subject) == 0 && g_strcmp0(side->key_id, key) == 0);
    assert_int_equal(side->try, try);
}

static void test_ledger_sessions__several_statements__the_newest_of_each_side_counts(void **state)
{
    static const struct ledger_transition transitions[] = {
        {.at = 31, .try = 1, .subject_id = "no", .key_id = "statement", .statement = LEDGER_NO_STATEMENT},
        {.at = 32, .try = 2, .subject_id = "ts", .key_id = "tk", .statement = LEDGER_REPLACED},
        {.at = 33, .try = 2, .statement = LEDGER_NOT_CONFIRMED},
        {.at = 34, .try = 3, .subject_id = "es", .key_id = "ek", .statement = LEDGER_CONFIRMED},
        {.at = 35, .try = 4, .subject_id = "an id", .key_id = "that does not count", .statement = LEDGER_NOT_REPLACED},
    };
    static const struct {
        int64_t tcos, ecos; /* the transition that counts, 0: none */
    } want[] = {{0, 0}, {2, 0}, {2, 3}, {2, 4}, {5, 4}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(transitions); i++) {
        put_whole(first, &transitions[i]);
        put_whole(first + 1, &whole_transition); /* of another item: must not count */
        g_autofree struct ledger_work *work = work_of(first);
        const struct ledger_side *sides[] = {&work->session.tcos, &work->session.ecos};
        for (int k = 0; k < 2; k++) {
            int64_t n = k == 0 ? want[i].tcos : want[i].ecos;
            bool good = n == 2 || n == 4;
            check_side(sides[k], n == 0 ? 0 : transitions[n - 1].at, good, good ? transitions[n - 1].subject_id : NULL,
                       good ? transitions[n - 1].key_id : NULL, good ? transitions[n - 1].try : 0);
        }
    }
}

static void test_ledger_sessions__one_flag_at_a_time__is_not_mixed_up(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct ledger_session session = {
            .state = LEDGER_RETRY_WAIT, .transitions = i + 1, .answered = i == 0, .unused = i == 1};
        const struct ledger_transition transition = {.n = i + 1};
        put(first, &session, &transition);
        g_autofree struct ledger_work *work = work_of(first);
        assert_true(work->session.answered == (i == 0));
        assert_true(work->session.unused == (i == 1));
        assert_null(work->session.code);
        assert_int_equal(work->session.due, 0);
    }
}

static bool check_whole_transition(void *user, const struct ledger_transition *transition, GError **error)
{
    (void)error;
    ++*(int64_t *)user;
    assert_int_equal(transition->n, *(int64_t *)user);
    if (transition->n == 2) {
        assert_int_equal(transition->job, 0);
        assert_null(transition->code);
        assert_null(transition->gbcs);
        assert_int_equal(transition->due, 0);
        return true;
    }
    assert_int_equal(transition->at, 21);
    assert_int_equal(transition->state, LEDGER_CONFIRM_MISMATCH);
    assert_int_equal(transition->try, 2);
    assert_int_equal(transition->job, 22);
    assert_int_equal(transition->record, 23);
    assert_string_equal(transition->code, "D151");
    assert_int_equal(transition->due, 24);
    assert_string_equal(transition->gbcs, "30");
    assert_string_equal(transition->duis, "E20");
    assert_string_equal(transition->alert, "8F84");
    assert_string_equal(transition->subject_id, "s");
    assert_string_equal(transition->key_id, "k");
    assert_int_equal(transition->said_at, 25);
    assert_int_equal(transition->statement, LEDGER_REPLACED);
    return true;
}

static void test_ledger_sessions__transitions__come_back_in_order(void **state)
{
    int64_t n = 0;

    (void)state;
    put_whole(first, &whole_transition);
    move(first, LEDGER_MIGRATED, 0, 12);
    move(first + 1, LEDGER_DISPATCHED, 9, 9);
    assert_true(ledger_transitions_each(ledger, first, check_whole_transition, &n, NULL));
    assert_int_equal(n, 2);
}

static void test_ledger_sessions__changed_since_it_was_read__is_refused(void **state)
{
    const struct ledger_session session = {.state = LEDGER_DISPATCHED, .transitions = 1};
    const struct ledger_session second = {.state = LEDGER_DISPATCHED, .transitions = 2};
    const struct ledger_transition transition = {.n = 1}, next = {.n = 2};
    g_autofree struct ledger_work *before = work_of(first);
    g_autoptr(GError) again = NULL, behind = NULL;

    (void)state;
    put(first, &session, &transition);
    assert_false(ledger_session_put(ledger, before, &session, &transition, &again));
    assert_true(g_error_matches(again, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    g_autofree struct ledger_work *once = work_of(first);
    put(first, &second, &next);
    assert_false(ledger_session_put(ledger, once, &second, &next, &behind));
    assert_true(g_error_matches(behind, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
}

/* ---- ends ---- */

static bool is_live(uint64_t device)
{
    struct ledger_earlier_work earlier;

    assert_true(ledger_earlier_work(ledger, device, 100, &earlier, NULL));
    return earlier.live;
}

static void expect_counts(int64_t job, int64_t dispatched, int64_t ended)
{
    g_autofree struct ledger_verdict *verdict = NULL;

    assert_true(ledger_verdict_get(ledger, job, 1, &verdict, NULL));
    assert_int_equal(verdict->dispatched, dispatched);
    assert_int_equal(verdict->ended, ended);
}

static void test_ledger_sessions__end__frees_the_device_and_is_counted_once(void **state)
{
    bool live;

    (void)state;
    move(first, LEDGER_DISPATCHED, 90, 90);
    expect_counts(1, 1, 0);
    move(first, LEDGER_FAILED, 0, 90);
    expect_counts(1, 1, 1);
    g_autofree struct ledger_work *work = work_of(first);
    assert_int_equal(work->session.ended, 50);
    assert_true(work->item.ended);
    live = is_live(FIRST_DEVICE + 16);
    assert_false(live);
    move(first, LEDGER_FAILED, 0, 90); /* a transition after the end */
    expect_counts(1, 1, 1);
    move(first + 1, LEDGER_REJECTED, 0, 0); /* right before its dispatch */
    expect_counts(1, 2, 2);
    expect_counts(2, 0, 0);
    live = is_live(FIRST_DEVICE + 18);
    assert_true(live);
}

static void test_ledger_sessions__two_verdicts__the_one_with_the_items_counts(void **state)
{
    const struct ledger_verdict whole = {.job = 1, .revision = 2, .judged_at = 1, .outcome = "RJ", .batch = "B1"};
    g_autofree struct ledger_verdict *verdict = NULL;

    (void)state;
    assert_true(ledger_verdict_insert(ledger, &whole, NULL));
    move(first, LEDGER_DISPATCHED, 90, 90);
    move(first, LEDGER_FAILED, 0, 90);
    expect_counts(1, 1, 1);
    assert_true(ledger_verdict_get(ledger, 1, 2, &verdict, NULL));
    assert_int_equal(verdict->dispatched, 0);
    assert_int_equal(verdict->ended, 0);
}

static bool add_ends(void *user, const struct ledger_tally *tally, GError **error)
{
    struct ledger_tally *all = user;

    (void)error;
    all->n += tally->n;
    all->sum += tally->sum;
    return true;
}

static void expect_ends(int64_t n, int64_t seconds)
{
    struct ledger_tally all = {0};

    assert_true(ledger_tally_each(ledger, LEDGER_TALLY_SESSION, add_ends, &all, NULL));
    assert_int_equal(all.n, n);
    assert_int_equal(all.sum, seconds);
}

/* More kinds of ends than are kept back. */
static void add_many_ends(void)
{
    for (int64_t i = 0; i < 2 * LEDGER_PENDING_SESSIONS + 3; i++)
        assert_true(ledger_pending_session(ledger, LEDGER_FAILED, i % (LEDGER_PENDING_SESSIONS + 1), NULL));
}

static int64_t failures_of_model(void)
{
    const struct ledger_item item = {
        .device_type = "ESME", .manufacturer = "AB01", .model = "010A030B", .firmware = "0002012F"};
    struct ledger_model now;

    assert_true(ledger_model_count(ledger, &item, LEDGER_MODEL_FAILED, &now, NULL));
    return now.failed;
}

/* Counts of several Devices are written together: who asks sees them all the same. */
static void test_ledger_sessions__counts_are_pending__undone_with_the_rows_else_committed(void **state)
{
    (void)state;
    move(first, LEDGER_DISPATCHED, 90, 90);
    move(first + DEVICES, LEDGER_DISPATCHED, 90, 90);
    assert_int_equal(failures_of_model(), 1);
    assert_true(ledger_savepoint(ledger, NULL));
    move(first, LEDGER_FAILED, 0, 90);
    move(first + DEVICES, LEDGER_FAILED, 0, 90);
    assert_int_equal(failures_of_model(), 2);
    add_many_ends();
    assert_true(ledger_roll_back_to(ledger, NULL));
    expect_counts(1, 1, 0);
    expect_counts(2, 1, 0);
    expect_ends(0, 0);
    for (int64_t i = 0; i < DEVICES - 1; i++)
        move(first + i, LEDGER_FAILED, 0, 90);
    move(first + DEVICES, LEDGER_FAILED, 0, 90);
    assert_int_equal(failures_of_model(), 2);
    add_many_ends();
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    expect_counts(1, DEVICES - 1, DEVICES - 1);
    expect_counts(2, 1, 1);
    expect_ends(35, 272);
    assert_true(ledger_begin(ledger, NULL));
    assert_int_equal(failures_of_model(), 3);
}

/* ---- SubjectIds of before ---- */

/* The Device that had it, 0 if nobody had. */
static uint64_t had_before(const char *subject)
{
    bool known = false;
    uint64_t device = 0;

    assert_true(ledger_subject_before(ledger, subject, &known, &device, NULL));
    return known ? device : 0;
}

/* Those of a file's Devices are nearly all the same, and what was put last is not put again. */
static void test_ledger_sessions__subject_put_twice__the_first_item_stays_and_an_undone_one_is_put_again(void **state)
{
    (void)state;
    assert_true(had_before("A") == 0);
    assert_true(ledger_savepoint(ledger, NULL));
    assert_true(ledger_subject_before_put(ledger, "A", first, NULL));
    assert_true(had_before("A") == FIRST_DEVICE + 16);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_true(had_before("A") == 0);
    assert_true(ledger_subject_before_put(ledger, "A", first + 1, NULL));
    assert_true(ledger_subject_before_put(ledger, "A", first, NULL));
    assert_true(ledger_subject_before_put(ledger, "B", first + 2, NULL));
    assert_true(ledger_subject_before_put(ledger, "A", first + 2, NULL));
    assert_true(had_before("A") == FIRST_DEVICE + 17);
    assert_true(had_before("B") == FIRST_DEVICE + 18);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_sessions__put__every_member_comes_back),
        T(test_ledger_sessions__several_statements__the_newest_of_each_side_counts),
        T(test_ledger_sessions__one_flag_at_a_time__is_not_mixed_up),
        T(test_ledger_sessions__transitions__come_back_in_order),
        T(test_ledger_sessions__changed_since_it_was_read__is_refused),
        T(test_ledger_sessions__end__frees_the_device_and_is_counted_once),
        T(test_ledger_sessions__two_verdicts__the_one_with_the_items_counts),
        T(test_ledger_sessions__counts_are_pending__undone_with_the_rows_else_committed),
        T(test_ledger_sessions__subject_put_twice__the_first_item_stays_and_an_undone_one_is_put_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
