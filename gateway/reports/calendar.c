/*
 * Days, quarters and weeks are arithmetic on seconds, because UTC here has no leap seconds. Months are left to GLib.
 */
#include "gateway/reports/calendar.h"

#include <glib.h>

enum { DAY = 86400, QUARTER = DAY / 4, WEEK = 7 * DAY, FIRST_MONDAY = 4 * DAY /* 1970-01-05 */ };

/* The period of `length` seconds that holds `at`, when periods are counted from `origin`. at may lie before origin: the
 * remainder in C is negative then. */
static struct period even(int64_t at, int64_t origin, int64_t length)
{
    int64_t past = (at - origin) % length;

    if (past < 0)
        past += length;
    return (struct period){at - past, at - past + length};
}

static int64_t first_of_month(int year, int month)
{
    g_autoptr(GDateTime) first = g_date_time_new_utc(year, month, 1, 0, 0, 0);

    return g_date_time_to_unix(first);
}

static struct period month(int64_t at)
{
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(at);
    int y = g_date_time_get_year(moment), m = g_date_time_get_month(moment);

    return (struct period){first_of_month(y, m), m < 12 ? first_of_month(y, m + 1) : first_of_month(y + 1, 1)};
}

struct period calendar_period(enum calendar_length length, int64_t at)
{
    switch (length) {
    case CALENDAR_QUARTER:
        return even(at, 0, QUARTER);
    case CALENDAR_DAY:
        break;
    case CALENDAR_WEEK:
        return even(at, FIRST_MONDAY, WEEK);
    case CALENDAR_MONTH:
        return month(at);
    }
    return even(at, 0, DAY);
}
