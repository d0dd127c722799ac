/*
 * Each chart stands beside a table with the same figures. The page is a pure function of the rows of MGMT, so that it
 * can be tested without a ledger and says nothing that the rows do not say.
 */
#include "gateway/reports/mgmt_page.h"

#include "formats/instant.h"
#include "gateway/reports/html.h"
#include "gateway/reports/mgmt_chart.h"

#include <inttypes.h>
#include <string.h>

enum { WEEK = 7 * 86400, PACE_WEEKS = 4, DRAWN_WEEKS = 52, FORESEEN_WEEKS = 5200, DATE_LENGTH = 10 };

/* ---- sums ---- */

enum figure { IN_SCOPE, MIGRATED, FAILED_ONCE, FAILED_MANY, NON_MIGRATABLE, REMAINING, FIGURES };

static const struct {
    const char *name, *style;
} figure_styles[FIGURES] = {
    {"In scope", "scope"},       {"Migrated", "good"},  {"Failed once", "once"}, {"Failed more than once", "many"},
    {"Non-Migratable", "never"}, {"Remaining", "left"},
};

/* The sums of rows that have a Device type, a region or a code in common. */
struct group {
    const char *name;
    int64_t n[FIGURES];
};

/* otherwise, where there is no name. */
static const char *name_or(const char *name, const char *otherwise)
{
    return name != NULL && *name != '\0' ? name : otherwise;
}

static const char *type_of(const struct mgmt_row *row)
{
    return name_or(row->device_type, "not known");
}

static const char *region_of(const struct mgmt_row *row)
{
    return name_or(row->region, "not known");
}

static const char *cause_of(const struct mgmt_row *row)
{
    return name_or(row->top_error, NULL);
}

static void add_row(struct group *group, const struct mgmt_row *row)
{
    const int64_t n[FIGURES] = {row->in_scope,    row->migrated,       row->failed_once,
                                row->failed_many, row->non_migratable, row->remaining};

    for (int f = 0; f < FIGURES; f++)
        group->n[f] += MAX(n[f], 0);
}

/* One struct group for each name, in the order of the rows; rows without a name are left out. g_array_unref. */
static GArray *group_by(const struct mgmt_figures *figures, const char *(*name_of)(const struct mgmt_row *row))
{
    GArray *groups = g_array_new(FALSE, TRUE, sizeof(struct group));

    for (size_t i = 0; i < figures->n_rows; i++) {
        const char *name = name_of(&figures->rows[i]);
        guint g = 0;
        if (name == NULL)
            continue;
        while (g < groups->len && strcmp(g_array_index(groups, struct group, g).name, name) != 0)
            g++;
        if (g == groups->len) {
            const struct group fresh = {.name = name};
            g_array_append_val(groups, fresh);
        }
        add_row(&g_array_index(groups, struct group, g), &figures->rows[i]);
    }
    return groups;
}

static struct group sum_of(const struct mgmt_figures *figures)
{
    struct group sum = {.name = "All"};

    for (size_t i = 0; i < figures->n_rows; i++)
        add_row(&sum, &figures->rows[i]);
    return sum;
}

/* ---- forecast ---- */

void mgmt_forecast(const struct mgmt_figures *figures, struct mgmt_forecast *forecast)
{
    const struct group sum = sum_of(figures);
    size_t back = MIN(figures->n_weeks, PACE_WEEKS + 1); /* the ends of five weeks bound four weeks */

    *forecast = (struct mgmt_forecast){.remaining = sum.n[REMAINING]};
    if (back >= 2) {
        const struct mgmt_week *first = &figures->weeks[figures->n_weeks - back],
                               *last = &figures->weeks[figures->n_weeks - 1];
        double weeks = (double)(last->end - first->end) / WEEK;
        if (weeks > 0 && last->migrated > first->migrated)
            forecast->per_week = (double)(last->migrated - first->migrated) / weeks;
    }
    if (forecast->remaining == 0)
        forecast->finish = figures->end;
    else if (forecast->per_week > 0 && (double)forecast->remaining / forecast->per_week <= FORESEEN_WEEKS)
        forecast->finish = figures->end + (int64_t)((double)forecast->remaining / forecast->per_week * WEEK);
    if (forecast->remaining > 0 && figures->end_date > figures->end)
        forecast->needed = (double)forecast->remaining / ((double)(figures->end_date - figures->end) / WEEK);
}

/* ---- elements of the page ---- */

static void date(int64_t at, char text[INSTANT_TEXT_SIZE])
{
    instant_print(at, text);
    text[DATE_LENGTH] = '\0';
}

