/*
 * Signatures of outgoing files: PLANNED → STORED. A signature is an outgoing file with a row of its own
 * (ledger_outgoing.h), so its delivery, its proof, its retention and its way into archives are those of any file.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DELIVERY_SIGNING_H
#define ECOSGATE_GATEWAY_PIPELINE_DELIVERY_SIGNING_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_outgoing.h"

/* Makes and stores each planned signature whose file is stored. What cannot be signed now is logged, and tried again
 * in each pass; gateway->unsigned_for says why, for signing_watch. False: the ledger failed. */
bool signing_store(struct gateway *gateway, GError **error);

/* Has a damaged signature that is STORED made anew in the next pass: an EC key makes no signature twice. */
bool signing_renew(struct gateway *gateway, const struct ledger_outgoing *signature, GError **error);

#endif
