/*
 * The page is one text with inline styles and inline SVG, and a content security policy that forbids everything else:
 * it is opened from mail and from shares, where nothing else would be found. Each chart stands beside a table with the
 * same figures.
 *
 * The page is a pure function of the rows of MGMT, so that it can be tested without a ledger and says nothing that the
 * rows do not say.
 */
#include "gateway/reports/mgmt_page.h"

#include "formats/instant.h"
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

/* print-color-adjust: printers leave out colours otherwise, and with them the bars. */
static const char style_sheet[] =
    "body{font:16px/1.45 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:2rem auto;max-width:72rem;"
    "padding:0 1rem}"
    "h1{font-size:1.7rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem}"
    "section>div{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}"
    "figure{margin:0;flex:1 1 30rem}svg{max-width:100%;height:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600;padding-bottom:.3rem}"
    "th,td{border-bottom:1px solid #bbb;padding:.2rem .6rem;text-align:right}"
    "th:first-child,td:first-child,.word{text-align:left}thead th{border-bottom:2px solid #444}"
    "svg text{font:13px system-ui,sans-serif;fill:#1a1a1a}svg .head{font-weight:600}"
    "svg .label{text-anchor:end}svg .middle{text-anchor:middle}"
    ".scope{fill:#5a5a5a;stroke:#5a5a5a}.good{fill:#1b7837;stroke:#1b7837}.once{fill:#d9822b;stroke:#d9822b}"
    ".many{fill:#b2182b;stroke:#b2182b}.never{fill:#542788;stroke:#542788}.left{fill:#2166ac;stroke:#2166ac}"
    ".line{fill:none;stroke-width:2.5}.dashed{stroke-dasharray:7 5}"
    ".grid{stroke:#ccc}.mark{stroke:#1a1a1a;stroke-dasharray:2 4;stroke-width:1.5}"
    "@page{margin:15mm}@media print{body{margin:0;max-width:none;font-size:10.5pt}h2{break-after:avoid}"
    "figure,table,svg{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

/* Everything before the first section. The policy forbids scripts and whatever would have to be loaded. */
static void begin_page(GString *out, const struct mgmt_figures *figures)
{
    char start[INSTANT_TEXT_SIZE], end[INSTANT_TEXT_SIZE];

    date(figures->start, start);
    date(figures->end, end);
    g_string_append_printf(out,
                           "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                           "'unsafe-inline'\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width\">\n"
                           "<title>Migration, %s to %s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n"
                           "<h1>Migration to ECoS credentials</h1>\n<p>From %s to %s, 00:00 UTC; gateway ",
                           start, end, style_sheet, start, end);
    chart_text(out, figures->org);
    g_string_append(out, ", environment ");
    chart_text(out, figures->environment);
    g_string_append(out, ".</p>\n");
}

static void begin_section(GString *out, const char *id, const char *title)
{
    g_string_append_printf(out, "<section aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n<div>\n", id, id, title);
}

static void end_section(GString *out)
{
    g_string_append(out, "</div>\n</section>\n");
}

