/* The command `today`: a day against the same weekday a week before. */
#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/condition/day.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WEEK = 7 * 86400, DATE_LENGTH = 10, NUMBER = 11, BEFORE_BAR = 60, BAR = 40 };

static void date(int64_t at, char text[INSTANT_TEXT_SIZE])
{
    instant_print(at, text);
    text[DATE_LENGTH] = '\0';
}

static void print_json(const struct day *day)
{
    char start[INSTANT_TEXT_SIZE], before[INSTANT_TEXT_SIZE];
    json_t *object = json_object(), *rows = json_array();

    date(day->starts, start);
    date(day->starts - WEEK, before);
    output_set_text(object, "date", start);
    output_set_text(object, "week_before", before);
    output_set(object, "figures", rows);
    for (guint f = 0; f < day->figures->len; f++) {
        const struct day_figure *figure = &g_array_index(day->figures, struct day_figure, f);
        json_t *row = json_object();
        output_set_text(row, "section", figure->section);
        output_set_text(row, "name", figure->name);
        output_set_number(row, "n", figure->n);
        output_set_number(row, "n_before", figure->before);
        (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
    }
    command_print_json(object);
}

/* The day as full blocks; what the week before had more, as light ones. A number that is not 0 has one block. */
static void print_bar(const struct day_figure *figure, int64_t most)
{
    int columns = output_columns(), width = columns > 0 ? CLAMP(columns - BEFORE_BAR, 1, BAR) : BAR;
    int now = (int)((double)figure->n / (double)most * width),
        before = (int)((double)figure->before / (double)most * width);

    now = MAX(now, figure->n > 0);
    before = MAX(before, figure->before > 0);
    fputs("  ", stdout);
    for (int i = 0; i < MAX(now, before); i++)
        fputs(i < now ? "█" : "░", stdout);
}

static void print_text(const struct day *day, bool bars)
{
    char start[INSTANT_TEXT_SIZE], before[INSTANT_TEXT_SIZE];
    const char *section = NULL;
    int64_t most = 1;

    date(day->starts, start);
    date(day->starts - WEEK, before);
    printf("%-36s%*s%*s\n", "day (UTC)", NUMBER, start, NUMBER, before);
    for (guint f = 0; f < day->figures->len; f++) {
        const struct day_figure *figure = &g_array_index(day->figures, struct day_figure, f);
        if (figure->section != section)
            most = day_greatest(day, figure->section);
        printf("%-18s%-18s%*" PRId64 "%*" PRId64, figure->section != section ? figure->section : "", figure->name,
               NUMBER, figure->n, NUMBER, figure->before);
        if (bars)
            print_bar(figure, most);
        putchar('\n');
        section = figure->section;
    }
}

/* False, with a message: the text is no date. */
static bool parse_date(const char *text, int64_t *starts)
{
    g_autofree char *instant = g_strconcat(text, "T00:00:00Z", NULL);

    if (instant_parse(instant, strlen(instant), starts) && *starts <= clock_now())
        return true;
    g_autofree char *shown = command_shown(text);
    g_printerr("ecosgate: today: --date: expected a date such as 2028-01-10, which has begun, found '%s'\n", shown);
    return false;
}

int command_today(struct invocation *invocation)
{
    g_autofree char *given = NULL;
    const GOptionEntry entries[] = {
        {"date", 0, 0, G_OPTION_ARG_STRING, &given, "that day (UTC) and not the present one", "DATE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    int64_t starts = 0;
    struct read_access access;
    struct day day;
    GError *error = NULL;

    if (!command_arguments(invocation, entries, 0, 0) || (given != NULL && !parse_date(given, &starts)) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    bool good = day_look(&access.gateway, given != NULL ? starts : day_of(clock_now()), &day, &error);
    read_access_close(&access);
    if (!good)
        return command_unable(error);
    if (invocation->json)
        print_json(&day);
    else
        print_text(&day, isatty(STDOUT_FILENO) == 1);
    day_clear(&day);
    return EXIT_GOOD;
}
