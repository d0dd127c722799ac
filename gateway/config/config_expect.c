/*
 * The settings of [expect NAME]. ecosgate.conf.5 describes each; tests/lint.sh compares the two, so each call of a
 * config_…_value function stands on a line with the setting's name.
 */
#include "gateway/config/config_expect.h"

#include "formats/profile.h"
#include "gateway/config/expectation.h"

#include <string.h>
#include <sys/stat.h>

enum { NAME_MAX_BYTES = 64, EXCEPT_MAX_BYTES = 1 << 20, TEXT_SHOWN = 40, DAY = 86400 };

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
enum { DAYS = G_N_ELEMENTS(day_names), EVERY_DAY = (1 << DAYS) - 1 };

/* The name is part of an incident's subject, before a blank and a date. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isalnum(name[i]) && strchr("-_.", name[i]) == NULL)
            return false;
    }
    return len >= 1 && len <= NAME_MAX_BYTES;
}

/* "06:30" as seconds of the day. */
static bool parse_time(const char *text, int64_t *seconds)
{
    bool good = strlen(text) == 5 && g_ascii_isdigit(text[0]) && g_ascii_isdigit(text[1]) && text[2] == ':' &&
                g_ascii_isdigit(text[3]) && g_ascii_isdigit(text[4]);
    int hours = good ? (text[0] - '0') * 10 + text[1] - '0' : 24;
    int minutes = good ? (text[3] - '0') * 10 + text[4] - '0' : 60;

    *seconds = hours * 3600 + minutes * 60;
    return hours < 24 && minutes < 60;
}

static void load_times(struct config_loading *l, struct expectation *expect, const char *g)
{
    g_autofree char *by = config_text_value(l, g, "by", NULL);
    g_autofree char *from = config_text_value(l, g, "from", "00:00");

    if (*by != '\0' && !parse_time(by, &expect->by))
        config_problem(l, g, "by", "a time of the day as HH:MM, such as 06:30");
    if (!parse_time(from, &expect->from))
        config_problem(l, g, "from", "a time of the day as HH:MM, such as 18:00");
}

static void load_zone(struct config_loading *l, struct expectation *expect, const char *g)
{
    static const char *const zones[] = {"UTC", "Europe/London", NULL};

    expect->zone_name = g_strdup(zones[config_choice_value(l, g, "zone", zones)]);
    expect->zone = g_time_zone_new_identifier(expect->zone_name);
    if (expect->zone != NULL)
        return;
    config_problem(l, g, "zone", "a zone that this machine knows: install its time zones (package tzdata), or use UTC");
    expect->zone = g_time_zone_new_utc();
}

/* ---- days ---- */

static int day_named(const char *name, size_t len)
{
    for (int i = 0; i < DAYS; i++) {
        if (len == strlen(day_names[i]) && g_ascii_strncasecmp(name, day_names[i], len) == 0)
            return i;
    }
    return -1;
}

/* "mon", "mon-fri" or "daily" as bits; 0: it is none of these. fri-mon goes over the end of the week. */
static unsigned days_of(const char *text)
{
    const char *dash = strchr(text, '-');
    size_t len = dash != NULL ? (size_t)(dash - text) : strlen(text);
    int first = day_named(text, len), last = dash != NULL ? day_named(dash + 1, strlen(dash + 1)) : first;
    unsigned days = 0;

    if (g_ascii_strcasecmp(text, "daily") == 0)
        return EVERY_DAY;
    if (first < 0 || last < 0)
        return 0;
    for (int day = first;; day = (day + 1) % DAYS) {
        days |= 1U << day;
        if (day == last)
            return days;
    }
}

static void load_days(struct config_loading *l, struct expectation *expect, const char *g)
{
    g_auto(GStrv) parts = config_list_value(l, g, "days", "daily");
    bool good = parts[0] != NULL;

    for (size_t i = 0; parts[i] != NULL; i++) {
        unsigned days = days_of(parts[i]);
        good = good && days != 0;
        expect->days |= days;
    }
    if (!good)
        config_problem(l, g, "days", "daily, or days joined by ';' such as mon-fri or mon;wed;sat");
    expect->days_text = g_strjoinv(";", parts);
}

/* ---- exceptions ---- */

