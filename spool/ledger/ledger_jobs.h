/*
 * Jobs: a row for each file that came in and for each job of our own (work order, outcome, incidents, reports). In
 * which state a job is says the folder in which its directory stands (job.h), never the row.
 *
 *   ledger_job_reserve_ids → the directories in `incoming` → ledger_job_insert → … → ledger_job_clear_source
 *
 * The last once the sender's copy is gone (gateway/NOTES.md, Custody). Rows are never removed. The rules of all
 * subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_JOBS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_JOBS_H

#include "spool/ledger/ledger.h"
#include "spool/source.h"

enum ledger_direction { LEDGER_IN, LEDGER_OUT };

struct ledger_job {
    int64_t id;
    enum ledger_direction direction;
    const char *name; /* escaped */
    const char *type; /* "EMI" …; NULL when the name does not say */
    const char *form; /* "xml", "csv" or NULL */
    const char *org;
    const char *sender; /* EUI-64 text */
    int64_t sequence;   /* 0: none */
    const char *drop;
    int64_t received;
    int64_t size;
    const char *sha256;
    int64_t revision; /* how often this name has been received, this time included */
    struct source_identity source; /* of the sender's copy, while it may still be in the drop */
    const char *reason; /* why held or corrupt */
};

/* n ids, from *first on, that no row has and that are not given out again while this writer lives. */
bool ledger_job_reserve_ids(struct ledger *ledger, int64_t n, int64_t *first, GError **error);
/* revision is set by the ledger (the struct's is ignored) and, when not NULL, given out. */
bool ledger_job_insert(struct ledger *ledger, const struct ledger_job *job, int64_t *revision, GError **error);
/* *job is NULL when there is none. */
bool ledger_job_get(struct ledger *ledger, int64_t id, struct ledger_job **job, GError **error);
/* The newest of that (escaped) name. */
bool ledger_job_named(struct ledger *ledger, const char *name, struct ledger_job **job, GError **error);
typedef bool (*ledger_job_visit)(void *user, const struct ledger_job *job, GError **error);
bool ledger_jobs_each(struct ledger *ledger, ledger_job_visit visit, void *user, GError **error);
/* Jobs whose sender's copy may still be in that drop, oldest first: struct ledger_job. */
bool ledger_jobs_with_source(struct ledger *ledger, const char *drop, GPtrArray **jobs, GError **error);
bool ledger_job_clear_source(struct ledger *ledger, int64_t id, GError **error);
/* NULL clears. */
bool ledger_job_set_reason(struct ledger *ledger, int64_t id, const char *reason, GError **error);
/* A new revision of the same job (R2 …): its reason is cleared. */
bool ledger_job_requeue(struct ledger *ledger, int64_t id, int64_t *revision, GError **error);

#endif
