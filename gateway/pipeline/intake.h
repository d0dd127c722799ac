/*
 * From a job in ready/ or active/ to a verdict in the ledger: judging, the split into work items and the
 * plan of the answers, in one commit (NOTES.md, Promises 3 and 4).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INTAKE_H
#define ECOSGATE_GATEWAY_PIPELINE_INTAKE_H

#include "gateway/gateway.h"

/* After so many fatal signals in its judging a file is set aside as corrupt: it kills the reader. */
enum { INTAKE_MAX_CRASHES = 3 };

/* Judges the job unless its present revision has a verdict. Sets it aside as corrupt where it
 * cannot be judged. False: nothing was decided, see error (a fault, or JUDGE_ERROR_STOPPED). */
bool intake_process(struct gateway *gateway, int64_t id, GError **error);

#endif
