/*
 * What is due. Each question is answered by one index: undispatched verdicts (verdict_fresh), wake times
 * (session_wake), outcomes (verdict_unreported, verdict_overdue). INDEXED BY where SQLite would choose another one, and
 * read what a whole programme has left. The numbers of states in the SQL are those of enum ledger_state.
 */
#include "spool/ledger/ledger_due.h"

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"

/* ---- items without a session ---- */

bool ledger_undispatched_verdicts(struct ledger *ledger, bool held, GPtrArray **verdicts, GError **error)
{
    LEDGER_SQL(undispatched, "SELECT " LEDGER_VERDICT " FROM verdict v INDEXED BY verdict_fresh"
                             " WHERE items>0 AND accepted>dispatched"
                             " AND (?1 OR NOT EXISTS(SELECT 1 FROM operator_hold h WHERE h.kind='batch'"
                             " AND h.subject=v.job)) ORDER BY judged_at,job");
    return ledger_all(ledger, ledger_query(ledger, &undispatched, LEDGER_VALUES(LEDGER_INT(held)), error),
                      &ledger_verdict_shape, verdicts, error);
}

/* Appends (time, item) rows; ends the query. */
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

/* READY items of a verdict (?1 its first item, ?2 how many) without a session. Dispatch starts sessions in the order of
 * the items, so only items after the last one that it has started are searched. Sessions that something else has
 * started (out_of_turn) say nothing about the items before them. */
#define UNDISPATCHED                                                                                                   \
    " FROM work_item w WHERE item>=?1 AND item<?1+?2 AND outcome=0"                                                    \
    " AND item>ifnull((SELECT s.item FROM session s WHERE s.item>=?1 AND s.item<?1+?2"                                 \
    " AND s.item NOT IN(SELECT item FROM out_of_turn) ORDER BY s.item DESC LIMIT 1),0)"                                \
    " AND NOT EXISTS(SELECT 1 FROM session s WHERE s.item=w.item) ORDER BY item LIMIT "

bool ledger_item_out_of_turn(struct ledger *ledger, int64_t item, GError **error)
{
    LEDGER_SQL(put, "INSERT OR IGNORE INTO out_of_turn(item) VALUES(?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_INT(item)), error);
}

bool ledger_undispatched_items(struct ledger *ledger, const struct ledger_verdict *of, int64_t limit, GArray *due,
                               GError **error)
{
    LEDGER_SQL(undispatched, "SELECT ?3,item" UNDISPATCHED "?4");
    return append(ledger,
                  ledger_query(ledger, &undispatched,
                               LEDGER_VALUES(LEDGER_INT(of->first_item), LEDGER_INT(of->items),
                                             LEDGER_INT(of->judged_at), LEDGER_INT(limit)),
                               error),
                  due, error);
}

/* One transition for each item, numbered in the order of the items. */
static bool insert_transitions(struct ledger *ledger, const struct ledger_first_try *first, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO transition(item,n,at,state,try,job,record,due,hub)"
                       " SELECT item,1,?3,?4,?5,?6,?7-1+row_number()OVER(),?8,"
                       "(SELECT i.chf FROM inventory i WHERE i.device_id=o.device_id)"
                       " FROM(SELECT item,device_id" UNDISPATCHED "?9) o");
    const struct ledger_transition *t = &first->transition;
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(first->of->first_item), LEDGER_INT(first->of->items), LEDGER_INT(t->at),
                                    LEDGER_INT(t->state), LEDGER_INT(t->try), LEDGER_INT(t->job), LEDGER_INT(t->record),
                                    LEDGER_INT(t->due), LEDGER_INT(first->limit)),
                      error);
}

/* One session for each transition that was just inserted: they are found by the work order and their numbers in it. */
static bool insert_sessions(struct ledger *ledger, const struct ledger_first_try *first, GError **error)
{
    LEDGER_SQL(insert, "INSERT INTO session(item,state,transitions,last,try,answered,unused,delays,begun,ends,due,wake,"
                       "device_id) SELECT item,?3,1,id,?4,0,0,0,?5,?6,?7,?7," LEDGER_DEVICE_OF(
                           "transition.item") " FROM transition WHERE job=?1 AND state=3 AND record>=?2"
                                              " ORDER BY record");
    const struct ledger_session *s = &first->session;
    return ledger_run(ledger, &insert,
                      LEDGER_VALUES(LEDGER_INT(first->transition.job), LEDGER_INT(first->transition.record),
                                    LEDGER_INT(s->state), LEDGER_INT(s->try), LEDGER_INT(s->begun), LEDGER_INT(s->ends),
                                    LEDGER_INT(s->due)),
                      error);
}

