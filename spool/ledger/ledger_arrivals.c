/* Arrivals of files: tables job and verdict. */
#include "spool/ledger/ledger_arrivals.h"

#include "spool/ledger/ledger_private.h"

/* Jobs have ascending ids and times, so the search for the first one ends at the first that came before the span. A
 * "+" keeps a column out of the choice of an index: those of sender and type would lead through years of files. */
bool ledger_arrivals_count(struct ledger *ledger, const struct ledger_arrivals_asked *asked,
                           struct ledger_arrivals *came, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*)FILTER(WHERE v.outcome<>'RJ'),count(*)FILTER(WHERE v.outcome='RJ'),"
                      "count(*)FILTER(WHERE v.outcome IS NULL) FROM job j"
                      " LEFT JOIN verdict v ON v.job=j.id AND v.revision=j.revision"
                      " WHERE j.id>ifnull((SELECT id FROM job WHERE received<?3 ORDER BY id DESC LIMIT 1),0)"
                      " AND +j.sender=?1 AND +j.type=?2 AND j.received>=?3 AND j.received<?4 AND j.direction=0"
                      " AND ifnull(j.healed,0)=0");
    sqlite3_stmt *q = ledger_query(ledger, &count,
                                   LEDGER_VALUES(LEDGER_TEXT(asked->sender), LEDGER_TEXT(asked->type),
                                                 LEDGER_INT(asked->from), LEDGER_INT(asked->until)),
                                   error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    if (good && row)
        *came = (struct ledger_arrivals){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                                         sqlite3_column_int64(q, 2)};
    ledger_end(q);
    return good;
}
