/*
 * ECOSMIG-004, -005 and MGMT: counts of Devices by recipient and by what they have in common: type and model, type, or
 * type and region. Each such group is a tally; the key of a row is the index of its tally.
 *
 * One walk over the survey of the estate counts all Devices, for all of these reports that are issued together. It does
 * not ask who is a recipient, which each report decides for itself. What is known of a Device from elsewhere, by its
 * reviews and the ends of its sessions within the period, is sorted by Device beforehand and read beside the walk.
 * Devices come in no order of groups, so tallies are found through a hash table.
 */
#include "gateway/reports/report_private.h"

#include "spool/ledger/ledger_progress.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* The figures of ECOSMIG-005; REMAINING serves ECOSMIG-004 as well. */
enum activity {
    INSTRUCTED,
    REJECTED,
    DEFERRED,
    SUCCEEDED,
    FAILED,
    IN_PROGRESS,
    CUMULATIVE_MIGRATED,
    REMAINING,
    FIGURES,
};

/* The figures of MGMT, in the same array. */
enum progress { IN_SCOPE, MIGRATED, FAILED_ONCE, FAILED_MANY, NON_MIGRATABLE, TO_MIGRATE, PROGRESS_FIGURES };
G_STATIC_ASSERT((int)PROGRESS_FIGURES <= (int)FIGURES);

/* What the Devices of one tally have in common. A text is NULL when the report does not divide by it. */
struct group {
    uint64_t supplier; /* 0: nobody; of MGMT, which is for everybody: the gateway */
    const char *device_type, *region, *manufacturer, *model, *firmware;
};

/* The count of one group. */
struct tally {
    struct group group; /* its own texts; "" for NULL */
    int64_t since;      /* ECOSMIG-004: from when on the model is Non-Migratable, seconds UTC */
    int64_t figures[FIGURES];
    GHashTable *codes; /* MGMT: code → how many sessions failed with it; NULL: none */
};

/* The walk for the sums of one report. */
struct tallying {
    struct report *report; /* for its gateway and its period */
    GHashTable *tallies;   /* a struct tally → itself; NULL: these sums are not wanted */
    /* What is known of Devices from elsewhere. a: the Device; ECOSMIG-005: b: the figure; MGMT: data: a code */
    struct sorter *events;
};

static void clear_tally(gpointer user)
{
    struct tally *tally = user;
    const struct group *g = &tally->group;
    const char *const texts[] = {g->device_type, g->region, g->manufacturer, g->model, g->firmware};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free((gpointer)texts[i]);
    if (tally->codes != NULL)
        g_hash_table_unref(tally->codes);
}

static guint hash_group(gconstpointer p)
{
    const struct group *g = &((const struct tally *)p)->group;
    guint hash = (guint)(g->supplier ^ g->supplier >> 32);

    hash = hash * 31 + g_str_hash(g->device_type);
    hash = hash * 31 + g_str_hash(g->region);
    hash = hash * 31 + g_str_hash(g->manufacturer);
    hash = hash * 31 + g_str_hash(g->model);
    return hash * 31 + g_str_hash(g->firmware);
}

/* The order of rows, which a recipient's file has. */
static int by_group(gconstpointer a, gconstpointer b)
{
    const struct group *x = &((const struct tally *)a)->group, *y = &((const struct tally *)b)->group;
    int difference = strcmp(x->device_type, y->device_type);

    if (difference == 0)
        difference = strcmp(x->region, y->region);
    if (difference == 0)
        difference = strcmp(x->manufacturer, y->manufacturer);
    if (difference == 0)
        difference = strcmp(x->model, y->model);
    return difference != 0 ? difference : strcmp(x->firmware, y->firmware);
}

static gboolean same_group(gconstpointer p, gconstpointer q)
{
    return ((const struct tally *)p)->group.supplier == ((const struct tally *)q)->group.supplier &&
           by_group(p, q) == 0;
}

