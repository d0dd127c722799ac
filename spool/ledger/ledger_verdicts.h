/*
 * Verdicts and findings: what was found in a file, once for each of its revisions. They are written in one transaction
 * and never changed, but for the counts of a verdict's work. All answers are built from these rows.
 *
 *   ledger_verdict_insert → ledger_finding_insert …, ledger_finding_count_insert …          one transaction
 *   ledger_verdict_get → ledger_findings_each, ledger_finding_counts_each
 *
 * Outcomes: validators/verdict.h. Codes: validators/catalogue.def. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_VERDICTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_VERDICTS_H

#include "spool/ledger/ledger.h"

struct ledger_verdict {
    int64_t job, revision; /* the key */
    int64_t judged_at;
    char outcome[3];   /* "AC", "WN", "PA", "RJ" */
    const char *batch; /* BatchId; NULL: the file did not say */
    int64_t declared;  /* the file's own count of its records; -1: it did not say */
    int64_t parsed;    /* records read */
    int64_t accepted, rejected, deferred;
    const char *code;          /* of the finding that decided; NULL for AC */
    int64_t line, column;      /* where; 0: nowhere */
    int64_t first_item, items; /* work items first_item … first_item + items - 1; 0, 0 for RJ */
    int64_t dispatched;        /* accepted items that have a session, and */
    int64_t ended;             /* whose session has ended, */
    int64_t begun;             /* whose session has begun or ended, or which are withheld: kept by ledger_session_put */
    bool truncated;            /* there were more findings than are kept */
    bool full;                 /* a FULL file of reference data; only written */
    const char *profile;       /* the digest of the one that the file was read with (ledger_profiles.h); NULL: judged
                                  by a program that knew the built-in one alone */
};

struct ledger_finding {
    const char *code, *scope, *severity;
    int64_t line, column, record; /* where; 0: nowhere */
    const char *field, *value, *text;
};

/* Adds a verdict; the ledger sets dispatched and ended to 0. SPOOL_ERROR_EXISTS if this revision has one. */
bool ledger_verdict_insert(struct ledger *ledger, const struct ledger_verdict *verdict, GError **error);
/* The verdict of a revision; revision 0: the latest. *verdict is NULL if there is none; g_free it. */
bool ledger_verdict_get(struct ledger *ledger, int64_t job, int64_t revision, struct ledger_verdict **verdict,
                        GError **error);
/* *judged: nothing of the job is left to judge. It has the verdict of its revision, or the gateway has made it. */
bool ledger_job_is_judged(struct ledger *ledger, int64_t job, bool *judged, GError **error);
/* Adds a finding after those that the verdict has. */
bool ledger_finding_insert(struct ledger *ledger, int64_t job, int64_t revision, const struct ledger_finding *finding,
                           GError **error);
typedef bool (*ledger_finding_visit)(void *user, const struct ledger_finding *finding, GError **error);
/* Visits the findings of a verdict in the order of their insertion. */
bool ledger_findings_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_finding_visit visit,
                          void *user, GError **error);
/* Adds how often a code was found, whether each of these findings is kept or not. */
bool ledger_finding_count_insert(struct ledger *ledger, const struct ledger_verdict *of, const char *code, int64_t n,
                                 GError **error);
/* Visits codes and counts of a verdict in alphabetical order, which is the catalogue's. */
bool ledger_finding_counts_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_count_visit visit,
                                void *user, GError **error);

#endif
