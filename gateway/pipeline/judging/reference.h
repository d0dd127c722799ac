/*
 * Reference data (gateway/DEVICES.md): records of INV, COS, NMM and PTY into the ledger, in the verdict's transaction,
 * so that readers see the old data or the new, and never a mixture. intake.c calls the first group of functions.
 *
 * pipeline.c calls reference_update_incident, which opens and closes the incident A104 (inventory.h).
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_REFERENCE_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_REFERENCE_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_inventory_rows.h"
#include "spool/ledger/ledger_jobs.h"
#include "validators/rules/reference_rules.h"
#include "validators/verdict.h"

/* ---- one file: reference_begin → reference_take for each record → reference_end, in one transaction ---- */

/* One file of reference data while it is judged; {.job}, in the end reference_clear. */
struct reference_file {
    int64_t job;
    bool full;                          /* set by reference_begin */
    bool compares;                      /* set by reference_begin: it is FULL, and what it removes is counted */
    struct ledger_inventory_rows *rows; /* of an INV; NULL: it had none yet */
    char *refusal;                      /* set by reference_end: why the file must be held (A117); NULL: it need not */
};

/* Call it when the header is judged. Removes what was known of the type if the file is FULL. Does nothing for a file
 * that is no reference data. */
bool reference_begin(struct gateway *gateway, const struct file_type *type, const struct header *header,
                     struct reference_file *file, GError **error);
/* Takes one judged record: the inventory is changed by reference_end, other tables at once. Of a record with errors
 * only the key is kept, for the text of an A117. */
bool reference_take(struct gateway *gateway, struct reference_file *file, const struct reference *reference,
                    GError **error);
/* Call it for an accepted file, of any type. Records which file the type's data come from, and that they were loaded at
 * the time `loaded`. file->refusal is set if the file is FULL and would remove more than shrink_limit allows, or all
 * that is known, and no operator has released it: why it must be held. The caller rolls back then, and after
 * JUDGE_ERROR_STOPPED. An inventory
 * closes the incidents C103 of the Devices that it names; inventory and parties open and close A115 (party_watch.h). */
bool reference_end(struct gateway *gateway, struct reference_file *file, const struct verdict *verdict, int64_t loaded,
                   GError **error);
/* Frees what the file has. */
void reference_clear(struct reference_file *file);

/* ---- A117 ---- */

/* Records, in a transaction of its own, that the job is held until an operator decides, and opens the incident. Files
 * of its sender and type with higher numbers wait for it (queue.h). The caller moves the job to held/. */
bool reference_hold(struct gateway *gateway, const struct ledger_job *job, const char *refusal, int64_t now,
                    GError **error);
/* An operator has released the job: closes its incident, in the open transaction. Does nothing for another job. Do not
 * call it for a job that an operator's "hold" keeps back: its release decides nothing. */
bool reference_release_within(struct gateway *gateway, const struct ledger_job *job, GError **error);

/* An operator has the job rejected, in the open transaction: closes its incident with the order's reason, and what
 * waited for the decision goes on. Does nothing for another job. */
bool reference_reject_within(struct gateway *gateway, const struct ledger_job *job,
                             const struct ledger_incident *closing, GError **error);

/* ---- A104 ---- */

/* Call it at the end of a pass: opens or closes the incident A104. While it is open, gateway->failed is set, whether an
 * instruction waits or not, as for a drop that is down. */
bool reference_update_incident(struct gateway *gateway, GError **error);

#endif
