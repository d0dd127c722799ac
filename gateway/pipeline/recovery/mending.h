/*
 * Makes damaged files of the spool whole again (A111, damage.h).
 *
 *   payload    by the very same bytes, which the sender sends again under the same name: mending_by_same_bytes
 *   envelope   by the ledger's row, which says all that is in it: mending_envelope
 *   answer     by the ledger's rows: mending_outgoing. A report is not built again: it records what was known.
 *
 * A file that was made whole is as durable as a new one. Errors are those of spool and ledger, unless a comment says
 * more.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_MENDING_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_MENDING_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"

/* Is there an older job without a verdict that came through the same drop under the same name with the same bytes, and
 * whose payload is damaged? Then puts the bytes of `job` (in ready/ or active/) into it, brings it back to ready/ if it
 * was in corrupt/, and moves `job` to done/, without a verdict and without an answer. *mended: the older job, which is
 * to be judged now; 0: there is none, and `job` is judged for itself. Goes on where a crash interrupted it. */
bool mending_by_same_bytes(struct gateway *gateway, const struct ledger_job *job, int64_t *mended, GError **error);

/* Writes the job's envelope anew if it is missing, damaged or not what the ledger's row says. Leaves it alone if the
 * row has no drop or no digest: then the row is damaged, and the proof of the payload moves the job to corrupt/. */
bool mending_envelope(struct gateway *gateway, const struct ledger_job *job, enum job_state state, GError **error);

/* After `cause` kept a STORED file from being delivered: is the stored file damaged? Then builds it again. *mended: it
 * is whole now. Otherwise it stays as it is; a damaged one has an open incident then. */
bool mending_outgoing(struct gateway *gateway, const struct ledger_outgoing *file, bool *mended, GError **error);

/* Why the ledger's rows cannot make the bytes that were stored, as the end of a sentence; NULL: they can. g_free. */
char *mending_obstacle(struct gateway *gateway, const struct ledger_outgoing *file);

/* A file of a job as it was stored. */
struct stored {
    const char *name;
    int64_t size; /* bytes */
    const char *sha256;
};

/* Replaces the file `to` by the bytes of `from`, which the caller has proved to be those of `stored`. They are proved
 * once more by what was written: G_FILE_ERROR if the disk has given other bytes now, or none. */
bool mending_copy(const char *from, const char *to, const struct stored *stored, GError **error);

#endif