static void begin_table(GString *out, const char *id, const char *caption, const char *const *columns)
{
    g_string_append_printf(out, "<table id=\"%s\">\n<caption>%s</caption>\n<thead><tr>", id, caption);
    for (; *columns != NULL; columns++)
        g_string_append_printf(out, "<th scope=\"col\">%s</th>", *columns);
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(GString *out)
{
    g_string_append(out, "</tbody>\n</table>\n");
}

/* A row's head; its cells follow, then "</tr>\n". */
static void row_head(GString *out, const char *name)
{
    g_string_append(out, "<tr><th scope=\"row\">");
    chart_text(out, name);
    g_string_append(out, "</th>");
}

static void number_cell(GString *out, int64_t n)
{
    g_string_append_printf(out, "<td>%" PRId64 "</td>", MAX(n, 0));
}

static void word_cell(GString *out, const char *word)
{
    g_string_append(out, "<td class=\"word\">");
    chart_text(out, word);
    g_string_append(out, "</td>");
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

    begin_section(out, "summary", "Summary");
    begin_table(out, "summary-table", "All Device types and regions", columns);
    for (int f = 0; f < FIGURES; f++) {
        row_head(out, figure_styles[f].name);
        number_cell(out, sum.n[f]);
        g_string_append(out, "</tr>\n");
    }
    end_table(out);
    end_section(out);
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
    begin_section(out, "progress", "Progress over time");
    g_string_append(out, "<figure>\n");
    draw_progress(out, figures);
    g_string_append(out, "</figure>\n");
    begin_table(out, "progress-table", "At the end of each week", columns);
    for (size_t i = 0; i < figures->n_weeks; i++) {
        const struct mgmt_week *week = &figures->weeks[i];
        char end[INSTANT_TEXT_SIZE];
        date(week->end, end);
        row_head(out, end);
        number_cell(out, week->in_scope);
        number_cell(out, week->migrated);
        number_cell(out, week->remaining);
        g_string_append(out, "</tr>\n");
    }
    end_table(out);
    end_section(out);
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
    begin_section(out, id, chart->title);
    g_string_append(out, "<figure>\n");
    draw_groups(out, groups, chart);
    g_string_append(out, "</figure>\n");
    begin_table(out, table, chart->title, columns);
    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        row_head(out, group->name);
        for (int f = 0; f < FIGURES; f++)
            number_cell(out, group->n[f]);
        g_string_append(out, "</tr>\n");
    }
    end_table(out);
    end_section(out);
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
    begin_section(out, "causes", "Top causes");
    for (guint g = 0; g < groups->len; g++) {
        const struct group *group = &g_array_index(groups, struct group, g);
        const struct chart_bar bar = {group->name, group->n[FAILED_ONCE] + group->n[FAILED_MANY], "many"};
        g_array_append_val(bars, bar);
    }
    if (bars->len == 0) {
        g_string_append(out, "<p>Nothing failed in this period.</p>\n");
        end_section(out);
        return;
    }
    g_string_append(out, "<figure>\n");
    chart_bars(out, &chart, (const struct chart_bar *)(const void *)bars->data, bars->len);
    g_string_append(out, "</figure>\n");
    begin_table(out, "causes-table",
                "Failed Devices of the types and regions in which the code was the most frequent one of the period",
                columns);
    for (guint b = 0; b < bars->len; b++) {
        const struct chart_bar *bar = &g_array_index(bars, struct chart_bar, b);
        row_head(out, bar->label);
        number_cell(out, bar->value);
        g_string_append(out, "</tr>\n");
    }
    end_table(out);
    end_section(out);
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
    begin_section(out, "forecast", "Forecast");
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
    end_section(out);
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
    begin_section(out, "closing", "Until TCoS closes");
    g_string_append_printf(out, "<p id=\"closing-text\">%" PRId64 " still hold TCoS credentials. ", remaining);
    if (figures->closes <= figures->end)
        g_string_append_printf(out, "TCoS has closed on %s.</p>\n", when);
    else
        g_string_append_printf(out, "TCoS closes on %s, %.1f weeks after this period: %.0f a week.</p>\n", when,
                               (double)(figures->closes - figures->end) / WEEK,
                               (double)remaining / ((double)(figures->closes - figures->end) / WEEK));
    end_section(out);
}

/* ---- all rows ---- */

/* The rows of MGMT as they are, so that the page can be compared with the CSV. */
static void all_rows(GString *out, const struct mgmt_figures *figures)
{
    static const char *const columns[] = {
        "Device type",           "Region",         "In scope",  "Migrated", "Failed once",
        "Failed more than once", "Non-Migratable", "Remaining", "Top code", NULL};

    begin_section(out, "rows", "All figures");
    begin_table(out, "rows-table", "By Device type and region, as in MGMT", columns);
    for (size_t i = 0; i < figures->n_rows; i++) {
        const struct mgmt_row *row = &figures->rows[i];
        struct group sums = {.name = NULL};
        add_row(&sums, row);
        row_head(out, type_of(row));
        word_cell(out, region_of(row));
        for (int f = 0; f < FIGURES; f++)
            number_cell(out, sums.n[f]);
        word_cell(out, row->top_error);
        g_string_append(out, "</tr>\n");
    }
    end_table(out);
    end_section(out);
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
        by_group(out, by_type, &types, "types", "Device type");
        by_group(out, by_region, &regions, "regions", "Region");
    }
    causes(out, figures);
    outlook(out, figures);
    closing(out, figures);
    all_rows(out, figures);
    g_string_append(out, "</main>\n</body>\n</html>\n");
    return g_string_free(out, FALSE);
}
