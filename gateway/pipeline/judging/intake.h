/*
 * Judging, the second step of a file's way: a job in ready/ or active/ gets its verdict. One commit writes the verdict,
 * its findings, what the records change (work items, sessions, reference data), incidents, and the plan of the answers.
 * pipeline.c calls this for one job after the other.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_INTAKE_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_INTAKE_H

#include "gateway/gateway.h"

/* A file moves to corrupt/ after this many crashes while it was judged: it kills the reader, and must not kill the
 * gateway for ever. Crashes are fatal signals of the program itself (spool/crash_mark.h). Stops, disk errors, SIGKILL
 * and power loss are not counted. */
enum { INTAKE_MAX_CRASHES = 3 };

/* Judges the job, unless its present revision has a verdict already. Moves it to corrupt/ if it cannot be judged: its
 * payload is missing or altered (A111), or it has crashed the program too often. If its bytes mend an older job
 * (mending.h), that one is judged instead. A job that is ours, or is in another state, is left alone.
 *
 * The files that come after a damaged one do not wait for it: it is compared with the numbers before its own id only,
 * however late it is judged, just like a file that an operator holds. To wait would stop a sender for as long as he has
 * not sent that file again, and he may never do so.
 * False: nothing was decided; *error is a failure of spool or ledger, of reading the payload
 * (G_FILE_ERROR; other jobs may go on), or JUDGE_ERROR_STOPPED. */
bool intake_process(struct gateway *gateway, int64_t id, GError **error);

/* Makes durable what intake_process and dispatch have done for a group of jobs: their folders are in active/, and one
 * commit of the ledger has verdicts and work orders. Comes before anything is built or delivered that follows from
 * them. */
bool intake_settle(struct gateway *gateway, GError **error);

#endif
