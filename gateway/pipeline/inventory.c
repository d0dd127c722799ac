/* Questions that only read the ledger, so that commands that change nothing can ask them too. */
#include "gateway/pipeline/inventory.h"

#include "formats/instant.h"
#include "gateway/clock.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_shrink.h"
#include "validators/rules.h"

#include <inttypes.h>

bool inventory_find_problem(struct gateway *gateway, char **text, GError **error)
{
    const struct config *config = gateway->config;
    struct ledger_loaded newest;
    char created[INSTANT_TEXT_SIZE];

    if (!ledger_reference_get(gateway->ledger, LEDGER_INVENTORY, &newest, error))
        return false;
    *text = NULL;
    if (newest.job == 0 && config->inventory_required)
        *text = g_strdup("there is no inventory yet; instructions wait until an INV is accepted");
    if (newest.job == 0 || clock_now() - newest.created <= config->inventory_max_age)
        return true;
    instant_print(newest.created, created);
    *text = g_strdup_printf("the newest INV is of %s, more than %" PRId64
                            " days ago (inventory_max_age); instructions wait until a newer one is accepted",
                            created, config->inventory_max_age / RULES_DAY);
    return true;
}

bool inventory_find_undecided(struct gateway *gateway, int64_t *job, GError **error)
{
    return ledger_shrink_undecided(gateway->ledger, 0, "PTY", job, error);
}

bool inventory_waits(struct gateway *gateway, int64_t job, bool *waits, GError **error)
{
    g_autofree struct ledger_job *row = NULL;

    if (!ledger_job_get(gateway->ledger, job, &row, error))
        return false;
    *waits = row != NULL && g_strcmp0(row->type, "EMI") == 0;
    return true;
}
