/* A release names the newest transition, not the time: what is recorded later in the same second still stands. */
#include "spool/ledger/ledger_resolved.h"

#include "spool/ledger/ledger_private.h"

bool ledger_failure_put(struct ledger *ledger, int64_t item, int64_t at, GError **error)
{
    LEDGER_SQL_BESIDE(put,
                      "INSERT OR REPLACE INTO failure(item,transition,manufacturer,model,firmware,chf,non_migratable)"
                      " SELECT s.item,s.last,i.manufacturer,i.model,i.firmware,i.chf," LEDGER_IS_NON_MIGRATABLE(
                          "?2") " FROM session s JOIN work_item w USING(item) LEFT JOIN inventory i USING(device_id)"
                                " WHERE s.item=?1");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_INT(item), LEDGER_INT(at)), error);
}

bool ledger_device_release(struct ledger *ledger, uint64_t device, const char *order_id, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO device_release(device_id,transition,order_id)"
                    " SELECT ?1,ifnull(max(id),0),?2 FROM transition");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_ID(device), LEDGER_TEXT(order_id)), error);
}

/* State 7 is LEDGER_MIGRATED. */
bool ledger_migrated_before(struct ledger *ledger, uint64_t device, int64_t before, struct ledger_migrated *found,
                            GError **error)
{
    LEDGER_SQL_BESIDE(newest,
                      "SELECT s.ended,w.job,v.revision,w.item FROM work_item w CROSS JOIN session s ON s.item=w.item"
                      " JOIN verdict v ON v.job=w.job AND v.items>0 LEFT JOIN device_release r"
                      " ON r.device_id=w.device_id WHERE w.device_id=?1 AND s.state=7 AND s.ended<?2"
                      " AND(r.transition IS NULL OR s.last>r.transition) ORDER BY w.item DESC LIMIT 1");
    sqlite3_stmt *q = ledger_query(ledger, &newest, LEDGER_VALUES(LEDGER_ID(device), LEDGER_INT(before)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *found = (struct ledger_migrated){0};
    if (good && row)
        *found = (struct ledger_migrated){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                                          sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3)};
    ledger_end(q);
    return good;
}
