/* Table by table, for a large ledger on a slow disk takes minutes. */
#include "gateway/pipeline/recovery/quick_check.h"

#include "gateway/clock.h"
#include "spool/ledger/ledger_proof.h"

enum { SECOND = 1000000 };

static bool check_table(struct gateway *gateway, const char *table, GError **error)
{
    g_autofree char *complaint = NULL;

    if (!ledger_table_check(gateway->ledger, table, &complaint, error))
        return false;
    if (complaint == NULL)
        return true;
    g_set_error(
        error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
        "ledger %s is damaged, found after the last run did not end by itself: table %s: %s; restore ledger and "
        "spool from one backup, then look at the disk",
        gateway->config->ledger, table, complaint);
    return false;
}

bool quick_check_begin(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) tables = NULL;
    int64_t begun = clock_monotonic();

    if (!gateway->unchecked)
        return true;
    if (!ledger_tables(gateway->ledger, &tables, error))
        return false;
    for (guint i = 0; i < tables->len; i++) {
        if (gateway_stopping(gateway))
            return true; /* the mark stays: the next start checks */
        if (gateway->on_progress != NULL)
            gateway->on_progress(gateway->progress_user, "check of the ledger, tables", i, tables->len);
        if (!check_table(gateway, tables->pdata[i], error))
            return false;
    }
    gateway->unchecked = false;
    log_event(LOG(EVENT_LEDGER_CHECKED),
              "the last run did not end by itself (kill, crash or power failure); the ledger was checked and is "
              "whole, %.1f s",
              (double)(clock_monotonic() - begun) / SECOND);
    return true;
}

void quick_check_end(struct gateway *gateway)
{
    g_autoptr(GError) error = NULL;

    if (gateway->ledger != NULL && gateway->writing && !gateway->unchecked &&
        !ledger_identity_end(gateway->ledger, &error))
        log_event(LOG(EVENT_END_UNRECORDED), "the end of this run is not in the ledger, and the next one checks it: %s",
                  error->message);
}
