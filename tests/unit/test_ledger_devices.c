/* What earlier work of a Device means for a new work item. */
#include "spool/ledger/ledger_devices.h"

#include "tests/unit/ledger_batches.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

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

/* Whether a new work item is refused, for its Device has a live one. */
static bool is_refused(uint64_t device, enum ledger_state outcome)
{
    struct ledger_item item = {.job = 9, .record = 1, .has_device = true, .device = device, .outcome = outcome};
    g_autoptr(GError) error = NULL;

    if (ledger_item_insert(ledger, &item, &error))
        return false;
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    return true;
}

static void test_ledger_devices__one_live_work_item__a_second_one_is_refused(void **state)
{
    const uint64_t live = FIRST_DEVICE + 16, unknown = 77;

    (void)state;
    assert_true(is_refused(live, LEDGER_READY));
    assert_false(is_refused(live, LEDGER_REJECTED));
    assert_true(earlier_work_of(live).live);
    assert_true(is_refused(live, LEDGER_READY));
    assert_false(earlier_work_of(unknown).live); /* that one is free, and no other */
    assert_true(is_refused(live, LEDGER_READY));
    assert_false(is_refused(unknown, LEDGER_READY));
    assert_true(is_refused(unknown, LEDGER_READY));
    fail_session(first, 700, LEDGER_NOT_REPLACED);
    assert_false(is_refused(live, LEDGER_READY));
    assert_true(is_refused(live, LEDGER_READY));
}

static void test_ledger_devices__an_end_that_is_rolled_back__leaves_the_item_live(void **state)
{
    const uint64_t device = FIRST_DEVICE + 16;

    (void)state;
    assert_true(ledger_savepoint(ledger, NULL));
    fail_session(first, 700, LEDGER_NOT_REPLACED);
    assert_false(earlier_work_of(device).live);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_true(is_refused(device, LEDGER_READY));
}

/* Adds a work item of the Device. Whether the Device had none before it, for certain. */
static bool is_the_first(uint64_t device)
{
    struct ledger_item item = {
        .job = 9, .record = 1, .has_device = true, .device = device, .outcome = LEDGER_REJECTED, .no_earlier = true};

    assert_true(ledger_item_insert(ledger, &item, NULL));
    return item.no_earlier;
}

static void test_ledger_devices__no_earlier_work__is_certain_only_if_it_was_just_asked(void **state)
{
    (void)state;
    assert_false(is_the_first(71));
    (void)earlier_work_of(72);
    assert_true(is_the_first(72));
    assert_false(is_the_first(72));
    (void)earlier_work_of(72);
    assert_false(is_the_first(72)); /* it has two, and neither is live */
    (void)earlier_work_of(73);
    assert_false(is_the_first(74)); /* another was asked for */
    assert_false(is_the_first(73)); /* and something was added since */
    assert_true(ledger_savepoint(ledger, NULL));
    (void)earlier_work_of(75);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_false(is_the_first(75));
    (void)earlier_work_of(FIRST_DEVICE + 16);
    assert_false(is_the_first(FIRST_DEVICE + 16));
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

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_devices__failed_sessions__the_newest_says_when_again),
        T(test_ledger_devices__one_live_work_item__a_second_one_is_refused),
        T(test_ledger_devices__an_end_that_is_rolled_back__leaves_the_item_live),
        T(test_ledger_devices__no_earlier_work__is_certain_only_if_it_was_just_asked),
        T(test_ledger_devices__a_success_of_either_side__is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
