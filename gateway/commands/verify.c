#include "gateway/commands/verify.h"

#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_proof.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

enum { LOOKS = 4, PAUSE_US = 100000 };

struct verify {
    struct gateway *gateway;
    verify_problem_fn report;
    void *user;
    struct verify_sums *sums;
};

static void report_fault(struct verify *v, int64_t job, const char *text)
{
    v->sums->faults++;
    v->report(v->user, job, text);
}

/* Is somebody at work, so that what looks wrong may be a job in motion? */
static bool may_move(const struct verify *v)
{
    int64_t writer;

    return !spool_writer(v->gateway->spool, &writer, NULL) || writer != 0;
}

/* Looks at a job until it looks right, or until it has looked wrong often enough. */
static bool check_job(struct verify *v, int64_t id, GError **error)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);

    for (int looks = 0; looks < LOOKS; looks++) {
        g_ptr_array_set_size(faults, 0);
        if (!verify_job(v->gateway, id, faults, error))
            return false;
        if (faults->len == 0 || (looks > 0 && !may_move(v)))
            break;
        g_usleep(may_move(v) ? PAUSE_US : 0);
    }
    for (guint i = 0; i < faults->len; i++)
        report_fault(v, id, faults->pdata[i]);
    return true;
}

/* ---- ledger against spool, bytes against digests ---- */

static bool add_id(void *user, const struct ledger_job *job, GError **error)
{
    (void)error; /* nothing can go wrong */
    g_array_append_val((GArray *)user, job->id);
    return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Every id that either side knows. The ids alone are kept, and each job is asked for when its turn
 * comes, so that no long query holds back the writer's checkpoints. */
static GArray *all_ids(struct verify *v, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GArray) spots = read_access_spots(v->gateway->spool, error);

    if (spots == NULL || !ledger_jobs_each(v->gateway->ledger, add_id, ids, error))
        return NULL;
    v->sums->jobs = ids->len;
    for (guint i = 0; i < spots->len; i++)
        g_array_append_val(ids, g_array_index(spots, struct spot, i).id);
    g_array_sort(ids, by_id);
    return g_steal_pointer(&ids);
}

static bool check_jobs(struct verify *v, GError **error)
{
    struct gateway *gateway = v->gateway;
    g_autoptr(GArray) ids = all_ids(v, error);

    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        int64_t id = g_array_index(ids, int64_t, i);
        if (i > 0 && id == g_array_index(ids, int64_t, i - 1))
            continue; /* known to both sides */
        if (gateway->on_progress != NULL)
            gateway->on_progress(gateway->progress_user, "jobs", i, ids->len);
        if (!check_job(v, id, error))
            return false;
    }
    return ids != NULL;
}

/* What stands in a state's folder and is no job's directory. */
static bool check_strangers(struct verify *v, GError **error)
{
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        const char *folder = job_state_name((enum job_state)state);
        g_autofree char *path = g_build_filename(spool_dir(v->gateway->spool), folder, NULL);
        g_auto(GStrv) names = disk_names(path, error);
        if (names == NULL)
            return false;
        for (char **name = names; *name != NULL; name++) {
            char text[JOB_ID_SIZE] = "";
            int64_t id;
            if (job_id_parse(*name, &id))
                job_id_print(id, text);
            if (strcmp(text, *name) == 0)
                continue;
            g_autofree char *shown = g_strescape(*name, NULL);
            g_autofree char *fault = g_strdup_printf("%s/%s is no job's directory", path, shown);
            report_fault(v, 0, fault);
        }
    }
    return true;
}

/* ---- the ledger against itself ---- */

