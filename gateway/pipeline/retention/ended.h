/*
 * Whether a job has ended, so that its files may change their form or leave the spool: it stands in done/ or rejected/,
 * has its verdict, each of its files is delivered or given up, the sender's copy is gone from the drop, no A111 is open
 * for it, and it is not the FULL file from which the present reference data came.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RETENTION_ENDED_H
#define ECOSGATE_GATEWAY_PIPELINE_RETENTION_ENDED_H

#include "gateway/gateway.h"
#include "spool/job.h"
#include "spool/ledger/ledger_retention.h"

/* *state: JOB_DONE or JOB_REJECTED; JOB_NOWHERE: the job has not ended. look: what the ledger says of it. damaged: the
 * subjects of open A111 (char *). */
bool ended_job(const struct gateway *gateway, const struct ledger_retention_look *look, const GPtrArray *damaged,
               enum job_state *state, GError **error);
/* *damaged: the subjects of open A111; g_ptr_array_unref. */
bool ended_damaged(const struct gateway *gateway, GPtrArray **damaged, GError **error);

#endif
