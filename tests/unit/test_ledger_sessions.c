/* Sessions and their transitions, field by field; what is due, in which order and how much of it; what came of it all.
 */
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_home.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define FIRST_DEVICE UINT64_C(0xFFDB123456789000) /* negative as an int64_t */
enum { JUDGED = 1000, DEVICES = 6 };

static struct ledger *ledger;
static int64_t first; /* the first item of job 1; job 2's follow */

/* Jobs 1 and 2: batches B1 and B2 of six READY Devices each, but for the last, which was rejected. */
static void add_batch(int64_t job, const char *org, const char *batch)
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

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    if (ledger == NULL || !ledger_begin(ledger, NULL))
        return 1;
    add_batch(1, "MCC", "B1");
    add_batch(2, "MCC", "B2");
    return 0;
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static bool is_live(uint64_t device)
{
    struct ledger_earlier_work past;

    assert_true(ledger_earlier_work(ledger, device, &past, NULL));
    return past.live;
}

static struct ledger_work *work_of(int64_t item)
{
    struct ledger_work *work = NULL;

    assert_true(ledger_work_get(ledger, item, &work, NULL));
    return work;
}

static void put(int64_t item, const struct ledger_session *session, const struct ledger_transition *transition)
{
    g_autofree struct ledger_work *work = work_of(item);

    assert_non_null(work);
    assert_true(ledger_session_put(ledger, work, session, transition, NULL));
}

/* The next transition of an item: a state, and when it goes on. */
static void move(int64_t item, enum ledger_state state, int64_t due, int64_t ends)
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

/* ---- rows ---- */

