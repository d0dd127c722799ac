/* Ends and unfinished work of a period, also when an end is corrected later. */
#include "spool/ledger/ledger_progress.h"

#include "tests/unit/ledger_batches.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

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
static void test_ledger_progress__end_is_corrected__both_ends_count_in_their_periods(void **state)
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

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_progress__end_is_corrected__both_ends_count_in_their_periods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
