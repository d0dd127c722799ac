/*
 * STRAND: Devices in scope that still hold TCoS credentials in the last weeks before TCoS closes, in the file of the
 * Supplier that is responsible at the period's end. The key of a row is the Device's EUI-64.
 */
#include "gateway/reports/report_private.h"

#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"
#include "validators/catalogue.h"

static bool assign_stranded(void *user, const struct ledger_surveyed *device, GError **error)
{
    struct report *report = user;

    (void)error; /* cannot fail */
    if (report_remains(report, device))
        report_assign(report, device->supplier, (int64_t)device->device.device);
    return true;
}

bool report_collect_stranded(struct report *report, GError **error)
{
    return report_survey_each(report, assign_stranded, report, error);
}

/* What was tried so far. */
struct trying {
    int64_t sessions, tries;
};

static bool add_work(void *user, const struct ledger_work *work, GError **error)
{
    const struct ledger_session *session = &work->session;
    struct trying *trying = user;

    (void)error; /* cannot fail */
    if (!work->has_session || session->begun == 0)
        return true;
    trying->sessions++;
    trying->tries += session->try - session->unused;
    return true;
}

/* Who resolves a code; NULL without one. */
static const char *resolver_of(const char *id, const char *device_type)
{
    enum code code;

    return id != NULL && catalogue_find(id, &code) ? catalogue_resolver(code, device_type) : NULL;
}

#define STRAND_FACTS(FACT)                                                                                             \
    LEADING_FACTS(FACT, STRAND)                                                                                        \
    FACT(STRAND, device_region, device->region)                                                                        \
    FACT(STRAND, device_status, device->status)                                                                        \
    FACT(STRAND, migration_status, now.status)                                                                         \
    FACT(STRAND, history_last_code, newest)                                                                            \
    FACT(STRAND, history_resolver, resolver_of(newest, device->device_type))                                           \
    FACT(STRAND, history_sessions, cell_number(trying.sessions, sessions))                                             \
    FACT(STRAND, work_tries, cell_number(trying.tries, tries))
FACTS_DECLARE(STRAND);

bool report_write_stranded(struct report *report, int64_t key, GError **error)
{
    struct ledger *ledger = report->gateway->ledger;
    const struct ledger_item item = {.device = (uint64_t)key};
    char sessions[CELL_NUMBER_SIZE], tries[CELL_NUMBER_SIZE];
    g_autofree char *newest = NULL;
    g_autofree struct ledger_inventory *device = NULL;
    struct trying trying = {0};
    struct report_lead lead;
    struct report_device now;

    if (!ledger_inventory_get(ledger, item.device, &device, error) ||
        !ledger_work_of_device_each(ledger, item.device, add_work, &trying, error) ||
        !ledger_work_newest_code(ledger, item.device, &newest, error) || !report_look_at(report, device, &now, error))
        return false;
    report_lead(&item, device, &lead);
    FACTS_FILL(STRAND, row);
    report_writer_row(report->writer, &row);
    return true;
}
