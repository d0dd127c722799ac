/*
 * Carries out the purge that an operator has ordered (gateway/pipeline/orders/order_purge.c), in slices of time
 * beside other work: jobs, Devices, changes of supplier, the ledger's pages. Where it is stands in the ledger
 * (ledger_purge.h). While a backup is made it stands still, for the backup copies what its ledger knows of.
 *
 *   purging_new → purging_pass, once a pass; purging_due → purging_free
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RETENTION_PURGE_H
#define ECOSGATE_GATEWAY_PIPELINE_RETENTION_PURGE_H

#include "gateway/gateway.h"

struct purging;
/* Borrows the gateway. */
struct purging *purging_new(struct gateway *gateway);
/* NULL is allowed. */
void purging_free(struct purging *purging);

/* One slice, or without gateway->yields as much as can be done now. now: seconds UTC. False: the ledger failed, or the
 * spool's folders. */
bool purging_pass(struct purging *purging, int64_t now, GError **error);
/* Microseconds until the next slice. */
int64_t purging_due(const struct purging *purging);

/* For a command that has carried out orders itself: the same, once. */
bool purge_finish(struct gateway *gateway, int64_t now, GError **error);

#endif
