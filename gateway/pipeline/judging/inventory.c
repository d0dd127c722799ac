/* Questions that only read the ledger, so that commands that change nothing can ask them too. */
#include "gateway/pipeline/judging/inventory.h"

#include "formats/instant.h"
#include "formats/profile.h"
#include "gateway/clock.h"
#include "gateway/pipeline/precedence.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_shrink.h"
#include "validators/rules/rules.h"

#include <inttypes.h>
#include <string.h>

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

/* Is `held` of job's sender and type, and held because its number is lost? */
static bool is_lost_of(struct gateway *gateway, const struct ledger_job *job, int64_t held, bool *lost, GError **error)
{
    g_autofree struct ledger_job *row = NULL;
    int64_t recovery = 0;

    *lost = false;
    if (!ledger_job_get(gateway->ledger, held, &row, error))
        return false;
    if (row == NULL || g_strcmp0(row->sender, job->sender) != 0 || g_strcmp0(row->type, job->type) != 0 ||
        g_strcmp0(row->org, job->org) != 0)
        return true;
    if (!ledger_number_lost(gateway->ledger, held, &recovery, error))
        return false;
    *lost = recovery != 0;
    return true;
}

static bool is_reference(const struct ledger_job *job)
{
    const struct file_type *type =
        job->type != NULL ? profile_type(profile_builtin(), job->type, strlen(job->type)) : NULL;

    return type != NULL && precedence_of(type) == PRECEDENCE_REFERENCE;
}

bool inventory_find_ahead(struct gateway *gateway, int64_t job, struct inventory_ahead *ahead, GError **error)
{
    g_autofree struct ledger_job *row = NULL;

    *ahead = (struct inventory_ahead){0};
    if (!ledger_shrink_ahead(gateway->ledger, job, &ahead->job, error) ||
        !ledger_job_get(gateway->ledger, job, &row, error))
        return false;
    if (ahead->job != 0 || row == NULL || !is_reference(row))
        return true;
    g_autoptr(GArray) held = job_list(gateway->spool, JOB_HELD, error);
    bool good = held != NULL;
    for (guint i = 0; good && i < held->len && !ahead->lost; i++) {
        int64_t one = g_array_index(held, int64_t, i);
        good = one >= job || is_lost_of(gateway, row, one, &ahead->lost, error);
        ahead->job = ahead->lost ? one : 0;
    }
    return good;
}

bool inventory_waits(struct gateway *gateway, int64_t job, bool *waits, GError **error)
{
    g_autofree struct ledger_job *row = NULL;

    if (!ledger_job_get(gateway->ledger, job, &row, error))
        return false;
    *waits = row != NULL && g_strcmp0(row->type, "EMI") == 0;
    return true;
}
