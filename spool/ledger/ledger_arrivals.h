/*
 * Which files of a sender and type came in a span of time. Questions only; gateway/condition/expected.h says what
 * follows.
 *
 * A job counts by the time when it was picked up, and by its latest revision. One that came only to mend a damaged job
 * (job.healed) does not count. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_ARRIVALS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_ARRIVALS_H

#include "spool/ledger/ledger.h"

/* Whose files, and when they came: [from, until), seconds UTC. */
struct ledger_arrivals_asked {
    const char *sender; /* EUI-64 as text */
    const char *type;   /* "EMI" */
    int64_t from, until;
};

struct ledger_arrivals {
    int64_t accepted; /* AC, WN, PA */
    int64_t rejected; /* RJ */
    int64_t waiting;  /* no verdict yet, whatever they wait for */
};

/* Counts them. Reads the newest jobs back to `from`, whoever sent them. */
bool ledger_arrivals_count(struct ledger *ledger, const struct ledger_arrivals_asked *asked,
                           struct ledger_arrivals *came, GError **error);

#endif
