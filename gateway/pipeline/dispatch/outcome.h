/*
 * How work on a Device changes and ends. Every change of a session goes through outcome_record, so that an end is
 * counted for its Device Model (D160), and incidents of the Device are opened and closed. When the last Device of an
 * instruction has ended, outcome_plan plans its outcome file (EMO); when it is not waited for any longer,
 * outcome_plan_overdue does.
 *
 * Called by dispatch.c (time, work orders), results.c (results, confirmations), intake.c (verdicts) and the orders
 * about Devices (orders/), inside the open transaction of what caused the change: a crash leaves all of it or nothing.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_OUTCOME_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_OUTCOME_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

/* Writes what the session of `work` has become, and the transition that led there. work is the state before. If the
 * Device has migrated, its other work ends with it. False: the ledger failed. */
bool outcome_record(struct gateway *gateway, const struct ledger_work *work, const struct ledger_session *session,
                    const struct ledger_transition *transition, GError **error);

/* An operator overrules the Device's migration, if it has one that stands: its model has one Device less that has
 * migrated, and may be one of which every Device fails (D160). Call it before ledger_device_release, in the same
 * transaction. False: the ledger failed. */
bool outcome_overrule(struct gateway *gateway, uint64_t device, int64_t now, GError **error);

/* Opens, in a transaction of its own, the incidents of Devices that stood in D105, D140, D150 or D151 when an older
 * program left the ledger: it opened none. Plans outcomes that have waited for a profile in an earlier run. Call it
 * before the files of a pass. False: the ledger failed. */
bool outcome_catch_up(struct gateway *gateway, int64_t now, GError **error);

/* Plans an EMO for every accepted instruction whose Devices have all ended, and a further one after an end was
 * corrected. now: seconds UTC. Call it once before the transaction's commit. False: the ledger failed. */
bool outcome_plan(struct gateway *gateway, int64_t now, GError **error);

/* Plans, in a transaction of its own, the EMO of every instruction whose last session should have ended outcome_wait
 * ago: Devices of which a side has not spoken are in it as they are. Call it after the sessions whose time is over have
 * ended. False: the ledger failed. */
bool outcome_plan_overdue(struct gateway *gateway, int64_t now, GError **error);

/* *at: seconds UTC when outcome_plan_overdue has something to do, later than now; 0: not for the present. */
bool outcome_next(struct gateway *gateway, int64_t now, int64_t *at, GError **error);

#endif