/* "2023-12-25" as a day. */
static bool parse_date(const char *text, int *day)
{
    int n[8];

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return false;
    for (int i = 0, at = 0; at < 10; at++) {
        if (at == 4 || at == 7)
            continue;
        if (!g_ascii_isdigit(text[at]))
            return false;
        n[i++] = text[at] - '0';
    }
    int year = n[0] * 1000 + n[1] * 100 + n[2] * 10 + n[3], month = n[4] * 10 + n[5], of_month = n[6] * 10 + n[7];
    if (year < 1970 || !g_date_valid_dmy((GDateDay)of_month, (GDateMonth)month, (GDateYear)year))
        return false;
    g_autoptr(GDateTime) at = g_date_time_new_utc(year, month, of_month, 0, 0, 0);
    *day = (int)(g_date_time_to_unix(at) / DAY);
    return true;
}

/* One line of the file: a date, a comment or nothing. */
static void read_line(struct config_loading *l, struct expectation *expect, const char *g, const char *place,
                      char *line)
{
    char *comment = strchr(line, '#');
    int day;

    if (comment != NULL)
        *comment = '\0';
    g_strstrip(line);
    if (*line == '\0')
        return;
    if (parse_date(line, &day)) {
        g_hash_table_add(expect->never, GINT_TO_POINTER(day));
        return;
    }
    g_autofree char *shown = g_utf8_make_valid(line, (gssize)MIN(strlen(line), TEXT_SHOWN));
    config_problem_at(l, config_line_of(l, g, "except"),
                      "[%s] except: %s: expected a date such as 2023-12-25; found '%s'", g, place, shown);
}

static void load_exceptions(struct config_loading *l, struct expectation *expect, const char *g)
{
    g_autofree char *given = config_text_value(l, g, "except", "");
    g_autofree char *path = *given != '\0' ? config_path_value(l, g, "except", "") : NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    struct stat st;
    gsize len = 0;

    expect->never = g_hash_table_new(NULL, NULL);
    if (path == NULL)
        return;
    /* what never ends, or waits for a writer, must not hold the gateway */
    bool regular = stat(path, &st) != 0 || (S_ISREG(st.st_mode) && st.st_size <= EXCEPT_MAX_BYTES);
    if (!regular || !g_file_get_contents(path, &text, &len, &error) || strlen(text) != len) {
        config_problem_at(l, config_line_of(l, g, "except"), "[%s] except: %s: %s", g, given,
                          error != NULL ? error->message
                                        : "expected a file with a text of dates (UTF-8), at most 1 MiB");
        return;
    }
    /* An editor of Windows begins the file with the mark of UTF-8, and ends its lines with CR LF. */
    const char *dates = g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;
    g_auto(GStrv) lines = g_strsplit(dates, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_autofree char *place = g_strdup_printf("%s:%zu", given, i + 1);
        read_line(l, expect, g, place, lines[i]);
    }
}

/* ---- the group ---- */

void config_load_expect(struct config_loading *l, struct config *c, const char *group)
{
    struct expectation *expect = g_new0(struct expectation, 1);

    g_ptr_array_add(c->expectations, expect);
    expect->name = g_strdup(group + strlen("expect "));
    if (!is_name(expect->name))
        config_problem_at(l, config_line_of(l, group, ""),
                          "[%s]: expected a name of 1 to 64 letters, digits, '-', '_' and '.'", group);
    expect->party = config_text_value(l, group, "party", NULL);
    expect->type = config_text_value(l, group, "type", NULL);
    expect->count = config_number_value(l, group, "count", (struct config_range){1, 1, 100000});
    load_times(l, expect, group);
    load_zone(l, expect, group);
    load_days(l, expect, group);
    load_exceptions(l, expect, group);
}

void config_check_expect(struct config_loading *l, const struct config *c)
{
    for (guint i = 0; i < c->expectations->len; i++) {
        const struct expectation *expect = c->expectations->pdata[i];
        g_autofree char *group = g_strconcat("expect ", expect->name, NULL);
        const struct party *party = rules_party(&c->identity, expect->party);
        if (party == NULL && *expect->party != '\0')
            config_problem(l, group, "party", "the code of a [party …] of this file");
        if (party == NULL || *expect->type == '\0' || rules_may_send(party, expect->type))
            continue;
        g_autofree char *expected = g_strdup_printf("a type that [party %s] may send", expect->party);
        config_problem(l, group, "type", expected);
    }
}