static void begin(struct tallying *t, struct report *report)
{
    *t = (struct tallying){.report = report};
    t->tallies = g_hash_table_new(hash_group, same_group);
    t->events = ledger_sorter_new(report->gateway->ledger);
}

/* "" for NULL. */
static const char *text(const char *value)
{
    return value != NULL ? value : "";
}

/* The tally of a group, which is made when it does not exist yet. */
static struct tally *tally_of(struct tallying *t, const struct group *group)
{
    struct tally wanted = {.group = {group->supplier, text(group->device_type), text(group->region),
                                     text(group->manufacturer), text(group->model), text(group->firmware)}};
    struct tally *tally = g_hash_table_lookup(t->tallies, &wanted);

    if (tally != NULL)
        return tally;
    const struct group *g = &wanted.group;
    tally = g_new0(struct tally, 1);
    tally->group =
        (struct group){g->supplier,        g_strdup(g->device_type), g_strdup(g->region), g_strdup(g->manufacturer),
                       g_strdup(g->model), g_strdup(g->firmware)};
    (void)g_hash_table_add(t->tallies, tally);
    return tally;
}

/* Assigns a row for each tally, in their order. Of those that are of no recipient the Devices count as unassigned, of
 * ECOSMIG-005 the ends of sessions. */
static void assign(struct report *report, enum report_sums which)
{
    for (guint i = 0; i < report->subjects->len; i++) {
        const struct tally *tally = &g_array_index(report->subjects, struct tally, i);
        const int64_t *figures = tally->figures;
        if (report_knows(report, tally->group.supplier))
            report_assign(report, tally->group.supplier, i);
        else
            report->unassigned += which == SUMS_ACTIVITY ? figures[SUCCEEDED] + figures[FAILED] : figures[REMAINING];
    }
}

/* The tallies, sorted. g_array_unref. */
static GArray *end(struct tallying *t)
{
    GArray *sorted = g_array_new(FALSE, TRUE, sizeof(struct tally));
    GHashTableIter tallies;
    gpointer tally;

    g_array_set_clear_func(sorted, clear_tally);
    g_hash_table_iter_init(&tallies, t->tallies);
    while (g_hash_table_iter_next(&tallies, &tally, NULL)) {
        g_array_append_vals(sorted, tally, 1);
        g_free(tally); /* its texts are those of the copy now */
    }
    g_hash_table_unref(t->tallies);
    sorter_free(t->events);
    g_array_sort(sorted, by_group);
    return sorted;
}

/* A Device of the walk, and what all sums ask of it. */
struct seen {
    const struct ledger_surveyed *device;
    bool remains;
};

/* ---- ECOSMIG-004, Non-Migratable models ---- */

static void tally_non_migratable(struct tallying *t, const struct seen *seen)
{
    const struct ledger_surveyed *device = seen->device;
    const struct ledger_inventory *d = &device->device;

    if (device->non_migratable_since == 0 || !seen->remains)
        return;
    const struct group group = {device->supplier, .device_type = d->device_type, .manufacturer = d->manufacturer,
                                .model = d->model, .firmware = d->firmware};
    struct tally *tally = tally_of(t, &group);
    tally->since = device->non_migratable_since;
    tally->figures[REMAINING]++;
}

#define ECOSMIG_004_FACTS(FACT)                                                                                        \
    FACT(ECOSMIG_004, report_ref, report->kind->ref)                                                                   \
    FACT(ECOSMIG_004, report_layout, report_version(report))                                                           \
    FACT(ECOSMIG_004, period_end, report->ends)                                                                        \
    FACT(ECOSMIG_004, supplier_id, report->to->eui64)                                                                  \
    FACT(ECOSMIG_004, supplier_mpid, report->to->mpid)                                                                 \
    FACT(ECOSMIG_004, device_type, tally->group.device_type)                                                           \
    FACT(ECOSMIG_004, device_manufacturer, tally->group.manufacturer)                                                  \
    FACT(ECOSMIG_004, device_model, tally->group.model)                                                                \
    FACT(ECOSMIG_004, device_firmware, tally->group.firmware)                                                          \
    FACT(ECOSMIG_004, non_migratable_since, report_date(tally->since, since))                                          \
    FACT(ECOSMIG_004, non_migratable_resolver, catalogue_resolver(C107, tally->group.device_type))                     \
    FACT(ECOSMIG_004, count_devices, cell_number(tally->figures[REMAINING], count))
