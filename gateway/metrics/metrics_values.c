/* The figures of the moment, most of them from the condition, which `status` shows. */
#include "gateway/metrics/metrics_private.h"

#include "gateway/clock.h"
#include "gateway/condition/condition.h"
#include "gateway/condition/verified.h"
#include "gateway/config/expectation.h"
#include "gateway/metrics/process_use.h"
#include "gateway/thresholds.h"
#include "spool/ledger/ledger_counts.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_incidents.h"

#include <string.h>
#include <sys/stat.h>

/* ---- jobs, Devices, what is wrong ---- */

/* How many Devices are in a state. */
static int64_t count_in(const struct condition *condition, const char *state)
{
    for (guint s = 0; s < condition->states->len; s++) {
        const struct state_count *count = &g_array_index(condition->states, struct state_count, s);
        if (strcmp(count->name, state) == 0)
            return count->n;
    }
    return 0;
}

static void add_counts(struct metrics *metrics, const struct condition *condition)
{
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        metrics_add(metrics, METRIC_JOBS, METRIC_LABELS(job_state_name((enum job_state)state)), condition->jobs[state]);
    metrics_add(metrics, METRIC_JOBS, METRIC_LABELS("archived"), condition->archived);
    for (int state = 0; state < LEDGER_STATES; state++) {
        const char *name = ledger_state_name((enum ledger_state)state);
        metrics_add(metrics, METRIC_DEVICES, METRIC_LABELS(name), count_in(condition, name));
    }
    metrics_add(metrics, METRIC_WITHHELD, METRIC_NO_LABELS, condition->withheld);
    metrics_add(metrics, METRIC_REFUSED, METRIC_NO_LABELS, condition->refused_orders);
}

/* Of a level without a code there is always a sample, so that a rule has something to compare. */
static void add_alarms(struct metrics *metrics, const struct condition *condition)
{
    const GArray *alarms = condition->alarms;
    int64_t plain[ALARM_CRITICAL + 1] = {0};

    for (guint a = 0; a < alarms->len; a++) {
        const struct alarm *alarm = &g_array_index(alarms, struct alarm, a);
        int64_t n = 0;
        bool first = true; /* of this level and code */
        for (guint other = 0; other < alarms->len && alarm->code != NULL; other++) {
            const struct alarm *one = &g_array_index(alarms, struct alarm, other);
            bool same = one->level == alarm->level && g_strcmp0(one->code, alarm->code) == 0;
            first = first && (!same || other >= a);
            n += same;
        }
        plain[alarm->level] += alarm->code == NULL;
        if (alarm->code != NULL && first)
            metrics_add(metrics, METRIC_ALARMS, METRIC_LABELS(alarm_level_name(alarm->level), alarm->code), n);
    }
    for (int level = ALARM_NOTE; level <= ALARM_CRITICAL; level++)
        metrics_add(metrics, METRIC_ALARMS, METRIC_LABELS(alarm_level_name((enum alarm_level)level), ""), plain[level]);
}

static void add_kept_back(struct metrics *metrics, const struct condition *condition)
{
    static const char *const kinds[LEDGER_HOLD_KINDS] = {[LEDGER_HOLD_BATCH] = "batch",
                                                         [LEDGER_HOLD_DEVICE] = "device",
                                                         [LEDGER_HOLD_DISPATCH] = "dispatch",
                                                         [LEDGER_HOLD_IN] = "in",
                                                         [LEDGER_HOLD_OUT] = "out"};

    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
        metrics_add(metrics, METRIC_KEPT_BACK, METRIC_LABELS(kinds[k]), condition->kept_back[k]);
}

/* ---- incidents ---- */

/* The counts come by code, those about Devices apart from the others. */
struct incidents {
    struct metrics *metrics;
    char *code; /* of the count that is not added yet; NULL: none */
    int64_t n;
};

static void flush_incidents(struct incidents *incidents)
{
    if (incidents->code != NULL)
        metrics_add(incidents->metrics, METRIC_INCIDENTS,
                    METRIC_LABELS(incidents->code, metrics_category(incidents->code)), incidents->n);
    g_clear_pointer(&incidents->code, g_free);
    incidents->n = 0;
}

static bool add_incidents_of_code(void *user, const struct ledger_incident_count *count, GError **error)
{
    struct incidents *incidents = user;

    (void)error; /* nothing here can fail */
    if (g_strcmp0(incidents->code, count->code) != 0) {
        flush_incidents(incidents);
        incidents->code = g_strdup(count->code);
    }
    incidents->n += count->n;
    return true;
}

static bool add_incidents(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    struct incidents incidents = {.metrics = metrics};
    bool good = ledger_incident_counts_each(gateway->ledger, add_incidents_of_code, &incidents, error);

    flush_incidents(&incidents);
    return good;
}

