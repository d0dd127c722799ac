/*
 * A111: a file in the spool is not what was stored. Its bytes were changed, cut or lost, or cannot be read.
 *
 * Each damaged file is one incident from the moment that the gateway comes upon it until the file is whole again, or
 * an operator closes the incident. The subject is `<job>/<file>`, or the job's id alone for its whole folder.
 *
 *     damage_open → … the file is whole again (mending.h) → damage_close
 *
 * The gateway looks at a file when it needs it: a payload and its envelope before the verdict, a stored file before its
 * delivery. What is damaged afterwards is found by `spool verify`.
 *
 * False: the ledger failed.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_DAMAGE_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_DAMAGE_H

#include "gateway/gateway.h"

/* Opens the incident, unless it is open, in the open transaction. file NULL: the whole job. */
bool damage_open_within(struct gateway *gateway, int64_t job, const char *file, const char *text, GError **error);
/* Closes the incident, if it is open, in the open transaction. */
bool damage_close_within(struct gateway *gateway, int64_t job, const char *file, GError **error);

/* The same in a transaction of its own, which is made only if there is something to change. */
bool damage_open(struct gateway *gateway, int64_t job, const char *file, const char *text, GError **error);
/* See damage_open. */
bool damage_close(struct gateway *gateway, int64_t job, const char *file, GError **error);

/* Once a pass: closes the incidents of stored files that were delivered after all, for instance because an operator has
 * put the file back from a backup. */
bool damage_review(struct gateway *gateway, GError **error);

#endif
