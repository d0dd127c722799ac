/*
 * ECOSMIG-004, -005 and MGMT: counts of Devices by recipient and by what they have in common: type and model, type, or
 * type and region. Each such group is a tally; the key of a row is the index of its tally.
 *
 * The walks over inventory and sessions come in no order of groups, so tallies are found through a hash table.
 */
#include "gateway/reports/report_private.h"

#include "gateway/reports/migration_status.h"
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
    uint64_t supplier; /* of MGMT, which is for everybody: the gateway */
    const char *device_type, *region, *manufacturer, *model, *firmware;
};

/* The count of one group. */
struct tally {
    uint64_t supplier;
    char *device_type, *region, *manufacturer, *model, *firmware; /* "" where the group has NULL */
    int64_t since; /* ECOSMIG-004: from when on the model is Non-Migratable, seconds UTC */
    int64_t figures[FIGURES];
    GHashTable *codes; /* MGMT: code → how many sessions failed with it; NULL: none */
};

/* The walks of one report. */
struct tallying {
    struct report *report;
    GHashTable *index;    /* a group as text → index of its tally + 1 */
    enum activity figure; /* ECOSMIG-005: which figure the present walk counts */
};

static void clear_tally(gpointer user)
{
    struct tally *tally = user;

    g_free(tally->device_type);
    g_free(tally->region);
    g_free(tally->manufacturer);
    g_free(tally->model);
    g_free(tally->firmware);
    if (tally->codes != NULL)
        g_hash_table_unref(tally->codes);
}

static void begin(struct tallying *t, struct report *report)
{
    *t = (struct tallying){.report = report};
    t->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    report->subjects = g_array_new(FALSE, TRUE, sizeof(struct tally));
    g_array_set_clear_func(report->subjects, clear_tally);
}

/* "" for NULL. */
static const char *text(const char *value)
{
    return value != NULL ? value : "";
}

/* The tally of a group, which is made when it does not exist yet. */
static struct tally *tally_of(struct tallying *t, const struct group *group)
{
    GArray *tallies = t->report->subjects;
    g_autofree char *name =
        g_strdup_printf("%" G_GUINT64_FORMAT "|%s|%s|%s|%s|%s", group->supplier, text(group->device_type),
                        text(group->region), text(group->manufacturer), text(group->model), text(group->firmware));
    guint at = GPOINTER_TO_UINT(g_hash_table_lookup(t->index, name));

    if (at == 0) {
        struct tally tally = {.supplier = group->supplier,
                              .device_type = g_strdup(text(group->device_type)),
                              .region = g_strdup(text(group->region)),
                              .manufacturer = g_strdup(text(group->manufacturer)),
                              .model = g_strdup(text(group->model)),
                              .firmware = g_strdup(text(group->firmware))};
        g_array_append_val(tallies, tally);
        at = tallies->len;
        g_hash_table_insert(t->index, g_steal_pointer(&name), GUINT_TO_POINTER(at));
    }
    return &g_array_index(tallies, struct tally, at - 1);
}

/* The order of rows, which a recipient's file has. */
static int by_group(gconstpointer a, gconstpointer b)
{
    const struct tally *x = a, *y = b;
    int difference = strcmp(x->device_type, y->device_type);

    if (difference == 0)
        difference = strcmp(x->region, y->region);
    if (difference == 0)
        difference = strcmp(x->manufacturer, y->manufacturer);
    if (difference == 0)
        difference = strcmp(x->model, y->model);
    return difference != 0 ? difference : strcmp(x->firmware, y->firmware);
}

/* Sorts the tallies, and assigns a row for each. */
static void end(struct tallying *t)
{
    GArray *tallies = t->report->subjects;

    g_hash_table_unref(t->index);
    g_array_sort(tallies, by_group);
    for (guint i = 0; i < tallies->len; i++)
        report_assign(t->report, g_array_index(tallies, struct tally, i).supplier, i);
}

/* The Device Model, as the inventory has it. */
static struct ledger_nmm model_of(const struct ledger_inventory *device)
{
    return (struct ledger_nmm){.device_type = device->device_type,
                               .manufacturer = text(device->manufacturer),
                               .model = text(device->model),
                               .firmware = text(device->firmware)};
}

bool report_remains(const struct report *report, const struct ledger_inventory *device, bool *yes, GError **error)
{
    struct migration_past past = {0};

    *yes = migration_in_scope(report->gateway->config, device) && strcmp(device->credentials, "TCOS") == 0;
    if (!*yes)
        return true;
    if (!ledger_work_of_device_each(report->gateway->ledger, device->device, report_add_past, &past, error))
        return false;
    *yes = past.migrated_at == 0 || past.migrated_at >= report->period.ends;
    return true;
}

/* The Device's Supplier at the period's end; 0: there is none, or it is no recipient. */
static bool supplier_of(const struct report *report, uint64_t device, uint64_t *supplier, GError **error)
{
    if (!ledger_supplier_of(report->gateway->ledger, device, report->period.ends, supplier, error))
        return false;
    if (!report_knows(report, *supplier))
        *supplier = 0;
    return true;
}

