/*
 * Custody: complete files of the drops become jobs in ready/, and only then leave the drop
 * (NOTES.md, Promises 1, The way of a file 1). One inbox for each drop; one that hangs
 * holds up no other.
 *
 *   struct pickup *pickup = pickup_new(&gateway, wake, &error);     ends what a crash left half done
 *   pickup_pass(pickup, &error);                          looks at all drops
 *   pickup_go_on(pickup, &error) …                        in between, so that no drop waits for other work
 *   pickup_free(pickup);
 *
 * A false result (NULL) is a fault of spool or ledger that ends the pass.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_H

#include "gateway/gateway.h"

struct pickup;

/* wake: worker.h. */
struct pickup *pickup_new(struct gateway *gateway, int wake, GError **error);
/* NULL is fine. */
void pickup_free(struct pickup *pickup);

bool pickup_pass(struct pickup *pickup, GError **error);
/* Goes on with what is under way; begins no look. */
bool pickup_go_on(struct pickup *pickup, GError **error);
bool pickup_is_busy(const struct pickup *pickup);
/* As of inbox.h, the shortest of all drops. */
int64_t pickup_settling(const struct pickup *pickup);
int64_t pickup_due(const struct pickup *pickup);

#endif