static bool check_proof(void *user, const struct ledger_proof *proof, GError **error)
{
    const struct ledger_verdict *verdict = &proof->verdict;
    struct verify *v = user;

    (void)error; /* nothing can go wrong */
    if (proof->instruction) {
        v->sums->devices += verdict->parsed;
        v->sums->accepted += verdict->accepted;
        v->sums->rejected += verdict->rejected;
        v->sums->deferred += verdict->deferred;
    }
    if (proof->sound && verdict->parsed == verdict->accepted + verdict->rejected + verdict->deferred)
        return true;
    g_autofree char *fault = g_strdup_printf(
        "revision %" G_GINT64_FORMAT ", verdict %s: %" G_GINT64_FORMAT " records in, noted %" G_GINT64_FORMAT
        " accepted + %" G_GINT64_FORMAT " rejected + %" G_GINT64_FORMAT " deferred, counted %" G_GINT64_FORMAT
        " + %" G_GINT64_FORMAT " + %" G_GINT64_FORMAT "; dispatched %" G_GINT64_FORMAT ", sessions %" G_GINT64_FORMAT
        ", not as their steps say %" G_GINT64_FORMAT "; ended %" G_GINT64_FORMAT ", counted %" G_GINT64_FORMAT
        "; EMA files %" G_GINT64_FORMAT ", EMD files %" G_GINT64_FORMAT ", EMD rows %" G_GINT64_FORMAT
        "; findings %" G_GINT64_FORMAT ", counted %" G_GINT64_FORMAT "; items of no place %" G_GINT64_FORMAT
        ", answers of another time %" G_GINT64_FORMAT ": these do not agree",
        verdict->revision, verdict->outcome, verdict->parsed, verdict->accepted, verdict->rejected, verdict->deferred,
        proof->ready, proof->rejected, proof->deferred, verdict->dispatched, proof->sessions,
        proof->mismatched_sessions, verdict->ended, proof->ended, proof->ema_files, proof->emd_files, proof->emd_rows,
        proof->findings, proof->finding_counts, proof->wrong_slots, proof->wrong_times);
    report_fault(v, verdict->job, fault);
    return true;
}

static bool check_integrity(void *user, const char *complaint, int64_t n, GError **error)
{
    g_autofree char *fault = g_strconcat("ledger: ", complaint, NULL);

    (void)n, (void)error;
    report_fault(user, 0, fault);
    return true;
}

static bool check_ledger(struct verify *v, GError **error)
{
    struct ledger *ledger = v->gateway->ledger;
    int64_t live = 0, astray = 0, incidents = 0;

    if (!ledger_integrity_each(ledger, check_integrity, v, error) ||
        !ledger_proofs_each(ledger, check_proof, v, error) || !ledger_live_duplicates(ledger, &live, error) ||
        !ledger_sequences_above_counter(ledger, &astray, error) ||
        !ledger_incidents_inconsistent(ledger, &incidents, error))
        return false;
    if (incidents > 0) {
        g_autofree char *fault = g_strdup_printf(
            "ledger: incidents whose beginning and end are not told once each and in order: %" G_GINT64_FORMAT,
            incidents);
        report_fault(v, 0, fault);
    }
    if (astray > 0) {
        g_autofree char *fault = g_strdup_printf(
            "ledger: answers and work orders with a number that was not given out: %" G_GINT64_FORMAT, astray);
        report_fault(v, 0, fault);
    }
    if (live > 0) {
        g_autofree char *fault =
            g_strdup_printf("ledger: Devices with more than one live work item: %" G_GINT64_FORMAT, live);
        report_fault(v, 0, fault);
    }
    return true;
}

static bool check_reports(struct verify *v, GError **error)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);

    if (!verify_reports(v->gateway, faults, error))
        return false;
    for (guint i = 0; i < faults->len; i++)
        report_fault(v, 0, faults->pdata[i]);
    return true;
}

bool verify_all(struct gateway *gateway, verify_problem_fn report, void *user, struct verify_sums *sums, GError **error)
{
    struct verify v = {gateway, report, user, sums};
    GError *fault = NULL;

    *sums = (struct verify_sums){0};
    if (check_jobs(&v, &fault) && check_strangers(&v, &fault) && check_ledger(&v, &fault) && check_reports(&v, &fault))
        return true;
    if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        g_propagate_error(error, fault);
        return false;
    }
    /* A ledger too damaged to be asked is what verify is there to find. */
    report_fault(&v, 0, fault->message);
    g_error_free(fault);
    return true;
}
