/* Drops that an operator has given to this gateway: table claim_take. */
#include "spool/ledger/ledger_claims.h"

#include "spool/ledger/ledger_private.h"

bool ledger_claim_take_put(struct ledger *ledger, const char *drop, const char *order_id, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO claim_take(name,order_id) VALUES(?,?)");
    return ledger_run(ledger, &put, LEDGER_VALUES(LEDGER_TEXT(drop), LEDGER_TEXT(order_id)), error);
}

bool ledger_claim_take_exists(struct ledger *ledger, const char *drop, bool *exists, GError **error)
{
    LEDGER_SQL(count, "SELECT count(*) FROM claim_take WHERE name=?");
    int64_t n = 0;
    if (!ledger_number(ledger, ledger_query(ledger, &count, LEDGER_VALUES(LEDGER_TEXT(drop)), error), &n, error))
        return false;
    *exists = n > 0;
    return true;
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
