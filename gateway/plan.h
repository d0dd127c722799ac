/*
 * Which answers a verdict owes, under which names and numbers, and to which drop. Planned in the
 * verdict's own transaction, so that an answer's bytes are a function of the ledger alone.
 */
#ifndef ECOSGATE_GATEWAY_PLAN_H
#define ECOSGATE_GATEWAY_PLAN_H

#include "gateway/gateway.h"
#include "spool/ledger_jobs.h"
#include "validators/judge.h"

/* One EMA for every file; one EMD for an instruction that was not rejected whole. raw_name is the name's bytes. */
bool plan_answers(struct gateway *gateway, const struct ledger_job *job, const char *raw_name,
                  const struct verdict *verdict, int64_t now, GError **error);

#endif
