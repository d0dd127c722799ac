/*
 * What operators keep back (ledger_holds.h), in words: what it is, who said so, since when, why, and the command that
 * ends it.
 */
#ifndef ECOSGATE_GATEWAY_CONDITION_EXPLAIN_HOLD_H
#define ECOSGATE_GATEWAY_CONDITION_EXPLAIN_HOLD_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_holds.h"

/* *text: "an operator (NAME, since TIME) has paused it: REASON; `ecosgate … resume --reason TEXT` ends that", or "holds
 * it"; NULL: nobody does; g_free it. False: the ledger's error. */
bool explain_hold(struct gateway *gateway, const struct ledger_hold *hold, char **text, GError **error);
/* Why it is kept back: the reason of the order without what the order is about, which the row has before it. */
const char *explain_hold_reason(const struct ledger_held *held);
/* The command that ends it, without its reason: "ecosgate dispatch resume". g_free it. */
char *explain_hold_end(const struct ledger_held *held);
/* "dispatch", "drop mcc, in", "batch MCC.B-1", "Device 00-…". g_free it. */
char *explain_hold_subject(const struct ledger_held *held);

#endif
