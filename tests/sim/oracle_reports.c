/* Reports and incidents: each fact once. */
#include "tests/sim/oracle_private.h"

#include "tests/sim/kinds.h"
#include "tests/sim/when.h"

#include <string.h>

static void count_end(struct oracle *oracle, const struct record *record, bool migrated, const char *name)
{
    struct item *item = oracle_item(oracle, record_get(record, "WorkItemId"));
    unsigned n = ++*(migrated ? &item->rows_001 : &item->rows_002);

    if (!migrated && item->failed_at == 0)
        item->failed_at = when_parse(record_get(record, "FailedAt"));
    if (n > 1 + oracle->restores)
        oracle_broken(oracle, item, "report", "%s of %s is in %s, and was in another one before", item->id,
                      record_get(record, "DeviceID"), name);
}

static void count_fact(struct oracle *oracle, const struct record *record, const char *date, const char *name)
{
    char *fact = g_strdup_printf("%s %s %s %s", record_get(record, "ReportRef"), record_get(record, "DeviceID"), date,
                                 *date != '\0' ? record_get(record, "SupplierId") : "");
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(oracle->rows, fact)) + 1;

    if (n > 1 + oracle->restores)
        sim_broken(oracle->sim, "report", "%s is in %s, and was in another report before", fact, name);
    g_hash_table_insert(oracle->rows, fact, GUINT_TO_POINTER(n));
}

/* A row about a Supplier's Device stands in the folder of that Supplier only. */
static void check_folder(struct oracle *oracle, const struct record *record, const char *folder, const char *name)
{
    const char *mpid = record_get(record, "SupplierMPID"), *end = strrchr(folder, '/');

    if (g_str_has_prefix(folder, "suppliers/") && *mpid != '\0' && strcmp(mpid, end + 1) != 0)
        sim_broken(oracle->sim, "report", "%s in %s shows a row of %s", name, folder, mpid);
}

void oracle_look_at_report(struct oracle *oracle, const struct document *document, const char *folder)
{
    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        check_folder(oracle, record, folder, document->name);
        if (strcmp(document->type, "ECOSMIG-001") == 0)
            count_end(oracle, record, true, document->name);
        else if (strcmp(document->type, "ECOSMIG-002") == 0)
            count_end(oracle, record, false, document->name);
        else if (strcmp(document->type, "ECOSMIG-003") == 0)
            count_fact(oracle, record, record_get(record, "SupplyStartDate"), document->name);
        else if (strcmp(document->type, "ECOSMIG-006") == 0)
            count_fact(oracle, record, "", document->name);
    }
}

/* What seldom has a cause. */
static void count_kind(const char *code)
{
    static const struct {
        const char *code;
        enum kind kind;
    } kinds[] = {{"A112", SEEN_FILE_LATE}, {"A113", SEEN_NUMBER_MISSING}, {"A114", SEEN_FILE_UNTAKEN}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].code, code) == 0)
            kinds_seen(kinds[i].kind);
}

void oracle_look_at_incidents(struct oracle *oracle, const struct document *document)
{
    for (unsigned i = 0; i < document->n; i++) {
        const struct record *record = &document->records[i];
        const char *id = record_get(record, "IncidentId");
        if (record->kind != 'D')
            continue;
        struct incident *incident = g_hash_table_lookup(oracle->incidents, id);
        if (incident == NULL) {
            incident = g_new0(struct incident, 1);
            g_hash_table_insert(oracle->incidents, g_strdup(id), incident);
            g_ptr_array_add(oracle->order_of_incidents, g_strdup(id));
        }
        bool raised = strcmp(record_get(record, "Event"), "RAISED") == 0;
        incident->raised += raised;
        incident->cleared += !raised;
        if (raised) {
            incident->raised_at = when_parse(record_get(record, "At"));
            (void)g_strlcpy(incident->code, record_get(record, "Code"), sizeof incident->code);
            count_kind(incident->code);
        }
        if ((incident->raised > 1 || incident->cleared > 1) && oracle->restores == 0)
            sim_broken(oracle->sim, "incident", "%s: %s in %s for the second time", id, record_get(record, "Event"),
                       document->name);
    }
}

/* ---- the end ---- */

