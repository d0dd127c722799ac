/* Everything on the page is in a table with words and numbers; colours and bars only repeat them. */
#include "gateway/condition/live_page.h"

#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/condition/closing.h"
#include "gateway/reports/html.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_REPORTS = 6 };

/* EUI-64s, and numbers as long as those of supply points. g_free. */
static char *scrubbed(const char *text)
{
    g_autoptr(GRegex) ids = g_regex_new("[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}|[0-9]{9,}", 0, 0, NULL);
    char *plain = g_regex_replace_literal(ids, text, -1, 0, "…", 0, NULL);

    return plain != NULL ? plain : g_strdup("");
}

static void span_word(GString *out, int64_t since, int64_t now)
{
    char span[CONDITION_SPAN_SIZE] = "";

    html_word(out, since != 0 ? condition_span(since, now, span) : "");
}

/* ---- is it alive ---- */

static void head(GString *out, const struct gateway *gateway, const struct condition *condition)
{
    const struct config *config = gateway->config;
    enum alarm_level level = condition_level(condition);
    char now[INSTANT_TEXT_SIZE];
    g_autofree char *minutes = text_count(MAX(config->health.max_age / 60, 1), "minute");
    g_autofree char *title = g_strdup_printf("Gateway %s %s", config->org, config->environment);
    g_autofree char *left = closing_left(config->retry.tcos_closes, condition->now);

    instant_print(condition->now, now);
    html_begin(out, &(const struct html_head){title, LIVE_PAGE_SECONDS});
    g_string_append(out, "<h1>");
    html_text(out, title);
    g_string_append_printf(out, ": <span class=\"%s\">%s</span></h1>\n", alarm_level_name(level),
                           level == ALARM_NOTE      ? "nothing is wrong"
                           : level == ALARM_WARNING ? "somebody has to act"
                                                    : "work stands still");
    g_string_append_printf(out,
                           "<p id=\"age\">This page was written at <strong>%s</strong>. The gateway writes it after a "
                           "pass, but at most every %d seconds. If that time is more than %s ago, the gateway hangs or "
                           "does not run: <code>ecosgate health</code></p>\n",
                           now, LIVE_PAGE_SECONDS, minutes);
    if (left != NULL) {
        g_string_append(out, "<p>Until TCoS closes: ");
        html_text(out, left);
        g_string_append(out, "</p>\n");
    }
}

/* ---- what is wrong ---- */

static void alarms(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"Level", "<For", "<What", "<What to do", NULL};

    html_section(out, "alarms", "What is wrong");
    if (condition->alarms->len == 0) {
        g_string_append(out, "<p>Nothing.</p>\n");
        html_section_end(out);
        return;
    }
    g_string_append(out, "<div class=\"wide stack\">\n");
    html_table(out, "alarms-table", "The worst first", columns);
    for (guint a = 0; a < condition->alarms->len; a++) {
        const struct alarm *alarm = &g_array_index(condition->alarms, struct alarm, a);
        g_autofree char *brief = scrubbed(alarm->brief);
        g_autofree char *command = scrubbed(alarm->command != NULL ? alarm->command : "");
        g_string_append_printf(out, "<tr><th scope=\"row\" class=\"%s\">%s</th>", alarm_level_name(alarm->level),
                               alarm_level_name(alarm->level));
        span_word(out, alarm->since, condition->now);
        html_word(out, brief);
        g_string_append(out, "<td class=\"word\"><code>");
        html_text(out, command);
        g_string_append(out, "</code></td>");
        html_row_end(out);
    }
    html_table_end(out);
    g_string_append(out, "</div>\n");
    html_section_end(out);
}

/* ---- drops ---- */

static void direction_word(GString *out, const struct direction *direction, int64_t now)
{
    char span[CONDITION_SPAN_SIZE];
    g_autofree char *down =
        direction->down == 0
            ? NULL
            : g_strdup_printf("down %s (%.4s)", condition_span(direction->down, now, span), direction->why);
    g_autofree char *paused =
        direction->paused == 0 ? NULL : g_strdup_printf("paused %s", condition_span(direction->paused, now, span));

    html_word(out, down != NULL ? down : paused != NULL ? paused : "up");
}

