/* The orders about archives: which jobs are in one, and which are back (archiving.h). */
#include "gateway/pipeline/retention/archiving.h"
#include "gateway/pipeline/orders/order_private.h"
#include "spool/job.h"
#include "spool/ledger/ledger_archive.h"
#include "spool/ledger/ledger_jobs.h"

#include <string.h>

/* ---- jobs are in an archive ---- */

static bool put_archive(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_archive archive = {
        .name = order->archive, .sha256 = order->digest, .before = order->before, .at = order->at};

    return ledger_archive_add(gateway->ledger, &archive, subject, error);
}

static int64_t count(const GArray *ranges)
{
    int64_t n = 0;

    for (guint i = 0; i < ranges->len; i++) {
        const struct ledger_archive_range *range = &g_array_index(ranges, struct ledger_archive_range, i);
        n += range->last - range->first + 1;
    }
    return n;
}

/* *refusal: why the ledger does not take it; NULL: it does; g_free. */
static bool refuse_archive(struct gateway *gateway, const struct order *order, const GArray *ranges, char **refusal,
                           GError **error)
{
    g_autofree struct ledger_archive *same = NULL;
    int64_t taken = 0;

    *refusal = order_refuse_behind(gateway);
    if (*refusal != NULL)
        return true;
    if (ranges == NULL) {
        *refusal = g_strdup("the order names no jobs in ascending order; give it with 'ecosgate archive'");
        return true;
    }
    if (!ledger_archive_with_digest(gateway->ledger, order->digest, &same, error))
        return false;
    if (same != NULL) {
        *refusal = g_strdup_printf("this archive is recorded already, as %s", same->name);
        return true;
    }
    for (guint i = 0; taken == 0 && i < ranges->len; i++)
        if (!ledger_archive_taken(gateway->ledger, &g_array_index(ranges, struct ledger_archive_range, i), &taken,
                                  error))
            return false;
    if (taken != 0)
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " was moved to another archive meanwhile; remove this "
                                   "file, and make another archive of what is left",
                                   taken);
    return true;
}

bool order_archive(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autoptr(GArray) ranges = archiving_parse(order->list);
    g_autofree char *refusal = NULL;
    int64_t next = 0;

    if (!refuse_archive(gateway, order, ranges, &refusal, error))
        return false;
    if (refusal != NULL)
        return order_refuse(gateway, order, refusal, error);
    g_autofree char *reason = g_strdup_printf("%s, SHA-256 %s: %s", order->archive, order->digest, order->reason);
    g_autofree char *result = g_strdup_printf(ORDER_DONE ": jobs %" G_GINT64_FORMAT, count(ranges));
    const struct ledger_action action = order_action(order, reason, result);
    return order_commit(gateway, &action, &(struct order_change){put_archive, order, ranges}, error) &&
           (gateway->yields || archiving_pass(gateway, &next, error));
}

/* ---- jobs are back ---- */

/* What is to be done about one job. */
struct comeback {
    int64_t job;
    enum job_state to;
    char *staged; /* its folder in returning/ */
    bool there;   /* it stands in its place already: a stop came after the rename */
};

static bool find_state(struct gateway *gateway, int64_t id, enum job_state *to, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    g_autofree struct ledger_verdict *verdict = NULL;

    if (!ledger_job_get(gateway->ledger, id, &job, error) ||
        (job != NULL && !ledger_verdict_get(gateway->ledger, id, job->revision, &verdict, error)))
        return false;
    *to = verdict != NULL && strcmp(verdict->outcome, "RJ") == 0 ? JOB_REJECTED : JOB_DONE;
    return true;
}

