/* The table, and how samples are printed. */
#include "gateway/metrics/metrics_private.h"

#include "validators/catalogue.h"

#include <inttypes.h>
#include <string.h>

enum type { GAUGE, COUNTER, HISTOGRAM, INFO };

static const struct row {
    const char *name; /* with "ecosgate_" */
    enum type type;
    const char *unit, *labels, *help;
} table[METRIC_COUNT] = {
#define METRIC(id, type, name, unit, labels, origin, help) {"ecosgate_" name, type, unit, labels, help},
#include "gateway/metrics/metrics.def"
#undef METRIC
};

/* By type: its name in both forms, and the suffix of its samples, which OpenMetrics leaves out of the family. */
static const struct {
    const char *openmetrics, *prometheus, *suffix;
} types[] = {[GAUGE] = {"gauge", "gauge", ""},
             [COUNTER] = {"counter", "counter", "_total"},
             [HISTOGRAM] = {"histogram", "histogram", ""},
             [INFO] = {"info", "gauge", "_info"}};

/* ---- samples ---- */

static void append_escaped(GString *out, const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\\' || *at == '"')
            g_string_append_c(out, '\\');
        if (*at == '\n')
            g_string_append(out, "\\n");
        else
            g_string_append_c(out, *at);
    }
}

/* "{drop="mcc",direction="in",le="1.0"}", or nothing. le: NULL for none. */
static void append_labels(GString *out, const struct row *row, const char *const *labels, const char *le)
{
    g_auto(GStrv) names = g_strsplit(row->labels, ",", -1);
    const char *before = "{";

    for (size_t i = 0; names[i] != NULL && labels != NULL; i++) {
        g_string_append_printf(out, "%s%s=\"", before, names[i]);
        append_escaped(out, labels[i]);
        g_string_append_c(out, '"');
        before = ",";
    }
    if (le != NULL)
        g_string_append_printf(out, "%sle=\"%s\"", before, le);
    if (le != NULL || *before == ',')
        g_string_append_c(out, '}');
}

void metrics_add(struct metrics *metrics, enum metric metric, const char *const *labels, int64_t value)
{
    const struct row *row = &table[metric];
    GString *out = metrics->samples[metric];

    g_string_append(out, row->name);
    append_labels(out, row, labels, NULL);
    g_string_append_printf(out, " %" PRId64 "\n", value);
}

static void append_real(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.6f", value));
}

void metrics_add_real(struct metrics *metrics, enum metric metric, const char *const *labels, double value)
{
    const struct row *row = &table[metric];
    GString *out = metrics->samples[metric];

    g_string_append(out, row->name);
    append_labels(out, row, labels, NULL);
    g_string_append_c(out, ' ');
    append_real(out, value);
    g_string_append_c(out, '\n');
}

/* OpenMetrics wants a fraction in each bound. */
static void print_bound(double bound, char text[G_ASCII_DTOSTR_BUF_SIZE])
{
    (void)g_ascii_formatd(text, G_ASCII_DTOSTR_BUF_SIZE, "%.10g", bound);
    if (strchr(text, '.') == NULL)
        (void)g_strlcat(text, ".0", G_ASCII_DTOSTR_BUF_SIZE);
}

void metrics_add_histogram(struct metrics *metrics, enum metric metric, const char *const *labels,
                           const struct metrics_histogram *histogram)
{
    const struct row *row = &table[metric];
    GString *out = metrics->samples[metric];
    char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";
    int64_t n = 0;

    for (size_t i = 0; i <= histogram->n_bounds; i++) {
        n += histogram->within[i];
        if (i < histogram->n_bounds)
            print_bound(histogram->bounds[i], bound);
        g_string_append_printf(out, "%s_bucket", row->name);
        append_labels(out, row, labels, i < histogram->n_bounds ? bound : "+Inf");
        g_string_append_printf(out, " %" PRId64 "\n", n);
    }
    g_string_append_printf(out, "%s_sum", row->name);
    append_labels(out, row, labels, NULL);
    g_string_append_c(out, ' ');
    append_real(out, histogram->sum);
    g_string_append_printf(out, "\n%s_count", row->name);
    append_labels(out, row, labels, NULL);
    g_string_append_printf(out, " %" PRId64 "\n", n);
}

const char *metrics_category(const char *code)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    enum code found;

    if (!catalogue_find(code, &found))
        return "";
    size_t at = (size_t)(catalogue_category(found) - 'a');
    return at < G_N_ELEMENTS(names) ? names[at] : "";
}

/* ---- the text ---- */

static void append_family(GString *out, enum metrics_form form, const struct row *row)
{
    g_autofree char *family = g_strndup(row->name, strlen(row->name) - strlen(types[row->type].suffix));

    if (form == METRICS_PROMETHEUS) {
        g_string_append_printf(out, "# HELP %s %s\n", row->name, row->help);
        g_string_append_printf(out, "# TYPE %s %s\n", row->name, types[row->type].prometheus);
        return;
    }
    g_string_append_printf(out, "# TYPE %s %s\n", family, types[row->type].openmetrics);
    if (*row->unit != '\0')
        g_string_append_printf(out, "# UNIT %s %s\n", family, row->unit);
    g_string_append_printf(out, "# HELP %s %s\n", family, row->help);
}

bool metrics_text(struct gateway *gateway, enum metrics_form form, char **text, GError **error)
{
    GString *out = g_string_new(NULL);
    struct metrics metrics;

    for (size_t i = 0; i < METRIC_COUNT; i++)
        metrics.samples[i] = g_string_new(NULL);
    bool good = metrics_fill(gateway, &metrics, error);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        append_family(out, form, &table[i]);
        g_string_append_len(out, metrics.samples[i]->str, (gssize)metrics.samples[i]->len);
        g_string_free(metrics.samples[i], TRUE);
    }
    if (form == METRICS_OPENMETRICS)
        g_string_append(out, "# EOF\n");
    *text = g_string_free(out, !good); /* NULL if it was freed */
    return good;
}

/* ---- the file ---- */

static bool make(struct gateway *gateway, char **text, GError **error)
{
    return metrics_text(gateway, METRICS_PROMETHEUS, text, error);
}

void metrics_keep(struct kept_file *file, struct gateway *gateway, bool last)
{
    const struct config *config = gateway->config;
    const struct kept_file_kind kind = {.name = "the metrics",
                                        .event = EVENT_METRICS_UNWRITABLE,
                                        .path = config->metrics,
                                        .step = STEP_METRICS_PLACED,
                                        .seconds = config->metrics_interval,
                                        .rights = {.mode = 0644},
                                        .make = make};

    kept_file_write(file, &kind, gateway, last);
}
