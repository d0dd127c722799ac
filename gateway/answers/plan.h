/*
 * Planning of outgoing files: to whom one goes, under which name and number. Answers of a verdict, and files of jobs
 * that the gateway makes itself.
 *
 *   plan_answers                      with the verdict on a file: EMA, EMD
 *   plan_file                         a job with one file: EMW, EMO, INC
 *   plan_job → plan_outgoing …        a job with a file for each recipient: reports
 *
 * Call them in the transaction of what causes the file. Everything that its bytes depend on is in the ledger then, the
 * gateway's EUI-64 and environment included, and answer_store can build it at any later time.
 *
 * The caller fills of a struct ledger_outgoing: job, kind, form, drop, recipient, created (seconds UTC), rows (-1: not
 * known yet) and profile, and leaves the rest 0. The ledger keeps that profile already (gateway/profiles.h). All
 * functions return false with *error set on an error of the ledger, whose transaction is to be rolled back then.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_PLAN_H
#define ECOSGATE_GATEWAY_ANSWERS_PLAN_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "validators/judge.h"

/* A file and the verdict on it; borrowed. */
struct plan_judged {
    const struct ledger_job *job;
    const char *raw_name; /* the bytes of its name as they were in the drop */
    const struct verdict *verdict;
    int64_t at; /* of the verdict, seconds UTC */
};
/* Plans one EMA for every file, and one EMD for an instruction that was not rejected whole. */
bool plan_answers(struct gateway *gateway, const struct plan_judged *judged, GError **error);

/* Plans a file with the next number of its kind, and its job. file->job: an id that was reserved, or 0 for a new one;
 * *job is the id in either case. file->name NULL: the name of the gateway's own files (formats/FILES.md, 2), in the
 * profile that its recipient reads; file->profile is not looked at then. */
bool plan_file(struct gateway *gateway, const struct ledger_outgoing *file, int64_t *job, GError **error);

/* Inserts a job of the gateway's own. The caller fills name, type, form and received; other members may be filled. An
 * id of 0 is replaced by a new one. */
bool plan_job(struct gateway *gateway, struct ledger_job *job, GError **error);
/* Plans one file of a job that is in the ledger. *id: of the file; NULL is allowed. */
bool plan_outgoing(struct gateway *gateway, const struct ledger_outgoing *outgoing, int64_t *id, GError **error);

#endif
