/* The newest names and ids. */
#include "spool/ledger/ledger_names.h"

#include "spool/ledger/ledger_private.h"

#define NEWEST " ORDER BY id DESC LIMIT 5000)"

/* The statement of a kind; the columns of all are id and name. */
static struct ledger_sql *statement(enum ledger_names kind)
{
    LEDGER_SQL(jobs, "SELECT id,name FROM (SELECT id,name FROM job" NEWEST);
    LEDGER_SQL(outgoing, "SELECT id,name FROM (SELECT id,name FROM outgoing" NEWEST);
    LEDGER_SQL(batches, "SELECT j.id,j.org||'.'||v.batch FROM (SELECT id,org,type,revision FROM job" NEWEST
                        " j JOIN verdict v ON v.job=j.id AND v.revision=j.revision WHERE j.type='EMI'"
                        " AND v.batch IS NOT NULL AND j.org IS NOT NULL");
    LEDGER_SQL(incidents, "SELECT id,code FROM (SELECT id,code FROM incident" NEWEST);
    LEDGER_SQL(open, "SELECT id,code FROM (SELECT id,code FROM incident WHERE cleared IS NULL" NEWEST);
    LEDGER_SQL(devices, "SELECT DISTINCT device_id,NULL FROM"
                        " (SELECT device_id FROM work_item ORDER BY item DESC LIMIT 5000)");
    struct ledger_sql *const all[] = {
        [LEDGER_NAMES_JOB] = &jobs,           [LEDGER_NAMES_OUTGOING] = &outgoing,  [LEDGER_NAMES_BATCH] = &batches,
        [LEDGER_NAMES_INCIDENT] = &incidents, [LEDGER_NAMES_OPEN_INCIDENT] = &open, [LEDGER_NAMES_DEVICE] = &devices};

    return all[kind];
}

bool ledger_names_each(struct ledger *ledger, enum ledger_names kind, ledger_count_visit visit, void *user,
                       GError **error)
{
    sqlite3_stmt *q = ledger_query(ledger, statement(kind), LEDGER_NO_VALUES, error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, (const char *)sqlite3_column_text(q, 1), sqlite3_column_int64(q, 0), error);
    ledger_end(q);
    return good;
}
