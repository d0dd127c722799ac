/*
 * ECOSMIG-001 and -002: sessions that ended in the period, in the file of the Supplier that is responsible for the
 * Device at the period's end. The key of a row is the number of the work item, which the row is read by.
 */
#include "gateway/reports/report_private.h"

#include "formats/values.h"
#include "spool/ledger/ledger_progress.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"
#include "validators/catalogue.h"
#include "validators/retry/retry_code.h"

#include <string.h>

/* The region in the inventory; where that is silent, in the instruction. */
static const char *region_of(const struct ledger_work *work, const struct ledger_inventory *known)
{
    return known != NULL && known->region != NULL ? known->region : work->item.region;
}

/* ---- which sessions ---- */

static bool assign_end(void *user, int64_t item, uint64_t device, const char *code, GError **error)
{
    struct report *report = user;
    uint64_t supplier = 0;

    (void)code; /* read again with the row */
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

/* ---- ECOSMIG-001, migrated ---- */

bool report_collect_migrated(struct report *report, GError **error)
{
    return collect_ends(report, LEDGER_MIGRATED, error);
}

/* When a side stated that the Device has the new credentials; 0: it did not, and an operator has ended the session. */
static int64_t stated_at(const struct ledger_side *side)
{
    return side->good ? side->at : 0;
}

#define ECOSMIG_001_FACTS(FACT)                                                                                        \
    LEADING_FACTS(FACT, ECOSMIG_001)                                                                                   \
    FACT(ECOSMIG_001, work_batch, work->batch)                                                                         \
    FACT(ECOSMIG_001, work_item, work_item_id(work->org, work->batch, work->item.record, work_item))                   \
    FACT(ECOSMIG_001, work_attempt, work->item.attempt)                                                                \
    FACT(ECOSMIG_001, migration_at, cell_instant(session->ended, &report->instants[0]))                                \
    FACT(ECOSMIG_001, migration_tcos_at, cell_instant(stated_at(&session->tcos), &report->instants[1]))                \
    FACT(ECOSMIG_001, migration_ecos_at, cell_instant(stated_at(&session->ecos), &report->instants[2]))                \
    FACT(ECOSMIG_001, device_region, region_of(work, known))
FACTS_DECLARE(ECOSMIG_001);

static bool write_migrated(void *user, const struct ledger_work *work, const struct ledger_inventory *known,
                           GError **error)
{
    struct report *report = user;
    const struct ledger_session *session = &work->session;
    char work_item[WORK_ITEM_ID_SIZE];
    struct report_lead lead;

    (void)error; /* the writer keeps its errors */
    report_lead(&work->item, known, &lead);
    FACTS_FILL(ECOSMIG_001, row);
    report_writer_row(report->writer, &row);
    return true;
}

bool report_write_migrated(struct report *report, int64_t key, GError **error)
{
    return ledger_work_with_inventory(report->gateway->ledger, key, write_migrated, report, error);
}

/* ---- ECOSMIG-002, failed ---- */

/* The statuses in the result that brought the failure's code; NULL where no result did, but the end of the time. */
struct statuses {
    const char *code;
    char *gbcs, *duis;
};

/* The code that the result in a transition stands for. While the sides disagree, that of the transition is D151. */
static bool has_code(const struct ledger_transition *transition, const char *code)
{
    const struct retry_result said = {.kind =
                                          transition->statement == LEDGER_NO_ANSWER ? RESULT_TIMEOUT : RESULT_FAILED,
                                      .gbcs = transition->gbcs,
                                      .duis = transition->duis,
                                      .alert = transition->alert};

    return g_strcmp0(transition->code, code) == 0 || (transition->statement != LEDGER_NO_STATEMENT &&
                                                      g_strcmp0(catalogue_entry(retry_code(&said))->id, code) == 0);
}

/* Keeps those of the last result that failed: it ended the session. A success that came too late, or a confirmation,
 * changes nothing. */
static bool keep_statuses(void *user, const struct ledger_transition *transition, GError **error)
{
    struct statuses *statuses = user;
    bool result = transition->statement == LEDGER_NO_STATEMENT || transition->statement == LEDGER_NOT_REPLACED ||
                  transition->statement == LEDGER_NO_ANSWER;

    (void)error; /* cannot fail */
    if (transition->job == 0 || !result || !has_code(transition, statuses->code))
        return true;
    g_free(statuses->gbcs);
    g_free(statuses->duis);
    statuses->gbcs = g_strdup(transition->gbcs);
    statuses->duis = g_strdup(transition->duis);
    return true;
}

/* What the catalogue says of a code, its name in the words of the report; NULL where there is none. */
struct about_code {
    const char *category, *name, *resolver;
};

static struct about_code about_code(const struct profile *profile, const char *id, const char *device_type)
{
    enum code code;

    if (id == NULL || !catalogue_find(id, &code))
        return (struct about_code){NULL, NULL, NULL};
    return (struct about_code){cell_category(code), profile_code_text(profile, id, catalogue_entry(code)->name),
                               catalogue_resolver(code, device_type)};
}

bool report_collect_failed(struct report *report, GError **error)
{
    return collect_ends(report, LEDGER_FAILED, error);
}

#define ECOSMIG_002_FACTS(FACT)                                                                                        \
    LEADING_FACTS(FACT, ECOSMIG_002)                                                                                   \
    FACT(ECOSMIG_002, work_batch, work->batch)                                                                         \
    FACT(ECOSMIG_002, work_item, work_item_id(work->org, work->batch, work->item.record, work_item))                   \
    FACT(ECOSMIG_002, work_attempt, work->item.attempt)                                                                \
    FACT(ECOSMIG_002, failure_at, cell_instant(end->ended, &report->instants[0]))                                      \
    FACT(ECOSMIG_002, failure_category, about.category)                                                                \
    FACT(ECOSMIG_002, failure_code, end->code)                                                                         \
    FACT(ECOSMIG_002, failure_name, about.name)                                                                        \
    FACT(ECOSMIG_002, result_gbcs, statuses.gbcs)                                                                      \
    FACT(ECOSMIG_002, result_duis, statuses.duis)                                                                      \
    FACT(ECOSMIG_002, work_tries, cell_number(end->tries, tries))                                                      \
    FACT(ECOSMIG_002, failure_resolver, about.resolver)                                                                \
    FACT(ECOSMIG_002, failure_next_from, cell_instant(end->next_eligible, &report->instants[1]))                       \
    FACT(ECOSMIG_002, device_region, region_of(work, known))
FACTS_DECLARE(ECOSMIG_002);

static bool write_failed(void *user, const struct ledger_work *work, const struct ledger_inventory *known,
                         GError **error)
{
    struct report *report = user;
    struct ledger_end room;
    const struct ledger_end *end = ledger_work_end_in(work, LEDGER_FAILED, &room);
    struct statuses statuses = {.code = end != NULL ? end->code : NULL};
    char tries[CELL_NUMBER_SIZE], work_item[WORK_ITEM_ID_SIZE];
    struct report_lead lead;

    if (end == NULL ||
        !ledger_transitions_each(report->gateway->ledger, work->item.item, keep_statuses, &statuses, error))
        return end == NULL; /* the walk found its end, so it has one */
    report_lead(&work->item, known, &lead);
    const struct about_code about = about_code(report->layout->profile, end->code, lead.device_type);
    FACTS_FILL(ECOSMIG_002, row);
    report_writer_row(report->writer, &row);
    g_free(statuses.gbcs);
    g_free(statuses.duis);
    return true;
}

bool report_write_failed(struct report *report, int64_t key, GError **error)
{
    return ledger_work_with_inventory(report->gateway->ledger, key, write_failed, report, error);
}