/* How many of the subjects begin so; the rest of each has no blank. */
static int64_t count_subjects(const GPtrArray *subjects, const char *prefix)
{
    size_t len = strlen(prefix);
    int64_t n = 0;

    for (guint i = 0; i < subjects->len; i++) {
        const char *subject = subjects->pdata[i];
        n += strncmp(subject, prefix, len) == 0 && strchr(subject + len, ' ') == NULL;
    }
    return n;
}

/* The subject of an A112 is "NAME DAY", that of an A113 "ORG TYPE NUMBER". */
static bool add_missing(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    const struct config *config = gateway->config;
    g_autoptr(GPtrArray) late = NULL, gaps = NULL;

    if (!ledger_incident_subjects(gateway->ledger, "A112", &late, error) ||
        !ledger_incident_subjects(gateway->ledger, "A113", &gaps, error))
        return false;
    for (guint e = 0; e < config->expectations->len; e++) {
        const char *name = ((const struct expectation *)config->expectations->pdata[e])->name;
        g_autofree char *prefix = g_strconcat(name, " ", NULL);
        metrics_add(metrics, METRIC_LATE, METRIC_LABELS(name), count_subjects(late, prefix));
    }
    for (guint p = 0; p < config->parties->len; p++) {
        const struct party *party = &g_array_index(config->parties, struct party, p);
        for (size_t t = 0; party->types[t] != NULL; t++) {
            g_autofree char *prefix = g_strdup_printf("%s %s ", party->org, party->types[t]);
            metrics_add(metrics, METRIC_GAPS, METRIC_LABELS(party->org, party->types[t]), count_subjects(gaps, prefix));
        }
    }
    return true;
}

/* ---- thresholds ---- */

static void add_span(struct metrics *metrics, const char *party, const char *span, int64_t devices, int64_t limit)
{
    metrics_add(metrics, METRIC_VOLUME, METRIC_LABELS(party, span), devices);
    if (limit > 0)
        metrics_add(metrics, METRIC_VOLUME_LIMIT, METRIC_LABELS(party, span), limit);
}

/* The limit of a day is the nearer one of two. */
static bool add_volumes(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    const struct config *config = gateway->config;

    for (guint p = 0; p < config->parties->len; p++) {
        const struct party *party = &g_array_index(config->parties, struct party, p);
        struct threshold_state state = {.kind = LEDGER_VOLUME_SENDER, .subject = party->org};
        if (!g_strv_contains(party->types, "EMI"))
            continue;
        if (!threshold_find(gateway, clock_now(), &state, error))
            return false;
        int64_t day = state.limit.day, usual = state.limit.usual;
        add_span(metrics, party->org, "hour", state.sums.hour, state.limit.hour);
        add_span(metrics, party->org, "day", state.sums.day, day > 0 && usual > 0 ? MIN(day, usual) : MAX(day, usual));
    }
    return true;
}

/* ---- drops ---- */

static void add_direction(struct metrics *metrics, const char *drop, const char *name,
                          const struct direction *direction)
{
    metrics_add(metrics, METRIC_DROP_UP, METRIC_LABELS(drop, name), direction->down == 0);
    metrics_add(metrics, METRIC_DROP_PAUSED, METRIC_LABELS(drop, name), direction->paused != 0);
}

static void add_drops(struct metrics *metrics, const struct condition *condition)
{
    for (guint d = 0; d < condition->drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        const char *const labels[] = {drop->name};
        if (drop->transport != NULL) {
            add_direction(metrics, drop->name, "in", &drop->in);
            add_direction(metrics, drop->name, "out", &drop->out);
        }
        if (drop->waiting >= 0) {
            int64_t age = drop->waiting > 0 ? MAX(condition->now - drop->oldest_waiting, 0) : 0;
            metrics_add(metrics, METRIC_WAITING, labels, drop->waiting);
            metrics_add(metrics, METRIC_OLDEST_WAITING, labels, age);
        }
        metrics_add(metrics, METRIC_UNDELIVERED, labels, drop->owed);
        metrics_add(metrics, METRIC_OLDEST_UNDELIVERED, labels,
                    drop->owed > 0 ? MAX(condition->now - drop->oldest_owed, 0) : 0);
    }
}

/* ---- reports, disks ---- */

static void add_reports(struct metrics *metrics, const struct condition *condition)
{
    for (guint r = 0; r < condition->reports->len; r++) {
        const struct report_condition *report = &g_array_index(condition->reports, struct report_condition, r);
        if (report->issued != 0)
            metrics_add(metrics, METRIC_ISSUED, METRIC_LABELS(report->ref), report->issued);
        if (report->next != 0)
            metrics_add(metrics, METRIC_NEXT, METRIC_LABELS(report->ref), report->next);
    }
}

