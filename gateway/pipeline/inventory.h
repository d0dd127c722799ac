/*
 * A104: the Device inventory is missing or too old, and instructions wait in ready/, in order; all other files go on
 * (queue.h).
 * These functions only read the ledger. reference_update_incident opens and closes the incident.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INVENTORY_H
#define ECOSGATE_GATEWAY_PIPELINE_INVENTORY_H

#include "gateway/gateway.h"

/* *text: what is wrong with the inventory, for people; g_free it. NULL: it is there and fresh enough, or not required
 * yet. False: the ledger's error. */
bool inventory_find_problem(struct gateway *gateway, char **text, GError **error);

/* Sets *waits if the job has to wait while A104 is open. True for instructions only. Answers of the job that are
 * planned already are delivered all the same. False: the ledger's error. */
bool inventory_waits(struct gateway *gateway, int64_t job, bool *waits, GError **error);

#endif
