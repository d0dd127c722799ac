/*
 * A113: a sequence number has not come for `missing_number_after` since a higher one came. There is one incident for
 * each gap: its subject is the party, the type and the number after the gap, "MCC EMI 8". It is closed
 *
 *   when a file with each of the numbers has come, accepted or not (a late one is B107),
 *   when the sender's numbers begin anew: after the greatest one, or by an operator's order,
 *   when the configuration no longer asks for it.
 *
 * Closed by hand, which says that the numbers were never used, it is not opened again.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_MISSING_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_MISSING_WATCH_H

#include "gateway/gateway.h"

struct missing_watch;

/* gateway is borrowed. The caller frees the result with missing_watch_free. */
struct missing_watch *missing_watch_new(struct gateway *gateway);
/* NULL is allowed. */
void missing_watch_free(struct missing_watch *watch);

/* Opens and closes incidents, each in a transaction of its own. Looks at the numbers once a minute, if the ledger has
 * changed, and when a number becomes due. now: seconds UTC. False: the ledger failed. */
bool missing_watch(struct missing_watch *watch, int64_t now, GError **error);
/* When the next number becomes due, seconds UTC; G_MAXINT64: none will by itself. */
int64_t missing_watch_next(const struct missing_watch *watch);

#endif
