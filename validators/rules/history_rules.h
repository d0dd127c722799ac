/*
 * Rules that ask the ledger what came before: duplicates and sequence (B105 to B108, B112, B113), batches (B210), and a
 * Device that an earlier instruction still works on (C110). To be called only where rules->ledger is set, that is in
 * the live run. The functions read the ledger and change nothing; a false result is an error of the ledger.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_HISTORY_RULES_H
#define ECOSGATE_VALIDATORS_RULES_HISTORY_RULES_H

#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "validators/rules/device_rules.h"
#include "validators/rules/header_rules.h"

/* What the name and bytes of a file are, after the files before it. */
struct history {
    bool repeated;     /* the very same file came before (B105): it must not be processed again */
    int64_t numbering; /* as in struct verdict */
    bool wraps;
};

/* B105 to B108, B112, B113, of the file as a whole. subject->type is NULL for a name outside the grammar, and while the
 * sender is not known: then only names and bytes are compared. A file without a sequence is in no numbering: its name
 * and bytes alone guard against repetition. Sets numbering and since of the subject.
 *
 * The sequence is compared with `last`, the last accepted one (or the one that an operator set). It may skip at most
 * rules->sequence_gap_max numbers that did not come; a rejected file counts as come, unless its number was why.
 *
 *   above last               skips few or none: good (B108 warns of a gap); skips more: B113
 *   not above last           follows over the end, 999999 and then 1, and skips few or none: good likewise; else B107
 *
 * Near the end both readings of a number exist, and the nearer one forwards wins: after 999900 comes 50 (149 skipped).
 * After 50 a late 999950 is B113, for it looks like a jump. */
bool history_rules_judge_name(const struct judged_file *file, struct ledger_file *subject, struct history *history,
                              GError **error);

/* The same but for names (B105, B106 of names), once the header has told the sender or the sequence. */
bool history_rules_judge_number(const struct judged_file *file, struct ledger_file *subject, struct history *history,
                                GError **error);

/* B107: a file of reference data, while a newer file of its type was accepted. B210: the BatchId was used before,
 * or ResubmissionOf names no rejected file of this drop or sender. record is the header record, file->header what it
 * says. *corrects: the job of the file that ResubmissionOf names; unchanged if
 * there is none. */
bool history_rules_judge_header(const struct judged_file *file, const struct ledger_file *subject,
                                const struct record *record, int64_t *corrects, GError **error);

/* C110: an earlier work item of this Device has not ended. past: the Device's earlier work. */
void history_rules_judge_device(const struct ledger_earlier_work *past, struct device *device);

#endif
