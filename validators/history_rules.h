/*
 * Rules that ask the ledger what came before: duplicates and sequence (B105 to B108, B112), batches (B210), and a
 * Device that an earlier instruction still works on (C110). To be called only where rules->ledger is set, that is in
 * the live run. The functions read the ledger and change nothing; a false result is an error of the ledger.
 */
#ifndef ECOSGATE_VALIDATORS_HISTORY_RULES_H
#define ECOSGATE_VALIDATORS_HISTORY_RULES_H

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "validators/device_rules.h"
#include "validators/header_rules.h"

/* B105 to B108, B112, of the file as a whole. *repeated: the very same file came before (B105), so that it must not be
 * processed again. subject->type is NULL for a name outside the grammar: then only names and bytes are compared. */
bool history_rules_judge_name(const struct judged_file *file, const struct ledger_file *subject, bool *repeated,
                              GError **error);

/* B210: the BatchId was used before, or ResubmissionOf names no rejected file of this sender. record is the header
 * record, file->header what it says. */
bool history_rules_judge_header(const struct judged_file *file, const struct ledger_file *subject,
                                const struct record *record, GError **error);

/* C110: an earlier work item of this Device has not ended. past: the Device's earlier work. */
void history_rules_judge_device(const struct ledger_earlier_work *past, struct device *device);

#endif
