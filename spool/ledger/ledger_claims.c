/* Drops that an operator has given to this gateway: table claim_take. */
#include "spool/ledger/ledger_claims.h"

#include "spool/ledger/ledger_private.h"

bool ledger_claim_take_put(struct ledger *ledger, const char *drop, const char *order_id, const char *claim,
                           GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO claim_take(name,order_id,claim) VALUES(?,?,?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_TEXT(order_id), LEDGER_TEXT(claim)), error);
}

bool ledger_claim_take_get(struct ledger *ledger, const char *drop, char **claim, GError **error)
{
    LEDGER_SQL(get, "SELECT claim FROM claim_take WHERE name=?");
    sqlite3_stmt *q = ledger_query(ledger, &get, LEDGER_VALUES(LEDGER_TEXT(drop)), error);
    bool row = false, good = q != NULL && ledger_row(ledger, q, &row, error);

    *claim = good && row ? g_strdup(ledger_text(q, 0)) : NULL;
    ledger_end(q);
    return good;
}

bool ledger_claim_take_clear(struct ledger *ledger, const char *drop, GError **error)
{
    LEDGER_SQL(clear, "DELETE FROM claim_take WHERE name=?");

    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_run(ledger, &clear, LEDGER_VALUES(LEDGER_TEXT(drop)), error) &&
        ledger_commit(STEP_CLAIM_SETTLED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}
