/*
 * Devices of which it is certain that they have no work item, without a look into the tables. Of a large instruction
 * nearly all Devices are new: to find none of each at a random place of an index was a third of what judging it cost.
 *
 *   ledger_seen_not → a query that found none, ledger_seen_asked    ledger_earlier_work
 *   ledger_seen_add                                                 each new work item
 *
 * What is remembered outlives the transaction: the ledger has one writer, no work item is ever removed, and one that
 * was rolled back only makes its Device uncertain. Readers remember nothing.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_SEEN_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_SEEN_H

#include "spool/ledger/ledger.h"

/* Zeroed: nothing is remembered yet. */
struct ledger_seen {
    uint64_t *bits;  /* of each Device that has a work item; others may have the same. NULL: not read yet */
    int word_bits;   /* two to the power of it: words of 64 bits */
    int64_t devices; /* how many were added to the bits */
    int64_t asked;   /* how many Devices had none, says the table */
    int64_t enough;  /* as many as the work items are worth reading */
};

/* True: the Device has no work item. False: it may have one. */
bool ledger_seen_not(const struct ledger *ledger, uint64_t device);
/* A Device had no work item, says the table. Reads the Devices of all work items once it was asked often enough. */
bool ledger_seen_asked(struct ledger *ledger, GError **error);
/* The Device gets a work item. */
void ledger_seen_add(struct ledger *ledger, uint64_t device);
/* Forgets all. */
void ledger_seen_clear(struct ledger_seen *seen);

#endif