/* ---- ECOSMIG-004, Non-Migratable models ---- */

static bool tally_non_migratable(void *user, const struct ledger_inventory *device, GError **error)
{
    struct tallying *t = user;
    struct ledger *ledger = t->report->gateway->ledger;
    const struct ledger_nmm model = model_of(device);
    uint64_t supplier = 0;
    int64_t since = 0;
    bool remaining = false;

    if (!ledger_model_non_migratable_since(ledger, &model, t->report->period.ends, &since, error))
        return false;
    if (since == 0)
        return true;
    if (!report_remains(t->report, device, &remaining, error) ||
        !supplier_of(t->report, device->device, &supplier, error))
        return false;
    if (!remaining)
        return true;
    if (supplier == 0) {
        t->report->unassigned++;
        return true;
    }
    const struct group group = {supplier, .device_type = model.device_type, .manufacturer = model.manufacturer,
                                .model = model.model, .firmware = model.firmware};
    struct tally *tally = tally_of(t, &group);
    tally->since = since;
    tally->figures[REMAINING]++;
    return true;
}

bool report_collect_non_migratable(struct report *report, GError **error)
{
    struct tallying t;

    begin(&t, report);
    bool good = ledger_inventory_each(report->gateway->ledger, tally_non_migratable, &t, error);
    end(&t);
    return good;
}

#define ECOSMIG_004_FACTS(FACT)                                                                                        \
    FACT(ECOSMIG_004, report_ref, report->kind->ref)                                                                   \
    FACT(ECOSMIG_004, report_layout, report_version(report))                                                           \
    FACT(ECOSMIG_004, period_end, report->ends)                                                                        \
    FACT(ECOSMIG_004, supplier_id, report->to->eui64)                                                                  \
    FACT(ECOSMIG_004, supplier_mpid, report->to->mpid)                                                                 \
    FACT(ECOSMIG_004, device_type, tally->device_type)                                                                 \
    FACT(ECOSMIG_004, device_manufacturer, tally->manufacturer)                                                        \
    FACT(ECOSMIG_004, device_model, tally->model)                                                                      \
    FACT(ECOSMIG_004, device_firmware, tally->firmware)                                                                \
    FACT(ECOSMIG_004, non_migratable_since, report_date(tally->since, since))                                          \
    FACT(ECOSMIG_004, non_migratable_resolver, catalogue_resolver(C107, tally->device_type))                           \
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

/* Counts a Device in t->figure. One that the inventory does not have belongs to nobody. */
static bool tally_device(struct tallying *t, uint64_t id, GError **error)
{
    struct report *report = t->report;
    g_autofree struct ledger_inventory *device = NULL;
    uint64_t supplier = 0;

    if (!ledger_inventory_get(report->gateway->ledger, id, &device, error) ||
        (device != NULL && !supplier_of(report, id, &supplier, error)))
        return false;
    if (supplier == 0) {
        report->unassigned += t->figure == SUCCEEDED || t->figure == FAILED;
        return true;
    }
    const struct group group = {supplier, .device_type = device->device_type};
    tally_of(t, &group)->figures[t->figure]++;
    return true;
}

/* A record of an instruction that was judged in the period. */
static bool tally_reviewed(void *user, uint64_t device, enum ledger_state outcome, GError **error)
{
    struct tallying *t = user;

    t->figure = INSTRUCTED;
    if (!tally_device(t, device, error))
        return false;
    if (outcome == LEDGER_READY)
        return true;
    t->figure = outcome == LEDGER_REJECTED ? REJECTED : DEFERRED;
    return tally_device(t, device, error);
}

/* A work item that was accepted before the period's end and had not ended then. */
static bool tally_unfinished(void *user, uint64_t device, enum ledger_state outcome, GError **error)
{
    struct tallying *t = user;

    (void)outcome; /* READY */
    t->figure = IN_PROGRESS;
    return tally_device(t, device, error);
}

static bool tally_end(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    (void)item, (void)code; /* only Devices are counted */
    return tally_device(user, device, error);
}

static bool tally_ends(struct tallying *t, enum activity figure, enum ledger_state state, GError **error)
{
    const struct ledger_ended which = {state, {t->report->period.starts, t->report->period.ends}};

    t->figure = figure;
    return ledger_ended_sessions_each(t->report->gateway->ledger, &which, tally_end, t, error);
}

/* A Device, not a session: one that an operator has released and that migrated again counts once. */
static bool tally_migrated(void *user, uint64_t device, GError **error)
{
    struct tallying *t = user;

    t->figure = CUMULATIVE_MIGRATED;
    return tally_device(t, device, error);
}

static bool tally_remaining(void *user, const struct ledger_inventory *device, GError **error)
{
    struct tallying *t = user;
    bool remaining = false;

    if (!report_remains(t->report, device, &remaining, error))
        return false;
    t->figure = REMAINING;
    return !remaining || tally_device(t, device->device, error);
}