bool ledger_dispatch_items(struct ledger *ledger, const struct ledger_first_try *first, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "UPDATE verdict SET dispatched=dispatched+?3,begun=begun+?3,last_end=iif(?3>0,max(last_end,?4),"
                      "last_end) WHERE job=?1 AND revision=?2");
    if (!insert_transitions(ledger, first, error))
        return false;
    *n = sqlite3_changes64(ledger->db);
    if (!insert_sessions(ledger, first, error) ||
        !ledger_run(ledger, &count,
                    LEDGER_VALUES(LEDGER_INT(first->of->job), LEDGER_INT(first->of->revision), LEDGER_INT(*n),
                                  LEDGER_INT(first->session.ends)),
                    error))
        return false;
    ledger_count_devices(ledger, LEDGER_READY, -*n);
    ledger_count_devices(ledger, first->session.state, *n);
    return true;
}

/* ---- items with a session ---- */

bool ledger_wake_times_stale(struct ledger *ledger, int64_t now, bool *stale, GError **error)
{
    LEDGER_SQL(any, "SELECT 1 FROM session WHERE wake IS NOT NULL AND wake<=? AND due IS NOT wake LIMIT 1");
    int64_t found = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &any, LEDGER_VALUES(LEDGER_INT(now)), error), &found, error))
        return false;
    *stale = found != 0;
    return true;
}

bool ledger_wake_times_refresh(struct ledger *ledger, int64_t now, GError **error)
{
    LEDGER_SQL(refresh, "UPDATE session SET wake=due WHERE wake IS NOT NULL AND wake<=? AND due IS NOT wake");
    return ledger_run(ledger, &refresh, LEDGER_VALUES(LEDGER_INT(now)), error);
}

/* An operator holds the work item of a session, or its batch (ledger_holds.h). The work item is looked at only while
 * there is a batch that is held. */
#define HELD                                                                                                           \
    "(item IN(SELECT subject FROM operator_hold WHERE kind='device') OR"                                               \
    " (EXISTS(SELECT 1 FROM operator_hold WHERE kind='batch') AND EXISTS(SELECT 1 FROM work_item w JOIN operator_hold" \
    " h ON h.kind='batch' AND h.subject=w.job WHERE w.item=session.item)))"

/* READY (0): a first try that was put off. RETRY_WAIT (4): another try. */
#define TRIES_DUE(which_)                                                                                              \
    "SELECT due,item FROM session WHERE wake IS NOT NULL AND wake<=?1 AND due<=?1 AND " which_                         \
    " AND item NOT IN(SELECT item FROM withheld) AND NOT " HELD " ORDER BY wake,item LIMIT ?2"

bool ledger_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error)
{
    LEDGER_SQL(tries, TRIES_DUE("(state=0 OR (state=4 AND ends>?1))"));
    return append(ledger, ledger_query(ledger, &tries, LEDGER_VALUES(LEDGER_INT(now), LEDGER_INT(limit)), error), due,
                  error);
}

bool ledger_later_tries_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error)
{
    LEDGER_SQL(tries, TRIES_DUE("state=4 AND ends>?1"));
    return append(ledger, ledger_query(ledger, &tries, LEDGER_VALUES(LEDGER_INT(now), LEDGER_INT(limit)), error), due,
                  error);
}

bool ledger_first_tries_put_off(struct ledger *ledger, int64_t limit, GArray *due, GError **error)
{
    LEDGER_SQL(tries, "SELECT due,item FROM session WHERE wake IS NOT NULL AND due IS NOT NULL AND state=0"
                      " AND item NOT IN(SELECT item FROM withheld) ORDER BY wake,item LIMIT ?");
    return append(ledger, ledger_query(ledger, &tries, LEDGER_VALUES(LEDGER_INT(limit)), error), due, error);
}

/* DISPATCHED (3) and CONFIRM_PENDING (5): the due time is the end of what is waited for; so it is for REJECTED (1),
 * DEFERRED (2) and FAILED (8) after a late success of one side. RETRY_WAIT (4) is over when the session's time is, even
 * if a try was due. */
bool ledger_timeouts_due(struct ledger *ledger, int64_t now, int64_t limit, GArray *due, GError **error)
{
    LEDGER_SQL(timeouts, "SELECT due,item FROM session WHERE wake IS NOT NULL AND wake<=?1 AND due<=?1 AND"
                         " (state IN(1,2,3,5,8) OR (state=4 AND ends<=?1)) ORDER BY wake,item LIMIT ?2");
    return append(ledger, ledger_query(ledger, &timeouts, LEDGER_VALUES(LEDGER_INT(now), LEDGER_INT(limit)), error),
                  due, error);
}

