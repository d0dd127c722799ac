/*
 * Proof: do the numbers that the ledger keeps agree with its rows? For `ecosgate spool verify`.
 *
 *   ledger_integrity_each, ledger_proofs_each, ledger_live_duplicates, ledger_sequences_above_counter,
 *   ledger_numberings_inconsistent, ledger_incidents_inconsistent
 *
 * Questions only; each walks whole tables. What is wrong is a number or a row, never an error. The same for reports:
 * ledger_periods_inconsistent in ledger_reports.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PROOF_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PROOF_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_verdicts.h"

/* Runs SQLite's own check. Visits each line of what is wrong, with its number from 1; none if the file is sound. */
bool ledger_integrity_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* The quick check, table by table, so that its progress can be shown: the names of all tables, and whether the pages of
 * one of them are whole. It does not compare indexes with rows. *complaint is left alone if they are; g_free. */
bool ledger_tables(struct ledger *ledger, GPtrArray **names, GError **error);
/* See ledger_tables. */
bool ledger_table_check(struct ledger *ledger, const char *table, char **complaint, GError **error);
/* The size of the database, without its WAL. */
bool ledger_bytes(struct ledger *ledger, int64_t *bytes, GError **error);

/* One verdict: its own numbers, and what was counted anew. */
struct ledger_proof {
    struct ledger_verdict verdict;
    const char *name;                  /* of the job's file, escaped */
    bool instruction;                  /* an EMI; files of other types have no items and no EMD */
    int64_t ready, rejected, deferred; /* items, by the outcome of their review */
    int64_t sessions;                  /* of these items */
    int64_t ended;                     /* READY items that are no longer live */
    int64_t begun;                     /* items whose session has begun or ended, or which are withheld */
    int64_t mismatched_sessions;       /* sessions that are not what their transitions say */
    int64_t ema_files, emd_files;      /* planned answers */
    int64_t emd_rows;                  /* records of the EMD; -1: it is not stored yet */
    int64_t wrong_times;               /* planned answers whose time is not the verdict's */
    int64_t findings;                  /* listed */
    int64_t finding_counts;            /* the sum of the counts per code */
    bool sound;                        /* all of this agrees */
};

typedef bool (*ledger_proof_visit)(void *user, const struct ledger_proof *proof, GError **error);
/* Visits all verdicts by job and revision, the sound ones too. */
bool ledger_proofs_each(struct ledger *ledger, ledger_proof_visit visit, void *user, GError **error);
/* *n: Devices with more than one live work item, counted without the index that forbids it. */
bool ledger_live_duplicates(struct ledger *ledger, int64_t *n, GError **error);
/* *n: outgoing files with a sequence number that the counter of their kind has not given out. */
bool ledger_sequences_above_counter(struct ledger *ledger, int64_t *n, GError **error);
/* *n: files in a numbering that is not their sender's, or with a number below an earlier accepted one in it; numberings
 * that neither a job nor an operator's order has begun (ledger_numbering.h). */
bool ledger_numberings_inconsistent(struct ledger *ledger, int64_t *n, GError **error);
/* *n: incidents without exactly one event for their opening and one for their closing; events that INC files report
 * twice, out of order, with gaps, or in no INC file. */
bool ledger_incidents_inconsistent(struct ledger *ledger, int64_t *n, GError **error);

#endif
