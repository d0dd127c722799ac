/*
 * Which Devices a walk of ledger_find.c need not look at: those that are not among all that another condition may have.
 * Two functions of SQL: find_may_fit(device_id), which a walk asks before it reads any row of the Device, and
 * find_keep(device_id), which keeps a Device of the condition that is being read.
 *
 *   ledger_find_filter_begin(ledger, &filter, &error) → statements with find_may_fit → ledger_find_filter_end
 *
 * Reading a condition costs up to a tenth of a second, so it begins only when many Devices were looked at and few
 * fitted. Then they are read one after the other, the next one after some more.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_FIND_FILTER_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_FIND_FILTER_H

#include "spool/ledger/ledger.h"

enum { FIND_SETS = 4, FIND_LATE = 16 };

struct ledger_find_filter {
    /* Set by the caller: the conditions, and what runs the statements with find_keep for one of them. *kept: false:
     * they are not worth it. */
    size_t conditions;
    bool (*keep)(void *user, size_t condition, bool *kept, GError **error);
    void *user;
    int64_t found; /* Devices that fitted so far; the caller counts them */
    /* The filter's own. */
    uint64_t *sets[FIND_SETS]; /* bits of each Device that was kept; others may have the same */
    size_t n_sets, read;       /* how many conditions were read, or left alone */
    int64_t looked_at;         /* Devices that passed since */
    uint64_t *filling;
    int64_t late[FIND_LATE]; /* Devices of which the bits are not set yet */
    int64_t kept;            /* of the condition that is being read */
    /* Set within `keep`: how many are kept at most. The statement that has another one fails, and enough is set. */
    int64_t most;
    bool enough;
    int64_t newest; /* the Device that was kept last */
    GError *error;  /* of keep */
};

/* Makes the functions known to the connection; the filter stays the caller's. At most FIND_SETS conditions. */
bool ledger_find_filter_begin(struct ledger *ledger, struct ledger_find_filter *filter, GError **error);
/* good: what the statements returned. False if they or `keep` failed; the error is that of `keep` then. */
bool ledger_find_filter_end(struct ledger *ledger, bool good, GError **error);

#endif
