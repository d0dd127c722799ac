/*
 * The split: one judged Device of an instruction becomes one work item of the ledger. A pure function of the Device;
 * intake.c calls it for each record and inserts the result in the verdict's transaction.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_SPLIT_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_SPLIT_H

#include "spool/ledger/ledger_devices.h"
#include "validators/rules/device_rules.h"

enum { SPLIT_MAX_TEXT = LAYOUT_FIELD_MAX_CHARS * 4 + 1 }; /* bytes: each character may need 4 */

/* A work item and what its texts point to. */
struct split_row {
    struct ledger_item item;
    char *long_text;                                 /* item.text, or NULL */
    char *kept;                                      /* item.kept, or NULL */
    char *columns[INSTRUCTION_FIELDS];               /* escaped fields of a refused Device */
    char fields[INSTRUCTION_FIELDS][SPLIT_MAX_TEXT]; /* plain fields of an accepted one */
};

/* Fills *row from a Device of that job. Cannot fail. The caller releases it with split_row_clear. */
void split_device(const struct device *device, int64_t job, struct split_row *row);
/* Frees what the row holds, not the row. */
void split_row_clear(struct split_row *row);

#endif
