#include "spool/ledger_private.h"

#define HISTORY                                                                                                        \
    "SELECT " LEDGER_ITEM ",j.org,v.batch,j.name,v.receipt,v.judged_at,"                                               \
    "s.job,s.record,s.try,s.begun,s.ends,s.state,e.name"

#define INSTRUCTION                                                                                                    \
    " JOIN job j ON j.id=w.job JOIN verdict v ON v.job=w.job AND w.item>=v.first_item"                                 \
    " AND w.item<v.first_item+v.items"

bool ledger_dispatch_due(struct ledger *ledger, GPtrArray **verdicts, GError **error)
{
    return ledger_all(ledger,
                      ledger_query(ledger, error,
                                   "SELECT " LEDGER_VERDICT " FROM verdict v WHERE outcome<>'RJ'"
                                   " AND accepted>dispatched AND items>0 ORDER BY judged_at,job",
                                   ""),
                      &ledger_verdict_shape, verdicts, error);
}

static bool add_sessions(struct ledger *ledger, const struct ledger_verdict *of, const struct ledger_session *session,
                         int64_t limit, GError **error)
{
    return ledger_run(ledger, error,
                      "INSERT INTO session(item,job,record,try,begun,ends,state)"
                      " SELECT item,?3,row_number()OVER(),1,?4,?5,'DISPATCHED' FROM"
                      " (SELECT item FROM work_item w WHERE item>=?1 AND item<?1+?2 AND outcome=0"
                      " AND NOT EXISTS(SELECT 1 FROM session s WHERE s.item=w.item)"
                      " ORDER BY item LIMIT ?6)",
                      "iiiiii", of->first_item, of->items, session->job, session->begun, session->ends, limit);
}

bool ledger_dispatch(struct ledger *ledger, const struct ledger_verdict *of, const struct ledger_session *session,
                     int64_t limit, int64_t *n, GError **error)
{
    if (!add_sessions(ledger, of, session, limit, error))
        return false;
    int64_t added = sqlite3_changes64(ledger->db);
    if (!ledger_run(ledger, error, "UPDATE verdict SET dispatched=dispatched+?3 WHERE job=?1 AND receipt=?2", "iii",
                    of->job, of->receipt, added))
        return false;
    *n = added;
    return true;
}

static void read_history(sqlite3_stmt *q, struct ledger_history *history)
{
    enum { C = LEDGER_ITEM_COLUMNS };
    ledger_read_item(q, 0, &history->item);
    history->org = ledger_text(q, C);
    history->batch = ledger_text(q, C + 1);
    history->name = ledger_text(q, C + 2);
    history->receipt = sqlite3_column_int64(q, C + 3);
    history->judged_at = sqlite3_column_int64(q, C + 4);
    history->has_session = sqlite3_column_type(q, C + 5) != SQLITE_NULL;
    history->session.item = history->item.item;
    history->session.job = sqlite3_column_int64(q, C + 5);
    history->session.record = sqlite3_column_int64(q, C + 6);
    history->session.try = sqlite3_column_int64(q, C + 7);
    history->session.begun = sqlite3_column_int64(q, C + 8);
    history->session.ends = sqlite3_column_int64(q, C + 9);
    history->session.state = ledger_text(q, C + 10);
    history->order_name = ledger_text(q, C + 11);
}

static bool each(struct ledger *ledger, sqlite3_stmt *query, ledger_history_visit visit, void *user, GError **error)
{
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_history history = {0};
        read_history(query, &history);
        good = visit(user, &history, error);
    }
    ledger_end(query);
    return good;
}

bool ledger_sessions_each(struct ledger *ledger, int64_t job, ledger_history_visit visit, void *user, GError **error)
{
    sqlite3_stmt *query = ledger_query(ledger, error,
                                       HISTORY " FROM session s CROSS JOIN work_item w ON w.item=s.item" INSTRUCTION
                                               " JOIN job e ON e.id=s.job WHERE s.job=? ORDER BY s.record",
                                       "i", job);
    return each(ledger, query, visit, user, error);
}

bool ledger_device_each(struct ledger *ledger, uint64_t device, ledger_history_visit visit, void *user, GError **error)
{
    sqlite3_stmt *query = ledger_query(ledger, error,
                                       HISTORY " FROM work_item w" INSTRUCTION " LEFT JOIN session s ON s.item=w.item"
                                               " LEFT JOIN job e ON e.id=s.job WHERE w.device_id=? ORDER BY w.item",
                                       "i", (int64_t)device);
    return each(ledger, query, visit, user, error);
}

bool ledger_states_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error)
{
    return ledger_counts(ledger,
                         ledger_query(ledger, error,
                                      "SELECT ifnull(s.state,CASE w.outcome WHEN 0 THEN 'READY' WHEN 1"
                                      " THEN 'REJECTED' ELSE 'DEFERRED' END) AS now,count(*)"
                                      " FROM work_item w LEFT JOIN session s ON s.item=w.item"
                                      " GROUP BY now ORDER BY now",
                                      ""),
                         visit, user, error);
}
