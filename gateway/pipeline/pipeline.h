/*
 * Passes: everything that is due, stage after stage, meeting in the spool only (NOTES.md).
 *
 *   pipeline = pipeline_new(&gateway, &error);                      ends what a crash left half done
 *   pipeline_pass(pipeline, patience, &error) …
 *   pipeline_free(pipeline);
 *
 * Between passes a daemon waits for pipeline_wake_fd, for pipeline_due, or for what it watches itself.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PIPELINE_H
#define ECOSGATE_GATEWAY_PIPELINE_PIPELINE_H

#include "gateway/gateway.h"

#define PIPELINE_PATIENT (G_MAXINT64 / 4)

struct pipeline;

/* NULL: a fault of spool or ledger. */
struct pipeline *pipeline_new(struct gateway *gateway, GError **error);
/* NULL is fine. */
void pipeline_free(struct pipeline *pipeline);

/* Orders, custody, then verdict, dispatch and delivery job by job. patience: how many microseconds drops are
 * waited for in all; those that need longer come in a later pass. False: a fault of spool or ledger that no other file
 * would escape either. */
bool pipeline_pass(struct pipeline *pipeline, int64_t patience, GError **error);

/* Something is under way in a drop; its end makes pipeline_wake_fd readable. */
bool pipeline_is_busy(const struct pipeline *pipeline);
int pipeline_wake_fd(const struct pipeline *pipeline);
/* Takes what made it readable. */
void pipeline_woken(const struct pipeline *pipeline);
/* Microseconds until a file that is not whole yet may be, 0 when there is none. */
int64_t pipeline_settling(const struct pipeline *pipeline);
/* Microseconds until something is due by itself. */
int64_t pipeline_due(const struct pipeline *pipeline);

#endif
