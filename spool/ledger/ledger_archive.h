/*
 * Archives that whole jobs were moved to: their files have left the spool, their rows stay. An archive names its jobs
 * as ranges of ids, so that one commit records a hundred thousand of them.
 *
 *   ledger_archive_add                                     in the commit of the order: the jobs are in the archive
 *   ledger_archive_unsettled → ledger_archive_next → ledger_archive_gone | ledger_archive_take_out →
 *       ledger_archive_settle                              their folders leave the spool, in slices
 *   ledger_archive_of, _with_digest, _left                 questions
 *   ledger_archive_take_out                                a job that stays, or is back
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_ARCHIVE_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_ARCHIVE_H

#include "spool/ledger/ledger.h"

struct ledger_archive {
    int64_t id;
    const char *name;   /* the path of the file, escaped */
    const char *sha256; /* of the file */
    int64_t before;     /* seconds UTC: its jobs had ended before that time */
    int64_t at;         /* when it was recorded */
    int64_t upto;       /* the folders of its jobs up to this one have left the spool */
    bool settled;       /* all have */
};

/* Jobs first to last. */
struct ledger_archive_range {
    int64_t first, last;
};

/* Adds an archive with its ranges (struct ledger_archive_range); the ledger sets id, upto and settled. */
bool ledger_archive_add(struct ledger *ledger, const struct ledger_archive *archive, const GArray *ranges,
                        GError **error);
/* *taken: the first job of the range that is in an archive already; 0: none is. */
bool ledger_archive_taken(struct ledger *ledger, const struct ledger_archive_range *range, int64_t *taken,
                          GError **error);
/* *archive: the one that the job is in; NULL: it is in none; g_free it. */
bool ledger_archive_of(struct ledger *ledger, int64_t job, struct ledger_archive **archive, GError **error);
/* *archive: the one with that SHA-256; NULL: there is none; g_free it. */
bool ledger_archive_with_digest(struct ledger *ledger, const char *sha256, struct ledger_archive **archive,
                                GError **error);
/* *archive: the oldest one whose jobs have not all left the spool; NULL: there is none; g_free it. */
bool ledger_archive_unsettled(struct ledger *ledger, struct ledger_archive **archive, GError **error);
/* Appends to `jobs` (int64_t) the next `limit` jobs of the archive, ascending, from upto on. */
bool ledger_archive_next(struct ledger *ledger, const struct ledger_archive *archive, guint limit, GArray *jobs,
                         GError **error);
/* *jobs: how many have left the spool for an archive, and are not back. */
bool ledger_archive_left(struct ledger *ledger, int64_t *jobs, GError **error);
/* The job's folder is gone: retention has nothing to do with it any more. */
bool ledger_archive_gone(struct ledger *ledger, int64_t job, GError **error);
/* The job is in no archive any more, and retention looks at it again. */
bool ledger_archive_take_out(struct ledger *ledger, int64_t job, GError **error);
/* How far the jobs of the archive have left the spool. */
bool ledger_archive_settle(struct ledger *ledger, const struct ledger_archive *archive, int64_t upto, bool settled,
                           GError **error);

#endif
