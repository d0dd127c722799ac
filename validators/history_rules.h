/*
 * Rules that need to know what was before: duplicates and sequence (B105-B108, B112), batches (B210) and
 * Devices in progress (C110). Only in the live run, where rules->ledger is set; the functions may only be
 * called then. They read the ledger and change nothing; a false result is the ledger's error.
 */
#ifndef ECOSGATE_VALIDATORS_HISTORY_RULES_H
#define ECOSGATE_VALIDATORS_HISTORY_RULES_H

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "validators/device_rules.h"
#include "validators/findings.h"
#include "validators/header_rules.h"
#include "validators/rules.h"

/* B105-B108, B112. *repeated: the very same file came before (B105) and is not processed again.
 * subject->type is NULL where the name is outside the grammar: then only the name counts. */
bool history_rules_judge_name(const struct rules *rules, const struct ledger_file *subject, struct findings *findings,
                              bool *repeated, GError **error);

bool history_rules_judge_header(const struct rules *rules, const struct ledger_file *subject,
                                const struct record *record, const struct header *header, struct findings *findings,
                                GError **error);

void history_rules_judge_device(const struct rules *rules, const struct ledger_earlier_work *past,
                                struct device *device, struct findings *findings);

#endif
