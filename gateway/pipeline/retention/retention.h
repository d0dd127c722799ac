/*
 * Packs and removes the stored files of ended jobs, by the rules of [retention], in slices of time beside other work.
 *
 * A round looks at every job that may be due, kind by kind, the oldest first. What a job's files are used for decides
 * whether it has ended: it stands in done/ or rejected/, each of its files is delivered or given up, the sender's copy
 * is gone from the drop, and no A111 is open for it. A FULL file from which the present reference data came stays as it
 * is. While a backup is made nothing is removed, or the backup would miss files that its ledger knows.
 *
 *   retention_new → retention_pass, once a pass; retention_due → retention_free
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RETENTION_RETENTION_H
#define ECOSGATE_GATEWAY_PIPELINE_RETENTION_RETENTION_H

#include "gateway/gateway.h"

struct retention;
/* Borrows the gateway. */
struct retention *retention_new(struct gateway *gateway);
/* NULL is allowed. */
void retention_free(struct retention *retention);

/* One slice, or without gateway->yields the whole round. now: seconds UTC. False: the ledger failed, or the
 * spool's folders. A file that cannot be packed or removed is told, and holds up no other. */
bool retention_pass(struct retention *retention, int64_t now, GError **error);

/* Microseconds until the next slice. */
int64_t retention_due(const struct retention *retention);

#endif
