/*
 * Verdicts and findings: what was found in a file, once for each of its receipts. Written in the transaction of the
 * judging, never changed but for what is counted of its work; the answers are built from these rows.
 *
 *   ledger_verdict_insert → ledger_finding_insert …, ledger_finding_count_insert …          one transaction
 *   ledger_verdict_get → ledger_findings_each, ledger_finding_counts_each
 *
 * Outcomes and codes: validators/judge.h, validators/catalogue.def. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_VERDICTS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_VERDICTS_H

#include "spool/ledger/ledger.h"

struct ledger_verdict {
    int64_t job, revision;
    int64_t judged_at;
    char outcome[3]; /* "AC", "WN", "PA", "RJ" */
    const char *batch;
    int64_t declared; /* -1: not said */
    int64_t parsed, accepted, rejected, deferred;
    const char *code; /* the finding that decided; NULL for AC */
    int64_t line, column;
    int64_t first_item, items; /* work items first_item … first_item + items - 1; 0, 0 for RJ */
    int64_t dispatched;        /* of the accepted ones have a session, and */
    int64_t ended;             /* have ended: both kept by ledger_session_put */
    bool truncated;            /* there were more findings than are kept */
};

struct ledger_finding {
    const char *code, *scope, *severity;
    int64_t line, column, record; /* 0: none */
    const char *field, *value, *text;
};

bool ledger_verdict_insert(struct ledger *ledger, const struct ledger_verdict *verdict, GError **error);
/* revision 0: the latest. *verdict is NULL when there is none. */
bool ledger_verdict_get(struct ledger *ledger, int64_t job, int64_t revision, struct ledger_verdict **verdict,
                        GError **error);
/* When the newest of all verdicts was given, by the clock of then; 0: none yet. */
bool ledger_newest_verdict(struct ledger *ledger, int64_t *at, GError **error);
/* Adds behind those that the verdict has. */
bool ledger_finding_insert(struct ledger *ledger, int64_t job, int64_t revision, const struct ledger_finding *finding,
                           GError **error);
typedef bool (*ledger_finding_visit)(void *user, const struct ledger_finding *finding, GError **error);
/* In the order of insertion. */
bool ledger_findings_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_finding_visit visit,
                          void *user, GError **error);
bool ledger_finding_count_insert(struct ledger *ledger, const struct ledger_verdict *of, const char *code, int64_t n,
                                 GError **error);
/* Codes in alphabetical order, which is the catalogue's. */
bool ledger_finding_counts_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_count_visit visit,
                                void *user, GError **error);

#endif