FACTS_DECLARE(ECOSMIG_004);

bool report_write_non_migratable(struct report *report, int64_t key, GError **error)
{
    const struct tally *tally = &g_array_index(report->subjects, struct tally, key);
    char since[INSTANT_TEXT_SIZE], count[CELL_NUMBER_SIZE];

    (void)error; /* the writer keeps its errors */
    FACTS_FILL(ECOSMIG_004, row);
    report_writer_row(report->writer, &row);
    return true;
}

/* ---- ECOSMIG-005, activity ---- */

/* Keeps a figure of a Device for the walk. */
static bool note(struct tallying *t, uint64_t device, enum activity figure, GError **error)
{
    return sorter_add(t->events, &(struct sorter_record){device, figure, NULL, 0}, error);
}

/* A record of an instruction that was judged in the period. */
static bool note_reviewed(void *user, uint64_t device, enum ledger_state outcome, GError **error)
{
    return note(user, device, INSTRUCTED, error) &&
           (outcome == LEDGER_READY || note(user, device, outcome == LEDGER_REJECTED ? REJECTED : DEFERRED, error));
}

/* A work item that was accepted before the period's end and had not ended then. */
static bool note_unfinished(void *user, uint64_t device, enum ledger_state outcome, GError **error)
{
    (void)outcome; /* READY */
    return note(user, device, IN_PROGRESS, error);
}

/* The ends of one kind. */
struct ends {
    struct tallying *t;
    enum activity figure;
};

static bool note_end(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    const struct ends *ends = user;

    (void)item, (void)code; /* only Devices are counted */
    return note(ends->t, device, ends->figure, error);
}

static bool note_ends(struct tallying *t, enum activity figure, enum ledger_state state, GError **error)
{
    const struct ledger_ended which = {state, {t->report->period.starts, t->report->period.ends}};
    struct ends ends = {t, figure};

    return ledger_ended_sessions_each(t->report->gateway->ledger, &which, note_end, &ends, error);
}

/* Counts a Device. device NULL: the inventory does not have it, and so it belongs to nobody. */
static void count(struct tallying *t, const struct ledger_surveyed *device, enum activity figure)
{
    const struct group group = {device != NULL ? device->supplier : 0,
                                .device_type = device != NULL ? device->device.device_type : NULL};

    tally_of(t, &group)->figures[figure]++;
}

/* Counts what was kept of this Device, and of those before it, which the inventory does not have. NULL: of the rest. */
static bool count_noted(struct tallying *t, const struct ledger_surveyed *device, GError **error)
{
    const struct sorter_record *event;

    while ((event = sorter_peek(t->events)) != NULL && (device == NULL || event->a <= device->device.device)) {
        bool there = device != NULL && event->a == device->device.device;
        count(t, there ? device : NULL, (enum activity)event->b);
        if (!sorter_skip(t->events, error))
            return false;
    }
    return true;
}

/* CUMULATIVE_MIGRATED counts a Device, not a session: one that an operator has released and that migrated again counts
 * once. */
static bool tally_activity(struct tallying *t, const struct seen *seen, GError **error)
{
    const int64_t migrated_at = seen->device->past.migrated_at;

    if (migrated_at != 0 && migrated_at < t->report->period.ends)
        count(t, seen->device, CUMULATIVE_MIGRATED);
    if (seen->remains)
        count(t, seen->device, REMAINING);
    return count_noted(t, seen->device, error);
}

