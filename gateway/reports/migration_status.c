/* The statuses in the order in which REPORTS.md lists them: the first that fits counts. */
#include "gateway/reports/migration_status.h"

#include <string.h>

bool migration_is_gone(const struct ledger_inventory *device)
{
    return strcmp(device->status, "Decommissioned") == 0 || strcmp(device->status, "Withdrawn") == 0;
}

bool migration_in_scope(const struct config *config, const struct ledger_inventory *device)
{
    return g_strv_contains((const char *const *)config->device_types, device->device_type) &&
           !migration_is_gone(device);
}

/* The status of a Device with a work item in that state, which has not ended. */
static const char *status_of_live(enum ledger_state state)
{
    switch (state) {
    case LEDGER_CONFIRM_PENDING:
        return "CONFIRM_PENDING";
    case LEDGER_CONFIRM_MISMATCH:
        return "CONFIRM_MISMATCH";
    case LEDGER_DISPATCHED:
    case LEDGER_RETRY_WAIT:
        return "IN_SESSION";
    default:
        return "INSTRUCTED";
    }
}

const char *migration_status(const struct config *config, const struct ledger_inventory *device,
                             const struct ledger_past *past, bool non_migratable)
{
    if (!migration_in_scope(config, device))
        return "OUT_OF_SCOPE";
    if (past->migrated_at != 0 || strcmp(device->credentials, "ECOS") == 0)
        return "ECOS";
    if (past->live)
        return status_of_live(past->state);
    if (non_migratable)
        return "NON_MIGRATABLE";
    if (past->failed > 0)
        return past->failed >= config->max_sessions ? "FAILED_ACTION" : "FAILED_RETRY";
    return "TCOS";
}