/* Bytes; 0 for a file that is not there: there is no log beside a ledger that nobody has open. */
static int64_t size_of(const char *path)
{
    struct stat seen;

    return stat(path, &seen) == 0 ? (int64_t)seen.st_size : 0;
}

static void add_disks(struct metrics *metrics, const struct gateway *gateway, const struct condition *condition)
{
    enum { DAY = 86400 };
    g_autofree char *wal = g_strconcat(gateway->config->ledger, "-wal", NULL);

    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        metrics_add(metrics, METRIC_DISK_FREE, METRIC_LABELS(disk->name), disk->free);
        metrics_add(metrics, METRIC_DISK_RESERVE, METRIC_LABELS(disk->name), disk->reserve);
        if (disk->days >= 0)
            metrics_add(metrics, METRIC_DISK_LEFT, METRIC_LABELS(disk->name), DAY * MIN(disk->days, 36500));
    }
    metrics_add(metrics, METRIC_LEDGER_SIZE, METRIC_NO_LABELS, size_of(gateway->config->ledger));
    metrics_add(metrics, METRIC_WAL_SIZE, METRIC_NO_LABELS, size_of(wal));
}

/* ---- the program ---- */

static void add_program(struct metrics *metrics, const struct condition *condition)
{
    const struct heartbeat *last = &condition->last;
    struct metrics_histogram passes = {.bounds = heartbeat_bounds, .n_bounds = HEARTBEAT_BOUNDS};
    struct process_use use;

    if (last->at != 0)
        metrics_add(metrics, METRIC_LAST_PASS, METRIC_NO_LABELS, last->at);
    metrics_add(metrics, METRIC_PASS_FAILED, METRIC_NO_LABELS, last->cause != NULL);
    metrics_add(metrics, METRIC_UNWRITTEN, METRIC_NO_LABELS,
                (last->files[HEARTBEAT_PAGE].cause != NULL) + (last->files[HEARTBEAT_METRICS].cause != NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(last->passes.within); i++)
        passes.within[i] = last->passes.within[i];
    passes.sum = (double)last->passes.microseconds / G_USEC_PER_SEC;
    metrics_add_histogram(metrics, METRIC_PASS_TIME, METRIC_NO_LABELS, &passes);
    if (last->begun != 0)
        metrics_add(metrics, METRIC_STARTED, METRIC_NO_LABELS, last->begun);
    if (condition->pid > 0 && process_use_of(condition->pid, &use)) {
        metrics_add(metrics, METRIC_MEMORY, METRIC_NO_LABELS, use.bytes);
        metrics_add(metrics, METRIC_CHILDREN, METRIC_NO_LABELS, use.children);
        metrics_add(metrics, METRIC_CHILDREN_MEMORY, METRIC_NO_LABELS, use.children_bytes);
        metrics_add_real(metrics, METRIC_CPU, METRIC_NO_LABELS, use.seconds);
    }
}

static void add_verified(struct metrics *metrics, const struct config *config)
{
    struct verified verified;

    verified_read(config->spool, &verified);
    if (verified.at == 0)
        return;
    metrics_add(metrics, METRIC_VERIFIED, METRIC_NO_LABELS, verified.at);
    metrics_add(metrics, METRIC_VERIFY_FAULTS, METRIC_NO_LABELS, verified.faults);
}

static bool add_evidence(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    struct ledger_evidence_head head;

    if (!ledger_evidence_head(gateway->ledger, &head, error))
        return false;
    metrics_add(metrics, METRIC_EVIDENCE, METRIC_NO_LABELS, head.n);
    return true;
}

bool metrics_fill(struct gateway *gateway, struct metrics *metrics, GError **error)
{
    const struct config *config = gateway->config;
    struct condition condition;

    if (!condition_look(gateway, false, &condition, error))
        return false;
    metrics_add(metrics, METRIC_BUILD, METRIC_LABELS(PACKAGE_VERSION, config->org, config->environment), 1);
    add_counts(metrics, &condition);
    add_alarms(metrics, &condition);
    add_kept_back(metrics, &condition);
    add_drops(metrics, &condition);
    add_reports(metrics, &condition);
    add_disks(metrics, gateway, &condition);
    add_program(metrics, &condition);
    add_verified(metrics, config);
    condition_clear(&condition);
    return add_missing(gateway, metrics, error) && add_volumes(gateway, metrics, error) &&
           add_incidents(gateway, metrics, error) && add_evidence(gateway, metrics, error) &&
           metrics_fill_totals(gateway, metrics, error);
}
