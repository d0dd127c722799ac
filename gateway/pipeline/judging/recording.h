/*
 * The ledger rows of a judged file that its answers (EMA, EMD) are made of: its job, its work items, its verdict with
 * the findings. `run` writes them within the verdict's transaction (intake.c). `check --answers` writes the same rows
 * into a ledger that it throws away.
 *
 *   recording_describe → ledger_job_insert
 *   recording_add_device … while the file is judged; undo them if it is rejected whole
 *   recording_add_verdict → plan_answers
 *
 * The functions need an open transaction; false is an error of the ledger.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_RECORDING_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_RECORDING_H

#include "formats/eui64.h"
#include "gateway/pipeline/judging/volume.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/judge.h"

/* One file while it is judged. The caller sets ledger, job and now, and leaves the rest 0. Pointers are borrowed. */
struct recording {
    struct ledger *ledger;
    struct ledger_job *job; /* with its revision */
    int64_t now;            /* seconds UTC: the time of the verdict */
    int64_t first_item;     /* the first work item of the file, of `items` in a row */
    int64_t items;
    char sender[EUI64_TEXT_SIZE]; /* that the job points to, if its row was changed */
    struct volume *volume;        /* counts the Devices that are accepted; NULL: nobody asks */
    int64_t withheld;             /* of these: a lost ledger may have accepted the file before (ledger_recovery.h) */
};

/* Sets what a job's row says of the file's name: type, form, org, sender and sequence. sender gets the text that the
 * row points to. A name without a known type says nothing, and the members stay as they are. What such names do not
 * tell is NULL or 0 until the file is judged. */
void recording_describe(struct ledger_job *job, const struct filename *name, char sender[EUI64_TEXT_SIZE]);

/* Adds the work item of a judged Device. */
bool recording_add_device(struct recording *recording, const struct device *device, GError **error);

/* Adds the verdict and its findings, completes the job with what the verdict says of its name and sender, and withholds
 * Devices that a lost ledger may have ordered. The work items of a file that was rejected whole do not count: the
 * caller has undone them, or undoes all. */
bool recording_add_verdict(struct recording *recording, const struct verdict *verdict, GError **error);

#endif
