/* Points in time as text, and as parts of file names. */
#include "formats/instant.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_instant__real_times__read_and_print_alike(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},  {"2023-07-03T06:00:00Z", 1688364000},   {"2024-02-29T23:59:59Z", 1709251199},
        {"1969-12-31T23:59:59Z", -1}, {"0001-01-01T00:00:00Z", -62135596800}, {"9999-12-31T23:59:59Z", 253402300799},
    };

    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[INSTANT_TEXT_SIZE];
        int64_t at = 42;
        assert_true(instant_parse(cases[i].text, strlen(cases[i].text), &at));
        assert_true(at == cases[i].at);
        instant_print(at, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_instant__other_text__is_refused_and_output_untouched(void **state)
{
    static const char *const cases[] = {
        "",
        "2023-07-03T06:00:00",
        "2023-07-03T06:00:00z",
        "2023-07-03 06:00:00Z",
        "2023-07-03T06:00:00+",
        "2023-02-29T06:00:00Z",
        "2023-13-01T06:00:00Z",
        "2023-00-01T06:00:00Z",
        "0000-01-01T00:00:00Z",
        "2023-07-03T24:00:00Z",
        "2023-07-03T23:60:00Z",
        "2023-06-30T23:59:60Z",
        "+023-07-03T06:00:00Z",
        "2023-07-03T06:00: 0Z",
        "2023-07-03T06:00:00ZZ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at = 42;
        assert_false(instant_parse(cases[i], strlen(cases[i]), &at));
        assert_true(at == 42);
    }
}

static void test_instant__fraction__is_of_three_digits_at_most_and_left_out(void **state)
{
    static const char *const good[] = {"2023-07-03T06:00:00Z", "2023-07-03T06:00:00.0Z", "2023-07-03T06:00:00.99Z",
                                       "2023-07-03T06:00:00.999Z"};
    static const char *const bad[] = {"2023-07-03T06:00:00.Z",
                                      "2023-07-03T06:00:00.1234Z",
                                      "2023-07-03T06:00:00,123Z",
                                      "2023-07-03T06:00:00.12",
                                      "2023-07-03T06:00:00.123",
                                      "2023-07-03T06:00:00.1 Z",
                                      "2023-07-03T06:00:00.+1Z",
                                      "2023-07-03T06:00:60.000Z",
                                      "2023-07-03T06:00:00.123ZZ",
                                      "2023-07-03T06:00.123Z",
                                      "2023-07-03T06:00:00.123z",
                                      "",
                                      ".123Z",
                                      "2023-07-03T06:00:00.00000Z",
                                      "2023-07-03T06:00:00.1Z1"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t at = 42;
        assert_true(instant_parse_fraction(good[i], strlen(good[i]), &at));
        assert_true(at == 1688364000);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t at = 42;
        assert_false(instant_parse_fraction(bad[i], strlen(bad[i]), &at));
        assert_true(at == 42);
    }
}

static void test_instant__name_parts__must_exist(void **state)
{
    static const struct {
        const char *date;
        const char *time;
        bool date_real;
        bool time_real;
    } cases[] = {
        {"20230703", "060000", true, true},     {"20240229", "235959", true, true},
        {"20230230", "240000", false, false},   {"19000229", "006000", false, false},
        {"00000101", "000060", false, false},   {"2023073", "06000", false, false},
        {"202307031", "0600001", false, false}, {"", "", false, false},
        {"2023 703", "06000x", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at = 42;
        assert_int_equal(instant_date_is_real(cases[i].date), cases[i].date_real);
        assert_int_equal(instant_time_is_real(cases[i].time), cases[i].time_real);
        assert_int_equal(instant_from_name(cases[i].date, cases[i].time, &at),
                         cases[i].date_real && cases[i].time_real);
        assert_true(cases[i].date_real || at == 42);
    }
}

static void test_instant__printed_for_a_name__reads_back(void **state)
{
    char date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];
    int64_t at = 0;

    (void)state;
    instant_print_name(1688364000, date, time);
    assert_string_equal(date, "20230703");
    assert_string_equal(time, "060000");
    assert_true(instant_from_name(date, time, &at));
    assert_true(at == 1688364000);
}

static void test_instant__year_out_of_range__is_clamped(void **state)
{
    char text[INSTANT_TEXT_SIZE];

    (void)state;
    instant_print(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    instant_print(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
}

/* Every day from 0001-01-01 to 9999-12-31, at changing times. */
static void test_instant__any_day__as_glib_prints_it_and_reads_back(void **state)
{
    const int64_t first = -62135596800, last = 253402300799, day = 86400;
    char text[INSTANT_TEXT_SIZE], other[INSTANT_TEXT_SIZE + 40];

    (void)state;
    for (int64_t at = first; at <= last; at += day + 1) {
        g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(at);
        (void)g_snprintf(other, sizeof other, "%04d-%02d-%02dT%02d:%02d:%02dZ", g_date_time_get_year(t),
                         g_date_time_get_month(t), g_date_time_get_day_of_month(t), g_date_time_get_hour(t),
                         g_date_time_get_minute(t), g_date_time_get_second(t));
        instant_print(at, text);
        assert_string_equal(text, other);
        int64_t back = 0;
        assert_true(instant_parse(text, strlen(text), &back));
        assert_true(back == at);
    }
}

/* Of each month from 0001-01 to 9999-12 the first day that it has not, and day 0. */
static void test_instant__day_after_a_month__is_refused(void **state)
{
    char text[INSTANT_TEXT_SIZE + 20];
    int64_t at;

    (void)state;
    for (int month = 12; month < 120000; month++) {
        int days = g_date_get_days_in_month((GDateMonth)(month % 12 + 1), (GDateYear)(month / 12));
        (void)g_snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", month / 12, month % 12 + 1, days + 1);
        assert_false(instant_parse(text, INSTANT_TEXT_SIZE - 1, &at));
        (void)g_snprintf(text, sizeof text, "%04d-%02d-00T00:00:00Z", month / 12, month % 12 + 1);
        assert_false(instant_parse(text, INSTANT_TEXT_SIZE - 1, &at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instant__real_times__read_and_print_alike),
        cmocka_unit_test(test_instant__other_text__is_refused_and_output_untouched),
        cmocka_unit_test(test_instant__fraction__is_of_three_digits_at_most_and_left_out),
        cmocka_unit_test(test_instant__name_parts__must_exist),
        cmocka_unit_test(test_instant__printed_for_a_name__reads_back),
        cmocka_unit_test(test_instant__any_day__as_glib_prints_it_and_reads_back),
        cmocka_unit_test(test_instant__day_after_a_month__is_refused),
        cmocka_unit_test(test_instant__year_out_of_range__is_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
