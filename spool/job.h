/*
 * The spool on disk: a job is a directory <state>/<id>, and the folder it is in is its state. Files of a
 * job are its parts; an inbound job has `payload` (the sender's bytes) and `envelope` (a key file).
 *
 *     spool_open → spool_lock (the writer only) → … → spool_close
 *     job_batch_begin → (job_custody_begin → job_custody_write* → job_custody_store → job_custody_free)*
 *         → job_batch_settle → job_batch_free → the ledger's rows → job_publish(JOB_INCOMING → JOB_READY)
 *
 * Ids are printed as at least 8 digits. No path is built from anything but an int64 and a part name that
 * job_file_is_safe accepts. Errors are those of disk.h; what else can happen is said below.
 */
#ifndef ECOSGATE_SPOOL_JOB_H
#define ECOSGATE_SPOOL_JOB_H

#include "spool/disk.h"

enum job_state {
    JOB_INCOMING,
    JOB_READY,
    JOB_ACTIVE,
    JOB_HELD,
    JOB_DONE,
    JOB_REJECTED,
    JOB_CORRUPT,
    JOB_STATE_COUNT,
    JOB_NOWHERE = JOB_STATE_COUNT /* no directory of that id */
};

#define JOB_ID_SIZE 20 /* longest printed id and NUL */
#define JOB_PAYLOAD "payload"
#define JOB_ENVELOPE "envelope"

/* "incoming" …; NULL outside the states. */
const char *job_state_name(enum job_state state);
bool job_state_parse(const char *name, enum job_state *state);

void job_id_print(int64_t id, char text[JOB_ID_SIZE]);
/* 1 to 18 digits and nothing else, at least 1: "12" and "00000012" are the same job. */
bool job_id_parse(const char *text, int64_t *id);
/* Letters, digits, '_', '-', '.', not first a '.', at most 200 bytes. */
bool job_file_is_safe(const char *name);

struct spool;
typedef struct spool spool_t;

/* Makes the folders (again, where some are missing). */
bool spool_create(const char *dir, GError **error);
/* NULL with SPOOL_ERROR_RETRY when a folder is missing. Takes no lock. */
struct spool *spool_open(const char *dir, GError **error);
/* Becomes the one writer until spool_close, or SPOOL_ERROR_LOCKED. Where jobs are is durable then. */
bool spool_lock(struct spool *spool, GError **error);
/* *pid: the writer's, 0 when there is none, -1 when it is unknown. Takes no lock. */
bool spool_writer(const struct spool *spool, int64_t *pid, GError **error);
/* NULL is fine. */
void spool_close(struct spool *spool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(spool_t, spool_close)
/* The spool's folder, its "orders" folder: borrowed. */
const char *spool_dir(const struct spool *spool);
const char *spool_orders_dir(const struct spool *spool);
/* The greatest id in any state, 0 for none: a new id is greater than this and than any of the ledger. */
bool spool_highest_id(const struct spool *spool, int64_t *id, GError **error);

/* <spool>/<state>/<id>[/<part>], owned by the caller; part may be NULL. NULL when state, id or part is not
 * acceptable. */
char *job_path(const struct spool *spool, enum job_state state, int64_t id, const char *part);
/* Sets JOB_NOWHERE when there is none. SPOOL_ERROR_CORRUPT when it is in two states. */
bool job_find(const struct spool *spool, int64_t id, enum job_state *state, GError **error);
/* Ids (int64_t) in ascending order; names that are no ids are left out. g_array_unref. */
GArray *job_list(const struct spool *spool, enum job_state state, GError **error);
/* Names of the parts, sorted, temporary files left out: g_strfreev. */
char **job_files(const struct spool *spool, enum job_state state, int64_t id, GError **error);
/* Makes a job's directory; one that is there already is fine. For jobs of our own (EMW). */
bool job_make(enum step step, const struct spool *spool, enum job_state state, int64_t id, GError **error);
/* One rename. SPOOL_ERROR_EXISTS when `to` has the id already. */
bool job_move(enum step step, const struct spool *spool, int64_t id, enum job_state from, enum job_state to,
              GError **error);
/* Moves the n jobs from incoming/ to ready/: a rename each, one sync for all. Stops at the first failure. */
bool job_publish(const struct spool *spool, const int64_t *ids, size_t n, GError **error);
/* Removes a job's directory with its parts; gone is fine. Incoming orphans only. */
bool job_drop(enum step step, const struct spool *spool, int64_t id, GError **error);

/* What the envelope says. As input the strings are borrowed; one from job_envelope_read is one block, g_free. */
struct job_envelope {
    int64_t id;
    int64_t received;   /* seconds UTC */
    uint64_t size;      /* of payload; set by job_custody_store */
    const char *name;   /* the sender's, escaped */
    const char *drop;   /* where it came from */
    const char *sha256; /* of payload; set by job_custody_store, borrowed from the custody */
};

/* Files that are taken into custody together: none of them is durable before the batch is settled, and a directory
 * in incoming/ counts for nothing before the ledger has its row. */
struct job_batch;
typedef struct job_batch job_batch_t;

struct job_batch *job_batch_begin(const struct spool *spool, GError **error);
/* Everything stored since job_batch_begin is on disk. A failure is final for the whole batch. */
bool job_batch_settle(struct job_batch *batch, GError **error);
/* NULL is fine. */
void job_batch_free(struct job_batch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(job_batch_t, job_batch_free)

struct job_custody;
typedef struct job_custody job_custody_t;

/* Makes incoming/<id> (SPOOL_ERROR_EXISTS when it is there) and begins its payload. */
struct job_custody *job_custody_begin(const struct spool *spool, int64_t id, uint64_t expected_size, GError **error);
/* A byte sink; the first argument is a struct job_custody. */
bool job_custody_write(void *custody, const char *data, size_t len, GError **error);
/* Places payload, then envelope; durable by job_batch_settle. Fills id, size and sha256 of *envelope. */
bool job_custody_store(struct job_custody *custody, struct job_envelope *envelope, GError **error);
/* Before a successful store it abandons: the directory is removed. NULL is fine. */
void job_custody_free(struct job_custody *custody);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(job_custody_t, job_custody_free)

/* SPOOL_ERROR_CORRUPT when it is missing or does not read as an envelope of this id. */
struct job_envelope *job_envelope_read(const struct spool *spool, enum job_state state, int64_t id, GError **error);

#endif
