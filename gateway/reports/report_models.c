/*
 * NMDM: the list of Non-Migratable Device Models as DCC has given it. The key of a row is the index of its entry.
 */
#include "gateway/reports/report_private.h"

#include <string.h>

/* An entry's strings are its own. */
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

    (void)error; /* nothing can go wrong */
    report_assign(report, report->gateway->config->eui64, report->things->len);
    g_array_append_val(report->things, entry);
    return true;
}

bool report_collect_models(struct report *report, GError **error)
{
    report->things = g_array_new(FALSE, FALSE, sizeof(struct ledger_nmm));
    g_array_set_clear_func(report->things, clear_entry);
    return ledger_nmm_each(report->gateway->ledger, add_entry, report, error);
}

bool report_write_models(struct report *report, int64_t key, GError **error)
{
    const struct ledger_nmm *row = &g_array_index(report->things, struct ledger_nmm, key);
    char since[INSTANT_TEXT_SIZE], until[INSTANT_TEXT_SIZE];
    const char *values[] = {row->device_type,
                            row->manufacturer,
                            row->model,
                            row->firmware,
                            report_date(row->since, since),
                            row->until == LEDGER_FOR_EVER ? NULL : report_date(row->until, until),
                            row->reason,
                            catalogue_resolver(C107, row->device_type),
                            row->fixed_in};

    (void)error; /* the writer remembers its failures */
    report_writer_row(report->writer, values);
    return true;
}
