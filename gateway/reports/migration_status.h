/*
 * A Device's MigrationStatus (formats/FILES.md, 10; gateway/REPORTS.md), from what the inventory and its work items
 * say. Pure functions, which cannot fail.
 *
 *   struct ledger_past past = {0};
 *   ledger_past_add(&past, work) …                      all work items of the Device
 *   migration_status(config, device, &past, non_migratable)
 */
#ifndef ECOSGATE_GATEWAY_REPORTS_MIGRATION_STATUS_H
#define ECOSGATE_GATEWAY_REPORTS_MIGRATION_STATUS_H

#include "gateway/config/config.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_work.h"

/* True: by its status in the inventory the Device is no longer there: Decommissioned or Withdrawn. */
bool migration_is_gone(const struct ledger_inventory *device);
/* True: this Device may be migrated, by its type (device_types) and its status in the inventory. */
bool migration_in_scope(const struct config *config, const struct ledger_inventory *device);
/* "TCOS" …; non_migratable: the Device Model is Non-Migratable at the time that the report is about. */
const char *migration_status(const struct config *config, const struct ledger_inventory *device,
                             const struct ledger_past *past, bool non_migratable);

#endif
