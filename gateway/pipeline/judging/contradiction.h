/*
 * D152: the inventory says TCoS credentials of a Device that has migrated (gateway/INCIDENTS.md). reference.c calls
 * these in the transaction of an INV's verdict. False: an error of the ledger.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_CONTRADICTION_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_CONTRADICTION_H

#include "gateway/gateway.h"
#include "validators/rules/reference_rules.h"

/* Opens a D152 if this good record contradicts a migration that was recorded more than inventory_lag before the file
 * was made. */
bool contradiction_look(struct gateway *gateway, const struct reference *record, GError **error);
/* Closes each D152 whose Device the inventory no longer says to hold TCoS credentials. For the end of a file. */
bool contradiction_close(struct gateway *gateway, int64_t now, GError **error);

#endif
