/*
 * `spool verify`: recounts the whole spool and ledger and compares everything that is stored twice. Bytes are compared
 * with their digests, the ledger with the spool, and Devices in with accepted + rejected + deferred.
 *
 * What a stop at a crash point leaves is no problem, because the next run ends it. While a gateway runs, a job that
 * looks wrong may just be moving, so that it is looked at several times before it is reported.
 *
 *   verify_all ─┬─ verify_job       each job: its folder, files, rows (verify_job.c)
 *               ├─ verify_evidence  the chain of evidence (verify_evidence.c)
 *               └─ verify_reports   sums over all reports of a period (verify_reports.c)
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_VERIFY_VERIFY_H
#define ECOSGATE_GATEWAY_COMMANDS_VERIFY_VERIFY_H

#include "gateway/gateway.h"

/* What to do when the ledger contradicts itself or the spool: each alone would be older than the other. */
#define VERIFY_RESTORE_BOTH " stop the gateway and restore spool and ledger from one backup"
#define VERIFY_RESTORE ";" VERIFY_RESTORE_BOTH
/* What to do about one stored file. */
#define VERIFY_RESTORE_FILE "; restore it from a backup"
/* The same where the gateway needs no backup: an outgoing file, and a payload that has not been judged yet. */
#define VERIFY_REBUILD "; the next run builds it again from the ledger"
#define VERIFY_SEND_AGAIN "; its sender can send the very same file again, or restore it from a backup"

struct verify_sums {
    int64_t jobs;                                  /* rows of jobs in the ledger */
    int64_t devices, accepted, rejected, deferred; /* Devices of all verdicts on instructions */
    int64_t problems;
};

/* Gets each problem as one line of text; job 0: it belongs to no single job. */
typedef void (*verify_problem_fn)(void *user, int64_t job, const char *text);

/* Checks everything. Problems are given to `report` and counted in *sums; they are no error. False: spool or ledger
 * could not be read to the end. */
bool verify_all(struct gateway *gateway, verify_problem_fn report, void *user, struct verify_sums *sums,
                GError **error);

/* Appends the problems of one job, as it is at this moment, to problems (texts, char *). False as above. */
bool verify_job(struct gateway *gateway, int64_t id, GPtrArray *problems, GError **error);

/* Appends the problems that only the sums of all reports show. False as above. */
bool verify_reports(struct gateway *gateway, GPtrArray *problems, GError **error);

/* Recomputes the chain of evidence and compares it with rows. Problems go to `report`. False as above. */
bool verify_evidence(struct gateway *gateway, verify_problem_fn report, void *user, GError **error);
/* Compares the chain with the head that the witness file holds; of a ledger that is the newest. The same. */
bool verify_evidence_head(struct gateway *gateway, verify_problem_fn report, void *user, GError **error);

/* Appends one problem, formatted like printf. The array owns the text. */
void verify_problem(GPtrArray *problems, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
