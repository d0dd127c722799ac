/* The log: what waits for a commit, what is repeated, what a line may be. Standard error is a file meanwhile. */
#include "gateway/clock.h"
#include "gateway/log/log.h"
#include "gateway/log/log_form.h"
#include "gateway/log/log_repeat.h"
#include "tests/unit/ledger_home.h"

#include <fcntl.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define TIME "2023-07-03T06:00:00.000Z"
enum { NOW = 1688364000 };
static const int64_t MINUTE = 60 * (int64_t)G_USEC_PER_SEC;

static struct ledger *ledger;
static int standard_error = -1;

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    standard_error = dup(STDERR_FILENO);
    int fd = open("log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (ledger == NULL || fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        return 1;
    (void)close(fd); /* its copy stays open */
    clock_stop_at(NOW);
    log_begin(&(struct log_settings){LOG_FORMAT_TEXT, LOG_LEVEL_INFO});
    log_ledger(ledger);
    return 0;
}

static int leave(void **state)
{
    log_end();
    (void)dup2(standard_error, STDERR_FILENO);
    (void)close(standard_error);
    return ledger_home_close(state, ledger);
}

/* What was written since the last call. */
static void expect_written(const char *expected)
{
    static gsize before;
    g_autofree char *text = NULL;
    gsize len;

    assert_true(g_file_get_contents("log", &text, &len, NULL));
    before = before > len ? 0 : before;
    assert_string_equal(text + before, expected);
    before = len;
}

static void test_fact__commit__written_after_it(void **state)
{
    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    log_event(LOG(EVENT_VERDICT, .job = 1), "a fact");
    log_event(LOG(EVENT_DROP_DOWN), "what was seen");
    expect_written(TIME " warning drop-down: what was seen\n");
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    expect_written(TIME " info verdict: a fact\n");
    log_event(LOG(EVENT_VERDICT), "outside");
    expect_written(TIME " info verdict: outside\n");
}

static void test_fact__rollback__never_written(void **state)
{
    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    log_event(LOG(EVENT_VERDICT), "undone");
    log_add(EVENT_SESSIONS_ENDED, "FAILED", 7);
    ledger_rollback(ledger);
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    log_tick();
    expect_written("");
}

static void test_fact__savepoint_undone__what_came_before_stays(void **state)
{
    (void)state;
    assert_true(ledger_begin(ledger, NULL));
    log_event(LOG(EVENT_PICKED_UP), "before");
    log_add(EVENT_SESSIONS_ENDED, "MIGRATED", 2);
    assert_true(ledger_savepoint(ledger, NULL));
    log_event(LOG(EVENT_RESULTS), "undone");
    log_add(EVENT_SESSIONS_ENDED, "MIGRATED", 5);
    assert_true(ledger_roll_back_to(ledger, NULL));
    log_event(LOG(EVENT_VERDICT), "after");
    log_add(EVENT_SESSIONS_ENDED, "FAILED", 1);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    expect_written(TIME " info picked-up: before\n" TIME " info verdict: after\n");
    log_tick();
    expect_written(TIME " info sessions-ended: in this pass: FAILED 1, MIGRATED 2\n");
    log_tick();
    expect_written("");
}

static void test_fact__group__written_when_the_group_is_committed(void **state)
{
    (void)state;
    assert_true(ledger_begin_grouped(ledger, NULL));
    log_event(LOG(EVENT_VERDICT), "first");
    log_add(EVENT_SESSIONS_ENDED, "FAILED", 1);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    assert_true(ledger_begin_grouped(ledger, NULL));
    log_event(LOG(EVENT_VERDICT), "undone");
    log_add(EVENT_SESSIONS_ENDED, "FAILED", 5);
    ledger_rollback(ledger);
    expect_written("");
    assert_true(ledger_settle(ledger, NULL));
    expect_written(TIME " info verdict: first\n");
    log_tick();
    expect_written(TIME " info sessions-ended: in this pass: FAILED 1\n");
}

static unsigned written(const struct log_event *event, const char *text, int64_t at, unsigned times)
{
    unsigned n = 0;

    for (unsigned i = 0; i < times; i++)
        n += log_repeat_allows(event, text, at);
    return n;
}

static int64_t told;
static void tell(const struct log_event *event, const char *text, int64_t n)
{
    assert_string_equal(event->drop, "mcc");
    assert_string_equal(text, "again");
    told += n;
}

static void forget(const struct log_event *event, const char *text, int64_t n)
{
    (void)event, (void)text, (void)n;
}