static void drops(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"Drop",    "<In", "Wait", "<Oldest", "<Out", "Not yet delivered",
                                          "<Oldest", NULL};

    html_section(out, "drops", "Drops and Devices");
    html_table(out, "drops-table", "Drops: files that wait, and that are not yet delivered", columns);
    for (guint d = 0; d < condition->drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        html_row(out, drop->name);
        direction_word(out, &drop->in, condition->now);
        html_number(out, drop->waiting);
        span_word(out, drop->oldest_waiting, condition->now);
        direction_word(out, &drop->out, condition->now);
        html_number(out, drop->owed);
        span_word(out, drop->oldest_owed, condition->now);
        html_row_end(out);
    }
    html_table_end(out);
}

/* ---- the day ---- */

/* In UTC, to the minute; "": none. */
static void minute_word(GString *out, int64_t at)
{
    char text[INSTANT_TEXT_SIZE];
    g_autofree char *minute = NULL;

    instant_print(at, text);
    minute = at != 0 ? g_strdup_printf("%.10s %.5s", text, text + 11) : NULL;
    html_word(out, minute);
}

/* What should have come: [expect NAME]. */
static void expected(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"Expected", "<State", "<Come", "<Due", "<Next", "<Files", NULL};

    html_table(out, "expected-table", "Files that should have come by a time", columns);
    for (guint e = 0; e < condition->expected->len; e++) {
        const struct expected_condition *one = &g_array_index(condition->expected, struct expected_condition, e);
        const struct expected *found = &one->found;
        bool late = expected_is_late(one->expect, found);
        g_autofree char *come =
            g_strdup_printf("%" PRId64 " of %" PRId64, found->came.accepted + found->came.waiting, one->expect->count);
        g_autofree char *files = g_strdup_printf("%s from %s", one->expect->type, one->expect->party);
        g_autofree char *name = scrubbed(one->expect->name);
        html_row(out, name);
        g_string_append_printf(out, "<td class=\"word%s\">%s</td>", late ? " warning" : "",
                               expected_state(one->expect, found));
        html_word(out, come);
        minute_word(out, found->last.at);
        minute_word(out, found->next.at);
        html_word(out, files);
        html_row_end(out);
    }
    html_table_end(out);
}

static void today(GString *out, const struct day *day, const struct condition *condition)
{
    static const char *const columns[] = {"What", "Week before", "Today", "", NULL};
    const char *section = NULL;

    html_section(out, "today", "Today (UTC), and the same weekday a week before");
    g_string_append(out, "<div class=\"wide\">\n");
    if (condition->expected->len > 0)
        expected(out, condition);
    html_table(out, "today-table", "Until now, and the whole day a week before", columns);
    for (guint f = 0; f < day->figures->len; f++) {
        const struct day_figure *figure = &g_array_index(day->figures, struct day_figure, f);
        g_autofree char *number = g_strdup_printf("%" PRId64, figure->n);
        if (figure->section != section)
            html_group(out, figure->section, G_N_ELEMENTS(columns) - 1);
        section = figure->section;
        html_row(out, figure->name);
        html_number(out, figure->before);
        html_bar(out, &(const struct html_bar){figure->n, day_greatest(day, figure->section), "left", number});
        html_row_end(out);
    }
    html_table_end(out);
    g_string_append(out, "</div>\n");
    html_section_end(out);
}

/* ---- Devices, incidents, disks, reports ---- */

