/*
 * Reference data (DEVICES.md): records of INV, COS, NMM and PTY into the ledger within the verdict's transaction, and
 * A104, the incident of an inventory that is missing or too old, while which instructions wait.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_REFERENCE_H
#define ECOSGATE_GATEWAY_PIPELINE_REFERENCE_H

#include "gateway/gateway.h"
#include "validators/reference_rules.h"

/* ---- one file: begin → take … → end, in one transaction ---- */

/* A FULL file removes what was known of its type; to be called once its header is judged. For other types nothing. */
bool reference_begin(struct gateway *gateway, const struct file_type *type, const struct header *header,
                     GError **error);
/* A record with errors is left out. */
bool reference_take(struct gateway *gateway, const struct reference *reference, GError **error);
/* Of a file that is accepted. */
bool reference_end(struct gateway *gateway, const struct file_type *type, const struct header *header, int64_t job,
                   int64_t now, GError **error);

/* ---- A104 ---- */

/* What is wrong with the inventory, for people: it is missing or stale. NULL in *text: nothing; else g_free it. */
bool reference_fault(struct gateway *gateway, char **text, GError **error);
/* *waits: then this job has to wait where it is, for it is an instruction. What it owes already is delivered all the
 * same. */
bool reference_waits(struct gateway *gateway, int64_t job, bool *waits, GError **error);
/* At the end of a pass: the incident begins or ends. Sets gateway->failed while it lasts. */
bool reference_note_inventory(struct gateway *gateway, GError **error);

#endif