static void begin_page(GString *out, const struct mgmt_figures *figures)
{
    char start[INSTANT_TEXT_SIZE], end[INSTANT_TEXT_SIZE];

    date(figures->start, start);
    date(figures->end, end);
    g_autofree char *title = g_strdup_printf("Migration, %s to %s", start, end);
    html_begin(out, &(const struct html_head){title, 0});
    g_string_append_printf(out, "<h1>Migration to ECoS credentials</h1>\n<p>From %s to %s, 00:00 UTC; gateway ", start,
                           end);
    html_text(out, figures->org);
    g_string_append(out, ", environment ");
    html_text(out, figures->environment);
    g_string_append(out, ".</p>\n");
}

/* ---- the summary, and the sentences of the forecast ---- */

/* The forecast in sentences: what remains, the pace, and whether the end date is met. */
static void say_forecast(GString *out, const struct mgmt_figures *figures, const struct mgmt_forecast *forecast)
{
    char finish[INSTANT_TEXT_SIZE], until[INSTANT_TEXT_SIZE];

    date(figures->end_date, until);
    if (forecast->remaining == 0) {
        g_string_append(out, "<p id=\"forecast-text\">Nothing remains.</p>\n");
        return;
    }
    g_string_append_printf(out, "<p id=\"forecast-text\">%" PRId64 " remain. ", forecast->remaining);
    if (forecast->finish > 0) {
        date(forecast->finish, finish);
        g_string_append_printf(out, "At %.0f a week, the pace of the last weeks, the last one migrates on %s. ",
                               forecast->per_week, finish);
    } else {
        g_string_append(out, "Too little was migrated in the last weeks to forecast an end. ");
    }
    if (figures->end_date == 0)
        g_string_append(out, "No end date is set.</p>\n");
    else if (forecast->needed > 0)
        g_string_append_printf(out, "To be done by the end date, %s, it takes %.0f a week: <strong>%s</strong>.</p>\n",
                               until, forecast->needed,
                               forecast->finish > 0 && forecast->finish <= figures->end_date ? "in time" : "late");
    else
        g_string_append_printf(out, "The end date, %s, has passed: <strong>late</strong>.</p>\n", until);
}

static void summary(GString *out, const struct mgmt_figures *figures)
{
    static const char *const columns[] = {"Devices", "Number", NULL};
    const struct group sum = sum_of(figures);

    html_section(out, "summary", "Summary");
    html_table(out, "summary-table", "All Device types and regions", columns);
    for (int f = 0; f < FIGURES; f++) {
        html_row(out, figure_styles[f].name);
        html_number(out, sum.n[f]);
        html_row_end(out);
    }
    html_table_end(out);
    html_section_end(out);
}

/* ---- over time ---- */

static void draw_progress(GString *out, const struct mgmt_figures *figures)
{
    static const struct chart chart = {
        "progress-chart", "Progress over time",
        "Devices in scope and Devices migrated at the end of each week; the table beside "
        "it has the figures."};
    g_autofree struct chart_point *scope = g_new(struct chart_point, figures->n_weeks);
    g_autofree struct chart_point *migrated = g_new(struct chart_point, figures->n_weeks);

    for (size_t i = 0; i < figures->n_weeks; i++) {
        scope[i] = (struct chart_point){figures->weeks[i].end, (double)MAX(figures->weeks[i].in_scope, 0)};
        migrated[i] = (struct chart_point){figures->weeks[i].end, (double)MAX(figures->weeks[i].migrated, 0)};
    }
    const struct chart_line lines[] = {{"in scope", "scope", scope, figures->n_weeks},
                                       {"migrated", "good", migrated, figures->n_weeks}};
    chart_lines(out, &chart, lines, G_N_ELEMENTS(lines), &(const struct chart_mark){0, NULL});
}

static void progress(GString *out, const struct mgmt_figures *figures)
{
    static const char *const columns[] = {"Week's end", "In scope", "Migrated", "Remaining", NULL};

    if (figures->n_weeks == 0)
        return;
    html_section(out, "progress", "Progress over time");
    g_string_append(out, "<figure>\n");
    draw_progress(out, figures);
    g_string_append(out, "</figure>\n");
    html_table(out, "progress-table", "At the end of each week", columns);
    for (size_t i = 0; i < figures->n_weeks; i++) {
        const struct mgmt_week *week = &figures->weeks[i];
        char end[INSTANT_TEXT_SIZE];
        date(week->end, end);
        html_row(out, end);
        html_number(out, week->in_scope);
        html_number(out, week->migrated);
        html_number(out, week->remaining);
        html_row_end(out);
    }
    html_table_end(out);
    html_section_end(out);
}

/* ---- by group ---- */

