/* An end that was corrected later is in session_was, not in session: both tables are asked. */
#include "spool/ledger/ledger_progress.h"

#include "spool/ledger/ledger_private.h"

/* Of both tables: ends that still hold, and ends that were corrected. */
#define ENDED_WITHIN " WHERE s.state=?1 AND s.ended>=?2 AND s.ended<?3"
#define ENDED_ITEMS(table)                                                                                             \
    "SELECT s.item,w.device_id,s.code,s.ended FROM " table " s CROSS JOIN work_item w ON w.item=s.item" ENDED_WITHIN
#define ENDED_COUNT(table) "(SELECT count(*) FROM " table " s" ENDED_WITHIN ")"
#define ENDED_VALUES(which)                                                                                            \
    LEDGER_VALUES(LEDGER_INT((which)->state), LEDGER_INT((which)->when.from), LEDGER_INT((which)->when.until))

bool ledger_ended_sessions_each(struct ledger *ledger, const struct ledger_ended *which, ledger_ended_visit visit,
                                void *user, GError **error)
{
    LEDGER_SQL(ended, ENDED_ITEMS("session") " UNION ALL " ENDED_ITEMS("session_was") " ORDER BY 4,1");
    sqlite3_stmt *q = ledger_query(ledger, &ended, ENDED_VALUES(which), error);
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, sqlite3_column_int64(q, 0), (uint64_t)sqlite3_column_int64(q, 1), ledger_text(q, 2), error);
    ledger_end(q);
    return good;
}

bool ledger_ended_sessions_count(struct ledger *ledger, const struct ledger_ended *which, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT " ENDED_COUNT("session") "+" ENDED_COUNT("session_was"));
    return ledger_number(ledger, ledger_query(ledger, &count, ENDED_VALUES(which), error), n, error);
}

/* State 7 is LEDGER_MIGRATED, which no later end corrects. */
#define MIGRATED_DEVICES " FROM session s CROSS JOIN work_item w ON w.item=s.item"
#define MIGRATED_BEFORE " WHERE s.state=7 AND s.ended<?1"

bool ledger_migrated_devices_count(struct ledger *ledger, int64_t at, int64_t *n, GError **error)
{
    LEDGER_SQL(count, "SELECT count(DISTINCT w.device_id)" MIGRATED_DEVICES MIGRATED_BEFORE);
    return ledger_number(ledger, ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_INT(at)), error), n, error);
}

/* Visits (Device, outcome of its review) rows; ends the query. */
static bool each_review(struct ledger *ledger, sqlite3_stmt *q, ledger_review_visit visit, void *user, GError **error)
{
    bool row = true, good = q != NULL;
    while (good && (good = ledger_row(ledger, q, &row, error)) && row)
        good = visit(user, (uint64_t)sqlite3_column_int64(q, 0), (enum ledger_state)sqlite3_column_int(q, 1), error);
    ledger_end(q);
    return good;
}

bool ledger_reviews_each(struct ledger *ledger, const struct ledger_interval *judged, ledger_review_visit visit,
                         void *user, GError **error)
{
    LEDGER_SQL(judged_within, "SELECT w.device_id,w.outcome FROM verdict v CROSS JOIN work_item w"
                              " ON w.item>=v.first_item AND w.item<v.first_item+v.items"
                              " WHERE v.judged_at>=? AND v.judged_at<? AND v.items>0");
    return each_review(
        ledger,
        ledger_query(ledger, &judged_within, LEDGER_VALUES(LEDGER_INT(judged->from), LEDGER_INT(judged->until)), error),
        visit, user, error);
}

/* The + keeps SQLite from making an index of all work items by outcome for this one query: 32 CPU seconds instead of
 * 0.4 with 1,250,000 of them. */
bool ledger_unfinished_each(struct ledger *ledger, int64_t at, ledger_review_visit visit, void *user, GError **error)
{
    LEDGER_SQL(unfinished, "SELECT w.device_id,w.outcome FROM verdict v CROSS JOIN work_item w"
                           " ON w.item>=v.first_item AND w.item<v.first_item+v.items"
                           " LEFT JOIN session s ON s.item=w.item WHERE v.judged_at<?1 AND v.items>0"
                           " AND +w.outcome=0 AND (s.ended IS NULL OR s.ended>=?1) AND NOT EXISTS"
                           "(SELECT 1 FROM session_was c WHERE c.item=w.item AND c.ended<?1)");
    return each_review(ledger, ledger_query(ledger, &unfinished, LEDGER_VALUES(LEDGER_INT(at)), error), visit, user,
                       error);
}
