/* The calendar of expected files: due times, days, exceptions, and the days on which a clock is put on or back. */
#include "gateway/config/config.h"
#include "gateway/config/expectation.h"

#include "formats/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

static char *dir; /* of the configuration and the files of exceptions */

static const char home[] = "[gateway]\norg=TCOS\neui64=90-B3-D5-1F-30-00-00-04\nwork_order_party=MCC\n"
                           "[drop mcc]\nin=in\nout=out\n"
                           "[party MCC]\neui64=90-B3-D5-1F-30-0E-C0-01\ntypes=EMI\ndrop=mcc\n"
                           "[expect a]\nparty=MCC\ntype=EMI\n";

static int make_dir(void **state)
{
    (void)state;
    dir = g_dir_make_tmp("ecosgate-test.XXXXXX", NULL);
    return dir == NULL;
}

static int remove_dir(void **state)
{
    g_autofree char *conf = g_build_filename(dir, "ecosgate.conf", NULL);
    g_autofree char *dates = g_build_filename(dir, "dates", NULL);

    (void)state;
    (void)g_unlink(conf);
    (void)g_unlink(dates);
    (void)g_rmdir(dir);
    g_free(dir);
    return 0;
}

static struct config *load(const char *settings, const char *dates, GError **error)
{
    g_autofree char *conf = g_build_filename(dir, "ecosgate.conf", NULL);
    g_autofree char *except = g_build_filename(dir, "dates", NULL);
    g_autofree char *text = g_strconcat(home, settings, dates != NULL ? "\nexcept=dates\n" : "\n", NULL);

    assert_true(g_file_set_contents(conf, text, -1, NULL));
    assert_true(dates == NULL || g_file_set_contents(except, dates, -1, NULL));
    return config_load(conf, error);
}

static int64_t at(const char *text)
{
    int64_t seconds = 0;

    assert_true(instant_parse(text, strlen(text), &seconds));
    return seconds;
}

static void assert_time(const char *what, int64_t found, const char *expected)
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(found, text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s: expected %s, found %s", what, expected, text);
}

