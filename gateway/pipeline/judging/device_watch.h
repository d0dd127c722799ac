/*
 * Incidents of Devices that reference data end: what the inventory says now is no longer what they were opened for
 * (gateway/INCIDENTS.md, What closes an incident of a Device). D152 is contradiction.h's.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_DEVICE_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_DEVICE_WATCH_H

#include "gateway/gateway.h"

/* Closes the incidents of Devices whose cause is gone, in the transaction of an accepted INV or COS. Looks at each open
 * incident of a Device. False: the ledger failed. */
bool device_watch(struct gateway *gateway, int64_t now, GError **error);

#endif
