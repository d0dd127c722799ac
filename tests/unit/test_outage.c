/* Outages: one incident from the first failure on, whose text follows the cause; what is logged, and how often. */
#include "gateway/pipeline/outage.h"

#include "gateway/drops/transport.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>
/* it has assertions of its own */
#include "tests/unit/ledger_home.h"

static struct config config;
static struct gateway gateway;
static struct outage outage, reading; /* of the drop */
static struct drop drop = {.name = (char[]){"mcc"}};

static int enter(void **state)
{
    drop.share = false;
    gateway = (struct gateway){.config = &config, .ledger = ledger_home_open(state)};
    return gateway.ledger == NULL || !outage_init(&outage, &gateway, OUTAGE_OUT, &drop, NULL);
}

static int leave(void **state)
{
    outage_clear(&outage);
    outage_clear(&reading);
    reading = (struct outage){0};
    return ledger_home_close(state, gateway.ledger);
}

/* Records failures of an outage with these causes, one after the other, and returns how many lines were logged. */
static unsigned fail_of(struct outage *of, const char *const *causes)
{
    int log = open("log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), old = dup(STDERR_FILENO);
    g_autofree char *text = NULL;
    unsigned lines = 0;

    assert_true(log >= 0 && dup2(log, STDERR_FILENO) >= 0);
    for (; *causes != NULL; causes++)
        assert_true(
            outage_record_failure(of, g_error_new_literal(TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, *causes), NULL));
    assert_true(fflush(stderr) == 0 && dup2(old, STDERR_FILENO) >= 0);
    (void)close(old);
    (void)close(log);
    assert_true(g_file_get_contents("log", &text, NULL, NULL));
    assert_int_equal(g_remove("log"), 0);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    return lines;
}

#define FAIL_WITH(...) fail_of(&outage, (const char *const[]){__VA_ARGS__, NULL})
#define FAIL_READING(...) fail_of(&reading, (const char *const[]){__VA_ARGS__, NULL})

/* All incidents, with the codes. */
static bool join_codes(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s %s%s;", incident->code, incident->text, incident->closed ? "" : "*");
    return true;
}

static void assert_codes(const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);

    assert_true(ledger_incidents_each(gateway.ledger, true, join_codes, all, NULL));
    assert_string_equal(all->str, expected);
}

/* All incidents, as "text when opened > text now", open ones with a star. */
static bool join(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s > %s%s;", incident->opened_for, incident->text, incident->closed ? "" : "*");
    return true;
}

static void assert_incidents(const char *expected)
{
    g_autoptr(GString) all = g_string_new(NULL);

    assert_true(ledger_incidents_each(gateway.ledger, true, join, all, NULL));
    assert_string_equal(all->str, expected);
}

static void assert_events(int64_t expected)
{
    int64_t first, n;

    assert_true(ledger_events_unreported(gateway.ledger, &first, &n, NULL));
    assert_int_equal(n, expected);
}

static void test_outage__another_cause__is_told_once_and_is_no_event(void **state)
{
    (void)state;
    assert_int_equal(
        FAIL_WITH("connection refused", "connection refused", "the host key changed", "the host key changed"), 2);
    assert_incidents("connection refused > the host key changed*;");
    assert_events(1);
    assert_true(outage_record_success(&outage, NULL));
    assert_incidents("connection refused > the host key changed;");
    assert_events(2);
    assert_int_equal(FAIL_WITH("no room"), 1);
    assert_incidents("connection refused > the host key changed;no room > no room*;");
}

static void test_outage__other_numbers__are_the_same_cause(void **state)
{
    (void)state;
    assert_int_equal(FAIL_WITH("9 of 10 bytes", "11 of 10 bytes", "9 of 9 bytes"), 1);
    assert_incidents("9 of 10 bytes > 9 of 10 bytes*;");
    assert_int_equal(FAIL_WITH("9 of 10 byte"), 1);
    assert_int_equal(FAIL_WITH("9 of x bytes"), 1);
}

static void test_outage__causes_that_alternate__do_not_fill_the_log(void **state)
{
    (void)state;
    assert_int_equal(FAIL_WITH("a", "b", "a", "b", "a", "b", "a", "b", "a"), 4);
    assert_incidents("a > b*;");
    assert_int_equal(FAIL_WITH("a", "a"), 1);
    assert_incidents("a > a*;");
}

