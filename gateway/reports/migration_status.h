/*
 * A Device's MigrationStatus (formats/FILES.md, 10; gateway/REPORTS.md): pure, from what the inventory and its work
 * say.
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MIGRATION_STATUS_H
#define ECOSGATE_GATEWAY_REPORTS_MIGRATION_STATUS_H

#include "gateway/config.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_sessions.h"

/* What its work items say. Begin with zeros. */
struct migration_past {
    bool live;
    enum ledger_state state; /* of the live one */
    int64_t migrated_at;     /* 0: not migrated here */
    int64_t failed;          /* sessions */
};

/* Takes the next work item of the Device into account. */
void migration_past_add(struct migration_past *past, const struct ledger_work *work);

/* Is this Device one that is ever migrated: in scope by its type, and not taken down? */
bool migration_in_scope(const struct config *config, const struct ledger_inventory *device);
/* "TCOS" …; non_migratable: its model is Non-Migratable. */
const char *migration_status(const struct config *config, const struct ledger_inventory *device,
                             const struct migration_past *past, bool non_migratable);

#endif
