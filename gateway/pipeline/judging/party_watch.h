/*
 * Incident A115: a Supplier or Meter Asset Provider that the inventory names and PTY does not (gateway/INCIDENTS.md).
 * Nobody gets the report rows of its Devices. reference.c calls this in the verdict's transaction.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_PARTY_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_PARTY_WATCH_H

#include "gateway/gateway.h"

/* Call it, in the open transaction, after an INV or a PTY has changed its table. Opens an A115 for each party and role
 * that PTY does not name, with the number of its Devices; closes those that no longer hold. Does nothing before the
 * first accepted PTY. Walks the whole inventory. now: the time of the verdict. False with *error set: an error of the
 * ledger. */
bool party_watch(struct gateway *gateway, int64_t now, GError **error);

#endif