static void test_work__without_a_session__is_what_the_split_says(void **state)
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
static const struct ledger_transition whole_step = {.n = 1,
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

/* The next transition of an item, with the session as whole_session but for transitions. */
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

static void test_session__every_member__comes_back(void **state)
{
    const struct ledger_session bare = {.state = LEDGER_DISPATCHED, .transitions = 1};
    const struct ledger_transition begun = {.n = 1};

    (void)state;
    put_whole(first, &whole_step);
    check_whole(first, 1);
    /* and when it was another before */
    put(first + 1, &bare, &begun);
    put_whole(first + 1, &whole_step);
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

static void test_session__its_sides__are_what_their_newest_words_say(void **state)
{
    static const struct ledger_transition transitions[] = {
        {.at = 31, .try = 1, .subject_id = "no", .key_id = "word", .statement = LEDGER_NO_STATEMENT},
        {.at = 32, .try = 2, .subject_id = "ts", .key_id = "tk", .statement = LEDGER_REPLACED},
        {.at = 33, .try = 2, .statement = LEDGER_NOT_CONFIRMED},
        {.at = 34, .try = 3, .subject_id = "es", .key_id = "ek", .statement = LEDGER_CONFIRMED},
        {.at = 35, .try = 4, .subject_id = "told", .key_id = "all the same", .statement = LEDGER_NOT_REPLACED},
    };
    static const struct {
        int64_t tcos, ecos; /* the transition that counts, 0: none */
    } want[] = {{0, 0}, {2, 0}, {2, 3}, {2, 4}, {5, 4}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(transitions); i++) {
        put_whole(first, &transitions[i]);
        put_whole(first + 1, &whole_step); /* somebody else's */
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

static void test_session__one_flag_at_a_time__is_not_mixed_up(void **state)
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

static bool check_whole_step(void *user, const struct ledger_transition *transition, GError **error)
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

static void test_steps__every_member__comes_back_in_order(void **state)
{
    int64_t n = 0;

    (void)state;
    put_whole(first, &whole_step);
    move(first, LEDGER_MIGRATED, 0, 12);
    move(first + 1, LEDGER_DISPATCHED, 9, 9);
    assert_true(ledger_transitions_each(ledger, first, check_whole_step, &n, NULL));
    assert_int_equal(n, 2);
}

static void test_session__that_has_gone_on__is_not_put(void **state)
{
    const struct ledger_session session = {.state = LEDGER_DISPATCHED, .transitions = 1};
    const struct ledger_session second = {.state = LEDGER_DISPATCHED, .transitions = 2};
    const struct ledger_transition transition = {.n = 1}, next = {.n = 2};
    g_autofree struct ledger_work *fresh = work_of(first);
    g_autoptr(GError) again = NULL, behind = NULL;

    (void)state;
    put(first, &session, &transition);
    assert_false(ledger_session_put(ledger, fresh, &session, &transition, &again));
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

static void test_work_find__by_its_id__or_nothing(void **state)
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

/* ---- what an end does ---- */

static void expect_counts(int64_t job, int64_t dispatched, int64_t ended)
{
    g_autofree struct ledger_verdict *verdict = NULL;

    assert_true(ledger_verdict_get(ledger, job, 1, &verdict, NULL));
    assert_int_equal(verdict->dispatched, dispatched);
    assert_int_equal(verdict->ended, ended);
}

static void test_session__its_end__frees_the_device_and_is_counted_once(void **state)
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
    move(first, LEDGER_FAILED, 0, 90); /* something noted afterwards */
    expect_counts(1, 1, 1);
    move(first + 1, LEDGER_REJECTED, 0, 0); /* right before its dispatch */
    expect_counts(1, 2, 2);
    expect_counts(2, 0, 0);
    live = is_live(FIRST_DEVICE + 18);
    assert_true(live);
}

static void test_session__counted__in_the_verdict_that_has_the_items(void **state)
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

static guint outcomes_due(int64_t *job)
{
    g_autoptr(GPtrArray) due = NULL;

    assert_true(ledger_outcomes_due(ledger, &due, NULL));
    if (due->len > 0)
        *job = ((const struct ledger_verdict *)due->pdata[0])->job;
    return due->len;
}

static void test_outcomes__due_when_the_last_has_ended__once(void **state)
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
    assert_true(ledger_outcome_mark_planned(ledger, verdict, NULL));
    assert_int_equal(outcomes_due(&job), 0);
}

static void test_outcomes__nothing_accepted__due_at_once(void **state)
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

/* ---- what is due ---- */

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

static void test_due__tries_and_times__each_in_its_list(void **state)
{
    (void)state;
    move(first, LEDGER_READY, 80, 0);            /* put off */
    move(first + 1, LEDGER_RETRY_WAIT, 70, 100); /* between tries */
    move(first + 2, LEDGER_RETRY_WAIT, 80, 80);  /* put off to its session's end */
    move(first + 3, LEDGER_DISPATCHED, 90, 90);
    move(first + 4, LEDGER_CONFIRM_PENDING, 75, 100);
    move(first + 6, LEDGER_CONFIRM_PENDING, 0, 100); /* D150 is told already */
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

static bool wakes_early(int64_t now)
{
    bool early;

    assert_true(ledger_wake_times_stale(ledger, now, &early, NULL));
    return early;
}

static void test_due__put_off_or_over__wakes_once_in_vain(void **state)
{
    (void)state;
    move(first, LEDGER_DISPATCHED, 70, 70);
    move(first, LEDGER_CONFIRM_PENDING, 90, 90); /* later */
    move(first + 1, LEDGER_DISPATCHED, 72, 72);
    move(first + 1, LEDGER_CONFIRM_MISMATCH, 0, 72); /* never */
    move(first + 2, LEDGER_DISPATCHED, 73, 73);
    move(first + 2, LEDGER_MIGRATED, 0, 73); /* ended: is noted nowhere any more */
    move(first + 3, LEDGER_DISPATCHED, 95, 95);
    move(first + 3, LEDGER_RETRY_WAIT, 80, 95); /* sooner */

    expect_due(ledger_timeouts_due, 71, 9, ""); /* not due for that it wakes */
    assert_false(wakes_early(69));
    assert_true(wakes_early(70));
    expect_next(69, 70);
    expect_next(72, 80);
    assert_true(ledger_wake_times_refresh(ledger, 71, NULL));
    assert_false(wakes_early(71));
    assert_true(wakes_early(72));
    assert_true(ledger_wake_times_refresh(ledger, 72, NULL));
    assert_false(wakes_early(99));
    expect_next(0, 80);
    expect_next(80, 90);
    expect_next(90, 0);
    expect_due(ledger_tries_due, 80, 9, "80:4");
    expect_due(ledger_timeouts_due, 90, 9, "90:1");
}

static void test_due__same_time__in_the_order_of_items(void **state)
{
    (void)state;
    for (int i = 4; i >= 0; i--)
        move(first + i, LEDGER_RETRY_WAIT, 70, 100);
    expect_due(ledger_tries_due, 70, 3, "70:1 70:2 70:3");
    expect_due(ledger_timeouts_due, 100, 3, "70:1 70:2 70:3");
}

static struct ledger_verdict verdict_of(int64_t job)
{
    return (struct ledger_verdict){
        .first_item = first + (job - 1) * DEVICES, .items = DEVICES, .judged_at = JUDGED + job};
}

static bool fresh_of_first(struct ledger *of, int64_t now, int64_t limit, GArray *due, GError **error)
{
    const struct ledger_verdict verdict = verdict_of(now);

    return ledger_undispatched_items(of, &verdict, limit, due, error);
}

static guint fresh_verdicts(void)
{
    g_autoptr(GPtrArray) verdicts = NULL;

    assert_true(ledger_undispatched_verdicts(ledger, &verdicts, NULL));
    for (guint i = 1; i < verdicts->len; i++)
        assert_true(((const struct ledger_verdict *)verdicts->pdata[i - 1])->judged_at <=
                    ((const struct ledger_verdict *)verdicts->pdata[i])->judged_at);
    return verdicts->len;
}

static void test_due__fresh_items__those_without_a_session(void **state)
{
    (void)state;
    add_results();
    assert_int_equal(fresh_verdicts(), 2);
    expect_due(fresh_of_first, 1, 9, "1001:1 1001:2 1001:3 1001:4 1001:5");
    expect_due(fresh_of_first, 2, 2, "1002:7 1002:8");
    move(first, LEDGER_DISPATCHED, 90, 90);
    move(first + 1, LEDGER_READY, 70, 0);
    move(first + 6, LEDGER_REJECTED, 0, 0);
    expect_due(fresh_of_first, 1, 2, "1001:3 1001:4");
    expect_due(fresh_of_first, 2, 9, "1002:8 1002:9 1002:10 1002:11");
    for (int i = 2; i < DEVICES - 1; i++)
        move(first + i, LEDGER_DISPATCHED, 90, 90);
    expect_due(fresh_of_first, 1, 9, "");
    assert_int_equal(fresh_verdicts(), 1);
}

/* ---- the past, models, lists ---- */

static struct ledger_earlier_work past_of(uint64_t device)
{
    struct ledger_earlier_work past;

    assert_true(ledger_earlier_work(ledger, device, &past, NULL));
    return past;
}

static void fail_with(int64_t item, int64_t next_eligible, enum ledger_statement statement)
{
    const struct ledger_session session = {
        .state = LEDGER_FAILED, .transitions = 1, .try = 1, .ended = 50, .next_eligible = next_eligible};
    const struct ledger_transition transition = {
        .n = 1, .at = 50, .state = LEDGER_FAILED, .subject_id = "s", .key_id = "k", .statement = statement};

    put(item, &session, &transition);
}

/* The Device of item `of`, instructed again in batch `job`. */
static int64_t instruct_again(int64_t job, uint64_t device, enum ledger_state outcome)
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

static void test_past__failed_sessions__the_newest_says_when_again(void **state)
{
    const uint64_t device = FIRST_DEVICE + 16;
    struct ledger_earlier_work past = past_of(device);

    (void)state;
    assert_true(past.live);
    assert_false(past.replaced);
    assert_int_equal(past.failed_sessions, 0);
    assert_int_equal(past.next_eligible, 0);
    fail_with(first, 700, LEDGER_NOT_REPLACED);
    past = past_of(device);
    assert_false(past.live);
    assert_int_equal(past.failed_sessions, 1);
    assert_int_equal(past.next_eligible, 700);
    fail_with(instruct_again(5, device, LEDGER_READY), 600, LEDGER_NO_STATEMENT);
    (void)instruct_again(6, device, LEDGER_REJECTED);
    past = past_of(device);
    assert_int_equal(past.failed_sessions, 2);
    assert_int_equal(past.next_eligible, 600);
    assert_false(past.live);
    assert_false(past.replaced);
    (void)instruct_again(7, device, LEDGER_READY);
    (void)instruct_again(8, device, LEDGER_DEFERRED);
    assert_true(past_of(device).live);
    assert_int_equal(past_of(12345).failed_sessions, 0);
}

static void test_past__a_success_of_either_side__is_never_forgotten(void **state)
{
    (void)state;
    fail_with(first, 700, LEDGER_REPLACED);
    fail_with(first + 1, 700, LEDGER_CONFIRMED);
    move(first + 2, LEDGER_MIGRATED, 0, 90); /* without sides: by its state alone it is none */
    (void)instruct_again(5, FIRST_DEVICE + 16, LEDGER_REJECTED);
    assert_true(past_of(FIRST_DEVICE + 16).replaced);
    assert_true(past_of(FIRST_DEVICE + 17).replaced);
    assert_false(past_of(FIRST_DEVICE + 18).replaced);
    fail_with(first + 3, 700, LEDGER_NOT_CONFIRMED);
    assert_false(past_of(FIRST_DEVICE + 19).replaced);
}

static void test_models__are_counted_by_all_four(void **state)
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
    assert_true(ledger_model_count(ledger, &item, false, &now, NULL));
    assert_int_equal(now.failed, 1);
    assert_int_equal(now.migrated, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_true(ledger_model_count(ledger, &others[i], true, &now, NULL));
        assert_int_equal(now.failed, 0);
        assert_int_equal(now.migrated, 1);
    }
    assert_true(ledger_model_count(ledger, &item, true, &now, NULL));
    assert_true(ledger_model_count(ledger, &item, false, &now, NULL));
    assert_int_equal(now.failed, 2);
    assert_int_equal(now.migrated, 1);
    assert_string_equal(now.device_type, "ESME");
    assert_string_equal(now.manufacturer, "AB01");
    assert_string_equal(now.model, "010A030B");
    assert_string_equal(now.firmware, "0002012F");
}

static bool note_number(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d ", (int)(work->item.item - first + 1));
    return true;
}

static void expect_in(enum ledger_state in, int64_t limit, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(ledger_work_in_state_each(ledger, &(struct ledger_in_state){in, limit}, note_number, text, NULL));
    if (strcmp(text->str, expected) != 0)
        fail_msg("%s: expected '%s', found '%s'", ledger_state_name(in), expected, text->str);
}

static void test_states__walked_in_the_order_in_which_they_go_on(void **state)
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

static void test_device__its_work_items__oldest_first(void **state)
{
    const uint64_t device = FIRST_DEVICE + 21; /* was rejected */
    g_autoptr(GString) text = g_string_new(NULL), expected = g_string_new("6 ");

    (void)state;
    for (int job = 5; job < 8; job++)
        g_string_append_printf(expected, "%d ", (int)(instruct_again(job, device, LEDGER_REJECTED) - first + 1));
    assert_true(ledger_work_of_device_each(ledger, device, note_number, text, NULL));
    assert_string_equal(text->str, expected->str);
}

static bool note_order(void *user, const struct ledger_work *work, const struct ledger_transition *transition,
                       GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d:%d try %d ", (int)transition->record, (int)(work->item.item - first + 1),
                           (int)transition->try);
    return true;
}

static void test_order__its_devices__as_they_were_then(void **state)
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
    /* gone on since, once with a result of a file that has the same number */
    const struct ledger_session waits = {.state = LEDGER_RETRY_WAIT, .transitions = 2, .try = 1, .ends = 90, .due = 80};
    const struct ledger_transition failed = {.n = 2, .state = LEDGER_RETRY_WAIT, .try = 1, .job = 9, .record = 7};
    put(first + 1, &waits, &failed);
    const struct ledger_session again = {.state = LEDGER_DISPATCHED, .transitions = 3, .try = 2, .ends = 90, .due = 90};
    const struct ledger_transition second = {.n = 3, .state = LEDGER_DISPATCHED, .try = 2, .job = 10, .record = 1};
    put(first + 1, &again, &second);
    assert_true(ledger_work_order_each(ledger, 9, note_order, text, NULL));
    assert_string_equal(text->str, "1:4 try 1 2:2 try 1 3:3 try 1 ");
    g_string_set_size(text, 0);
    assert_true(ledger_work_order_each(ledger, 10, note_order, text, NULL));
    assert_string_equal(text->str, "1:2 try 2 ");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_work__without_a_session__is_what_the_split_says),
        T(test_session__every_member__comes_back),
        T(test_session__one_flag_at_a_time__is_not_mixed_up),
        T(test_steps__every_member__comes_back_in_order),
        T(test_session__that_has_gone_on__is_not_put),
        T(test_session__its_sides__are_what_their_newest_words_say),
        T(test_work_find__by_its_id__or_nothing),
        T(test_session__its_end__frees_the_device_and_is_counted_once),
        T(test_session__counted__in_the_verdict_that_has_the_items),
        T(test_outcomes__due_when_the_last_has_ended__once),
        T(test_outcomes__nothing_accepted__due_at_once),
        T(test_due__tries_and_times__each_in_its_list),
        T(test_due__put_off_or_over__wakes_once_in_vain),
        T(test_due__same_time__in_the_order_of_items),
        T(test_due__fresh_items__those_without_a_session),
        T(test_past__failed_sessions__the_newest_says_when_again),
        T(test_past__a_success_of_either_side__is_never_forgotten),
        T(test_models__are_counted_by_all_four),
        T(test_states__walked_in_the_order_in_which_they_go_on),
        T(test_device__its_work_items__oldest_first),
        T(test_order__its_devices__as_they_were_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
