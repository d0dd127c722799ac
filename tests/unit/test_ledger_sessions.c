/* Sessions and transitions: every member comes back, statements, ends, walks; what earlier work means for a Device. */
#include "spool/ledger/ledger_sessions.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
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

static void test_ledger_sessions__no_session__work_is_what_the_review_says(void **state)
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

/* Job 7: three results, batch B9. */
static void add_results(void)
{
    const struct ledger_job result = {.id = 7, .name = "r", .type = "EMT", .org = "MCC", .received = 1};
    const struct ledger_verdict verdict = {
        .job = 7, .revision = 1, .judged_at = 1, .outcome = "AC", .batch = "B9", .parsed = 3, .accepted = 3};

    assert_true(ledger_job_insert(ledger, &result, NULL, NULL));
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
}

static int64_t found(const char *org, const char *batch, int64_t record)
{
    g_autofree struct ledger_work *work = NULL;

    assert_true(ledger_work_by_id(ledger, &(struct ledger_work_item_id){org, batch, record}, &work, NULL));
    return work == NULL ? 0 : work->item.item - first + 1;
}

static void test_ledger_sessions__by_work_item_id__is_found_or_nothing(void **state)
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

/* ---- what earlier work means ---- */

static struct ledger_earlier_work earlier_work_of(uint64_t device)
{
    struct ledger_earlier_work past;

    assert_true(ledger_earlier_work(ledger, device, 100, &past, NULL));
    return past;
}

static void fail_session(int64_t item, int64_t next_eligible, enum ledger_statement statement)
{
    const struct ledger_session session = {
        .state = LEDGER_FAILED, .transitions = 1, .try = 1, .ended = 50, .next_eligible = next_eligible};
    const struct ledger_transition transition = {
        .n = 1, .at = 50, .state = LEDGER_FAILED, .subject_id = "s", .key_id = "k", .statement = statement};

    put(item, &session, &transition);
}

static void test_ledger_devices__failed_sessions__the_newest_says_when_again(void **state)
{
    const uint64_t device = FIRST_DEVICE + 16;
    struct ledger_earlier_work past = earlier_work_of(device);

    (void)state;
    assert_true(past.live);
    assert_false(past.replaced);
    assert_int_equal(past.failed_sessions, 0);
    assert_int_equal(past.next_eligible, 0);
    fail_session(first, 700, LEDGER_NOT_REPLACED);
    past = earlier_work_of(device);
    assert_false(past.live);
    assert_int_equal(past.failed_sessions, 1);
    assert_int_equal(past.next_eligible, 700);
    fail_session(instruct_again(5, device, LEDGER_READY), 600, LEDGER_NO_STATEMENT);
    (void)instruct_again(6, device, LEDGER_REJECTED);
    past = earlier_work_of(device);
    assert_int_equal(past.failed_sessions, 2);
    assert_int_equal(past.next_eligible, 600);
    assert_false(past.live);
    assert_false(past.replaced);
    (void)instruct_again(7, device, LEDGER_READY);
    (void)instruct_again(8, device, LEDGER_DEFERRED);
    assert_true(earlier_work_of(device).live);
    assert_int_equal(earlier_work_of(12345).failed_sessions, 0);
}

static void test_ledger_devices__a_success_of_either_side__is_kept(void **state)
{
    (void)state;
    fail_session(first, 700, LEDGER_REPLACED);
    fail_session(first + 1, 700, LEDGER_CONFIRMED);
    move(first + 2, LEDGER_MIGRATED, 0, 90); /* without a statement: an operator has ended it so */
    (void)instruct_again(5, FIRST_DEVICE + 16, LEDGER_REJECTED);
    assert_true(earlier_work_of(FIRST_DEVICE + 16).replaced);
    assert_true(earlier_work_of(FIRST_DEVICE + 17).replaced);
    assert_true(earlier_work_of(FIRST_DEVICE + 18).replaced);
    fail_session(first + 3, 700, LEDGER_NOT_CONFIRMED);
    assert_false(earlier_work_of(FIRST_DEVICE + 19).replaced);
}

/* ---- ends ---- */

static bool join_end(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    (void)device, (void)error;
    g_string_append_printf(user, "%d:%s ", (int)(item - first + 1), code != NULL ? code : "-");
    return true;
}

static void expect_ended(enum ledger_state in, int64_t from, int64_t until, const char *expected)
{
    const struct ledger_ended which = {in, {from, until}};
    g_autoptr(GString) text = g_string_new(NULL);
    int64_t n = 0;

    assert_true(ledger_ended_sessions_each(ledger, &which, join_end, text, NULL));
    assert_true(ledger_ended_sessions_count(ledger, &which, &n, NULL));
    assert_string_equal(text->str, expected);
    for (const char *at = expected; *at != '\0'; at++)
        n -= *at == ' ';
    assert_int_equal(n, 0);
}

static bool count_one(void *user, uint64_t device, enum ledger_state outcome, GError **error)
{
    (void)device, (void)outcome, (void)error;
    ++*(int *)user;
    return true;
}

static int unfinished_at(int64_t at)
{
    int n = 0;

    assert_true(ledger_unfinished_each(ledger, at, count_one, &n, NULL));
    return n;
}

