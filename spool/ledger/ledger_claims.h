/*
 * Drops that an operator has given to this gateway although another one claims them (`claim take`): table claim_take, a
 * row for each until the claim was replaced. So the order holds also where no gateway runs when it is given. It
 * names the claim that its giver saw (claim_key in gateway/drops/claim.h), and replaces that one only, once.
 *
 *   ledger_claim_take_put      within the transaction of the order
 *   ledger_claim_take_get      before the drop is looked at
 *   ledger_claim_take_clear    the drop is ours, or another claim stands there
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_CLAIMS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_CLAIMS_H

#include "spool/ledger/ledger.h"

/* Gives the drop to this gateway, by that order, within the caller's transaction. */
bool ledger_claim_take_put(struct ledger *ledger, const char *drop, const char *order_id, const char *claim,
                           GError **error);
/* *claim: the one that the order is about, which is not replaced yet; NULL: no order waits. g_free. */
bool ledger_claim_take_get(struct ledger *ledger, const char *drop, char **claim, GError **error);
/* Removes the row, in a transaction of its own. Passes STEP_CLAIM_SETTLED. */
bool ledger_claim_take_clear(struct ledger *ledger, const char *drop, GError **error);

#endif
