/* Periods of every length, their boundaries, and which of them are due. */
#include "gateway/reports/calendar.h"

#include "formats/instant.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int64_t at(const char *text)
{
    int64_t moment = 0;

    assert_true(instant_parse(text, strlen(text), &moment));
    return moment;
}

static const struct {
    enum calendar_length length;
    const char *moment, *starts, *ends;
} periods[] = {
    {CALENDAR_QUARTER, "2023-07-03T00:00:00Z", "2023-07-03T00:00:00Z", "2023-07-03T06:00:00Z"},
    {CALENDAR_QUARTER, "2023-07-03T05:59:59Z", "2023-07-03T00:00:00Z", "2023-07-03T06:00:00Z"},
    {CALENDAR_QUARTER, "2023-07-03T06:00:00Z", "2023-07-03T06:00:00Z", "2023-07-03T12:00:00Z"},
    {CALENDAR_QUARTER, "2023-12-31T23:59:59Z", "2023-12-31T18:00:00Z", "2024-01-01T00:00:00Z"},
    {CALENDAR_DAY, "2023-07-03T00:00:00Z", "2023-07-03T00:00:00Z", "2023-07-04T00:00:00Z"},
    {CALENDAR_DAY, "2024-02-28T12:00:00Z", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"},
    {CALENDAR_DAY, "2024-02-29T23:59:59Z", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
    {CALENDAR_DAY, "2023-02-28T23:59:59Z", "2023-02-28T00:00:00Z", "2023-03-01T00:00:00Z"},
    /* The clocks of Britain change in this night; UTC does not. */
    {CALENDAR_DAY, "2024-03-31T12:00:00Z", "2024-03-31T00:00:00Z", "2024-04-01T00:00:00Z"},
    {CALENDAR_WEEK, "2023-07-03T00:00:00Z", "2023-07-03T00:00:00Z", "2023-07-10T00:00:00Z"},
    {CALENDAR_WEEK, "2023-07-02T23:59:59Z", "2023-06-26T00:00:00Z", "2023-07-03T00:00:00Z"},
    /* ISO week 2020-W53 ends in January, 2025-W01 begins in December. */
    {CALENDAR_WEEK, "2021-01-03T23:59:59Z", "2020-12-28T00:00:00Z", "2021-01-04T00:00:00Z"},
    {CALENDAR_WEEK, "2024-12-31T00:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"},
    {CALENDAR_WEEK, "2024-02-29T00:00:00Z", "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z"},
    {CALENDAR_WEEK, "1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z"},
    {CALENDAR_MONTH, "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
    {CALENDAR_MONTH, "2023-02-28T23:59:59Z", "2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z"},
    {CALENDAR_MONTH, "2023-12-31T23:59:59Z", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z"},
    {CALENDAR_MONTH, "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"},
};

static void test_calendar__moment__period_that_holds_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(periods); i++) {
        struct period period = calendar_period(periods[i].length, at(periods[i].moment));
        assert_int_equal(period.starts, at(periods[i].starts));
        assert_int_equal(period.ends, at(periods[i].ends));
    }
}

/* Four years without a gap or an overlap; each period holds its start and not its end. */
static void test_calendar__periods__follow_each_other(void **state)
{
    static const int counts[] = {[CALENDAR_QUARTER] = 4 * 1461, [CALENDAR_DAY] = 1461, [CALENDAR_MONTH] = 48};

    (void)state;
    for (int length = CALENDAR_QUARTER; length <= CALENDAR_MONTH; length++) {
        int64_t from = at("2023-01-01T00:00:00Z"), until = at("2027-01-01T00:00:00Z");
        int n = 0;
        while (from < until) {
            struct period period = calendar_period((enum calendar_length)length, from);
            assert_true(period.starts <= from && period.ends > from);
            assert_true(length == CALENDAR_WEEK || period.starts == from);
            from = period.ends;
            n++;
        }
        assert_int_equal(n, length == CALENDAR_WEEK ? 210 : counts[length]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar__moment__period_that_holds_it),
        cmocka_unit_test(test_calendar__periods__follow_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
