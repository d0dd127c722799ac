/*
 * Running totals of what happened, for metrics: table tally. A total is raised in the transaction of what it counts, so
 * it never runs ahead of the ledger, never goes back, and costs no walk through the rows that it sums up. What an
 * archive takes out of the ledger stays counted. Nothing is decided by a total.
 *
 * The first two of its functions are for the ledger's own sources and for questions; the others are called where the
 * rows are written. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_TALLY_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_TALLY_H

#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

/* What is counted (ledger_tally.what), by which labels (a, b, c), and what the sum is. Stored by these names. `le` is
 * the upper bound in seconds of a histogram's bucket, or "+Inf"; a row counts in one bucket only. */
#define LEDGER_TALLY_RECEIVED "received"   /* files picked up, by type; bytes */
#define LEDGER_TALLY_ACCEPTED "accepted"   /* files not rejected whole, by party and type; newest pickup, seconds UTC */
#define LEDGER_TALLY_VERDICT "verdict"     /* by type, outcome and deciding code; no sum */
#define LEDGER_TALLY_FINDING "finding"     /* by type and code; no sum */
#define LEDGER_TALLY_REVIEW "review"       /* Devices of instructions, by outcome; no sum */
#define LEDGER_TALLY_JUDGED "judged"       /* first verdicts, by le; seconds since the pickup */
#define LEDGER_TALLY_TRIES "tries"         /* Devices on work orders, each try; no sum */
#define LEDGER_TALLY_SESSION "session"     /* sessions that ended, by number of the state and le; seconds */
#define LEDGER_TALLY_DELIVERED "delivered" /* files delivered, by kind; bytes */
#define LEDGER_TALLY_DELIVERY "delivery"   /* first deliveries, by le; seconds since the file was planned */
#define LEDGER_TALLY_INCIDENT "incident"   /* incidents opened, by code; no sum */

/* One total. A label that it has not is "". */
struct ledger_tally {
    const char *what, *a, *b, *c;
    int64_t n, sum;
};

/* Adds n and sum to a total; what `a`, `b` and `c` do not say is "". */
bool ledger_tally_add(struct ledger *ledger, const struct ledger_tally *tally, GError **error);
typedef bool (*ledger_tally_visit)(void *user, const struct ledger_tally *tally, GError **error);
/* Visits the totals of one kind, by their labels. */
bool ledger_tally_each(struct ledger *ledger, const char *what, ledger_tally_visit visit, void *user, GError **error);

/* Counts a verdict and its Devices; to be called before it is inserted. */
bool ledger_tally_verdict(struct ledger *ledger, const struct ledger_verdict *verdict, GError **error);
/* Counts n findings of a code in a file. */
bool ledger_tally_findings(struct ledger *ledger, int64_t job, const char *code, int64_t n, GError **error);
/* Counts a delivery if `file`, which is to become DELIVERED, is not; to be called before the row is changed. */
bool ledger_tally_delivery(struct ledger *ledger, const struct ledger_outgoing *file, GError **error);

#endif
