/*
 * `spool verify`: the whole spool and ledger recounted, nothing believed. Bytes against digests,
 * ledger against spool, in = accepted + rejected + deferred (NOTES.md, Promises 3).
 *
 * What a stop at any crash point leaves, and the next run ends, is no fault. While a writer is at
 * work, a job that looks wrong is looked at again before it is reported: it may just be moving.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_VERIFY_H
#define ECOSGATE_GATEWAY_COMMANDS_VERIFY_H

#include "gateway/gateway.h"

struct verify_sums {
    int64_t jobs;
    int64_t devices, accepted, rejected, deferred; /* of all verdicts */
    int64_t faults;
};

/* job 0: a fault of no single job. */
typedef void (*verify_problem_fn)(void *user, int64_t job, const char *fault);

/* False: it could not be done. Faults found are no such error. */
bool verify_all(struct gateway *gateway, verify_problem_fn report, void *user, struct verify_sums *sums,
                GError **error);

/* The faults of one job as texts, at this moment (verify_job.c). */
bool verify_job(struct gateway *gateway, int64_t id, GPtrArray *faults, GError **error);

/* Those of reports, which no single job shows: their sums (verify_reports.c). */
bool verify_reports(struct gateway *gateway, GPtrArray *faults, GError **error);

G_GNUC_PRINTF(2, 3)
void verify_problem(GPtrArray *faults, const char *format, ...);

#endif