/* One walk for each figure, and one over the inventory for what remains. */
bool report_collect_activity(struct report *report, GError **error)
{
    struct ledger *ledger = report->gateway->ledger;
    const struct ledger_interval period = {report->period.starts, report->period.ends};
    struct tallying t;

    begin(&t, report);
    bool good = ledger_reviews_each(ledger, &period, tally_reviewed, &t, error) &&
                tally_ends(&t, REJECTED, LEDGER_REJECTED, error) && tally_ends(&t, DEFERRED, LEDGER_DEFERRED, error) &&
                tally_ends(&t, SUCCEEDED, LEDGER_MIGRATED, error) && tally_ends(&t, FAILED, LEDGER_FAILED, error) &&
                ledger_unfinished_each(ledger, period.until, tally_unfinished, &t, error) &&
                ledger_migrated_devices_each(ledger, period.until, tally_migrated, &t, error) &&
                ledger_inventory_each(ledger, tally_remaining, &t, error);
    end(&t);
    return good;
}

#define ECOSMIG_005_FACTS(FACT)                                                                                        \
    FACT(ECOSMIG_005, report_ref, report->kind->ref)                                                                   \
    FACT(ECOSMIG_005, report_layout, report_version(report))                                                           \
    FACT(ECOSMIG_005, period_start, report->starts)                                                                    \
    FACT(ECOSMIG_005, period_end, report->ends)                                                                        \
    FACT(ECOSMIG_005, supplier_id, report->to->eui64)                                                                  \
    FACT(ECOSMIG_005, supplier_mpid, report->to->mpid)                                                                 \
    FACT(ECOSMIG_005, device_type, tally->device_type)                                                                 \
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

static struct tally *tally_for_all(struct tallying *t, const struct ledger_inventory *device)
{
    const struct group group = {t->report->gateway->config->eui64, device->device_type, .region = device->region};

    return tally_of(t, &group);
}

/* A Device of the inventory, for MGMT. The figures from FAILED_ONCE on count only Devices that remain. */
static bool tally_progress(void *user, const struct ledger_inventory *device, GError **error)
{
    struct tallying *t = user;
    struct ledger *ledger = t->report->gateway->ledger;
    const struct ledger_nmm model = model_of(device);
    struct migration_past past = {0};
    int64_t since = 0;
    bool remaining = false;

    if (!migration_in_scope(t->report->gateway->config, device))
        return true;
    if (!report_remains(t->report, device, &remaining, error) ||
        !ledger_work_of_device_each(ledger, device->device, report_add_past, &past, error) ||
        !ledger_model_non_migratable_since(ledger, &model, t->report->period.ends, &since, error))
        return false;
    int64_t *figures = tally_for_all(t, device)->figures;
    figures[IN_SCOPE]++;
    figures[remaining ? TO_MIGRATE : MIGRATED]++;
    if (!remaining)
        return true;
    figures[FAILED_ONCE] += past.failed == 1;
    figures[FAILED_MANY] += past.failed > 1;
    figures[NON_MIGRATABLE] += since != 0;
    return true;
}

/* A session that failed in the period: counts its code. */
static bool tally_code(void *user, int64_t item, uint64_t id, const char *code, GError **error)
{
    struct tallying *t = user;
    g_autofree struct ledger_inventory *device = NULL;

    (void)item; /* only Devices and codes are counted */
    if (!ledger_inventory_get(t->report->gateway->ledger, id, &device, error))
        return false;
    if (device == NULL || code == NULL || !migration_in_scope(t->report->gateway->config, device))
        return true;
    struct tally *tally = tally_for_all(t, device);
    if (tally->codes == NULL)
        tally->codes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(tally->codes, code));
    g_hash_table_insert(tally->codes, g_strdup(code), GUINT_TO_POINTER(n + 1));
    return true;
}

bool report_collect_progress(struct report *report, GError **error)
{
    struct ledger *ledger = report->gateway->ledger;
    const struct ledger_ended failed = {LEDGER_FAILED, {report->period.starts, report->period.ends}};
    struct tallying t;

    begin(&t, report);
    bool good = ledger_inventory_each(ledger, tally_progress, &t, error) &&
                ledger_ended_sessions_each(ledger, &failed, tally_code, &t, error);
    end(&t);
    return good;
}

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
    FACT(MGMT, device_type, tally->device_type)                                                                        \
    FACT(MGMT, device_region, tally->region)                                                                           \
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
    *row = (struct mgmt_row){.device_type = tally->device_type,
                             .region = tally->region,
                             .in_scope = figures[IN_SCOPE],
                             .migrated = figures[MIGRATED],
                             .failed_once = figures[FAILED_ONCE],
                             .failed_many = figures[FAILED_MANY],
                             .non_migratable = figures[NON_MIGRATABLE],
                             .remaining = figures[TO_MIGRATE],
                             .top_error = top_code(tally)};
    return true;
}
