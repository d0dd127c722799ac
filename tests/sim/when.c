#include "tests/sim/when.h"

#include "tests/sim/sim.h"

#include <stdbool.h>
#include <stdio.h>

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct parts {
    int year, month, day, hour, minute, second;
};

static struct parts parts_of(int64_t at)
{
    int64_t seconds = at / SIM_SECOND, days = seconds / 86400, rest = seconds % 86400;
    int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), mp = (5 * of_year + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);

    return (struct parts){.year = (int)(year_of_era + era * 400 + (month <= 2)),
                          .month = month,
                          .day = (int)(of_year - (153 * mp + 2) / 5 + 1),
                          .hour = (int)(rest / 3600),
                          .minute = (int)(rest / 60 % 60),
                          .second = (int)(rest % 60)};
}

/* Two digits of a number below 100, so that the compiler knows how long the text is. */
#define TWO(n) (unsigned)(n) % 100U

const char *when_text(int64_t at, char out[WHEN_SIZE])
{
    struct parts p = parts_of(at);
    (void)snprintf(out, WHEN_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)p.year % 10000U, TWO(p.month),
                   TWO(p.day), TWO(p.hour), TWO(p.minute), TWO(p.second));
    return out;
}

const char *when_name(int64_t at, char out[WHEN_SIZE])
{
    struct parts p = parts_of(at);
    (void)snprintf(out, WHEN_SIZE, "%04u%02u%02u_%02u%02u%02u", (unsigned)p.year % 10000U, TWO(p.month), TWO(p.day),
                   TWO(p.hour), TWO(p.minute), TWO(p.second));
    return out;
}

const char *when_date(int64_t at, char out[WHEN_SIZE])
{
    struct parts p = parts_of(at);
    (void)snprintf(out, WHEN_SIZE, "%04u-%02u-%02u", (unsigned)p.year % 10000U, TWO(p.month), TWO(p.day));
    return out;
}

int64_t when_parse(const char *text)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    int n = sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second);

    if (n != 3 && n != 6)
        return 0;
    return ((days_of(year, month, day) * 24 + hour) * 60 + minute) * SIM_MINUTE + second * SIM_SECOND;
}

int64_t when_month(int64_t at)
{
    struct parts p = parts_of(at);
    return days_of(p.year, p.month, 1) * SIM_DAY;
}

int64_t when_next_month(int64_t at)
{
    struct parts p = parts_of(at);
    bool last = p.month == 12;
    return days_of(p.year + last, last ? 1 : p.month + 1, 1) * SIM_DAY;
}