/* Ends the section of the drops. */
static void devices(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"State", "Devices", "", NULL};
    int64_t all = 0;

    for (guint s = 0; s < condition->states->len; s++)
        all += g_array_index(condition->states, struct state_count, s).n;
    g_string_append(out, "<div class=\"grow\">\n");
    html_table(out, "devices-table", "Devices by state, each a part of all", columns);
    for (guint s = 0; s < condition->states->len; s++) {
        const struct state_count *count = &g_array_index(condition->states, struct state_count, s);
        g_autofree char *number = g_strdup_printf("%" PRId64, count->n);
        const char *style = g_str_equal(count->name, "MIGRATED") ? "good"
                            : g_str_equal(count->name, "FAILED") ? "many"
                                                                 : "scope";
        html_row(out, count->name);
        html_bar(out, &(const struct html_bar){count->n, all, style, number});
        html_row_end(out);
    }
    html_table_end(out);
    g_string_append(out, "</div>\n");
    html_section_end(out);
}

static void counts(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"What", "Number", NULL};
    const struct {
        const char *name;
        int64_t n;
    } rows[] = {{"of the gateway", condition->system_incidents},
                {"of files", condition->file_incidents},
                {"of Devices", condition->device_incidents}};

    html_section(out, "figures", "Incidents, disks, next reports");
    html_table(out, "incidents-table", "Open incidents", columns);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        html_row(out, rows[i].name);
        html_number(out, rows[i].n);
        html_row_end(out);
    }
    html_table_end(out);
}

static void disks(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"Disk", "MiB free", "Reserve", "Days left", NULL};

    html_table(out, "disks-table", "Disks", columns);
    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        html_row(out, disk->name);
        html_number(out, disk->free >> 20);
        html_number(out, disk->reserve >> 20);
        if (disk->days >= 0)
            html_number(out, disk->days);
        else
            html_word(out, "-");
        html_row_end(out);
    }
    html_table_end(out);
}

static int by_next(const void *a, const void *b)
{
    const struct report_condition *x = a, *y = b;

    return x->next != y->next ? (x->next > y->next) - (x->next < y->next) : strcmp(x->ref, y->ref);
}

/* Ends the section. */
static void reports(GString *out, const struct condition *condition)
{
    static const char *const columns[] = {"Report", "<Issued next", NULL};
    g_autoptr(GArray) sorted = g_array_copy(condition->reports);
    char at[INSTANT_TEXT_SIZE];

    g_array_sort(sorted, by_next);
    html_table(out, "reports-table", "Next reports", columns);
    for (guint r = 0, shown = 0; r < sorted->len && shown < MOST_REPORTS; r++) {
        const struct report_condition *report = &g_array_index(sorted, struct report_condition, r);
        if (report->next == 0)
            continue;
        instant_print(report->next, at);
        html_row(out, report->ref);
        html_word(out, at);
        html_row_end(out);
        shown++;
    }
    html_table_end(out);
    html_section_end(out);
}

char *live_page(const struct gateway *gateway, const struct condition *condition, const struct day *day)
{
    GString *out = g_string_new(NULL);

    head(out, gateway, condition);
    alarms(out, condition);
    drops(out, condition);
    devices(out, condition);
    today(out, day, condition);
    counts(out, condition);
    disks(out, condition);
    reports(out, condition);
    html_end(out);
    return g_string_free(out, FALSE);
}

/* ---- the file ---- */

static bool make(struct gateway *gateway, char **text, GError **error)
{
    struct condition condition;
    struct day day;

    if (!condition_look(gateway, false, &condition, error))
        return false;
    bool good = day_look(gateway, day_of(condition.now), &day, error);
    if (good) {
        *text = live_page(gateway, &condition, &day);
        day_clear(&day);
    }
    condition_clear(&condition);
    return good;
}

void live_page_keep(struct kept_file *file, struct gateway *gateway, bool last)
{
    const char *folder = gateway->config->page;
    g_autofree char *path = folder != NULL ? g_build_filename(folder, LIVE_PAGE_FILE, NULL) : NULL;
    const struct kept_file_kind kind = {.name = "the live page",
                                        .event = EVENT_PAGE_UNWRITABLE,
                                        .path = path,
                                        .step = STEP_PAGE_PLACED,
                                        .seconds = LIVE_PAGE_SECONDS,
                                        .make = make};

    kept_file_write(file, &kind, gateway, last);
}
