/* What retention and archives ask of a job before they touch its files. */
#include "gateway/pipeline/retention/ended.h"

#include "spool/ledger/ledger_incidents.h"
#include "validators/catalogue.h"

#include <string.h>

static bool has_damage(const GPtrArray *damaged, int64_t job)
{
    char id[JOB_ID_SIZE];

    job_id_print(job, id);
    size_t len = strlen(id);
    for (guint i = 0; i < damaged->len; i++) {
        const char *subject = damaged->pdata[i];
        if (strncmp(subject, id, len) == 0 && (subject[len] == '\0' || subject[len] == '/'))
            return true;
    }
    return false;
}

bool ended_job(const struct gateway *gateway, const struct ledger_retention_look *look, const GPtrArray *damaged,
               enum job_state *state, GError **error)
{
    GError *cause = NULL;

    *state = JOB_NOWHERE;
    if (look->owed || !look->judged || look->newest || has_damage(damaged, look->job))
        return true;
    if (!job_find(gateway->spool, look->job, state, &cause)) {
        bool twice = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT); /* the next start brings it together */
        if (!twice)
            g_propagate_error(error, g_steal_pointer(&cause));
        g_clear_error(&cause);
        *state = JOB_NOWHERE;
        return twice;
    }
    if (*state != JOB_DONE && *state != JOB_REJECTED)
        *state = JOB_NOWHERE;
    return true;
}

bool ended_damaged(const struct gateway *gateway, GPtrArray **damaged, GError **error)
{
    return ledger_incident_subjects(gateway->ledger, catalogue_entry(A111)->id, damaged, error);
}
