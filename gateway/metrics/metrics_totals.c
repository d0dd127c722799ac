/* What has happened, from the totals of the ledger. */
#include "gateway/metrics/metrics_private.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_tally.h"

#include <stdlib.h>
#include <string.h>

/* The upper bounds of LEDGER_TALLY_LE, seconds. */
static const double bounds[] = {1, 5, 15, 60, 300, 900, 3600, 14400, 43200, 86400, 172800, 604800};

/* One question: the metrics that the rows go into. */
struct total {
    struct metrics *metrics;
    enum metric of_n, of_sum; /* METRIC_COUNT: none */
};

static bool add_row(void *user, const struct ledger_tally *tally, GError **error)
{
    const struct total *total = user;
    const char *const labels[] = {tally->a, tally->b, tally->c};

    (void)error; /* nothing here can fail */
    if (total->of_n != METRIC_COUNT)
        metrics_add(total->metrics, total->of_n, labels, tally->n);
    if (total->of_sum != METRIC_COUNT)
        metrics_add(total->metrics, total->of_sum, labels, tally->sum);
    return true;
}

static bool add_incident(void *user, const struct ledger_tally *tally, GError **error)
{
    (void)error; /* nothing here can fail */
    metrics_add(user, METRIC_OPENED, METRIC_LABELS(tally->a, metrics_category(tally->a)), tally->n);
    return true;
}

/* The bucket of a row by its bound; one of another release goes above all. */
static size_t bucket_of(const char *bound)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++) {
        if (strcmp(bound, "+Inf") != 0 && g_ascii_strtod(bound, NULL) <= bounds[i])
            return i;
    }
    return G_N_ELEMENTS(bounds);
}

static void add_bucket(struct metrics_histogram *histogram, const char *bound, const struct ledger_tally *tally)
{
    histogram->within[bucket_of(bound)] += tally->n;
    histogram->sum += (double)tally->sum;
}

static bool add_plain(void *user, const struct ledger_tally *tally, GError **error)
{
    (void)error; /* nothing here can fail */
    add_bucket(user, tally->a, tally);
    return true;
}

static bool add_session(void *user, const struct ledger_tally *tally, GError **error)
{
    struct metrics_histogram *of_states = user;
    int state = atoi(tally->a);

    (void)error; /* nothing here can fail */
    if (state >= 0 && state < LEDGER_STATES)
        add_bucket(&of_states[state], tally->b, tally);
    return true;
}

static bool fill_histogram(struct gateway *gateway, struct metrics *metrics, const char *what, enum metric metric,
                           GError **error)
{
    struct metrics_histogram histogram = {.bounds = bounds, .n_bounds = G_N_ELEMENTS(bounds)};

    if (!ledger_tally_each(gateway->ledger, what, add_plain, &histogram, error))
        return false;
    metrics_add_histogram(metrics, metric, METRIC_NO_LABELS, &histogram);
    return true;
}

static bool fill_sessions(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    static const enum ledger_state ends[] = {LEDGER_MIGRATED, LEDGER_FAILED};
    struct metrics_histogram of_states[LEDGER_STATES];

    for (size_t i = 0; i < LEDGER_STATES; i++)
        of_states[i] = (struct metrics_histogram){.bounds = bounds, .n_bounds = G_N_ELEMENTS(bounds)};
    if (!ledger_tally_each(gateway->ledger, LEDGER_TALLY_SESSION, add_session, of_states, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        metrics_add_histogram(metrics, METRIC_SESSION_TIME, METRIC_LABELS(ledger_state_name(ends[i])),
                              &of_states[ends[i]]);
    return true;
}

bool metrics_fill_totals(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    static const struct {
        const char *what;
        enum metric of_n, of_sum;
    } kinds[] = {{LEDGER_TALLY_RECEIVED, METRIC_RECEIVED, METRIC_RECEIVED_BYTES},
                 {LEDGER_TALLY_ACCEPTED, METRIC_COUNT, METRIC_LAST_FILE},
                 {LEDGER_TALLY_VERDICT, METRIC_VERDICTS, METRIC_COUNT},
                 {LEDGER_TALLY_FINDING, METRIC_FINDINGS, METRIC_COUNT},
                 {LEDGER_TALLY_REVIEW, METRIC_REVIEWED, METRIC_COUNT},
                 {LEDGER_TALLY_TRIES, METRIC_TRIES, METRIC_COUNT},
                 {LEDGER_TALLY_DELIVERED, METRIC_DELIVERED, METRIC_DELIVERED_BYTES}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct total total = {metrics, kinds[i].of_n, kinds[i].of_sum};
        if (!ledger_tally_each(gateway->ledger, kinds[i].what, add_row, &total, error))
            return false;
    }
    return ledger_tally_each(gateway->ledger, LEDGER_TALLY_INCIDENT, add_incident, metrics, error) &&
           fill_histogram(gateway, metrics, LEDGER_TALLY_JUDGED, METRIC_JUDGE_TIME, error) &&
           fill_histogram(gateway, metrics, LEDGER_TALLY_DELIVERY, METRIC_DELIVERY_TIME, error) &&
           fill_sessions(gateway, metrics, error);
}
