/*
 * Proof: whether the ledger's numbers agree with its rows, counted anew (ecosgate spool verify). Questions only, each
 * walks whole tables; what is found is a number or a row, never an error.
 *
 *   ledger_integrity_each, ledger_proofs_each, ledger_live_duplicates, ledger_sequences_above_counter,
 * ledger_incidents_inconsistent
 *
 * The like for reports is in ledger_reports.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PROOF_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PROOF_H

#include "spool/ledger/ledger.h"
#include "spool/ledger/ledger_verdicts.h"

/* SQLite's own check; every complaint is a line for the visitor (n counts from 1), none when it is sound. */
bool ledger_integrity_each(struct ledger *ledger, ledger_count_visit visit, void *user, GError **error);

/* What the ledger says about one verdict, from its numbers and counted anew. */
struct ledger_proof {
    struct ledger_verdict verdict;
    const char *name;                  /* the job's */
    bool instruction;                  /* it is an EMI's; others have no items and no EMD */
    int64_t ready, rejected, deferred; /* items counted, by outcome */
    int64_t wrong_slots;               /* items whose slot is neither "live" nor their own, or not as the end says */
    int64_t sessions, ended;           /* of those items; those of READY ones that have ended */
    int64_t mismatched_sessions;       /* sessions that are not what their transitions say */
    int64_t ema_files, emd_files, emd_rows; /* planned answers; rows -1 when none is stored */
    int64_t wrong_times;                    /* planned answers of another time than the verdict's */
    int64_t findings, finding_counts;       /* listed; the sum of the counts per code */
    bool sound;                             /* everything agrees */
};

typedef bool (*ledger_proof_visit)(void *user, const struct ledger_proof *proof, GError **error);
bool ledger_proofs_each(struct ledger *ledger, ledger_proof_visit visit, void *user, GError **error);
/* Devices with more than one live work item, counted without the index that forbids it. */
bool ledger_live_duplicates(struct ledger *ledger, int64_t *n, GError **error);
/* Answers and work orders that bear a number which their counter has not given out. */
bool ledger_sequences_above_counter(struct ledger *ledger, int64_t *n, GError **error);
/* What is wrong with incidents: not one event for each beginning and each end, events told twice, or not in order,
 * or by no INC. */
bool ledger_incidents_inconsistent(struct ledger *ledger, int64_t *n, GError **error);

#endif
