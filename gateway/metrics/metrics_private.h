/*
 * What the sources of gateway/metrics/ share: the table, and the samples while they are collected. Only they include
 * this header.
 */
#ifndef ECOSGATE_GATEWAY_METRICS_METRICS_PRIVATE_H
#define ECOSGATE_GATEWAY_METRICS_METRICS_PRIVATE_H

#include "gateway/metrics/metrics.h"

enum metric {
#define METRIC(id, type, name, unit, labels, origin, help) METRIC_##id,
#include "gateway/metrics/metrics.def"
#undef METRIC
    METRIC_COUNT
};

/* The samples of each metric, one a line, as both forms have them. */
struct metrics {
    GString *samples[METRIC_COUNT];
};

/* Values of labels, in the order of the table. */
#define METRIC_LABELS(...) ((const char *const[]){__VA_ARGS__})
#define METRIC_NO_LABELS NULL

/* Adds a sample. */
void metrics_add(struct metrics *metrics, enum metric metric, const char *const *labels, int64_t value);
/* The same for a value with a fraction. */
void metrics_add_real(struct metrics *metrics, enum metric metric, const char *const *labels, double value);

enum { METRICS_MOST_BOUNDS = 16 };
/* A histogram while it is collected: how many stand in each bucket alone, and the sum of all values. */
struct metrics_histogram {
    const double *bounds; /* upper ones, ascending */
    size_t n_bounds;
    int64_t within[METRICS_MOST_BOUNDS + 1]; /* the last: above all bounds */
    double sum;
};
/* Adds its samples. */
void metrics_add_histogram(struct metrics *metrics, enum metric metric, const char *const *labels,
                           const struct metrics_histogram *histogram);

/* The category of an incident's code: "a" to "d", or "". */
const char *metrics_category(const char *code);

/* Adds all samples (metrics_values.c). False: spool or ledger failed. */
bool metrics_fill(struct gateway *gateway, struct metrics *metrics, GError **error);
/* Adds those of the ledger's totals (metrics_totals.c). */
bool metrics_fill_totals(struct gateway *gateway, struct metrics *metrics, GError **error);

#endif
