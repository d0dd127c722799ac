/*
 * How an inbound file comes into our custody: its bytes are copied into a new job before the sender's copy is removed.
 *
 *     job_batch_begin
 *         (job_custody_begin → job_custody_sign? → job_custody_write* → job_custody_store → job_custody_free)*
 *                                                one job per file
 *     job_batch_settle → job_batch_free          all bytes of the batch are on disk
 *     … the ledger commits a row for each job …
 *     job_move_all (job.h)                       the jobs are in ready/; now the senders' copies may be removed
 *
 * No file of a batch is durable by itself: one sync of the file system serves all. A sync for each file and folder made
 * the pickup of many small files four times as slow. Therefore a folder in incoming/ counts for nothing before its row
 * is committed, and one without a row is dropped at the next start.
 *
 * A job's folder holds `payload`, the sender's bytes, `envelope`, a key file that says where they came from, and
 * `signature.p7s` if the file came with a signature.
 * Errors are those of disk.h, unless a comment says more.
 */
#ifndef ECOSGATE_SPOOL_CUSTODY_H
#define ECOSGATE_SPOOL_CUSTODY_H

#include "spool/job.h"

/* What the envelope says. */
struct job_envelope {
    int64_t id;         /* of the job; set by job_custody_store */
    int64_t received;   /* seconds since 1970, UTC */
    uint64_t size;      /* bytes of the payload; set by job_custody_store */
    const char *name;   /* the sender's name for the file, escaped */
    const char *drop;   /* the drop that it came through */
    const char *sha256; /* of the payload, lower-case hex; set by job_custody_store, borrowed from the custody */
};

/* ---- a batch: files that become durable together ---- */

struct job_batch;
typedef struct job_batch job_batch_t;

/* Begins a batch; to be called before the first of its files. NULL on an error. */
struct job_batch *job_batch_begin(const struct spool *spool, GError **error);

/* Makes everything that was stored since job_batch_begin durable. A failure is final: no job of the batch may get a
 * row. */
bool job_batch_settle(struct job_batch *batch, GError **error);

/* NULL is allowed. */
void job_batch_free(struct job_batch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(job_batch_t, job_batch_free)

/* ---- one file of a batch ---- */

struct job_custody;
typedef struct job_custody job_custody_t;

/* Makes the folder incoming/<id> and begins its payload, with expected_size bytes reserved. NULL on an error:
 * SPOOL_ERROR_EXISTS when the folder exists, SPOOL_ERROR_BUG when no job can have that id. */
struct job_custody *job_custody_begin(const struct spool *spool, int64_t id, uint64_t expected_size, GError **error);

/* Adds len bytes to the payload. custody is a struct job_custody: the function is a byte sink (disk_file_write). */
bool job_custody_write(void *custody, const char *data, size_t len, GError **error);

/* Places the signature that came with the file beside the payload, len bytes; sets its SHA-256. Durable only after
 * job_batch_settle. */
bool job_custody_sign(struct job_custody *custody, const void *data, size_t len, char sha256[DIGEST_HEX_SIZE],
                      GError **error);

/* Ends the payload and writes the envelope. The caller fills received, name and drop of *envelope; the rest is set
 * here. Durable only after job_batch_settle. */
bool job_custody_store(struct job_custody *custody, struct job_envelope *envelope, GError **error);

/* Frees the custody, and removes the folder if nothing was stored. NULL is allowed. */
void job_custody_free(struct job_custody *custody);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(job_custody_t, job_custody_free)

/* ---- later ---- */

/* Writes the envelope of a job anew, durably; all members of *envelope are given. Passes the crash point. */
bool job_envelope_write(enum step step, const struct spool *spool, enum job_state state,
                        const struct job_envelope *envelope, GError **error);

/* The envelope of a job, one block for g_free. NULL with SPOOL_ERROR_CORRUPT when it is missing or is not a whole
 * envelope of this id. */
struct job_envelope *job_envelope_read(const struct spool *spool, enum job_state state, int64_t id, GError **error);

#endif