/* Keeps for the walk what happened in the period. */
static bool note_activity(struct tallying *t, GError **error)
{
    struct ledger *ledger = t->report->gateway->ledger;
    const struct ledger_interval period = {t->report->period.starts, t->report->period.ends};

    return ledger_reviews_each(ledger, &period, note_reviewed, t, error) &&
           note_ends(t, REJECTED, LEDGER_REJECTED, error) && note_ends(t, DEFERRED, LEDGER_DEFERRED, error) &&
           note_ends(t, SUCCEEDED, LEDGER_MIGRATED, error) && note_ends(t, FAILED, LEDGER_FAILED, error) &&
           ledger_unfinished_each(ledger, period.until, note_unfinished, t, error);
}

#define ECOSMIG_005_FACTS(FACT)                                                                                        \
    FACT(ECOSMIG_005, report_ref, report->kind->ref)                                                                   \
    FACT(ECOSMIG_005, report_layout, report_version(report))                                                           \
    FACT(ECOSMIG_005, period_start, report->starts)                                                                    \
    FACT(ECOSMIG_005, period_end, report->ends)                                                                        \
    FACT(ECOSMIG_005, supplier_id, report->to->eui64)                                                                  \
    FACT(ECOSMIG_005, supplier_mpid, report->to->mpid)                                                                 \
    FACT(ECOSMIG_005, device_type, tally->group.device_type)                                                           \
    FACT(ECOSMIG_005, count_instructed, texts[INSTRUCTED])                                                             \
    FACT(ECOSMIG_005, count_rejected, texts[REJECTED])                                                                 \
    FACT(ECOSMIG_005, count_deferred, texts[DEFERRED])                                                                 \
    FACT(ECOSMIG_005, count_succeeded, texts[SUCCEEDED])                                                               \
    FACT(ECOSMIG_005, count_failed, texts[FAILED])                                                                     \
    FACT(ECOSMIG_005, count_in_progress, texts[IN_PROGRESS])                                                           \
    FACT(ECOSMIG_005, count_migrated, texts[CUMULATIVE_MIGRATED])                                                      \
    FACT(ECOSMIG_005, count_remaining, texts[REMAINING])
FACTS_DECLARE(ECOSMIG_005);

bool report_write_activity(struct report *report, int64_t key, GError **error)
{
    const struct tally *tally = &g_array_index(report->subjects, struct tally, key);
    char buffers[FIGURES][CELL_NUMBER_SIZE];
    const char *texts[FIGURES];

    (void)error; /* the writer keeps its errors */
    for (size_t i = 0; i < FIGURES; i++)
        texts[i] = cell_number(tally->figures[i], buffers[i]);
    FACTS_FILL(ECOSMIG_005, row);
    report_writer_row(report->writer, &row);
    return true;
}

/* ---- MGMT, progress ---- */

/* A session that failed in the period: keeps its code for the walk. */
static bool note_code(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    struct tallying *t = user;

    (void)item; /* only Devices and codes are counted */
    return code == NULL ||
           sorter_add(t->events, &(struct sorter_record){device, 0, code, (uint32_t)strlen(code) + 1}, error);
}

static void count_code(struct tally *tally, const char *code)
{
    if (tally->codes == NULL)
        tally->codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(tally->codes, code));
    g_hash_table_insert(tally->codes, g_strdup(code), GUINT_TO_POINTER(n + 1));
}

