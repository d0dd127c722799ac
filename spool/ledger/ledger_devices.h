/*
 * Work items: one for each Device of an accepted instruction, with the outcome of its review.
 *
 *   ledger_earlier_work → ledger_item_insert …          in the transaction of the instruction's verdict
 *   ledger_items_each
 *
 * A Device has at most one live work item (gateway/DEVICES.md): a READY item is live until its session ends. The
 * insert of an item enforces this. What happens to an item after the review: ledger_sessions.h. The rules of all
 * subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DEVICES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DEVICES_H

#include "spool/ledger/ledger.h"

struct ledger_verdict;

/* The state of a work item. The review gives it one of the first three; its session can have any of them. The numbers
 * are stored. */
enum ledger_state {
    LEDGER_READY,
    LEDGER_REJECTED,
    LEDGER_DEFERRED,
    LEDGER_DISPATCHED,
    LEDGER_RETRY_WAIT,
    LEDGER_CONFIRM_PENDING,
    LEDGER_CONFIRM_MISMATCH,
    LEDGER_MIGRATED,
    LEDGER_FAILED,
    LEDGER_STATES,
};

struct ledger_item {
    int64_t item;   /* set by ledger_item_insert; without gaps within one transaction */
    int64_t job;    /* of the instruction */
    int64_t record; /* RecordNumber in the instruction, from 1 */
    bool has_device;
    uint64_t device;         /* EUI-64; only if has_device */
    const char *device_text; /* the malformed DeviceId; only if not has_device */
    const char *device_type, *manufacturer, *model, *firmware;
    const char *mpxn, *chf, *region, *attempt; /* as the instruction has them */
    const char *kept; /* texts of columns without a fact: a JSON object, by the columns' names; NULL: there are none */
    enum ledger_state outcome; /* of the review: READY, REJECTED or DEFERRED */
    const char *code, *text;   /* the finding that decided; NULL for READY */
    bool transient;            /* the code goes away by itself */
    int64_t next_eligible;     /* from when a new instruction can succeed; 0: not known */
    bool ended;                /* no longer live */
    /* The Device had no work item before this one: ledger_item_insert sets it where ledger_earlier_work has just said
     * so. False: it had, or nobody asked, or a program before version 16 of the tables wrote the row. */
    bool no_earlier;
};

/* "READY" …, a constant text; NULL if there is no such state. */
const char *ledger_state_name(enum ledger_state state);
/* The state of that name; false if there is none. */
bool ledger_state_find(const char *name, enum ledger_state *state);
/* Adds a work item and sets its number. SPOOL_ERROR_EXISTS if it is READY and its Device has a live one. */
bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error);
/* *model: of the work item's row what names a Device Model, and its Device; NULL: there is no such item. g_free. */
bool ledger_item_model(struct ledger *ledger, int64_t item, struct ledger_item **model, GError **error);
typedef bool (*ledger_item_visit)(void *user, const struct ledger_item *item, GError **error);
/* Visits the work items of a verdict in the order of the instruction; `ended` is not set. */
bool ledger_items_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_item_visit visit, void *user,
                       GError **error);

/* What the work items that a Device has had so far mean for a new one. */
struct ledger_earlier_work {
    bool live;                 /* one is live */
    bool replaced;             /* of one that has ended, a side says that the credentials were replaced, and no operator
                                  has overruled that */
    int64_t failed_sessions;   /* how many sessions ended FAILED, and */
    int64_t failed_migrations; /* how many of them with an error of category d */
    int64_t next_eligible;     /* of the newest failed session; 0: none failed, or its cause is resolved */
};
/* Sums up all work items of a Device. All members are 0 if it has none. The cause of a failed session is resolved if
 * the inventory shows another manufacturer, model, firmware or hub than at the failure, if its model was Non-Migratable
 * then and is not at `at`, or if an operator has released the Device since (ledger_resolved.h). */
bool ledger_earlier_work(struct ledger *ledger, uint64_t device, int64_t at, struct ledger_earlier_work *earlier,
                         GError **error);

/* *items (int64_t): the work items beside that one that have ended without a migration, and of which a side says that
 * the credentials were replaced, which no operator has overruled. Oldest first. */
bool ledger_work_stated_beside(struct ledger *ledger, uint64_t device, int64_t item, GArray *items, GError **error);

#endif
