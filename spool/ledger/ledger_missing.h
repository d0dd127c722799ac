/*
 * Sequence numbers that a sender has left out: gaps in its current numbering (ledger_numbering.h). Questions only;
 * gateway/pipeline/missing_watch.h says what follows. The rules of all subjects: ledger.h.
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

/* *gaps: struct ledger_gap of a sender and type of at most so many numbers, the lowest numbers first. A wider one is
 * none: a file that waits for its verdict may have the first number of the next round. of: sender, type and org alone.
 */
bool ledger_gaps(struct ledger *ledger, const struct ledger_file *of, int64_t most, GArray **gaps, GError **error);
/* *numbers: those of a gap (int64_t) that have come all the same, in ascending order. */
bool ledger_gap_came(struct ledger *ledger, const struct ledger_file *of, const struct ledger_gap *gap,
                     GArray **numbers, GError **error);

#endif