/* A Device of the inventory. The figures from FAILED_ONCE on count only Devices that remain. */
static bool tally_progress(struct tallying *t, const struct seen *seen, GError **error)
{
    const struct ledger_surveyed *device = seen->device;
    const struct sorter_record *event;

    while ((event = sorter_peek(t->events)) != NULL && event->a < device->device.device) {
        if (!sorter_skip(t->events, error))
            return false;
    }
    if (!migration_in_scope(t->report->gateway->config, &device->device))
        return true;
    const struct group group = {t->report->gateway->config->eui64, device->device.device_type,
                                .region = device->device.region};
    struct tally *tally = tally_of(t, &group);
    for (; event != NULL && event->a == device->device.device; event = sorter_peek(t->events)) {
        count_code(tally, event->data);
        if (!sorter_skip(t->events, error))
            return false;
    }
    int64_t *figures = tally->figures;
    figures[IN_SCOPE]++;
    figures[seen->remains ? TO_MIGRATE : MIGRATED]++;
    if (!seen->remains)
        return true;
    figures[FAILED_ONCE] += device->past.failed == 1;
    figures[FAILED_MANY] += device->past.failed > 1;
    figures[NON_MIGRATABLE] += device->non_migratable_since != 0;
    return true;
}

static bool note_codes(struct tallying *t, GError **error)
{
    const struct ledger_ended failed = {LEDGER_FAILED, {t->report->period.starts, t->report->period.ends}};

    return ledger_ended_sessions_each(t->report->gateway->ledger, &failed, note_code, t, error);
}

/* ---- the walk ---- */

/* What one walk makes. */
struct making {
    struct report *report;
    struct tallying all[REPORT_SUMS];
    struct report_assets *assets; /* NULL: not wanted */
};

static bool tally(void *user, const struct ledger_surveyed *device, GError **error)
{
    struct making *m = user;
    struct tallying *all = m->all;
    const struct seen seen = {.device = device, .remains = report_remains(m->report, device)};

    if (all[SUMS_NON_MIGRATABLE].tallies != NULL)
        tally_non_migratable(&all[SUMS_NON_MIGRATABLE], &seen);
    return (all[SUMS_ACTIVITY].tallies == NULL || tally_activity(&all[SUMS_ACTIVITY], &seen, error)) &&
           (all[SUMS_PROGRESS].tallies == NULL || tally_progress(&all[SUMS_PROGRESS], &seen, error)) &&
           (m->assets == NULL || report_assets_add(m->assets, device, error));
}

static bool walk(struct making *m, GError **error)
{
    struct tallying *activity = &m->all[SUMS_ACTIVITY], *progress = &m->all[SUMS_PROGRESS];

    if (activity->tallies != NULL && (!note_activity(activity, error) || !sorter_rewind(activity->events, error)))
        return false;
    if (progress->tallies != NULL && (!note_codes(progress, error) || !sorter_rewind(progress->events, error)))
        return false;
    return report_survey_each(m->report, tally, m, error) &&
           (activity->tallies == NULL || count_noted(activity, NULL, error));
}

/* Puts what was made in the place of what the reports shared before. */
static void share(struct making *m)
{
    struct report_shared *shared = m->report->shared;

    shared->period = m->report->period;
    report_assets_free(shared->assets);
    shared->assets = g_steal_pointer(&m->assets);
    for (size_t i = 0; i < REPORT_SUMS; i++) {
        g_clear_pointer(&shared->sums[i], g_array_unref);
        if (m->all[i].tallies != NULL)
            shared->sums[i] = end(&m->all[i]);
    }
}

/* Makes these sums; for a report that shares, all, and the rows of MAPR: they are due together. */
static bool make(struct report *report, enum report_sums wanted, GError **error)
{
    struct making m = {.report = report};
    bool every = report->shared != NULL;
    struct ledger_survey *survey = report_survey(report, error);

    if (survey == NULL)
        return false;
    if (every)
        m.assets = report_assets_new(report->gateway->ledger, survey);
    for (size_t i = 0; i < REPORT_SUMS; i++) {
        if (every || i == (size_t)wanted)
            begin(&m.all[i], report);
    }
    bool good = walk(&m, error);
    if (good)
        share(&m);
    for (size_t i = 0; !good && i < REPORT_SUMS; i++) {
        if (m.all[i].tallies != NULL)
            g_array_unref(end(&m.all[i]));
    }
    report_assets_free(m.assets);
    return good;
}

