/*
 * What is known of a Device beside its work: where it is, whose it is and what it is. The inventory says it; where that
 * does not know the Device, the instruction.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_DEVICE_FACTS_H
#define ECOSGATE_GATEWAY_COMMANDS_DEVICE_FACTS_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_work.h"

#include <jansson.h>

/* What the facts are of. */
struct device_subject {
    bool has_device;
    uint64_t device;
    const struct ledger_work *work; /* NULL: no instruction names it */
};
/* Sets the members device_type, mpxn, supplier (the MPID of the Responsible Supplier now, or its EUI-64 where PTY does
 * not name it), hub, manufacturer, model, firmware. False: the ledger's error. */
bool device_facts_set(struct gateway *gateway, const struct device_subject *subject, json_t *object, GError **error);

/* Sets the member instructed: what the instruction says in these columns and the inventory does not, as "MPxN …,
 * hub …"; null: nothing. */
bool device_facts_set_instructed(struct gateway *gateway, const struct ledger_work *work, json_t *object,
                                 GError **error);

#endif
