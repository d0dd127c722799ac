/* Digits are read here; GLib says which dates exist. strptime and strtol are not used: they take signs, blanks and
 * fewer digits, which the formats do not allow. */
#include "formats/instant.h"

#include <glib.h>
#include <string.h>

enum { DATE_DIGITS = INSTANT_DATE_SIZE - 1, TIME_DIGITS = INSTANT_TIME_SIZE - 1 };

/* The first and the last second that a year of four digits can name. */
#define INSTANT_FIRST G_GINT64_CONSTANT(-62135596800)
#define INSTANT_LAST G_GINT64_CONSTANT(253402300799)

/* Reads exactly n digits. */
static bool digits(const char *text, size_t n, int *value)
{
    int sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isdigit(text[i]))
            return false;
        sum = sum * 10 + (text[i] - '0');
    }
    *value = sum;
    return true;
}

static void print_digits(char *out, int value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* ---- the calendar ---- */

/* Days are counted from 1 March of the year 0: years that begin in March have their leap day at the end. Records and
 * rows of reports have one or two times in each. A GDateTime for each of them took five times as long to print, and
 * three times as long to read. */
enum {
    ERA = 146097 /* days of 400 years */,
    CENTURY = 36524,
    FOUR_YEARS = 1461,
    YEAR = 365,
    FIVE_MONTHS = 153,
    FIRST_DAY = 306 /* 0001-01-01 */
};
enum { DAY = 86400, HOUR = 3600, MINUTE = 60 };

/* The date exists. */
static int day_of(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9; /* 0: March */

    return ERA * (y / 400) + YEAR * (y % 400) + y % 400 / 4 - y % 400 / 100 + (FIVE_MONTHS * m + 2) / 5 + day - 1;
}

static void print_date(int days, char date[INSTANT_DATE_SIZE])
{
    int era = days / ERA, day = days % ERA;
    int year = (day - day / (FOUR_YEARS - 1) + day / CENTURY - day / (ERA - 1)) / YEAR;
    int of_year = day - (YEAR * year + year / 4 - year / 100);
    int month = (5 * of_year + 2) / FIVE_MONTHS; /* 0: March */

    print_digits(date, 400 * era + year + (month >= 10), 4);
    print_digits(date + 4, month < 10 ? month + 3 : month - 9, 2);
    print_digits(date + 6, of_year - (FIVE_MONTHS * month + 2) / 5 + 1, 2);
    date[DATE_DIGITS] = '\0';
}

/* ---- reading and printing ---- */

static bool from_parts(const char *date8, const char *time6, int64_t *at)
{
    int year, month, day, hour, minute, second;

    if (!digits(date8, 4, &year) || !digits(date8 + 4, 2, &month) || !digits(date8 + 6, 2, &day) ||
        !digits(time6, 2, &hour) || !digits(time6 + 2, 2, &minute) || !digits(time6 + 4, 2, &second))
        return false;
    /* Dates that do not exist: 30 February, a day of the year 0. */
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year) || hour > 23 || minute > 59 || second > 59)
        return false;
    *at =
        INSTANT_FIRST + (int64_t)DAY * (day_of(year, month, day) - FIRST_DAY) + HOUR * hour + MINUTE * minute + second;
    return true;
}

bool instant_parse(const char *text, size_t len, int64_t *at)
{
    static const char form[INSTANT_TEXT_SIZE] = "dddd-dd-ddTdd:dd:ddZ";
    char parts[DATE_DIGITS + TIME_DIGITS];
    size_t n = 0;

    if (len != INSTANT_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (form[i] == 'd')
            parts[n++] = text[i];
        else if (text[i] != form[i])
            return false;
    }
    return from_parts(parts, parts + DATE_DIGITS, at);
}

bool instant_parse_fraction(const char *text, size_t len, int64_t *at)
{
    enum { FRACTION = INSTANT_TEXT_SIZE - 2 }; /* where the '.' stands, or the 'Z' */
    char whole[INSTANT_TEXT_SIZE - 1];
    int fraction;

    if (len < FRACTION + 3 || text[FRACTION] != '.')
        return instant_parse(text, len, at);
    size_t n = len - FRACTION - 2;
    if (n > 3 || text[len - 1] != 'Z' || !digits(text + FRACTION + 1, n, &fraction))
        return false;
    memcpy(whole, text, FRACTION);
    whole[FRACTION] = 'Z';
    return instant_parse(whole, sizeof whole, at);
}

void instant_print(int64_t at, char out[INSTANT_TEXT_SIZE])
{
    char date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    instant_print_name(at, date, time);
    memcpy(out, "0000-00-00T00:00:00Z", INSTANT_TEXT_SIZE);
    memcpy(out, date, 4);
    memcpy(out + 5, date + 4, 2);
    memcpy(out + 8, date + 6, 2);
    memcpy(out + 11, time, 2);
    memcpy(out + 14, time + 2, 2);
    memcpy(out + 17, time + 4, 2);
}

bool instant_date_is_real(const char *date8)
{
    int64_t at;

    return strnlen(date8, INSTANT_DATE_SIZE) == DATE_DIGITS && from_parts(date8, "000000", &at);
}

bool instant_time_is_real(const char *time6)
{
    int64_t at;

    return strnlen(time6, INSTANT_TIME_SIZE) == TIME_DIGITS && from_parts("20000101", time6, &at);
}

bool instant_from_name(const char *date8, const char *time6, int64_t *at)
{
    return strnlen(date8, INSTANT_DATE_SIZE) == DATE_DIGITS && strnlen(time6, INSTANT_TIME_SIZE) == TIME_DIGITS &&
           from_parts(date8, time6, at);
}

void instant_print_name(int64_t at, char date[INSTANT_DATE_SIZE], char time[INSTANT_TIME_SIZE])
{
    /* Clamped: the form has four digits for a year, and a clock that is wrong must not end the program. */
    int64_t since = CLAMP(at, INSTANT_FIRST, INSTANT_LAST) - INSTANT_FIRST;
    int second = (int)(since % DAY);

    print_date((int)(since / DAY) + FIRST_DAY, date);
    print_digits(time, second / HOUR, 2);
    print_digits(time + 2, second % HOUR / MINUTE, 2);
    print_digits(time + 4, second % MINUTE, 2);
    time[TIME_DIGITS] = '\0';
}
