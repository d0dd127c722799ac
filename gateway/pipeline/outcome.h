/*
 * How work ends: every change of a session goes through here, so that an end is counted for its Device Model (D160)
 * and the last end of a batch is told (EMO). Both functions need the open transaction of whatever caused the change.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_OUTCOME_H
#define ECOSGATE_GATEWAY_PIPELINE_OUTCOME_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_sessions.h"

/* The session that `work` has become, and the transition that led there. */
bool outcome_note(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                  const struct ledger_transition *transition, GError **error);

/* Plans an EMO for every accepted instruction whose work has all ended. Call it before the transaction's commit. */
bool outcome_plan(struct gateway *gateway, int64_t now, GError **error);

#endif