/* PTY is always FULL, and its files are not kept. */
static bool is_full(const struct verdict *verdict)
{
    return verdict->document == NULL || strcmp(record_get(document_first(verdict->document, 'H'), "Mode"), "FULL") == 0;
}

/* The gateway has accepted a FULL file of that type until then, and has not lost it since. */
static bool was_told(const struct oracle *oracle, const char *type, int64_t end)
{
    for (unsigned i = 0; i < oracle->verdicts->len; i++) {
        const struct verdict *verdict = oracle->verdicts->pdata[i];
        if (strcmp(verdict->inbound->type, type) == 0 && strcmp(verdict->outcome, "RJ") != 0 && !verdict->lost &&
            verdict->at <= end && is_full(verdict))
            return true;
    }
    return false;
}

/* A period of at most a day to which the moment belongs may have ended in the time that a restore has lost. Then it was
 * reported then, and is not reported again (OPERATIONS.md, "When the ledger is not the newest"): its file may have been
 * in the spool yet. */
static bool report_was_lost(const struct oracle *oracle, int64_t moment)
{
    for (unsigned i = 0; i < oracle->losses->len; i++) {
        const struct loss *loss = &g_array_index(oracle->losses, struct loss, i);
        if (moment < loss->at && moment + SIM_DAY >= loss->back_to)
            return true;
    }
    return false;
}

/* A row of a period at whose end PTY names no Supplier is in no file (REPORTS.md, "To whom"), nor is a GPF on whose hub
 * the inventory has no meter: DCC's first files may have been rejected, or lost by a restore. */
static bool must_be_reported(struct oracle *oracle, const struct item *item, int64_t end)
{
    return was_told(oracle, "PTY", end) && was_told(oracle, "INV", end) && !report_was_lost(oracle, end) &&
           !oracle_device(oracle, item->device)->unreported;
}

void oracle_judge_reports(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->order_of_items->len; i++) {
        const struct item *item = oracle->order_of_items->pdata[i];
        if (item->device == NULL) {
            if (item->rows_001 + item->rows_002 > 0)
                oracle_broken(oracle, item, "report", "%s was reported and is of no Device", item->id);
            continue;
        }
        bool migrated = strcmp(item->outcome, "MIGRATED") == 0,
             must = must_be_reported(oracle, item, item->migrated_at);
        if ((migrated && must && item->rows_001 == 0) || (!migrated && item->rows_001 > 0 && oracle->restores == 0))
            oracle_broken(oracle, item, "report", "%s of %s is %s and in %u reports ECOSMIG-001", item->id,
                          item->device, item->outcome, item->rows_001);
        if (item->was_failed && item->rows_002 == 0 && must_be_reported(oracle, item, item->ended_at))
            oracle_broken(oracle, item, "report", "%s of %s has failed and is in no ECOSMIG-002", item->id,
                          item->device);
        if (!item->was_failed && item->rows_002 > 0 && !migrated && oracle->restores == 0)
            oracle_broken(oracle, item, "report", "%s of %s is %s and in an ECOSMIG-002", item->id, item->device,
                          item->outcome);
    }
}

void oracle_judge_incidents(struct oracle *oracle, GHashTable *open)
{
    for (unsigned i = 0; i < oracle->order_of_incidents->len; i++) {
        const char *id = oracle->order_of_incidents->pdata[i];
        const struct incident *incident = g_hash_table_lookup(oracle->incidents, id);
        bool told_open = incident->raised > incident->cleared, is_open = g_hash_table_contains(open, id);
        if (incident->raised == 0 && oracle->restores == 0)
            sim_broken(oracle->sim, "incident", "%s was closed and never opened", id);
        if (told_open != is_open && !incident->lost && oracle->restores == 0)
            sim_broken(oracle->sim, "incident", "%s (%s): INC files say that it is %s, the gateway that it is %s", id,
                       incident->code, told_open ? "open" : "closed", is_open ? "open" : "closed");
        (void)g_hash_table_remove(open, id);
    }
    GHashTableIter iter;
    gpointer id;
    g_hash_table_iter_init(&iter, open);
    while (g_hash_table_iter_next(&iter, &id, NULL) && oracle->restores == 0)
        sim_broken(oracle->sim, "incident", "%s is open and in no INC file", (const char *)id);
}
