/*
 * Whether a whole file of a drop has to wait for its signature, the file of its name and SIGNATURE_SUFFIX. `pickup`
 * and inbox_listing.c ask it after completeness.h.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_SIGNATURE_WAIT_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_SIGNATURE_WAIT_H

#include "gateway/gateway.h"
#include "gateway/pipeline/pickup/completeness.h"

/* A file that counts as whole, and its signature. */
struct signature_wait {
    const struct gateway *gateway;
    const struct drop *drop;
    const struct drop_entry *file;
    const struct drop_entry *signature; /* NULL: there is none */
    int64_t unchanged;                  /* microseconds since the signature is known to have its size and time */
};

/* True if the name is that of the signature of a file through this drop, which is no file by itself. */
bool signature_wait_is_one(const struct drop *drop, const char *name);

/* Changes *result, which is PICKUP_TAKE, if the file has to wait. *taken: its signature is to be taken with it. False:
 * the ledger failed. The time for which a missing signature is waited for begins when the file was first seen with its
 * size and time, as the ledger's journal says. */
bool signature_wait_decide(const struct signature_wait *wait, struct completeness_result *result, bool *taken,
                           GError **error);

/* Of a signature whose file is not in the drop: changes *result, which is PICKUP_LEAVE, to PICKUP_FAULT once it has
 * been there, with its size and time, for an hour or the longest signature_wait of the drop's parties. False: the
 * ledger failed. */
bool signature_wait_alone(const struct gateway *gateway, const struct drop *drop, const struct drop_entry *signature,
                          struct completeness_result *result, GError **error);

#endif
