/*
 * What was seen in the drops: the newest look at each name, and why it was taken or not.
 *
 *   ledger_pickup_put → … → ledger_pickup_get
 *
 * What the decisions mean: gateway/pipeline/completeness.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PICKUPS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PICKUPS_H

#include "spool/ledger/ledger.h"

struct ledger_pickup {
    const char *drop, *name; /* name escaped */
    int64_t size, modified;  /* as the drop says */
    int64_t since;           /* size and time are known unchanged from then on */
    const char *decision;    /* "take", "wait", "leave", "taken", "gone" */
    const char *reason;
    int64_t job; /* 0: none yet */
};

/* The newest look at a name replaces the one before; since is kept while size and modified stay the same. */
bool ledger_pickup_put(struct ledger *ledger, const struct ledger_pickup *pickup, GError **error);
/* *pickup is NULL when the name was never seen. */
bool ledger_pickup_get(struct ledger *ledger, const char *drop, const char *name, struct ledger_pickup **pickup,
                       GError **error);
/* Files of the last look that are to be taken, or will be. */
bool ledger_pickups_waiting(struct ledger *ledger, const char *drop, int64_t *n, GError **error);

#endif