/* *refusal: why the job cannot come back; g_free. */
static bool look(struct gateway *gateway, const struct order *order, struct comeback *back, char **refusal,
                 GError **error)
{
    g_autofree struct ledger_archive *archive = NULL;
    enum job_state state = JOB_NOWHERE;
    bool staged = false;

    back->staged = archiving_path(gateway, ARCHIVING_RETURNING, back->job);
    if (!ledger_archive_of(gateway->ledger, back->job, &archive, error) ||
        !job_find(gateway->spool, back->job, &state, error) || !find_state(gateway, back->job, &back->to, error) ||
        !disk_exists(back->staged, &staged, error))
        return false;
    /* In no archive any more: another order about it was carried out first. */
    back->there = state == back->to && (archive == NULL || !staged);
    if (back->there && archive == NULL)
        return true;
    if (archive == NULL || strcmp(archive->sha256, order->digest) != 0)
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " is not in this archive by the ledger; 'ecosgate spool "
                                   "show' says where it is",
                                   back->job);
    else if (archive->upto < back->job)
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " has not left the spool yet; try again later", back->job);
    else if (!back->there && (state != JOB_NOWHERE || !staged))
        *refusal = g_strdup_printf("job %08" G_GINT64_FORMAT " cannot come back: %s", back->job,
                                   staged ? "it stands in the spool" : "its files are not in returning/; try again");
    return true;
}

static bool move_in(struct gateway *gateway, const struct comeback *back, GError **error)
{
    if (back->there)
        return true;
    g_autofree char *to = job_path(gateway->spool, back->to, back->job, NULL);
    g_autofree char *above = g_path_get_dirname(to);
    return disk_make_dirs(STEP_SPOOL_MADE, above, error) &&
           disk_rename_noreplace(STEP_JOB_BACK, back->staged, to, error);
}

static bool take_out(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const GArray *jobs = subject;

    (void)order; /* what it names is in `subject` */
    for (guint i = 0; i < jobs->len; i++)
        if (!ledger_archive_take_out(gateway->ledger, g_array_index(jobs, struct comeback, i).job, error))
            return false;
    return true;
}

static void clear_comeback(gpointer memory)
{
    g_free(((struct comeback *)memory)->staged);
}

/* All jobs of the order; g_array_unref. *refusal: why none comes back. */
static GArray *find_all(struct gateway *gateway, const struct order *order, char **refusal, GError **error)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, TRUE, sizeof(struct comeback));
    g_autoptr(GArray) ranges = archiving_parse(order->list);

    g_array_set_clear_func(jobs, clear_comeback);
    *refusal = order_refuse_behind(gateway);
    if (*refusal == NULL && (ranges == NULL || count(ranges) > ARCHIVING_MOST_BACK))
        *refusal = g_strdup_printf("the order names no jobs, or more than %d; give it with 'ecosgate archive restore'",
                                   ARCHIVING_MOST_BACK);
    for (guint i = 0; *refusal == NULL && i < ranges->len; i++) {
        const struct ledger_archive_range *range = &g_array_index(ranges, struct ledger_archive_range, i);
        for (int64_t id = range->first; *refusal == NULL && id <= range->last; id++) {
            struct comeback back = {.job = id};
            bool good = look(gateway, order, &back, refusal, error);
            g_array_append_val(jobs, back);
            if (!good)
                return NULL;
        }
    }
    return g_steal_pointer(&jobs);
}

bool order_archive_restore(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree char *refusal = NULL;
    g_autoptr(GArray) jobs = find_all(gateway, order, &refusal, error);

    if (jobs == NULL)
        return false;
    if (refusal != NULL)
        return order_refuse(gateway, order, refusal, error);
    for (guint i = 0; i < jobs->len; i++)
        if (!move_in(gateway, &g_array_index(jobs, struct comeback, i), error))
            return false;
    g_autofree char *reason = g_strdup_printf("%s: %s", order->archive, order->reason);
    g_autofree char *result = g_strdup_printf(ORDER_DONE ": jobs %u", jobs->len);
    const struct ledger_action action = order_action(order, reason, result);
    return order_commit(gateway, &action, &(struct order_change){take_out, order, jobs}, error);
}
