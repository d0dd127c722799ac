/*
 * Sequence numbers that a sender has left out: gaps in its current numbering (ledger_numbering.h). Questions only;
 * gateway/pipeline/watches/missing_watch.h says what follows. The rules of all subjects: ledger.h.
 *
 * A gap lies between two numbers that are used in the numbering, by accepted files or by others. A number within it may
 * have come all the same: in a file that was rejected for its number (B107, B113) and has used none up. Numbers that a
 * recovery knows to be lost are in no gap. Nor are those at the end of a round, before 1 comes again.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_MISSING_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_MISSING_H

#include "spool/ledger/ledger_earlier_files.h"

struct ledger_gap {
    int64_t first, last; /* the numbers that are left out */
    int64_t above;       /* the job that has the number after `last`, */
    int64_t since;       /* and when it was picked up; seconds UTC */
};

/* Which gaps are looked for. */
struct ledger_gap_range {
    int64_t most; /* numbers: a wider one is none, for a file that waits for its verdict may have the first number of
                   * the next round */
    int64_t from; /* those that end below this number are left out; 0: none */
};

/* The lowest number of that sender and type whose place in a numbering has changed since the last call: below it are
 * the same gaps. 0: any may have changed; INT64_MAX: none has. Of this ledger's own changes: there is one writer. */
int64_t ledger_numbers_changed(struct ledger *ledger, const struct ledger_file *of);
/* *gaps: struct ledger_gap of a sender and type, the lowest numbers first. of: sender, type
 * and org alone. Reads the numbers from range->from on. */
bool ledger_gaps(struct ledger *ledger, const struct ledger_file *of, const struct ledger_gap_range *range,
                 GArray **gaps, GError **error);
/* *number: the highest that is used in the current numbering; 0: none is. */
bool ledger_number_highest(struct ledger *ledger, const struct ledger_file *of, int64_t *number, GError **error);
/* *numbers: those of a gap (int64_t) that have come all the same, in ascending order. */
bool ledger_gap_came(struct ledger *ledger, const struct ledger_file *of, const struct ledger_gap *gap,
                     GArray **numbers, GError **error);

#endif
