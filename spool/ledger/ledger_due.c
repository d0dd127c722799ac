#include "spool/ledger/ledger_due.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"

bool ledger_undispatched_verdicts(struct ledger *ledger, GPtrArray **verdicts, GError **error)
{
    return ledger_all(ledger,
                      ledger_query(ledger, error,
                                   "SELECT " LEDGER_VERDICT " FROM verdict v WHERE items>0"
                                   " AND accepted>dispatched ORDER BY judged_at,job",
                                   ""),
                      &ledger_verdict_shape, verdicts, error);
}

/* (time, item) rows; ends the query. */
static bool append(struct ledger *ledger, sqlite3_stmt *query, GArray *due, GError **error)
{
    bool row = true, good = query != NULL;
    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        struct ledger_due one = {sqlite3_column_int64(query, 0), sqlite3_column_int64(query, 1)};
        g_array_append_val(due, one);
    }
    ledger_end(query);
    return good;
}

/* Items get their sessions in the order of their numbers: none after the last that has one has. */
bool ledger_undispatched_items(struct ledger *ledger, const struct ledger_verdict *of, int64_t limit, GArray *due,
                               GError **error)
{
    return append(ledger,
                  ledger_query(ledger, error,
                               "SELECT ?3,item FROM work_item WHERE item>=?1 AND item<?1+?2 AND outcome=0"
                               " AND item>ifnull((SELECT max(item) FROM session WHERE item>=?1 AND item<?1+?2),0)"
                               " ORDER BY item LIMIT ?4",
                               "iiii", of->first_item, of->items, of->judged_at, limit),
                  due, error);
}

bool ledger_dispatch_items(struct ledger *ledger, const struct ledger_first_try *first, int64_t *n, GError **error)
{
    const struct ledger_verdict *of = first->of;
    const struct ledger_session *session = &first->session;
    const struct ledger_transition *transition = &first->transition;
    if (!ledger_run(ledger, error,
                    "INSERT INTO transition(item,n,at,state,try,job,record,due)"
                    " SELECT item,1,?3,?4,?5,?6,?7-1+row_number()OVER(),?8 FROM(SELECT item FROM work_item"
                    " WHERE item>=?1 AND item<?1+?2 AND outcome=0"
                    " AND item>ifnull((SELECT max(item) FROM session WHERE item>=?1 AND item<?1+?2),0)"
                    " ORDER BY item LIMIT ?9)",
                    "iiiiiiiii", of->first_item, of->items, transition->at, (int64_t)transition->state, transition->try,
                    transition->job, transition->record, transition->due, first->limit))
        return false;
    *n = sqlite3_changes64(ledger->db);
    return ledger_run(
               ledger, error,
               "INSERT INTO session(item,state,transitions,last,try,answered,unused,delays,begun,ends,due,wake)"
               " SELECT item,?3,1,id,?4,0,0,0,?5,?6,?7,?7 FROM transition WHERE job=?1 AND state=3 AND record>=?2"
               " ORDER BY record",
               "iiiiiii", transition->job, transition->record, (int64_t)session->state, session->try, session->begun,
               session->ends, session->due) &&
           ledger_run(ledger, error, "UPDATE verdict SET dispatched=dispatched+?3 WHERE job=?1 AND revision=?2", "iii",
                      of->job, of->revision, *n);
}

bool ledger_wake_times_stale(struct ledger *ledger, int64_t now, bool *stale, GError **error)
{
    int64_t found = 0;
    if (!ledger_number(
            ledger,
            ledger_query(ledger, error,
                         "SELECT 1 FROM session WHERE wake IS NOT NULL AND wake<=? AND due IS NOT wake LIMIT 1", "i",
                         now),
            &found, error))
        return false;
    *stale = found != 0;
    return true;
}

bool ledger_wake_times_refresh(struct ledger *ledger, int64_t now, GError **error)
{
    return ledger_run(ledger, error,
                      "UPDATE session SET wake=due WHERE wake IS NOT NULL AND wake<=? AND due IS NOT wake", "i", now);
}

bool ledger_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error)
{
    return append(ledger,
                  ledger_query(ledger, error,
                               "SELECT due,item FROM session WHERE wake IS NOT NULL AND wake<=?1 AND due<=?1 AND"
                               " (state=0 OR (state=4 AND ends>?1)) ORDER BY wake,item LIMIT ?2",
                               "ii", now, limit),
                  due, error);
}

bool ledger_timeouts_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error)
{
    return append(ledger,
                  ledger_query(ledger, error,
                               "SELECT due,item FROM session WHERE wake IS NOT NULL AND wake<=?1 AND due<=?1 AND"
                               " (state IN(3,5) OR (state=4 AND ends<=?1)) ORDER BY wake,item LIMIT ?2",
                               "ii", now, limit),
                  due, error);
}

bool ledger_next_due(struct ledger *ledger, int64_t now, int64_t *at, GError **error)
{
    return ledger_number(ledger, ledger_query(ledger, error, "SELECT min(wake) FROM session WHERE wake>?", "i", now),
                         at, error);
}

bool ledger_outcomes_due(struct ledger *ledger, GPtrArray **verdicts, GError **error)
{
    return ledger_all(ledger,
                      ledger_query(ledger, error,
                                   "SELECT " LEDGER_VERDICT " FROM verdict v WHERE items>0 AND ended=accepted"
                                   " AND reported=0 ORDER BY job",
                                   ""),
                      &ledger_verdict_shape, verdicts, error);
}

bool ledger_outcome_mark_planned(struct ledger *ledger, const struct ledger_verdict *of, GError **error)
{
    return ledger_run(ledger, error, "UPDATE verdict SET reported=1 WHERE job=? AND revision=?", "ii", of->job,
                      of->revision);
}

bool ledger_model_count(struct ledger *ledger, const struct ledger_item *item, bool migrated, struct ledger_model *now,
                        GError **error)
{
    if (!ledger_run(ledger, error,
                    "INSERT INTO model_end(device_type,manufacturer,model,firmware,migrated,failed)"
                    " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(device_type,manufacturer,model,firmware)"
                    " DO UPDATE SET migrated=migrated+?5,failed=failed+?6",
                    "ttttii", item->device_type, item->manufacturer, item->model, item->firmware, (int64_t)migrated,
                    (int64_t)!migrated))
        return false;
    sqlite3_stmt *q = ledger_query(ledger, error,
                                   "SELECT migrated,failed FROM model_end WHERE device_type=? AND manufacturer=?"
                                   " AND model=? AND firmware=?",
                                   "tttt", item->device_type, item->manufacturer, item->model, item->firmware);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);
    if (good)
        *now = (struct ledger_model){item->device_type, item->manufacturer,         item->model,
                                     item->firmware,    sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    ledger_end(q);
    return good;
}
