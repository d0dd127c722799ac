/*
 * MAPR: all Devices of the Meter Asset Providers, each with what the report says of it. A row is kept as the survey
 * stores the Device, with what its work items say and the Supplier of a GPF. It is read again when its file is written,
 * without a question to the ledger.
 *
 * The rows are made by the walk for the sums of the same week, where both are due together. At that time nobody knows
 * who is a recipient, so the rows of all providers are kept.
 */
#include "gateway/reports/report_private.h"

#include "spool/ledger/ledger_survey_row.h"
#include "spool/sorter.h"

#include <string.h>

struct report_assets {
    struct ledger *ledger;
    struct survey_words *words;
    struct sorter *rows; /* a: the provider, b: the Device; data: its past, the survey's row, the Supplier of a GPF */
    GHashTable *counts;  /* a provider's id → a guint: how many rows it has */
    GHashTable *mpids;   /* a Supplier's id → its MPID; NULL: PTY does not name it */
    GByteArray *row;     /* room for one */
};

struct report_assets *report_assets_new(struct ledger *ledger, struct ledger_survey *survey)
{
    struct report_assets *assets = g_new0(struct report_assets, 1);

    assets->ledger = ledger;
    assets->words = ledger_survey_words(survey);
    assets->rows = ledger_sorter_new(ledger);
    assets->counts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    assets->mpids = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    assets->row = g_byte_array_new();
    return assets;
}

void report_assets_free(struct report_assets *assets)
{
    if (assets == NULL)
        return;
    survey_words_free(assets->words);
    sorter_free(assets->rows);
    g_hash_table_unref(assets->counts);
    g_hash_table_unref(assets->mpids);
    g_byte_array_unref(assets->row);
    g_free(assets);
}

/* ---- collecting ---- */

static void count_row(struct report_assets *assets, uint64_t provider)
{
    guint *n = g_hash_table_lookup(assets->counts, &provider);

    if (n == NULL) {
        n = g_new0(guint, 1);
        g_hash_table_insert(assets->counts, g_memdup2(&provider, sizeof provider), n);
    }
    ++*n;
}

static bool is_gpf(const struct ledger_inventory *device)
{
    return strcmp(device->device_type, "GPF") == 0;
}

bool report_assets_add(void *user, const struct ledger_surveyed *device, GError **error)
{
    struct report_assets *assets = user;
    uint8_t past[SURVEY_PAST_SIZE];

    if (device->device.map == 0)
        return true;
    count_row(assets, device->device.map);
    g_byte_array_set_size(assets->row, 0);
    g_byte_array_append(assets->row, past, (guint)(survey_past_put(&device->past, past) - past));
    g_byte_array_append(assets->row, device->row, device->row_len);
    if (is_gpf(&device->device))
        g_byte_array_append(assets->row, (const guint8 *)&device->supplier, sizeof device->supplier);
    const struct sorter_record row = {device->device.map, device->device.device, assets->row->data, assets->row->len};
    return sorter_add(assets->rows, &row, error);
}

/* How many rows each recipient has; what others have counts as unassigned. */
static void count_recipients(struct report *report)
{
    guint all = 0, mine = 0;
    GHashTableIter counts;
    gpointer n;

    g_array_append_val(report->first, mine);
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        const guint *rows = g_hash_table_lookup(report->assets->counts, &report_recipient(report, i)->id);
        mine += rows != NULL ? *rows : 0;
        g_array_append_val(report->first, mine);
    }
    g_hash_table_iter_init(&counts, report->assets->counts);
    while (g_hash_table_iter_next(&counts, NULL, &n))
        all += *(const guint *)n;
    report->unassigned = (int64_t)all - mine;
}

bool report_collect_assets(struct report *report, GError **error)
{
    if (report_shares_period(report) && report->shared->assets != NULL) {
        report->assets = g_steal_pointer(&report->shared->assets);
    } else {
        struct ledger_survey *survey = report_survey(report, error);
        if (survey == NULL)
            return false;
        report->assets = report_assets_new(report->gateway->ledger, survey);
        if (!report_survey_each(report, report_assets_add, report->assets, error))
            return false;
    }
    count_recipients(report);
    return sorter_rewind(report->assets->rows, error);
}

