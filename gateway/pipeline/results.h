/*
 * Results (EMT) and confirmations (EMC) into the ledger: what validators/result_rules.h found out about one record is
 * put there, in the verdict's transaction.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RESULTS_H
#define ECOSGATE_GATEWAY_PIPELINE_RESULTS_H

#include "gateway/gateway.h"
#include "validators/row.h"

/* A row of either type; one that changes nothing is left alone. */
bool results_take_row(struct gateway *gateway, int64_t job, const struct row *row, GError **error);

#endif
