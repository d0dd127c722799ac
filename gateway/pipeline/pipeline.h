/*
 * The pipeline: passes that do everything that is due, stage after stage. Stages meet in the spool and the ledger only
 * (NOTES.md, The route of a file). The command `run` calls this.
 *
 *   pipeline = pipeline_new(&gateway, &error);                      first finishes what a crash left half done
 *   pipeline_pass(pipeline, patience, &error) …
 *   pipeline_free(pipeline);
 *
 * Between passes a daemon waits for pipeline_wake_fd, for the time of pipeline_due, or for a change in a folder that it
 * watches. One thread calls all of this.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PIPELINE_H
#define ECOSGATE_GATEWAY_PIPELINE_PIPELINE_H

#include "gateway/gateway.h"

/* The patience of a run that waits until each drop has answered or is down. */
#define PIPELINE_PATIENT (G_MAXINT64 / 4)

struct pipeline;

/* gateway is a writer's, and borrowed. NULL: spool or ledger failed. */
struct pipeline *pipeline_new(struct gateway *gateway, GError **error);
/* Interrupts transfers that are under way. NULL is allowed. */
void pipeline_free(struct pipeline *pipeline);

/* Does everything that is due: operators' orders, pickup, reports, then judging, dispatch and delivery for one job
 * after the other, and incidents last. patience: microseconds that the pass waits for drops in all; transfers that need
 * longer go on, and a later pass takes their results. What was due and could not be done is reported and sets
 * gateway->failed. False: spool or ledger failed, which would stop every other file too. */
bool pipeline_pass(struct pipeline *pipeline, int64_t patience, GError **error);

/* An event descriptor to poll: readable once a transfer has ended that no pass waited for. The pipeline owns it. */
int pipeline_wake_fd(const struct pipeline *pipeline);
/* Makes the event descriptor unreadable again. Call it before the next pass. */
void pipeline_woken(const struct pipeline *pipeline);
/* Microseconds until a pass may do more: a file that is not complete yet may be (rule `stable`), or an instruction
 * waits for reference data (queue.h). 0: nothing is waited for. */
int64_t pipeline_settling(const struct pipeline *pipeline);
/* From now on no instruction waits for reference data that are not in the spool. */
void pipeline_wait_no_more(struct pipeline *pipeline);
/* True: reports are being built with this configuration (reports.h). It may be replaced as soon as they are issued. */
bool pipeline_keeps_config(const struct pipeline *pipeline);
/* Microseconds until something is due by itself. At most about 11 days. */
int64_t pipeline_due(const struct pipeline *pipeline);

#endif
