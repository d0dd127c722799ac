/*
 * The split: one judged Device becomes one work item. A pure function of the Device.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_SPLIT_H
#define ECOSGATE_GATEWAY_PIPELINE_SPLIT_H

#include "spool/ledger/ledger_devices.h"
#include "validators/device_rules.h"

enum { SPLIT_MAX_TEXT = LAYOUT_FIELD_MAX_CHARS * 4 + 1 };

/* A work item whose texts lie in the row itself. */
struct split_row {
    struct ledger_item item;
    char *long_text; /* item.text, where there is one */
    char *columns[INSTRUCTION_COLUMNS];
    char fields[INSTRUCTION_COLUMNS][SPLIT_MAX_TEXT];
};

void split_device(const struct device *device, int64_t job, struct split_row *row);
void split_row_clear(struct split_row *row);

#endif
