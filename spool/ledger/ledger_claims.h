/*
 * Drops that an operator has given to this gateway although another one claims them (`claim take`): table claim_take, a
 * row for each until the claim was replaced. So the order holds also where no gateway runs when it is given, and it
 * replaces a claim once.
 *
 *   ledger_claim_take_put      within the transaction of the order
 *   ledger_claim_take_exists   before the drop is looked at
 *   ledger_claim_take_clear    the drop is ours
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_CLAIMS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_CLAIMS_H

#include "spool/ledger/ledger.h"

/* Gives the drop to this gateway, by that order, within the caller's transaction. */
bool ledger_claim_take_put(struct ledger *ledger, const char *drop, const char *order_id, GError **error);
/* *exists: the drop was given, and its claim is not replaced yet. */
bool ledger_claim_take_exists(struct ledger *ledger, const char *drop, bool *exists, GError **error);
/* Removes the row, in a transaction of its own. Passes STEP_CLAIM_SETTLED. */
bool ledger_claim_take_clear(struct ledger *ledger, const char *drop, GError **error);

#endif