/* An end that a late success corrects stays an end of its period; the new one is one of another period. */
static void test_ledger_sessions__end_is_corrected__both_ends_count_in_their_periods(void **state)
{
    int64_t late = JUDGED + 500;
    int unfinished = unfinished_at(late);
    const struct ledger_session failed = {.state = LEDGER_FAILED,
                                          .transitions = 1,
                                          .try = 3,
                                          .unused = true,
                                          .code = "D103",
                                          .ended = late + 10,
                                          .next_eligible = 700};
    const struct ledger_session same = {.state = LEDGER_FAILED,
                                        .transitions = 2,
                                        .try = 3,
                                        .unused = true,
                                        .code = "D103",
                                        .ended = late + 10,
                                        .next_eligible = 700};
    const struct ledger_session migrated = {.state = LEDGER_MIGRATED, .transitions = 3, .try = 3, .ended = late + 20};
    const struct ledger_transition a = {.n = 1, .state = LEDGER_FAILED}, b = {.n = 2, .state = LEDGER_FAILED},
                                   c = {.n = 3, .state = LEDGER_MIGRATED};
    struct ledger_end room;

    (void)state;
    put(first, &failed, &a);
    put(first, &same, &b);
    expect_ended(LEDGER_FAILED, 0, late + 30, "1:D103 ");
    put(first, &migrated, &c);
    put(first + 1,
        &(struct ledger_session){.state = LEDGER_FAILED, .transitions = 1, .code = "D105", .ended = late + 9}, &a);
    expect_ended(LEDGER_FAILED, 0, late + 30, "2:D105 1:D103 ");
    expect_ended(LEDGER_FAILED, late + 10, late + 30, "1:D103 ");
    expect_ended(LEDGER_MIGRATED, 0, late + 20, "");
    expect_ended(LEDGER_MIGRATED, late + 20, late + 30, "1:- ");
    assert_int_equal(unfinished_at(late + 9), unfinished);
    assert_int_equal(unfinished_at(late + 10), unfinished - 1);
    assert_int_equal(unfinished_at(late + 15), unfinished - 2);
    g_autofree struct ledger_work *work = work_of(first), *other = work_of(first + 1), *none = work_of(first + 2);
    const struct ledger_end *end = ledger_work_end_in(work, LEDGER_FAILED, &room);
    assert_non_null(end);
    assert_int_equal(end->ended, late + 10);
    assert_int_equal(end->tries, 2);
    assert_int_equal(end->next_eligible, 700);
    assert_string_equal(end->code, "D103");
    assert_int_equal(ledger_work_end_in(work, LEDGER_MIGRATED, &room)->ended, late + 20);
    assert_string_equal(ledger_work_end_in(other, LEDGER_FAILED, &room)->code, "D105");
    assert_null(ledger_work_end_in(other, LEDGER_MIGRATED, &room));
    assert_null(ledger_work_end_in(none, LEDGER_READY, &room));
}

/* ---- walks ---- */

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

static void test_ledger_sessions__in_a_state__by_due_time(void **state)
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

static void test_ledger_sessions__of_a_device__oldest_first(void **state)
{
    const uint64_t device = FIRST_DEVICE + 21; /* was rejected */
    g_autoptr(GString) text = g_string_new(NULL), expected = g_string_new("6 ");

    (void)state;
    for (int job = 5; job < 8; job++)
        g_string_append_printf(expected, "%d ", (int)(instruct_again(job, device, LEDGER_REJECTED) - first + 1));
    assert_true(ledger_work_of_device_each(ledger, device, join_number, text, NULL));
    assert_string_equal(text->str, expected->str);
}

static bool join_order(void *user, const struct ledger_work *work, const struct ledger_transition *transition,
                       GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d:%d try %d ", (int)transition->record, (int)(work->item.item - first + 1),
                           (int)transition->try);
    return true;
}

static void test_ledger_sessions__of_a_work_order__with_their_transitions(void **state)
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

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_sessions__no_session__work_is_what_the_review_says),
        T(test_ledger_sessions__put__every_member_comes_back),
        T(test_ledger_sessions__several_statements__the_newest_of_each_side_counts),
        T(test_ledger_sessions__one_flag_at_a_time__is_not_mixed_up),
        T(test_ledger_sessions__transitions__come_back_in_order),
        T(test_ledger_sessions__changed_since_it_was_read__is_refused),
        T(test_ledger_sessions__by_work_item_id__is_found_or_nothing),
        T(test_ledger_sessions__end__frees_the_device_and_is_counted_once),
        T(test_ledger_sessions__two_verdicts__the_one_with_the_items_counts),
        T(test_ledger_devices__failed_sessions__the_newest_says_when_again),
        T(test_ledger_devices__a_success_of_either_side__is_kept),
        T(test_ledger_sessions__end_is_corrected__both_ends_count_in_their_periods),
        T(test_ledger_sessions__in_a_state__by_due_time),
        T(test_ledger_sessions__of_a_device__oldest_first),
        T(test_ledger_sessions__of_a_work_order__with_their_transitions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
