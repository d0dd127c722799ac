/*
 * What was seen in the drops: the newest listing of each file name, and the decision on that file.
 *
 *   ledger_pickup_put → … → ledger_pickup_get
 *   ledger_pickups_prunable → ledger_pickups_prune          rows that nobody needs any more
 *
 * What the decisions mean: gateway/pipeline/pickup/completeness.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_PICKUPS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_PICKUPS_H

#include "spool/ledger/ledger.h"

struct ledger_pickup {
    const char *drop;
    const char *name;     /* escaped */
    int64_t size;         /* bytes, as the drop says */
    int64_t modified;     /* as the drop says */
    int64_t since;        /* size and modified have been the same since then */
    const char *decision; /* "take", "wait", "fault", "leave", "taken" or "gone" */
    const char *reason;   /* why, in one sentence */
    int64_t job;          /* the job that has the file; 0: none yet */
    int64_t failures;     /* looks in a row at which it could not be taken or, if taken, not be removed */
};

/* Stores what the newest listing showed of a file, in place of what an earlier one showed. `since` is kept while size
 * and modified stay the same. */
bool ledger_pickup_put(struct ledger *ledger, const struct ledger_pickup *pickup, GError **error);
/* *pickup is NULL if that name was never seen in the drop; g_free it. */
bool ledger_pickup_get(struct ledger *ledger, const char *drop, const char *name, struct ledger_pickup **pickup,
                       GError **error);
/* *rows: the files of a drop with failures, by name; struct ledger_pickup. g_ptr_array_unref. */
bool ledger_pickups_failing(struct ledger *ledger, const char *drop, GPtrArray **rows, GError **error);
/* Which rows of a drop may go: "taken" or "gone", without failures, and since `before` or earlier, or older than the
 * newest `keep` of these. */
struct ledger_pickups_old {
    const char *drop;
    int64_t before; /* seconds UTC */
    int64_t keep;
};
/* *any: there is such a row. */
bool ledger_pickups_prunable(struct ledger *ledger, const struct ledger_pickups_old *old, bool *any, GError **error);
/* Removes them, the oldest first, at most `limit`. */
bool ledger_pickups_prune(struct ledger *ledger, const struct ledger_pickups_old *old, int64_t limit, GError **error);

/* Files of a drop that are to be picked up. */
struct ledger_waiting {
    int64_t n;
    int64_t oldest; /* since when the oldest of them has not changed, seconds UTC; 0: there is none */
};
/* *waiting: those that are, now ("take") or later ("wait", "fault"). */
bool ledger_pickups_waiting(struct ledger *ledger, const char *drop, struct ledger_waiting *waiting, GError **error);

#endif