static bool collect(struct report *report, enum report_sums which, GError **error)
{
    if ((!report_shares_period(report) || report->shared->sums[which] == NULL) && !make(report, which, error))
        return false;
    report->subjects = g_array_ref(report->shared->sums[which]);
    assign(report, which);
    return true;
}

bool report_collect_non_migratable(struct report *report, GError **error)
{
    return collect(report, SUMS_NON_MIGRATABLE, error);
}

bool report_collect_activity(struct report *report, GError **error)
{
    return collect(report, SUMS_ACTIVITY, error);
}

bool report_collect_progress(struct report *report, GError **error)
{
    return collect(report, SUMS_PROGRESS, error);
}

/* ---- rows of MGMT ---- */

/* The most frequent code, of equally frequent ones the first by name; NULL: none. */
static const char *top_code(const struct tally *tally)
{
    const char *top = NULL;
    gpointer code, n;
    guint most = 0;
    GHashTableIter codes;

    if (tally->codes == NULL)
        return NULL;
    g_hash_table_iter_init(&codes, tally->codes);
    while (g_hash_table_iter_next(&codes, &code, &n)) {
        if (GPOINTER_TO_UINT(n) < most || (GPOINTER_TO_UINT(n) == most && strcmp(code, top) > 0))
            continue;
        most = GPOINTER_TO_UINT(n);
        top = code;
    }
    return top;
}

#define MGMT_FACTS(FACT)                                                                                               \
    FACT(MGMT, period_start, report->starts)                                                                           \
    FACT(MGMT, period_end, report->ends)                                                                               \
    FACT(MGMT, device_type, tally->group.device_type)                                                                  \
    FACT(MGMT, device_region, tally->group.region)                                                                     \
    FACT(MGMT, count_in_scope, texts[IN_SCOPE])                                                                        \
    FACT(MGMT, count_migrated, texts[MIGRATED])                                                                        \
    FACT(MGMT, count_failed_once, texts[FAILED_ONCE])                                                                  \
    FACT(MGMT, count_failed_many, texts[FAILED_MANY])                                                                  \
    FACT(MGMT, count_non_migratable, texts[NON_MIGRATABLE])                                                            \
    FACT(MGMT, count_remaining, texts[TO_MIGRATE])                                                                     \
    FACT(MGMT, failure_top_code, top_code(tally))
FACTS_DECLARE(MGMT);

bool report_write_progress(struct report *report, int64_t key, GError **error)
{
    const struct tally *tally = &g_array_index(report->subjects, struct tally, key);
    char buffers[PROGRESS_FIGURES][CELL_NUMBER_SIZE];
    const char *texts[PROGRESS_FIGURES];

    (void)error; /* the writer keeps its errors */
    for (size_t i = 0; i < PROGRESS_FIGURES; i++)
        texts[i] = cell_number(tally->figures[i], buffers[i]);
    FACTS_FILL(MGMT, row);
    report_writer_row(report->writer, &row);
    return true;
}

bool report_progress_row(const struct report *report, guint i, struct mgmt_row *row)
{
    if (i >= report->subjects->len)
        return false;
    const struct tally *tally = &g_array_index(report->subjects, struct tally, i);
    const int64_t *figures = tally->figures;
    *row = (struct mgmt_row){.device_type = tally->group.device_type,
                             .region = tally->group.region,
                             .in_scope = figures[IN_SCOPE],
                             .migrated = figures[MIGRATED],
                             .failed_once = figures[FAILED_ONCE],
                             .failed_many = figures[FAILED_MANY],
                             .non_migratable = figures[NON_MIGRATABLE],
                             .remaining = figures[TO_MIGRATE],
                             .top_error = top_code(tally)};
    return true;
}
