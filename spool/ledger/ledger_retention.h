/*
 * What has become of the stored files of jobs: plain, packed (spool/packed.h) or removed. Rows of jobs and outgoing
 * files stay for ever; only bytes go.
 *
 *   ledger_retention_due → ledger_retention_look → ledger_retention_set PACKED
 *                                                → ledger_retention_remove → the files are removed → … set REMOVED
 *
 * A removal is recorded before it begins, so that no file is missing that the ledger believes to be there. The rules of
 * all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_RETENTION_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_RETENTION_H

#include "spool/ledger/ledger.h"

/* How far the retention has come with a job's files. Some of them may be in an earlier form: a small file is never
 * packed, and one that is delivered again begins anew. The numbers are stored. */
enum ledger_stored {
    LEDGER_STORED_PLAIN,
    LEDGER_STORED_PACKED,
    LEDGER_STORED_REMOVING, /* removed by the ledger; some may still be there */
    LEDGER_STORED_REMOVED,
};

/* A job in the order of ledger_retention_due. */
struct ledger_retention_place {
    int64_t received, job;
};
/* What the newest verdict says of the file. A job without a verdict is no FULL file. The numbers stand in the query. */
enum ledger_mode { LEDGER_MODE_DELTA, LEDGER_MODE_FULL, LEDGER_MODE_ANY };
/* Which jobs may be due. */
struct ledger_retention_choice {
    enum ledger_stored stored;
    const char *type; /* NULL: those whose type is not known */
    enum ledger_mode mode;
    int64_t before;                      /* received before it: no job has ended earlier than it came */
    struct ledger_retention_place after; /* which they follow; zeros: the first ones */
};
/* Appends to `places` (struct ledger_retention_place) the first `limit` of them. */
bool ledger_retention_due(struct ledger *ledger, const struct ledger_retention_choice *choice, int64_t limit,
                          GArray *places, GError **error);

/* What decides about one job. */
struct ledger_retention_look {
    int64_t job;
    int64_t ended;   /* the last of: received, judged, a file delivered */
    int64_t removed; /* when the last of its files was removed; 0: all are there */
    bool owed;       /* a file of it is not delivered yet, or the sender's copy may still be in its drop */
    bool full;       /* the newest verdict: a FULL file of reference data */
    bool newest;     /* its type's reference data are from this file */
    bool judged;     /* it has a verdict, or needs none */
};
/* *look: all else zero if there is no such job. */
bool ledger_retention_look(struct ledger *ledger, int64_t job, struct ledger_retention_look *look, GError **error);

/* How far it has come. One that is REMOVED stays so. */
bool ledger_retention_set(struct ledger *ledger, int64_t job, enum ledger_stored stored, GError **error);
/* Payload and outgoing files of the job count as removed at that time, and it is REMOVING. */
bool ledger_retention_remove(struct ledger *ledger, int64_t job, int64_t at, GError **error);
/* Appends to `jobs` (int64_t) the first `limit` that are REMOVING. */
bool ledger_retention_removing(struct ledger *ledger, int64_t limit, GArray *jobs, GError **error);
/* An outgoing file is there again, in plain form, and its job is PLAIN. */
bool ledger_retention_restored(struct ledger *ledger, int64_t outgoing, GError **error);

#endif