/* ---- writing ---- */

/* *mpid: borrowed. Each Supplier is asked for once. */
static bool mpid_of(struct report_assets *assets, uint64_t supplier, const char **mpid, GError **error)
{
    g_autofree struct ledger_party *party = NULL;
    gpointer known;

    if (!g_hash_table_lookup_extended(assets->mpids, &supplier, NULL, &known)) {
        if (!ledger_party_get(assets->ledger, supplier, "SUPPLIER", &party, error))
            return false;
        known = party != NULL ? g_strdup(party->mpid) : NULL;
        g_hash_table_insert(assets->mpids, g_memdup2(&supplier, sizeof supplier), known);
    }
    *mpid = known;
    return true;
}

static void read_row(const struct report_assets *assets, const struct sorter_record *row,
                     struct ledger_surveyed *device)
{
    struct ledger_past past = {0};
    const uint8_t *at = survey_past_add(row->data, &past), *end = (const uint8_t *)row->data + row->len;

    survey_row_get(assets->words, row->b, at, device);
    device->past = past;
    if (is_gpf(&device->device))
        memcpy(&device->supplier, end - sizeof device->supplier, sizeof device->supplier);
}

static const char *status_of(const struct report *report, const struct ledger_surveyed *device)
{
    return migration_status(report->gateway->config, &device->device, &device->past, device->non_migratable_since != 0);
}

#define MAPR_FACTS(FACT)                                                                                               \
    FACT(MAPR, map_id, report->to->eui64)                                                                              \
    FACT(MAPR, device_mpxn, d->mpxn)                                                                                   \
    FACT(MAPR, device_id, id)                                                                                          \
    FACT(MAPR, device_type, d->device_type)                                                                            \
    FACT(MAPR, device_manufacturer, d->manufacturer)                                                                   \
    FACT(MAPR, device_model, d->model)                                                                                 \
    FACT(MAPR, device_firmware, d->firmware)                                                                           \
    FACT(MAPR, device_status, d->status)                                                                               \
    FACT(MAPR, device_commissioned, report_date(d->commissioned, commissioned))                                        \
    FACT(MAPR, supplier_mpid, mpid)                                                                                    \
    FACT(MAPR, migration_status, status_of(report, &device))                                                           \
    FACT(MAPR, migration_date, report_date(device.past.migrated_at, migrated))
FACTS_DECLARE(MAPR);

static bool write_row(struct report *report, const struct sorter_record *kept, GError **error)
{
    char id[EUI64_TEXT_SIZE], commissioned[INSTANT_TEXT_SIZE], migrated[INSTANT_TEXT_SIZE];
    struct ledger_surveyed device;
    const struct ledger_inventory *d = &device.device;
    const char *mpid;

    read_row(report->assets, kept, &device);
    if (!mpid_of(report->assets, device.supplier, &mpid, error))
        return false;
    eui64_print(d->device, id);
    FACTS_FILL(MAPR, row);
    report_writer_row(report->writer, &row);
    return true;
}

/* Files are written in the order of recipients, as the rows are kept. Should one be written again, the rows before it
 * are passed over. */
bool report_write_assets(struct report *report, size_t i, GError **error)
{
    struct sorter *rows = report->assets->rows;
    const uint64_t to = report_recipient(report, i)->id;
    const struct sorter_record *row = sorter_peek(rows);

    if (report_rows(report, i) == 0)
        return true;
    if ((row == NULL || row->a > to) && !sorter_rewind(rows, error))
        return false;
    while ((row = sorter_peek(rows)) != NULL && row->a <= to) {
        if (!report_goes_on(report, error) || (row->a == to && !write_row(report, row, error)) ||
            !sorter_skip(rows, error))
            return false;
    }
    return true;
}