static void test_outage__open_from_an_earlier_run__gets_the_new_cause(void **state)
{
    (void)state;
    assert_int_equal(FAIL_WITH("a"), 1);
    outage_clear(&outage);
    assert_true(outage_init(&outage, &gateway, OUTAGE_OUT, &drop, NULL));
    assert_true(outage.on);
    assert_int_equal(FAIL_WITH("b"), 1);
    assert_incidents("a > b*;");
}

static void test_outage__closed_by_hand_while_it_lasts__is_opened_anew(void **state)
{
    const struct ledger_incident closed = {.id = 1, .closed = 20, .reason = "because", .who = "somebody"};

    (void)state;
    assert_int_equal(FAIL_WITH("a"), 1);
    assert_true(ledger_begin(gateway.ledger, NULL) && ledger_incident_close_by_hand(gateway.ledger, &closed, NULL) &&
                ledger_commit(STEP_OUTAGE_CLEARED, gateway.ledger, NULL));
    assert_int_equal(FAIL_WITH("a"), 0);
    assert_incidents("a > a;a > a*;");
}

/* A start of the gateway: both directions, with this setting share. */
static void start(bool share)
{
    outage_clear(&outage);
    outage_clear(&reading);
    drop.share = share;
    assert_true(outage_init(&reading, &gateway, OUTAGE_IN, &drop, NULL));
    assert_true(outage_init(&outage, &gateway, OUTAGE_OUT, &drop, NULL));
}

static void test_outage__share__has_one_incident_for_both_directions(void **state)
{
    (void)state;
    start(true);
    assert_int_equal(FAIL_WITH("full", "full"), 1);
    assert_codes("A101 it cannot be written: full*;");
    assert_int_equal(FAIL_READING("gone"), 1);
    assert_codes("A101 it cannot be read: gone; it cannot be written: full*;");
    assert_int_equal(FAIL_WITH("full"), 0);
    assert_true(outage_record_success(&outage, NULL));
    assert_codes("A101 it cannot be read: gone*;");
    assert_int_equal(FAIL_WITH("full"), 1);
    assert_true(outage_record_success(&reading, NULL));
    assert_codes("A101 it cannot be written: full*;");
    assert_events(1);
    assert_true(outage_record_success(&reading, NULL) && outage_record_success(&outage, NULL));
    assert_codes("A101 it cannot be written: full;");
    assert_events(2);
}

static void test_outage__share_after_a_restart__waits_for_both_directions(void **state)
{
    (void)state;
    start(true);
    assert_int_equal(FAIL_WITH("full"), 1);
    start(true);
    assert_true(outage_record_success(&reading, NULL));
    assert_codes("A101 it cannot be written: full*;");
    assert_true(outage_record_success(&outage, NULL));
    assert_codes("A101 it cannot be written: full;");
    assert_events(2);
}

static void test_outage__setting_share_changed__closes_the_other_code(void **state)
{
    (void)state;
    start(false);
    assert_int_equal(FAIL_WITH("full"), 1);
    assert_int_equal(FAIL_READING("gone"), 1);
    assert_codes("A103 full*;A102 gone*;");
    start(true);
    assert_int_equal(FAIL_READING("gone"), 2);
    assert_codes("A103 full*;A102 gone;A101 it cannot be read: gone*;");
    assert_true(outage_record_success(&outage, NULL));
    assert_codes("A103 full;A102 gone;A101 it cannot be read: gone*;");
    assert_events(5);
    start(false);
    assert_true(outage_record_success(&outage, NULL));
    assert_int_equal(FAIL_READING("gone"), 2);
    assert_codes("A103 full;A102 gone;A101 it cannot be read: gone;A102 gone*;");
    assert_true(outage_record_success(&reading, NULL));
    assert_codes("A103 full;A102 gone;A101 it cannot be read: gone;A102 gone;");
    assert_events(8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_outage__another_cause__is_told_once_and_is_no_event, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__other_numbers__are_the_same_cause, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__causes_that_alternate__do_not_fill_the_log, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__open_from_an_earlier_run__gets_the_new_cause, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__closed_by_hand_while_it_lasts__is_opened_anew, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__share__has_one_incident_for_both_directions, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__share_after_a_restart__waits_for_both_directions, enter, leave),
        cmocka_unit_test_setup_teardown(test_outage__setting_share_changed__closes_the_other_code, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
