/* The calendar of expected files. GLib knows the zones; all else is arithmetic on days. */
#include "gateway/config/expectation.h"

#include "formats/instant.h"

enum { DAY = 86400, SEARCHED = 3653 /* days: ten years */, MONDAY = 3 /* 1970-01-01 was a Thursday */ };

void expectation_free(struct expectation *expect)
{
    if (expect == NULL)
        return;
    g_free(expect->name);
    g_free(expect->party);
    g_free(expect->type);
    g_free(expect->zone_name);
    g_clear_pointer(&expect->zone, g_time_zone_unref);
    g_free(expect->days_text);
    g_clear_pointer(&expect->never, g_hash_table_unref);
    g_free(expect);
}

/* Of a time that comes twice the first coming has summer time. GLib moves a time that does not exist to the first one
 * that does. */
static int64_t utc_of(const struct expectation *expect, int64_t day, int64_t seconds)
{
    gint64 local = day * DAY + seconds;
    int interval = g_time_zone_adjust_time(expect->zone, G_TIME_TYPE_DAYLIGHT, &local);

    return local - g_time_zone_get_offset(expect->zone, interval);
}

static int64_t day_of(const struct expectation *expect, int64_t at)
{
    int interval = g_time_zone_find_interval(expect->zone, G_TIME_TYPE_UNIVERSAL, at);
    int64_t local = at + g_time_zone_get_offset(expect->zone, interval);

    return local >= 0 ? local / DAY : -((DAY - 1 - local) / DAY);
}

static bool is_expected(const struct expectation *expect, int64_t day)
{
    int64_t weekday = ((day + MONDAY) % 7 + 7) % 7;

    return (expect->days >> weekday & 1) != 0 && !g_hash_table_contains(expect->never, GINT_TO_POINTER((int)day));
}

static void set_due(const struct expectation *expect, int64_t day, struct expectation_due *due)
{
    due->day = day;
    due->at = utc_of(expect, day, expect->by);
    due->from = utc_of(expect, expect->from < expect->by ? day : day - 1, expect->from);
}

bool expectation_last(const struct expectation *expect, int64_t now, struct expectation_due *due)
{
    int64_t today = day_of(expect, now);

    for (int64_t day = today; day > today - SEARCHED; day--) {
        if (!is_expected(expect, day))
            continue;
        set_due(expect, day, due);
        if (due->at <= now)
            return true;
    }
    return false;
}

bool expectation_next(const struct expectation *expect, int64_t now, struct expectation_due *due)
{
    int64_t today = day_of(expect, now);

    for (int64_t day = today; day < today + SEARCHED; day++) {
        if (!is_expected(expect, day))
            continue;
        set_due(expect, day, due);
        if (due->at > now)
            return true;
    }
    return false;
}

void expectation_print_day(int64_t day, char out[EXPECTATION_DATE_SIZE])
{
    char text[INSTANT_TEXT_SIZE];

    instant_print(day * DAY, text);
    g_strlcpy(out, text, EXPECTATION_DATE_SIZE);
}

void expectation_print_time(int64_t seconds, char out[EXPECTATION_TIME_SIZE])
{
    g_snprintf(out, EXPECTATION_TIME_SIZE, "%02d:%02d", (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60));
}
