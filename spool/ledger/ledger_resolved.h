/*
 * What stood against a new instruction of a Device and is resolved: a failed session (C115), or a success of earlier
 * work (C108) that an operator has overruled.
 *
 *   ledger_session_put → ledger_failure_put                in the transaction in which a session fails
 *   ledger_device_release                                  an operator's order
 *   ledger_earlier_work (ledger_devices.h)                 asks what still stands
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_RESOLVED_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_RESOLVED_H

#include "spool/ledger/ledger.h"

/* Keeps what reference data say of the item's Device, whose session's newest transition is its failure: manufacturer,
 * model, firmware and hub of the inventory, and whether the model of the instruction is Non-Migratable at `at`. */
bool ledger_failure_put(struct ledger *ledger, int64_t item, int64_t at, GError **error);
/* All work of the Device that has ended so far stands no longer against a new instruction. order_id: the operator's
 * order that says so. */
bool ledger_device_release(struct ledger *ledger, uint64_t device, const char *order_id, GError **error);

/* A migration that stands: no operator has released the Device since. */
struct ledger_migrated {
    int64_t at;            /* when it was recorded; 0: there is none */
    int64_t job, revision; /* of its instruction */
    int64_t item;          /* which of the Device's work items it is */
};
/* *found: the newest migration of the Device that stands, if it was recorded before `before`. */
bool ledger_migrated_before(struct ledger *ledger, uint64_t device, int64_t before, struct ledger_migrated *found,
                            GError **error);

#endif