/* For each group a heading and a bar for each figure. */
static void draw_groups(GString *out, const GArray *groups, const struct chart *chart)
{
    g_autoptr(GArray) bars = g_array_new(FALSE, FALSE, sizeof(struct chart_bar));

    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        const struct chart_bar head = {group->name, -1, NULL};
        g_array_append_val(bars, head);
        for (int f = 0; f < FIGURES; f++) {
            const struct chart_bar bar = {figure_styles[f].name, group->n[f], figure_styles[f].style};
            g_array_append_val(bars, bar);
        }
    }
    chart_bars(out, chart, (const struct chart_bar *)(const void *)bars->data, bars->len);
}

/* id: "types", "regions"; head: the title of the first column. */
static void by_group(GString *out, const GArray *groups, const struct chart *chart, const char *id, const char *head)
{
    const char *columns[FIGURES + 2] = {head};
    g_autofree char *table = g_strconcat(id, "-table", NULL);

    for (int f = 0; f < FIGURES; f++)
        columns[f + 1] = figure_styles[f].name;
    html_section(out, id, chart->title);
    g_string_append(out, "<figure>\n");
    draw_groups(out, groups, chart);
    g_string_append(out, "</figure>\n");
    html_table(out, table, chart->title, columns);
    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        html_row(out, group->name);
        for (int f = 0; f < FIGURES; f++)
            html_number(out, group->n[f]);
        html_row_end(out);
    }
    html_table_end(out);
    html_section_end(out);
}

/* ---- shares ---- */

/* How much of what is in scope has migrated, on one scale for all, which counts of unlike groups do not show. */
static void shares(GString *out, const GArray *groups, const char *id, const char *caption)
{
    const char *const columns[] = {"", "Migrated", "In scope", "Share", "", NULL};

    html_table(out, id, caption, columns);
    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        int64_t whole = group->n[IN_SCOPE], part = MIN(group->n[MIGRATED], whole);
        double share = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
        g_autofree char *text = g_strdup_printf("%.1f\xC2\xA0%%", share); /* no line may end before the sign */
        html_row(out, group->name);
        html_number(out, group->n[MIGRATED]);
        html_number(out, whole);
        html_bar(out, &(const struct html_bar){part, whole, "good", text});
        html_row_end(out);
    }
    html_table_end(out);
}

static void all_shares(GString *out, const GArray *by_type, const GArray *by_region)
{
    html_section(out, "shares", "Share migrated");
    g_string_append(out, "<div class=\"wide\">");
    shares(out, by_type, "type-shares", "By Device type");
    g_string_append(out, "</div>\n<div class=\"wide\">");
    shares(out, by_region, "region-shares", "By region");
    g_string_append(out, "</div>\n");
    html_section_end(out);
}

/* ---- causes ---- */

static int by_failures(gconstpointer a, gconstpointer b)
{
    const struct group *x = a, *y = b;
    int64_t nx = x->n[FAILED_ONCE] + x->n[FAILED_MANY], ny = y->n[FAILED_ONCE] + y->n[FAILED_MANY];

    return nx != ny ? (nx < ny) - (nx > ny) : strcmp(x->name, y->name);
}

/* MGMT gives only the most frequent code of a row. So a code stands for all failed Devices of the rows in which it is
 * the most frequent one. */
static void causes(GString *out, const struct mgmt_figures *figures)
{
    static const char *const columns[] = {"Code", "Failed Devices", NULL};
    static const struct chart chart = {
        "causes-chart", "Top causes",
        "Failed Devices by the code that was the most frequent of the period in their type and region; the table "
        "beside it has the figures."};
    g_autoptr(GArray) groups = group_by(figures, cause_of);
    g_autoptr(GArray) bars = g_array_new(FALSE, FALSE, sizeof(struct chart_bar));

    g_array_sort(groups, by_failures);
    html_section(out, "causes", "Top causes");
    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        const struct chart_bar bar = {group->name, group->n[FAILED_ONCE] + group->n[FAILED_MANY], "many"};
        g_array_append_val(bars, bar);
    }
    if (bars->len == 0) {
        g_string_append(out, "<p>Nothing failed in this period.</p>\n");
        html_section_end(out);
        return;
    }
    g_string_append(out, "<figure>\n");
    chart_bars(out, &chart, (const struct chart_bar *)(const void *)bars->data, bars->len);
    g_string_append(out, "</figure>\n");
    html_table(out, "causes-table",
               "Failed Devices of the types and regions in which the code was the most frequent one of the period",
               columns);
    for (guint b = 0; b < bars->len; b++) {
        const struct chart_bar *bar = &g_array_index(bars, struct chart_bar, b);
        html_row(out, bar->label);
        html_number(out, bar->value);
        html_row_end(out);
    }
    html_table_end(out);
    html_section_end(out);
}

/* ---- forecast ---- */

