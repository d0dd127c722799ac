/*
 * Pictures for the management page, as inline SVG with a title, a description and a number beside each mark, so that
 * none depends on colour. Widths are fixed; the page scales them.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MGMT_CHART_H
#define ECOSGATE_GATEWAY_REPORTS_MGMT_CHART_H

#include <glib.h>
#include <stdint.h>

/* What a picture is called; id is unique in the page, plain ASCII. */
struct chart {
    const char *id, *title, *description;
};

/* A horizontal bar, or (label alone, value -1) a heading over those that follow. */
struct chart_bar {
    const char *label;
    int64_t value;
    const char *style; /* class in the page's style sheet */
};
void chart_bars(GString *out, const struct chart *chart, const struct chart_bar *bars, size_t n);

struct chart_point {
    int64_t at; /* seconds UTC */
    double value;
};
struct chart_line {
    const char *label, *style;
    const struct chart_point *points; /* by time */
    size_t n;
};
/* Lines over time from 0 up; mark_at 0: no mark, else an upright line with that label. */
void chart_lines(GString *out, const struct chart *chart, const struct chart_line *lines, size_t n, int64_t mark_at,
                 const char *mark_label);

/* Appends text, escaped for HTML. */
void chart_text(GString *out, const char *text);

#endif
