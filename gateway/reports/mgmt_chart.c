/*
 * Coordinates are printed with one decimal, so that the same figures give the same bytes on every machine.
 */
#include "gateway/reports/mgmt_chart.h"

#include "formats/instant.h"
#include "gateway/reports/html.h"

#include <inttypes.h>

static void begin(GString *out, const struct chart *chart, int width, int height)
{
    g_string_append_printf(
        out,
        "<svg id=\"%s\" role=\"img\" aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 %d %d\" width=\"%d\" "
        "height=\"%d\">\n<title id=\"%s-t\">",
        chart->id, chart->id, chart->id, width, height, width, height, chart->id);
    html_text(out, chart->title);
    g_string_append_printf(out, "</title>\n<desc id=\"%s-d\">", chart->id);
    html_text(out, chart->description);
    g_string_append(out, "</desc>\n");
}

static void text_at(GString *out, double x, double y, const char *style, const char *text)
{
    g_string_append_printf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, style);
    html_text(out, text);
    g_string_append(out, "</text>\n");
}

/* ---- bars: a label at the left, the bar, its number after it ---- */

/* LABEL has room for the longest label of a phone, where the letters are larger. */
enum { WIDTH = 560, LABEL = 212, NUMBER = 90, BAR = 16, STEP = 22 };

/* At least 1, which is divided by. */
static int64_t greatest(const struct chart_bar *bars, size_t n)
{
    int64_t most = 1;

    for (size_t i = 0; i < n; i++)
        most = MAX(most, bars[i].value);
    return most;
}

void chart_bars(GString *out, const struct chart *chart, const struct chart_bar *bars, size_t n)
{
    double unit = (double)(WIDTH - LABEL - NUMBER) / (double)greatest(bars, n);

    begin(out, chart, WIDTH, (int)n * STEP + STEP / 2);
    for (size_t i = 0; i < n; i++) {
        double y = (double)i * STEP + (double)STEP / 4, base = y + BAR - 4;
        if (bars[i].value < 0) {
            text_at(out, 0, base, "head", bars[i].label);
            continue;
        }
        double width = (double)bars[i].value * unit;
        g_autofree char *number = g_strdup_printf("%" PRId64, bars[i].value);
        text_at(out, LABEL - 8, base, "label", bars[i].label);
        g_string_append_printf(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n", LABEL, y,
                               width, BAR, bars[i].style);
        text_at(out, LABEL + width + 6, base, "number", number);
    }
    g_string_append(out, "</svg>\n");
}

/* ---- lines: over time, each with its label after its last point ---- */

enum { HEIGHT = 300, LEFT = 70, RIGHT = 110, TOP = 20, BOTTOM = 40, DATE = 10 };

/* The times and values between which lines are drawn. */
struct frame {
    int64_t from, until;
    double most;
};

static double x_of(const struct frame *frame, int64_t at)
{
    double span = (double)MAX(frame->until - frame->from, 1); /* a single point has no span */

    return LEFT + (double)(at - frame->from) / span * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct frame *frame, double value)
{
    return HEIGHT - BOTTOM - value / frame->most * (HEIGHT - TOP - BOTTOM);
}

/* Holds all points and the mark, which may lie in the future. */
static struct frame frame_of(const struct chart_line *lines, size_t n, int64_t mark_at)
{
    struct frame frame = {.from = INT64_MAX, .until = mark_at > 0 ? mark_at : INT64_MIN, .most = 1};

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < lines[i].n; k++) {
            frame.from = MIN(frame.from, lines[i].points[k].at);
            frame.until = MAX(frame.until, lines[i].points[k].at);
            frame.most = MAX(frame.most, lines[i].points[k].value);
        }
    }
    frame.from = MIN(frame.from, frame.until); /* there may be no point at all */
    return frame;
}

static void date_at(GString *out, const struct frame *frame, int64_t at, const char *style)
{
    char shown[INSTANT_TEXT_SIZE];

    instant_print(at, shown);
    shown[DATE] = '\0';
    text_at(out, x_of(frame, at), HEIGHT - BOTTOM + 18, style, shown);
}

static void draw_axes(GString *out, const struct frame *frame)
{
    for (int half = 0; half <= 2; half++) {
        double value = frame->most * half / 2, y = y_of(frame, value);
        g_autofree char *number = g_strdup_printf("%.0f", value);
        g_string_append_printf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>\n", LEFT, y,
                               WIDTH - RIGHT, y);
        text_at(out, LEFT - 6, y + 4, "label", number);
    }
    date_at(out, frame, frame->from, "start");
    if (frame->until > frame->from)
        date_at(out, frame, frame->until, "middle");
}

static void draw_line(GString *out, const struct frame *frame, const struct chart_line *line)
{
    if (line->n == 0)
        return;
    g_string_append_printf(out, "<polyline class=\"line %s\" points=\"", line->style);
    for (size_t k = 0; k < line->n; k++)
        g_string_append_printf(out, "%s%.1f,%.1f", k ? " " : "", x_of(frame, line->points[k].at),
                               y_of(frame, line->points[k].value));
    g_string_append(out, "\"/>\n");
    for (size_t k = 0; k < line->n; k++)
        g_string_append_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" class=\"%s\"/>\n",
                               x_of(frame, line->points[k].at), y_of(frame, line->points[k].value), line->style);
    const struct chart_point *last = &line->points[line->n - 1];
    text_at(out, x_of(frame, last->at) + 8, y_of(frame, last->value) + 4, "start", line->label);
}

void chart_lines(GString *out, const struct chart *chart, const struct chart_line *lines, size_t n,
                 const struct chart_mark *mark)
{
    struct frame frame = frame_of(lines, n, mark->at);

    begin(out, chart, WIDTH, HEIGHT);
    draw_axes(out, &frame);
    if (mark->at > 0) {
        double x = x_of(&frame, mark->at);
        g_string_append_printf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"mark\"/>\n", x, TOP, x,
                               HEIGHT - BOTTOM);
        text_at(out, x, TOP - 6, "middle", mark->label);
    }
    for (size_t i = 0; i < n; i++)
        draw_line(out, &frame, &lines[i]);
    g_string_append(out, "</svg>\n");
}