/* Where the dashed line ends: when nothing remains, or at the right edge of the chart. */
static struct chart_point forecast_end(const struct mgmt_figures *figures, const struct mgmt_forecast *forecast)
{
    int64_t last = MAX(figures->end_date, figures->end + (int64_t)DRAWN_WEEKS * WEEK);
    int64_t at = forecast->finish > 0 ? MIN(forecast->finish, last) : last;
    double gone = forecast->per_week * (double)(at - figures->end) / WEEK;

    return (struct chart_point){at, MAX((double)forecast->remaining - gone, 0)};
}

/* The section of the forecast. Without weeks before it the chart begins with this period's end. */
static void outlook(GString *out, const struct mgmt_figures *figures)
{
    static const struct chart chart = {
        "forecast-chart", "What remains, and the end date",
        "Devices that remained at the end of each week, and dashed how many will, at the "
        "pace of the last weeks."};
    g_autofree struct chart_point *left = g_new(struct chart_point, figures->n_weeks + 1);
    struct mgmt_forecast forecast;
    size_t n = 0;

    mgmt_forecast(figures, &forecast);
    html_section(out, "forecast", "Forecast");
    for (; n < figures->n_weeks; n++)
        left[n] = (struct chart_point){figures->weeks[n].end, (double)MAX(figures->weeks[n].remaining, 0)};
    if (n == 0)
        left[n++] = (struct chart_point){figures->end, (double)forecast.remaining};
    const struct chart_point ahead[] = {{figures->end, (double)forecast.remaining}, forecast_end(figures, &forecast)};
    const struct chart_line lines[] = {{"remaining", "left", left, n}, {"forecast", "left dashed", ahead, 2}};
    g_string_append(out, "<figure>\n");
    chart_lines(out, &chart, lines, forecast.remaining > 0 ? 2 : 1,
                &(const struct chart_mark){figures->end_date, "end date"});
    g_string_append(out, "</figure>\n");
    say_forecast(out, figures, &forecast);
    html_section_end(out);
}

/* ---- TCoS closes ---- */

/* What still holds TCoS credentials, against the time that is left. */
static void closing(GString *out, const struct mgmt_figures *figures)
{
    int64_t remaining = sum_of(figures).n[REMAINING];
    char when[INSTANT_TEXT_SIZE];

    if (figures->closes == 0)
        return;
    date(figures->closes, when);
    html_section(out, "closing", "Until TCoS closes");
    g_string_append_printf(out, "<p id=\"closing-text\">%" PRId64 " still hold TCoS credentials. ", remaining);
    if (figures->closes <= figures->end)
        g_string_append_printf(out, "TCoS has closed on %s.</p>\n", when);
    else
        g_string_append_printf(out, "TCoS closes on %s, %.1f weeks after this period: %.0f a week.</p>\n", when,
                               (double)(figures->closes - figures->end) / WEEK,
                               (double)remaining / ((double)(figures->closes - figures->end) / WEEK));
    html_section_end(out);
}

/* ---- all rows ---- */

/* The rows of MGMT as they are, so that the page can be compared with the CSV. */
static void all_rows(GString *out, const struct mgmt_figures *figures)
{
    static const char *const columns[] = {
        "Device type",           "<Region",        "In scope",  "Migrated",  "Failed once",
        "Failed more than once", "Non-Migratable", "Remaining", "<Top code", NULL};

    html_section(out, "rows", "All figures");
    html_table(out, "rows-table", "By Device type and region, as in MGMT", columns);
    for (size_t i = 0; i < figures->n_rows; i++) {
        const struct mgmt_row *row = &figures->rows[i];
        struct group sums = {.name = NULL};
        add_row(&sums, row);
        html_row(out, type_of(row));
        html_word(out, region_of(row));
        for (int f = 0; f < FIGURES; f++)
            html_number(out, sums.n[f]);
        html_word(out, row->top_error);
        html_row_end(out);
    }
    html_table_end(out);
    html_section_end(out);
}

char *mgmt_page(const struct mgmt_figures *figures)
{
    static const struct chart types = {"types-chart", "By Device type",
                                       "Devices in scope, migrated, failed and remaining by Device type; the table "
                                       "beside it has the figures."};
    static const struct chart regions = {"regions-chart", "By region",
                                         "Devices in scope, migrated, failed and remaining by region; the table beside "
                                         "it has the figures."};
    g_autoptr(GArray) by_type = group_by(figures, type_of);
    g_autoptr(GArray) by_region = group_by(figures, region_of);
    GString *out = g_string_new(NULL);

    begin_page(out, figures);
    summary(out, figures);
    progress(out, figures);
    if (figures->n_rows > 0) {
        all_shares(out, by_type, by_region);
        by_group(out, by_type, &types, "types", "Device type");
        by_group(out, by_region, &regions, "regions", "Region");
    }
    causes(out, figures);
    outlook(out, figures);
    closing(out, figures);
    all_rows(out, figures);
    html_end(out);
    return g_string_free(out, FALSE);
}
