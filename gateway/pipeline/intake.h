/*
 * Judging, the second step of a file's way: a job in ready/ or active/ gets its verdict. One commit writes the verdict,
 * its findings, what the records change (work items, sessions, reference data), incidents, and the plan of the answers.
 * pipeline.c calls this for one job after the other.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_INTAKE_H
#define ECOSGATE_GATEWAY_PIPELINE_INTAKE_H

#include "gateway/gateway.h"

/* A file moves to corrupt/ after this many crashes while it was judged: it kills the reader, and must not kill the
 * gateway for ever. Crashes are fatal signals of the program itself (spool/crash_mark.h). Stops, disk errors, SIGKILL
 * and power loss are not counted. */
enum { INTAKE_MAX_CRASHES = 3 };

/* Judges the job, unless its present revision has a verdict already. Moves it to corrupt/ if it cannot be judged: its
 * payload is missing or altered, or it has crashed the program too often. A job that is ours, or is in another state,
 * is left alone. False: nothing was decided; *error is a failure of spool or ledger, of reading the payload
 * (G_FILE_ERROR; other jobs may go on), or JUDGE_ERROR_STOPPED. */
bool intake_process(struct gateway *gateway, int64_t id, GError **error);

#endif