static void test_due_times__of_each_calendar__are_those_around_now(void **state)
{
    static const struct {
        const char *settings, *dates, *now, *last, *from, *next;
    } cases[] = {
        /* 2023-07-03 is a Monday. */
        {"by=06:00", NULL, "2023-07-03T06:00:00Z", "2023-07-03T06:00:00Z", "2023-07-03T00:00:00Z",
         "2023-07-04T06:00:00Z"},
        {"by=06:00", NULL, "2023-07-03T05:59:59Z", "2023-07-02T06:00:00Z", "2023-07-02T00:00:00Z",
         "2023-07-03T06:00:00Z"},
        {"by=00:00", NULL, "2023-07-03T00:00:00Z", "2023-07-03T00:00:00Z", "2023-07-02T00:00:00Z",
         "2023-07-04T00:00:00Z"},
        {"by=06:00\nfrom=18:00", NULL, "2023-07-03T07:00:00Z", "2023-07-03T06:00:00Z", "2023-07-02T18:00:00Z",
         "2023-07-04T06:00:00Z"},
        {"by=06:00\ndays=mon-fri", NULL, "2023-07-08T12:00:00Z", "2023-07-07T06:00:00Z", "2023-07-07T00:00:00Z",
         "2023-07-10T06:00:00Z"},
        {"by=06:00\ndays=sat-mon;WED", NULL, "2023-07-03T12:00:00Z", "2023-07-03T06:00:00Z", "2023-07-03T00:00:00Z",
         "2023-07-05T06:00:00Z"},
        {"by=06:00", "# feasts\n2023-07-03\n\n 2023-07-04 # and the day after\r\n", "2023-07-03T12:00:00Z",
         "2023-07-02T06:00:00Z", "2023-07-02T00:00:00Z", "2023-07-05T06:00:00Z"},
        {"by=00:30\nzone=Europe/London", NULL, "2023-07-03T00:00:00Z", "2023-07-02T23:30:00Z", "2023-07-02T23:00:00Z",
         "2023-07-03T23:30:00Z"},
        {"by=06:00\nzone=Europe/London", NULL, "2023-01-03T07:00:00Z", "2023-01-03T06:00:00Z", "2023-01-03T00:00:00Z",
         "2023-01-04T06:00:00Z"},
        /* 2023-03-26: 01:00 to 02:00 does not exist. */
        {"by=01:30\nzone=Europe/London", NULL, "2023-03-26T12:00:00Z", "2023-03-26T01:00:00Z", "2023-03-26T00:00:00Z",
         "2023-03-27T00:30:00Z"},
        {"by=06:00\nzone=Europe/London", NULL, "2023-03-25T12:00:00Z", "2023-03-25T06:00:00Z", "2023-03-25T00:00:00Z",
         "2023-03-26T05:00:00Z"},
        /* 2023-10-29: 01:00 to 02:00 comes twice. */
        {"by=01:30\nzone=Europe/London", NULL, "2023-10-29T12:00:00Z", "2023-10-29T00:30:00Z", "2023-10-28T23:00:00Z",
         "2023-10-30T01:30:00Z"},
        {"by=06:00\nfrom=01:30\nzone=Europe/London", NULL, "2023-10-29T12:00:00Z", "2023-10-29T06:00:00Z",
         "2023-10-29T00:30:00Z", "2023-10-30T06:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(config_t) c = load(cases[i].settings, cases[i].dates, &error);
        struct expectation_due last, next;
        if (c == NULL)
            fail_msg("%s: %s", cases[i].settings, error->message);
        const struct expectation *expect = c->expectations->pdata[0];
        assert_true(expectation_last(expect, at(cases[i].now), &last));
        assert_true(expectation_next(expect, at(cases[i].now), &next));
        assert_time(cases[i].settings, last.at, cases[i].last);
        assert_time(cases[i].settings, last.from, cases[i].from);
        assert_time(cases[i].settings, next.at, cases[i].next);
    }
}

static void test_due_times__follow_each_other__over_two_years_of_clock_changes(void **state)
{
    g_autoptr(config_t) c = load("by=01:30\nfrom=01:15\nzone=Europe/London\ndays=sat;sun", NULL, NULL);
    const struct expectation *expect = c->expectations->pdata[0];
    struct expectation_due before, due;
    int n = 0;

    (void)state;
    assert_true(expectation_next(expect, at("2023-01-01T12:00:00Z"), &before));
    for (; before.at < at("2025-01-01T00:00:00Z"); before = due, n++) {
        assert_true(expectation_next(expect, before.at, &due));
        assert_true(before.from <= before.at && before.at < due.from && due.day > before.day);
        assert_true(expectation_last(expect, due.at - 1, &due) && due.at == before.at);
        assert_true(expectation_next(expect, before.at, &due));
    }
    assert_in_range(n, 208, 210);
}

static void test_exceptions__of_every_day__leave_no_due_time(void **state)
{
    GString *dates = g_string_new(NULL);
    struct expectation_due due;

    (void)state;
    for (int day = 0; day < 365 * 40; day++) {
        char text[EXPECTATION_DATE_SIZE];
        expectation_print_day(10000 + day, text);
        g_string_append_printf(dates, "%s\n", text);
    }
    g_autofree char *all = g_string_free(dates, FALSE);
    g_autoptr(config_t) c = load("by=06:00", all, NULL);
    assert_false(expectation_last(c->expectations->pdata[0], at("2023-07-03T12:00:00Z"), &due));
    assert_false(expectation_next(c->expectations->pdata[0], at("2023-07-03T12:00:00Z"), &due));
}

static void test_exceptions__that_are_no_dates__are_told_each_with_its_line(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(config_t) c = load("by=06:00", "2023-02-29\n# 1\n2023-12-25 tomorrow\n2024-02-29\n25/12/2023\n", &error);

    (void)state;
    assert_null(c);
    for (size_t i = 0; i < 3; i++) {
        static const char *const expected[] = {
            ":16: [expect a] except: dates:1: expected a date such as 2023-12-25; found '2023-02-29'",
            ":16: [expect a] except: dates:3: expected a date such as 2023-12-25; found '2023-12-25 tomorrow'",
            ":16: [expect a] except: dates:5: expected a date such as 2023-12-25; found '25/12/2023'"};
        if (strstr(error->message, expected[i]) == NULL)
            fail_msg("expected '%s', found '%s'", expected[i], error->message);
    }
    assert_null(strstr(error->message, "dates:4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_times__of_each_calendar__are_those_around_now),
        cmocka_unit_test(test_due_times__follow_each_other__over_two_years_of_clock_changes),
        cmocka_unit_test(test_exceptions__of_every_day__leave_no_due_time),
        cmocka_unit_test(test_exceptions__that_are_no_dates__are_told_each_with_its_line),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
