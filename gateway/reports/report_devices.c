/*
 * ECOSMIG-001 and -002: sessions that ended in the period. The key of a row is the work item.
 */
#include "gateway/reports/report_private.h"

#include "spool/ledger/ledger_sessions.h"
#include "validators/catalogue.h"

#include <string.h>

static const char *region_of(const struct ledger_work *work, const struct ledger_inventory *known)
{
    return known != NULL && known->region != NULL ? known->region : work->item.region;
}

/* ---- sessions that ended ---- */

static bool assign_end(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    struct report *report = user;
    uint64_t supplier = 0;

    (void)code; /* the row says it */
    if (!ledger_supplier_of(report->gateway->ledger, device, report->period.ends, &supplier, error))
        return false;
    report_assign(report, supplier, item);
    return true;
}

static bool collect_ends(struct report *report, enum ledger_state state, GError **error)
{
    const struct ledger_ended which = {state, {report->period.starts, report->period.ends}};

    return ledger_ended_sessions_each(report->gateway->ledger, &which, assign_end, report, error);
}

/* ---- ECOSMIG-001 ---- */

bool report_collect_migrated(struct report *report, GError **error)
{
    return collect_ends(report, LEDGER_MIGRATED, error);
}

static bool write_migrated(void *user, const struct ledger_work *work, const struct ledger_inventory *known,
                           GError **error)
{
    struct report *report = user;
    const struct ledger_session *session = &work->session;
    const char *values[REPORT_MAX_COLUMNS];
    struct report_texts texts;
    size_t n = LEADING_COLUMNS;

    (void)error; /* the writer remembers its failures */
    report_lead(report, &work->item, known, &texts, values);
    values[n++] = work->batch;
    values[n++] = work_item_id(work->org, work->batch, work->item.record, texts.work_item);
    values[n++] = work->item.attempt;
    values[n++] = cell_instant(session->ended, &report->instants[0]);
    values[n++] = cell_instant(session->tcos.at, &report->instants[1]);
    values[n++] = cell_instant(session->ecos.at, &report->instants[2]);
    values[n++] = region_of(work, known);
    report_writer_row(report->writer, values);
    return true;
}

bool report_write_migrated(struct report *report, int64_t key, GError **error)
{
    return ledger_work_with_inventory(report->gateway->ledger, key, write_migrated, report, error);
}

/* ---- ECOSMIG-002 ---- */

/* The statuses that the file which brought the failure's code said; "" where it was the time. */
struct statuses {
    const char *code;
    char *gbcs, *duis;
};

static bool keep_statuses(void *user, const struct ledger_transition *transition, GError **error)
{
    struct statuses *statuses = user;

    (void)error; /* nothing can go wrong */
    if (g_strcmp0(transition->code, statuses->code) != 0 || transition->job == 0)
        return true;
    g_free(statuses->gbcs);
    g_free(statuses->duis);
    statuses->gbcs = g_strdup(transition->gbcs);
    statuses->duis = g_strdup(transition->duis);
    return true;
}

/* Category, code, name and resolver. */
static void describe(const char *id, const char *device_type, const char **category, const char **name,
                     const char **resolver)
{
    static const char *const categories[] = {"a", "b", "c", "d"};
    enum code code;

    if (id == NULL || !catalogue_find(id, &code))
        return;
    *category = categories[catalogue_category(code) - 'a'];
    *name = catalogue_entry(code)->name;
    *resolver = catalogue_resolver(code, device_type);
}

bool report_collect_failed(struct report *report, GError **error)
{
    return collect_ends(report, LEDGER_FAILED, error);
}

static bool write_failed(void *user, const struct ledger_work *work, const struct ledger_inventory *known,
                         GError **error)
{
    struct report *report = user;
    const struct ledger_session *session = &work->session;
    const char *values[REPORT_MAX_COLUMNS], *category = NULL, *name = NULL, *resolver = NULL;
    char tries[CELL_NUMBER_SIZE];
    struct statuses statuses = {.code = session->code};
    struct report_texts texts;
    size_t n = LEADING_COLUMNS;

    if (!ledger_transitions_each(report->gateway->ledger, work->item.item, keep_statuses, &statuses, error))
        return false;
    report_lead(report, &work->item, known, &texts, values);
    describe(session->code, values[LEADING_DEVICE_TYPE], &category, &name, &resolver);
    values[n++] = work->batch;
    values[n++] = work_item_id(work->org, work->batch, work->item.record, texts.work_item);
    values[n++] = work->item.attempt;
    values[n++] = cell_instant(session->ended, &report->instants[0]);
    values[n++] = category;
    values[n++] = session->code;
    values[n++] = name;
    values[n++] = statuses.gbcs;
    values[n++] = statuses.duis;
    values[n++] = cell_number(session->try - session->unused, tries);
    values[n++] = resolver;
    values[n++] = cell_instant(session->next_eligible, &report->instants[1]);
    values[n++] = region_of(work, known);
    report_writer_row(report->writer, values);
    g_free(statuses.gbcs);
    g_free(statuses.duis);
    return true;
}

bool report_write_failed(struct report *report, int64_t key, GError **error)
{
    return ledger_work_with_inventory(report->gateway->ledger, key, write_failed, report, error);
}
