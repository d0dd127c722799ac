/* Moving done/<id> to done/<subfolder>/<id>: one rename each, which a stop cannot cut. */
#include "gateway/pipeline/retention/retention_spread.h"

#include "formats/text.h"
#include "gateway/log/log.h"
#include "gateway/pipeline/recovery/places.h"
#include "spool/job.h"

#include <string.h>

/* A power failure in the move may leave a job in both places. The copy in the subfolder is the one that all read. */
static bool drop_flat_copy(const struct gateway *gateway, int64_t id, bool *dropped, GError **error)
{
    g_autofree char *kept = job_path(gateway->spool, JOB_DONE, id, NULL);
    char text[JOB_ID_SIZE];

    job_id_print(id, text);
    g_autofree char *flat = g_build_filename(spool_dir(gateway->spool), job_state_name(JOB_DONE), text, NULL);
    *dropped = strcmp(kept, flat) != 0 && places_hold_all(kept, flat);
    return !*dropped || disk_remove_dir(STEP_JOB_SPREAD, flat, error);
}

/* *moved is raised if the job has moved. */
static bool spread_one(struct gateway *gateway, int64_t id, int64_t *moved, GError **error)
{
    GError *cause = NULL;

    if (job_spread(gateway->spool, id, &cause)) {
        ++*moved;
        return true;
    }
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_propagate_error(error, cause);
        return false;
    }
    bool dropped = false;
    bool good = drop_flat_copy(gateway, id, &dropped, error);
    if (!good || dropped) {
        g_error_free(cause);
        return good;
    }
    gateway_fail(gateway, cause, LOG(EVENT_DAMAGED, .job = id),
                 "job %08" G_GINT64_FORMAT " stands twice in done; 'ecosgate spool verify' says what helps", id);
    return true;
}

bool spreading_go_on(struct spreading *spreading, struct gateway *gateway, int64_t until, GError **error)
{
    int64_t moved = 0;
    bool good = true;

    if (spreading->flat == NULL)
        spreading->flat = job_list_flat(gateway->spool, error);
    if (spreading->flat == NULL)
        return false;
    while (good && spreading->flat->len > 0 && !gateway_time_is_up(gateway, until)) {
        int64_t id = g_array_index(spreading->flat, int64_t, spreading->flat->len - 1);
        g_array_set_size(spreading->flat, spreading->flat->len - 1);
        good = spread_one(gateway, id, &moved, error);
    }
    g_autofree char *jobs = text_count(moved, "job");
    if (moved > 0)
        log_event(LOG(EVENT_JOBS_SPREAD, .counts = LOG_COUNTS({"jobs", moved})),
                  "retention: moved %s of done into its subfolders", jobs);
    return good;
}

void spreading_clear(struct spreading *spreading)
{
    g_clear_pointer(&spreading->flat, g_array_unref);
}
