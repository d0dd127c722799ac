/*
 * What operators keep back: work orders (of one batch, of one Device, or all), and the traffic of a drop. Nothing is
 * written into the rows of what is kept back: the questions of ledger_due.h leave it out. Who said so and why stands in
 * the order's row (ledger_actions.h). A batch may also be held by a threshold: the gateway adds the row of an order of
 * its own then, so that one mechanism, one list and one way to release serve both.
 *
 *   ledger_hold_put → … → ledger_hold_end
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_HOLDS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_HOLDS_H

#include "spool/ledger/ledger.h"

/* Stored by name. */
enum ledger_hold_kind {
    LEDGER_HOLD_BATCH,    /* the work items of one instruction; the subject is its job */
    LEDGER_HOLD_DEVICE,   /* one work item, which is the subject */
    LEDGER_HOLD_DISPATCH, /* every work item; no subject */
    LEDGER_HOLD_IN,       /* nothing is listed or picked up in a drop, */
    LEDGER_HOLD_OUT,      /* or uploaded to it; the subject is its name */
    LEDGER_HOLD_KINDS
};

/* What is kept back. */
struct ledger_hold {
    enum ledger_hold_kind kind;
    int64_t number;   /* the job or the work item; else 0 */
    const char *drop; /* its name; else NULL */
};

/* The same with the order by which it is. */
struct ledger_held {
    struct ledger_hold hold;
    const char *order_id, *who, *reason;
    int64_t at;
    const char *org, *batch; /* of a batch; NULL: not known */
    uint64_t device;         /* of a work item */
    bool threshold;          /* of a batch: no operator holds it, but a threshold (gateway/thresholds.h) */
};

/* The verb of the row in operator_action by which a threshold holds a batch: no operator can give such an order. */
#define LEDGER_HOLD_THRESHOLD "threshold"

/* An operator keeps it back from now on. SPOOL_ERROR_EXISTS if it is kept back already. */
bool ledger_hold_put(struct ledger *ledger, const struct ledger_hold *hold, const char *order_id, GError **error);
/* It is kept back no longer. Nothing happens if it was not. */
bool ledger_hold_end(struct ledger *ledger, const struct ledger_hold *hold, GError **error);
/* *held: it is kept back. */
bool ledger_hold_exists(struct ledger *ledger, const struct ledger_hold *hold, bool *held, GError **error);
/* *held: struct ledger_held, batches with open work that a threshold holds, the oldest first. */
bool ledger_holds_of_thresholds(struct ledger *ledger, GPtrArray **held, GError **error);
/* *held is NULL if it is not kept back; g_free it. */
bool ledger_hold_get(struct ledger *ledger, const struct ledger_hold *hold, struct ledger_held **held, GError **error);
typedef bool (*ledger_held_visit)(void *user, const struct ledger_held *held, GError **error);
/* Visits all that is kept back: by kind, then in the order in which it was ordered. Left out are Devices and batches
 * whose work has ended meanwhile. */
bool ledger_holds_each(struct ledger *ledger, ledger_held_visit visit, void *user, GError **error);

/* An operator has withdrawn a work item whose try is ordered: it ends with C123 where it would go on to another try or
 * fail (validators/retry/retry.h). SPOOL_ERROR_EXISTS if it is withdrawn already. */
bool ledger_withdrawn_put(struct ledger *ledger, int64_t item, const char *order_id, GError **error);
/* *order_id: the order that withdrew the work item in DISPATCHED; NULL: none did; g_free it. */
bool ledger_withdrawn_get(struct ledger *ledger, int64_t item, char **order_id, GError **error);

/* *n: rows of this subject that name an order, a work item or a job that does not exist, for `spool verify`. */
bool ledger_hold_orphans(struct ledger *ledger, int64_t *n, GError **error);

#endif
