/*
 * Charts for the management page, as inline SVG. Each has a title and a description for screen readers, and a number or
 * label beside each mark, so that nothing depends on colour. Widths are fixed; the page's style sheet scales them.
 * Functions append to out and cannot fail. Strings are borrowed and may hold any text: they are escaped.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MGMT_CHART_H
#define ECOSGATE_GATEWAY_REPORTS_MGMT_CHART_H

#include <glib.h>
#include <stdint.h>

struct chart {
    const char *id; /* unique in the page, plain ASCII */
    const char *title, *description;
};

/* A horizontal bar, or (value -1) a heading over the bars that follow. */
struct chart_bar {
    const char *label;
    int64_t value;
    const char *style; /* class in the page's style sheet */
};
/* Bars below each other; the longest has the greatest value. */
void chart_bars(GString *out, const struct chart *chart, const struct chart_bar *bars, size_t n);

struct chart_point {
    int64_t at; /* seconds UTC */
    double value;
};
struct chart_line {
    const char *label, *style;
    const struct chart_point *points; /* in the order of time */
    size_t n;
};
/* An upright line at a time. */
struct chart_mark {
    int64_t at; /* seconds UTC; 0: no mark */
    const char *label;
};
/* Lines over time, from 0 up. */
void chart_lines(GString *out, const struct chart *chart, const struct chart_line *lines, size_t n,
                 const struct chart_mark *mark);

#endif
