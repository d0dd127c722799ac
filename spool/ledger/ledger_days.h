/*
 * What happened within an interval, as counts: for the day at a glance and for how fast the disk fills. Rows that are
 * only ever added stand in the order of time, so that the first of an interval is found by halving their numbers,
 * without an index and whatever the number of rows. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DAYS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DAYS_H

#include "spool/ledger/ledger.h"

/* How much has come since a time. */
struct ledger_growth {
    int64_t first;            /* when the first job was received, seconds UTC; 0: there is none */
    int64_t bytes;            /* of files that came in or were planned since */
    int64_t items, all_items; /* work items of instructions that were judged since, and of all */
};
/* Fills *growth. */
bool ledger_growth_since(struct ledger *ledger, int64_t since, struct ledger_growth *growth, GError **error);

#endif
