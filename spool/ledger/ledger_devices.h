/*
 * Work items: a Device of an instruction, as it was split, and what a Device's past means for a new one.
 *
 *   ledger_earlier_work → ledger_item_insert …          in the transaction of the instruction's verdict
 *   ledger_items_each
 *
 * At most one work item of a Device is live (gateway/DEVICES.md): from its acceptance on until its session ends. What
 * becomes of an item after its split: ledger_sessions.h. The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_DEVICES_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_DEVICES_H

#include "spool/ledger/ledger.h"

struct ledger_verdict;

/* Where a work item is: the first three are the outcomes of its split, all are states of a session. */
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
    int64_t item; /* set by ledger_item_insert: contiguous within one transaction */
    int64_t job, record;
    bool has_device; /* false: malformed, device_text says it */
    uint64_t device;
    const char *device_text;
    const char *device_type, *manufacturer, *model, *firmware;
    const char *mpxn, *chf, *region, *attempt; /* as they stand in the instruction */
    enum ledger_state outcome;                 /* of the split: READY, REJECTED or DEFERRED */
    const char *code, *text;
    bool passes; /* the code passes by itself */
    int64_t next_eligible;
    bool ended; /* it is not live any more */
};

/* "READY" …; NULL where there is no such state. */
const char *ledger_state_name(enum ledger_state state);
bool ledger_state_find(const char *name, enum ledger_state *state);
/* A READY item is live; SPOOL_ERROR_EXISTS when its Device is live already. */
bool ledger_item_insert(struct ledger *ledger, struct ledger_item *item, GError **error);
typedef bool (*ledger_item_visit)(void *user, const struct ledger_item *item, GError **error);
/* The items of a verdict in the order of the instruction. */
bool ledger_items_each(struct ledger *ledger, const struct ledger_verdict *of, ledger_item_visit visit, void *user,
                       GError **error);

/* What earlier work items of a Device mean for a new one. */
struct ledger_earlier_work {
    bool live;
    bool replaced; /* one of the two sides has said that its credentials were replaced */
    int64_t failed_sessions;
    int64_t failed_migrations; /* of them with an error of category d */
    int64_t next_eligible;     /* of the newest failed session, 0 when there is none */
};
bool ledger_earlier_work(struct ledger *ledger, uint64_t device, struct ledger_earlier_work *past, GError **error);

#endif
