/*
 * Results (EMT) and confirmations (EMC) into the ledger. validators/rules/result_rules.h found out what a record means;
 * results_take_row writes it, in the verdict's transaction. intake.c calls it for each record.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_RESULTS_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_RESULTS_H

#include "gateway/gateway.h"
#include "validators/row.h"

/* Writes one judged record of an EMT or EMC of that job. A record that changes nothing is skipped. False: the ledger
 * failed. */
bool results_take_row(struct gateway *gateway, int64_t job, const struct row *row, GError **error);

#endif
