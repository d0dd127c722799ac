/*
 * How work on a Device changes and ends. Every change of a session goes through outcome_record, so that an end is
 * counted for its Device Model (D160) and closes the Device's incident. When the last Device of an instruction has
 * ended, outcome_plan plans its outcome file (EMO).
 *
 * Called by dispatch.c (time, work orders), results.c (results, confirmations) and intake.c (verdicts), inside the open
 * transaction of what caused the change: a crash leaves either all of it or nothing.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_OUTCOME_H
#define ECOSGATE_GATEWAY_PIPELINE_OUTCOME_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_sessions.h"

/* Writes what the session of `work` has become, and the transition that led there. work is the state before. False: the
 * ledger failed. */
bool outcome_record(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                    const struct ledger_transition *transition, GError **error);

/* Plans an EMO for every accepted instruction whose Devices have all ended, and a further one after an end was
 * corrected. now: seconds UTC. Call it once before the transaction's commit. False: the ledger failed. */
bool outcome_plan(struct gateway *gateway, int64_t now, GError **error);

#endif
