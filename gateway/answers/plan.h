/*
 * What the gateway owes and to whom, under which names and numbers: the answers of a verdict, and jobs of our own.
 * Planned in the transaction of what causes them, so that the bytes are a function of the ledger alone.
 *
 *   plan_answers                  with the verdict on a file: EMA, EMD
 *   plan_file                     a job of our own with one file: EMW, EMO, INC
 *   plan_job → plan_outgoing …        a job of our own with a file for each recipient: reports
 *
 * Structs are given with what the caller knows, the rest 0; a part with kind, form, drop, recipient, created and rows
 * (-1: not known yet). Who the gateway is and its environment are set here, as they are now. Errors are the ledger's;
 * its transaction is to be rolled back then.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_PLAN_H
#define ECOSGATE_GATEWAY_ANSWERS_PLAN_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "validators/judge.h"

/* One EMA for every file; one EMD for an instruction that was not rejected whole. raw_name is the name's bytes. */
bool plan_answers(struct gateway *gateway, const struct ledger_job *job, const char *raw_name,
                  const struct verdict *verdict, int64_t now, GError **error);

/* The file, with the next number of its kind, and its job. file->job: an id that was reserved, 0: a new one, which
 * *job is in either case. file->name NULL: that of our own files (formats/FILES.md, 1). */
bool plan_file(struct gateway *gateway, const struct ledger_outgoing *file, int64_t *job, GError **error);

/* A job of name, type, form and time of revision; the rest of the row as it may be given. An id of 0 is replaced. */
bool plan_job(struct gateway *gateway, struct ledger_job *job, GError **error);
/* One file of a job that is there; its id is given out when not NULL. */
bool plan_outgoing(struct gateway *gateway, const struct ledger_outgoing *part, int64_t *id, GError **error);

#endif
