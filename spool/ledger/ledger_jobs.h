/*
 * Jobs: one row for each file that came in, and for each job of our own (work order, outcome, incidents, reports). The
 * row does not say in which state a job is: the state's folder that the job's folder stands in does (job.h).
 *
 *   ledger_job_reserve_ids → the folders in `incoming` → ledger_job_insert → … → ledger_job_clear_source
 *
 * ledger_job_clear_source is called once the sender's copy is gone from the drop. Rows are never removed. The rules of
 * all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_JOBS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_JOBS_H

#include "spool/ledger/ledger.h"
#include "spool/source.h"

/* From a drop, or made by the gateway. The numbers are stored. */
enum ledger_direction { LEDGER_IN, LEDGER_OUT };

struct ledger_job {
    int64_t id;
    enum ledger_direction direction;
    const char *name;   /* of the file, escaped */
    const char *type;   /* "EMI" …; NULL: the name does not say */
    const char *form;   /* "xml" or "csv"; NULL: the name does not say */
    const char *org;    /* of the name; NULL: the name does not say */
    const char *sender; /* EUI-64 as text */
    int64_t sequence;   /* of the name; 0: none */
    const char *drop;
    int64_t received; /* when the file was picked up, or the job made */
    int64_t size;     /* bytes */
    const char *sha256;
    int64_t revision;              /* 1 the first time that a file of this name is judged, then 2, 3 … */
    struct source_identity source; /* of the sender's copy, while it may still be in the drop */
    const char *reason;            /* why it is held or corrupt; NULL: it is neither */
    int64_t removed;               /* when its payload was removed (ledger_retention.h); 0: it was not */
    int64_t purged; /* when its personal data were removed for good (ledger_purge.h); 0: they were not */
    int64_t healed; /* the damaged job that got the bytes of this one and is judged in its place; 0: none */
};

/* Reserves n ids, from *first on: no row has them, they are above those of ledger_number_raise, and this writer gives
 * them out to nobody else. */
bool ledger_job_reserve_ids(struct ledger *ledger, int64_t n, int64_t *first, GError **error);
/* Adds a row. The ledger sets the revision, not the struct; it is given out if `revision` is not NULL. */
bool ledger_job_insert(struct ledger *ledger, const struct ledger_job *job, int64_t *revision, GError **error);
/* *job is NULL if there is none of that id; g_free it. */
bool ledger_job_get(struct ledger *ledger, int64_t id, struct ledger_job **job, GError **error);
/* The newest job of that (escaped) name. *job is NULL if there is none; g_free it. */
bool ledger_job_named(struct ledger *ledger, const char *name, struct ledger_job **job, GError **error);
typedef bool (*ledger_job_visit)(void *user, const struct ledger_job *job, GError **error);
/* Visits all jobs by id. */
bool ledger_jobs_each(struct ledger *ledger, ledger_job_visit visit, void *user, GError **error);
/* Jobs that are looked for; NULL or 0 where nothing is said. */
struct ledger_job_find {
    int64_t id; /* this one alone */
    const char *type, *drop;
    const char *sender;          /* short code, or EUI-64 as text */
    const char *batch, *outcome; /* of the present verdict */
    int64_t since, until;        /* received at `since` or later, and before `until` */
    int64_t after;               /* a job: those that come later in the list */
    const bool *enough;          /* the visitor sets it: no more are visited */
};
/* Visits them by the time of receipt and id. */
bool ledger_jobs_find(struct ledger *ledger, const struct ledger_job_find *find, ledger_job_visit visit, void *user,
                      GError **error);
/* *jobs: struct ledger_job whose sender's copy may still be in that drop, oldest first. */
bool ledger_jobs_with_source(struct ledger *ledger, const char *drop, GPtrArray **jobs, GError **error);
/* The sender's copy of this job is gone from the drop. */
bool ledger_job_clear_source(struct ledger *ledger, int64_t id, GError **error);
/* Sets what a job's row says of its file: type, form, org, sender (NULL: not known) and sequence (0: none). */
bool ledger_job_describe(struct ledger *ledger, const struct ledger_job *job, GError **error);
/* Sets why the job is held or corrupt; NULL: it is neither any more. */
bool ledger_job_set_reason(struct ledger *ledger, int64_t id, const char *reason, GError **error);
/* The bytes of this job go into the damaged job `healed`; 0: into none. */
bool ledger_job_set_healed(struct ledger *ledger, int64_t id, int64_t healed, GError **error);
/* *jobs: struct ledger_job of older inbound jobs without a verdict, oldest first, that came through the same drop under
 * the same name with the same bytes. */
bool ledger_jobs_unjudged_with_bytes(struct ledger *ledger, const struct ledger_job *of, GPtrArray **jobs,
                                     GError **error);
/* Gives the job the next revision, so that it can be judged again, and removes its reason. *revision: the new one. */
bool ledger_job_requeue(struct ledger *ledger, int64_t id, int64_t *revision, GError **error);

#endif
