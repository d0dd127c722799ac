/* A release names the newest transition, not the time: what is recorded later in the same second still stands. */
#include "spool/ledger/ledger_resolved.h"

#include "spool/ledger/ledger_private.h"

bool ledger_failure_put(struct ledger *ledger, int64_t item, int64_t at, GError **error)
{
    LEDGER_SQL(put, "INSERT OR REPLACE INTO failure(item,transition,manufacturer,model,firmware,chf,non_migratable)"
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