/* Of the numbers of states: RETRY_WAIT (4), DISPATCHED (3). Every row that waits for the time has a wake time. */
bool ledger_closing_due(struct ledger *ledger, bool closed, int64_t limit, GArray *due, GError **error)
{
    LEDGER_SQL(closing, "SELECT due,item FROM session WHERE wake IS NOT NULL AND (state=4 OR (state=3 AND ?1))"
                        " ORDER BY wake,item LIMIT ?2");
    return append(ledger, ledger_query(ledger, &closing, LEDGER_VALUES(LEDGER_INT(closed), LEDGER_INT(limit)), error),
                  due, error);
}

bool ledger_next_due(struct ledger *ledger, int64_t now, int64_t *at, GError **error)
{
    LEDGER_SQL(next, "SELECT min(wake) FROM session WHERE wake>?");
    return ledger_number(ledger, ledger_query(ledger, &next, LEDGER_VALUES(LEDGER_INT(now)), error), at, error);
}

/* ---- incidents that an older program did not open ---- */

bool ledger_incidents_due(struct ledger *ledger, GArray *items, GError **error)
{
    LEDGER_SQL(missing, "SELECT d.item FROM incident_due d JOIN session s ON s.item=d.item JOIN work_item w"
                        " ON w.item=d.item WHERE NOT EXISTS(SELECT 1 FROM operator_end o WHERE o.item=d.item)"
                        " AND NOT EXISTS(SELECT 1 FROM device_release r WHERE r.device_id=w.device_id) ORDER BY 1");
    sqlite3_stmt *query = ledger_query(ledger, &missing, LEDGER_NO_VALUES, error);
    bool row = true, good = query != NULL;

    while (good && (good = ledger_row(ledger, query, &row, error)) && row) {
        int64_t item = sqlite3_column_int64(query, 0);
        g_array_append_val(items, item);
    }
    ledger_end(query);
    return good;
}

bool ledger_incidents_due_clear(struct ledger *ledger, GError **error)
{
    LEDGER_SQL(clear, "DELETE FROM incident_due");
    return ledger_run(ledger, &clear, LEDGER_NO_VALUES, error);
}

/* ---- outcomes ---- */

bool ledger_outcomes_due(struct ledger *ledger, GPtrArray **verdicts, GError **error)
{
    LEDGER_SQL(due, "SELECT " LEDGER_VERDICT " FROM verdict v INDEXED BY verdict_unreported WHERE " LEDGER_OUTCOME_DUE
                    " ORDER BY job");
    return ledger_all(ledger, ledger_query(ledger, &due, LEDGER_NO_VALUES, error), &ledger_verdict_shape, verdicts,
                      error);
}

bool ledger_outcomes_overdue(struct ledger *ledger, int64_t at, GPtrArray **verdicts, GError **error)
{
    LEDGER_SQL(overdue,
               "SELECT " LEDGER_VERDICT " FROM verdict v INDEXED BY verdict_overdue WHERE " LEDGER_OUTCOME_WAITS
               " AND last_end<=? ORDER BY job");
    return ledger_all(ledger, ledger_query(ledger, &overdue, LEDGER_VALUES(LEDGER_INT(at)), error),
                      &ledger_verdict_shape, verdicts, error);
}

bool ledger_next_outcome(struct ledger *ledger, int64_t after, int64_t *at, GError **error)
{
    LEDGER_SQL(next, "SELECT min(last_end) FROM verdict INDEXED BY verdict_overdue WHERE " LEDGER_OUTCOME_WAITS
                     " AND last_end>?");
    return ledger_number(ledger, ledger_query(ledger, &next, LEDGER_VALUES(LEDGER_INT(after)), error), at, error);
}

bool ledger_outcome_mark_planned(struct ledger *ledger, const struct ledger_verdict *of, int64_t job, GError **error)
{
    LEDGER_SQL(mark, "UPDATE verdict SET reported=1 WHERE job=? AND revision=?");
    LEDGER_SQL(insert, "INSERT INTO outcome_file(job,instruction,first_item,items,last)"
                       " SELECT ?,?,?,?,ifnull(max(id),0) FROM transition");
    return ledger_run(ledger, &mark, LEDGER_VALUES(LEDGER_INT(of->job), LEDGER_INT(of->revision)), error) &&
           ledger_run(
               ledger, &insert,
               LEDGER_VALUES(LEDGER_INT(job), LEDGER_INT(of->job), LEDGER_INT(of->first_item), LEDGER_INT(of->items)),
               error);
}

bool ledger_model_count(struct ledger *ledger, const struct ledger_item *item, enum ledger_model_change change,
                        struct ledger_model *now, GError **error)
{
    *now = (struct ledger_model){item->device_type, item->manufacturer, item->model, item->firmware, 0, 0};
    return ledger_pending_model(ledger,
                                change == LEDGER_MODEL_MIGRATED    ? 1
                                : change == LEDGER_MODEL_OVERRULED ? -1
                                                                   : 0,
                                change == LEDGER_MODEL_FAILED, now, error);
}