static void test_repeat__some__ten_and_the_number_of_the_rest(void **state)
{
    const struct log_event *event = LOG(EVENT_UPLOAD_GONE, .drop = "mcc");

    (void)state;
    assert_int_equal(written(event, "again", 0, 522), LOG_SOME);
    assert_int_equal(written(LOG(EVENT_UPLOAD_GONE, .drop = "tcos"), "again", 0, 1), 1);
    log_repeat_settle(9 * MINUTE, false, tell);
    assert_int_equal(told, 0);
    log_repeat_settle(10 * MINUTE, false, tell);
    assert_int_equal(told, 512);
    assert_int_equal(written(event, "again", 11 * MINUTE, 20), LOG_SOME);
    log_repeat_settle(0, true, tell);
    assert_int_equal(told, 522);
}

static void test_repeat__what_lasts__once_an_hour_and_when_it_changes(void **state)
{
    const struct log_event *once = LOG(EVENT_DISK_LOW, .subject = "spool"), *changes = LOG(EVENT_PASS_FAILED);

    (void)state;
    assert_int_equal(written(once, "1 MiB", 0, 9) + written(once, "other", 0, 9), 1);
    assert_int_equal(written(LOG(EVENT_DISK_LOW, .subject = "ledger"), "1 MiB", 0, 9), 1);
    assert_int_equal(written(changes, "disk full, 10 bytes", 0, 9) + written(changes, "disk full, 7 bytes", 0, 9), 1);
    assert_int_equal(written(changes, "other", 0, 9), 1);
    assert_int_equal(written(changes, "disk full, 1 bytes", 0, 9), 0);
    assert_int_equal(written(once, "1 MiB", 60 * MINUTE, 9), 1);
    log_repeat_over(once);
    assert_int_equal(written(once, "1 MiB", 61 * MINUTE, 9), 1);
    log_repeat_over_all();
    assert_int_equal(written(once, "1 MiB", 61 * MINUTE, 9) + written(changes, "other", 1, 9), 2);
}

static void test_repeat__too_many_keys__an_event_is_one(void **state)
{
    unsigned n = 0;

    (void)state;
    for (int i = 0; i < 2 * LOG_KEYS; i++) {
        g_autofree char *name = g_strdup_printf("name %d", i);
        n += log_repeat_allows(LOG(EVENT_UPLOAD_GONE, .file = name), "again", 0);
    }
    assert_in_range(n, LOG_KEYS / 2, LOG_KEYS + LOG_SOME);
    log_repeat_settle(0, true, forget);
}

static void test_line__any_bytes__one_line_that_fits(void **state)
{
    static const enum log_format forms[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_JOURNAL};
    g_autofree char *huge = g_strnfill(100000, '"'), *bytes = g_malloc0(256);

    (void)state;
    for (int i = 0; i < 255; i++)
        bytes[i] = (char)(i + 1);
    const char *const texts[] = {"", huge, bytes, "\xe2\x80\xa8\xe2\x80\xae\xc2\x85", "\\x0a", "…………"};
    for (size_t f = 0; f < G_N_ELEMENTS(forms); f++) {
        for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
            g_autofree char *line =
                log_form_line(forms[f], LOG(EVENT_VERDICT, .file = texts[t], .by = texts[t]), texts[t]);
            size_t len = strlen(line);
            assert_in_range(len, 10, LOG_LINE_MAX);
            assert_ptr_equal(strchr(line, '\n'), line + len - 1);
            assert_true(g_utf8_validate(line, -1, NULL));
        }
    }
    g_autofree char *line = log_form_line(LOG_FORMAT_JOURNAL, LOG(EVENT_VERDICT), "a\nb\\x0a\x1b[0m \xff");
    assert_string_equal(line, "<6>verdict: a\\x0Ab\\x0a\\x1B[0m \\xFF\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fact__commit__written_after_it, enter, leave),
        cmocka_unit_test_setup_teardown(test_fact__rollback__never_written, enter, leave),
        cmocka_unit_test_setup_teardown(test_fact__savepoint_undone__what_came_before_stays, enter, leave),
        cmocka_unit_test_setup_teardown(test_fact__group__written_when_the_group_is_committed, enter, leave),
        cmocka_unit_test_setup_teardown(test_repeat__some__ten_and_the_number_of_the_rest, enter, leave),
        cmocka_unit_test_setup_teardown(test_repeat__what_lasts__once_an_hour_and_when_it_changes, enter, leave),
        cmocka_unit_test_setup_teardown(test_repeat__too_many_keys__an_event_is_one, enter, leave),
        cmocka_unit_test(test_line__any_bytes__one_line_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
