/*
 * NMDM: the list of Non-Migratable Device Models as NMM files gave it. The key of a row is the index of its entry in
 * the ledger's order.
 */
#include "gateway/reports/report_private.h"

#include <string.h>

/* The strings of a kept entry are copies: the ledger's own live only during the walk. */
static void clear_entry(gpointer user)
{
    struct ledger_nmm *row = user;

    g_free((char *)row->device_type);
    g_free((char *)row->manufacturer);
    g_free((char *)row->model);
    g_free((char *)row->firmware);
    g_free((char *)row->reason);
    g_free((char *)row->fixed_in);
}

static bool add_entry(void *user, const struct ledger_nmm *row, GError **error)
{
    struct report *report = user;
    const struct ledger_nmm entry = {.device_type = g_strdup(row->device_type),
                                     .manufacturer = g_strdup(row->manufacturer),
                                     .model = g_strdup(row->model),
                                     .firmware = g_strdup(row->firmware),
                                     .since = row->since,
                                     .until = row->until,
                                     .reason = g_strdup(row->reason),
                                     .fixed_in = g_strdup(row->fixed_in)};

    (void)error; /* cannot fail */
    report_assign(report, report->gateway->config->eui64, report->subjects->len);
    g_array_append_val(report->subjects, entry);
    return true;
}

bool report_collect_models(struct report *report, GError **error)
{
    report->subjects = g_array_new(FALSE, FALSE, sizeof(struct ledger_nmm));
    g_array_set_clear_func(report->subjects, clear_entry);
    return ledger_nmm_each(report->gateway->ledger, add_entry, report, error);
}

#define NMDM_FACTS(FACT)                                                                                               \
    FACT(NMDM, device_type, entry->device_type)                                                                        \
    FACT(NMDM, device_manufacturer, entry->manufacturer)                                                               \
    FACT(NMDM, device_model, entry->model)                                                                             \
    FACT(NMDM, device_firmware, entry->firmware)                                                                       \
    FACT(NMDM, non_migratable_from, report_date(entry->since, since))                                                  \
    FACT(NMDM, non_migratable_to, entry->until == LEDGER_FOR_EVER ? NULL : report_date(entry->until, until))           \
    FACT(NMDM, non_migratable_reason, entry->reason)                                                                   \
    FACT(NMDM, non_migratable_resolver, catalogue_resolver(C107, entry->device_type))                                  \
    FACT(NMDM, non_migratable_fixed_in, entry->fixed_in)
FACTS_DECLARE(NMDM);

bool report_write_models(struct report *report, int64_t key, GError **error)
{
    const struct ledger_nmm *entry = &g_array_index(report->subjects, struct ledger_nmm, key);
    char since[INSTANT_TEXT_SIZE], until[INSTANT_TEXT_SIZE];

    (void)error; /* the writer keeps its errors */
    FACTS_FILL(NMDM, row);
    report_writer_row(report->writer, &row);
    return true;
}
