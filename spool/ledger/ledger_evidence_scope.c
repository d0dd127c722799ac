/* What an auditor's question is about: the jobs and rows of a Device or of a batch (ledger_evidence.h). */
#include "spool/ledger/ledger_evidence.h"

#include "spool/ledger/ledger_private.h"

/* The work items. ?1: a Device is asked for, and ?2 is it; else ?4 items from ?3 on. */
#define ITEMS                                                                                                          \
    "WITH s(item) AS(SELECT item FROM work_item WHERE ?1 AND device_id=?2 UNION ALL"                                   \
    " SELECT item FROM work_item WHERE NOT ?1 AND item>=?3 AND item<?3+?4) "

#define SCOPE(scope)                                                                                                   \
    LEDGER_VALUES(LEDGER_INT((scope)->has_device), LEDGER_ID((scope)->device), LEDGER_INT((scope)->first_item),        \
                  LEDGER_INT((scope)->items))

bool ledger_evidence_jobs(struct ledger *ledger, const struct ledger_evidence_scope *scope, GArray **jobs,
                          GError **error)
{
    LEDGER_SQL(of_items, ITEMS "SELECT w.job FROM s JOIN work_item w ON w.item=s.item UNION SELECT t.job FROM s JOIN"
                               " transition t ON t.item=s.item WHERE t.job IS NOT NULL UNION SELECT o.job FROM"
                               " outcome_file o WHERE EXISTS(SELECT 1 FROM s WHERE s.item>=o.first_item"
                               " AND s.item<o.first_item+o.items) ORDER BY 1");
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(int64_t));
    sqlite3_stmt *q = ledger_query(ledger, &of_items, SCOPE(scope), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row) {
        int64_t job = sqlite3_column_int64(q, 0);
        if (job > 0)
            g_array_append_val(found, job);
    }
    ledger_end(q);
    if (good)
        *jobs = g_steal_pointer(&found);
    return good;
}

bool ledger_evidence_rows(struct ledger *ledger, const struct ledger_evidence_scope *scope, ledger_evidence_row visit,
                          void *user, GError **error)
{
    LEDGER_SQL(rows, ITEMS
               "SELECT json_object('row','work_item','item',w.item,'job',w.job,'record',w.record,'device',"
               "w.device_text,'type',w.device_type,'manufacturer',w.manufacturer,'model',w.model,'firmware',"
               "w.firmware,'attempt',w.attempt,'outcome',w.outcome,'code',w.code,'text',w.text),w.item AS i,0 AS n"
               " FROM s JOIN work_item w ON w.item=s.item UNION ALL"
               " SELECT json_object('row','transition','item',t.item,'n',t.n,'at',t.at,'state',t.state,'try',"
               "t.try,'job',t.job,'record',t.record,'code',t.code,'due',t.due,'gbcs',t.gbcs,'duis',t.duis,"
               "'alert',t.alert,'subject_id',t.subject_id,'key_id',t.key_id,'said_at',t.said_at,'statement',"
               "t.statement,'order_id',t.order_id),t.item,t.n FROM s JOIN transition t ON t.item=s.item"
               " ORDER BY 2,3");
    sqlite3_stmt *q = ledger_query(ledger, &rows, SCOPE(scope), error);
    bool row = true, good = q != NULL;

    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, ledger_text(q, 0), error);
    ledger_end(q);
    return good;
}
