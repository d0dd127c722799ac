/*
 * The walk: every job that spool or ledger knows, then the folders, the ledger's own sums and the reports. What is
 * wrong is collected as text; only a failure to read ends the walk.
 */
#include "gateway/commands/verify/verify.h"

#include "gateway/commands/read_access.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_counts.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_profiles.h"
#include "spool/ledger/ledger_proof.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_verdicts.h"

#include <string.h>

enum { MOST_LOOKS = 4, PAUSE_US = 100000 };

struct verify {
    struct gateway *gateway;
    verify_problem_fn report;
    void *user;
    struct verify_sums *sums;
};

static void report_problem(struct verify *v, int64_t job, const char *text)
{
    v->sums->problems++;
    v->report(v->user, job, text);
}

/* True while a gateway runs, or may run: a job that looks wrong may be moving then. */
static bool may_move(const struct verify *v)
{
    int64_t writer;

    return !spool_writer(v->gateway->spool, &writer, NULL) || writer != 0;
}

/* Checks a job until it is sound, at most MOST_LOOKS times; without a running gateway twice. */
static bool check_job(struct verify *v, int64_t id, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        g_ptr_array_set_size(problems, 0);
        if (!verify_job(v->gateway, id, problems, error))
            return false;
        if (problems->len == 0 || (looks > 0 && !may_move(v)))
            break;
        g_usleep(may_move(v) ? PAUSE_US : 0);
    }
    for (guint i = 0; i < problems->len; i++)
        report_problem(v, id, problems->pdata[i]);
    return true;
}

/* ---- ledger against spool, bytes against digests ---- */

static bool add_id(void *user, const struct ledger_job *job, GError **error)
{
    (void)error; /* nothing here can fail */
    g_array_append_val((GArray *)user, job->id);
    return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The IDs of all jobs that the ledger or the spool knows, sorted; a job that both know is there twice. Only IDs are
 * read here: a query that stays open over the whole check would keep the writer from shortening the write-ahead log. */
static GArray *all_ids(struct verify *v, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(GArray) places = read_access_places(v->gateway->spool, error);

    if (places == NULL || !ledger_jobs_each(v->gateway->ledger, add_id, ids, error))
        return NULL;
    v->sums->jobs = ids->len;
    for (guint i = 0; i < places->len; i++)
        g_array_append_val(ids, g_array_index(places, struct job_place, i).id);
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
            continue; /* spool and ledger know it */
        if (gateway->on_progress != NULL)
            gateway->on_progress(gateway->progress_user, "jobs", i, ids->len);
        if (!check_job(v, id, error))
            return false;
    }
    return ids != NULL;
}

/* The id of which a folder has that name; 0: of none. */
static int64_t id_of_folder(const char *name)
{
    char printed[JOB_ID_SIZE] = "";
    int64_t id = 0;

    if (job_id_parse(name, &id))
        job_id_print(id, printed);
    return strcmp(printed, name) == 0 ? id : 0;
}

/* Entries of a folder that are no job's folder, or (in done/ and its subfolders) one that readers do not find.
 * Subfolders are appended to `inner`; where there can be none (NULL), they are such entries, too. */
static bool check_folder(struct verify *v, const char *path, bool done, GPtrArray *inner, GError **error)
{
    g_auto(GStrv) names = disk_names(path, error);

    for (char **name = names; name != NULL && *name != NULL; name++) {
        int64_t id = id_of_folder(*name);
        g_autofree char *here = g_build_filename(path, *name, NULL);
        g_autofree char *place = id != 0 && done ? job_path(v->gateway->spool, JOB_DONE, id, NULL) : NULL;
        if (inner != NULL && job_subfolder_is(*name)) {
            g_ptr_array_add(inner, g_steal_pointer(&here));
            continue;
        }
        if (id != 0 && (place == NULL || strcmp(place, here) == 0))
            continue;
        g_autofree char *shown = g_strescape(*name, NULL);
        g_autofree char *text = g_strdup_printf("%s/%s is no job's directory%s; move it out of the spool", path, shown,
                                                id != 0 ? " of this folder" : "");
        report_problem(v, 0, text);
    }
    return names != NULL;
}

static void report_subfolder(struct verify *v, const char *path)
{
    g_autofree char *text = g_strdup_printf("%s is no job's directory; move it out of the spool", path);

    report_problem(v, 0, text);
}

static bool check_folders(struct verify *v, GError **error)
{
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        const char *folder = job_state_name((enum job_state)state);
        g_autofree char *path = g_build_filename(spool_dir(v->gateway->spool), folder, NULL);
        g_autoptr(GPtrArray) inner = g_ptr_array_new_with_free_func(g_free);
        if (!check_folder(v, path, state == JOB_DONE, inner, error))
            return false;
        for (guint i = 0; i < inner->len; i++) {
            if (state != JOB_DONE)
                report_subfolder(v, inner->pdata[i]);
            else if (!check_folder(v, inner->pdata[i], true, NULL, error))
                return false;
        }
    }
    return true;
}

/* ---- the ledger against itself ---- */

/* One line with every pair of numbers that must agree, so that the reader sees which pair does not. */
static char *proof_text(const struct ledger_proof *proof)
{
    const struct ledger_verdict *verdict = &proof->verdict;
    GString *text = g_string_new(NULL);

    g_string_append_printf(text,
                           "revision %" G_GINT64_FORMAT ", verdict %s: the ledger contradicts itself: %" G_GINT64_FORMAT
                           " records in, recorded as %" G_GINT64_FORMAT " accepted + %" G_GINT64_FORMAT
                           " rejected + %" G_GINT64_FORMAT " deferred, counted %" G_GINT64_FORMAT " + %" G_GINT64_FORMAT
                           " + %" G_GINT64_FORMAT,
                           verdict->revision, verdict->outcome, verdict->parsed, verdict->accepted, verdict->rejected,
                           verdict->deferred, proof->ready, proof->rejected, proof->deferred);
    g_string_append_printf(text,
                           "; dispatched %" G_GINT64_FORMAT ", sessions counted %" G_GINT64_FORMAT
                           ", sessions that differ from their history %" G_GINT64_FORMAT "; ended %" G_GINT64_FORMAT
                           ", counted %" G_GINT64_FORMAT "; begun %" G_GINT64_FORMAT ", counted %" G_GINT64_FORMAT,
                           verdict->dispatched, proof->sessions, proof->mismatched_sessions, verdict->ended,
                           proof->ended, verdict->begun, proof->begun);
    g_string_append_printf(text,
                           "; EMA files %" G_GINT64_FORMAT ", EMD files %" G_GINT64_FORMAT
                           ", EMD rows %" G_GINT64_FORMAT "; findings %" G_GINT64_FORMAT ", counted %" G_GINT64_FORMAT,
                           proof->ema_files, proof->emd_files, proof->emd_rows, proof->findings, proof->finding_counts);
    g_string_append_printf(text, "; answers planned at another time than the verdict %" G_GINT64_FORMAT VERIFY_RESTORE,
                           proof->wrong_times);
    return g_string_free(text, FALSE);
}

static bool check_proof(void *user, const struct ledger_proof *proof, GError **error)
{
    const struct ledger_verdict *verdict = &proof->verdict;
    struct verify *v = user;

    (void)error; /* nothing here can fail */
    if (proof->instruction) {
        v->sums->devices += verdict->parsed;
        v->sums->accepted += verdict->accepted;
        v->sums->rejected += verdict->rejected;
        v->sums->deferred += verdict->deferred;
    }
    if (proof->sound && verdict->parsed == verdict->accepted + verdict->rejected + verdict->deferred)
        return true;
    g_autofree char *text = proof_text(proof);
    report_problem(v, verdict->job, text);
    return true;
}

static bool check_integrity(void *user, const char *complaint, int64_t n, GError **error)
{
    g_autofree char *text = g_strconcat("ledger: ", complaint, VERIFY_RESTORE, NULL);

    (void)n, (void)error;
    report_problem(user, 0, text);
    return true;
}

/* Rows that a rule of the ledger forbids: their number with the rule, if there are any. */
static void check_none(struct verify *v, int64_t n, const char *what)
{
    g_autofree char *text = NULL;

    if (n == 0)
        return;
    text = g_strdup_printf("ledger: %s: %" G_GINT64_FORMAT VERIFY_RESTORE, what, n);
    report_problem(v, 0, text);
}

static bool check_ledger(struct verify *v, GError **error)
{
    struct ledger *ledger = v->gateway->ledger;
    int64_t live = 0, numbers = 0, numberings = 0, incidents = 0;
    g_autofree char *counts = NULL;

    if (!ledger_integrity_each(ledger, check_integrity, v, error) ||
        !ledger_proofs_each(ledger, check_proof, v, error) || !ledger_live_duplicates(ledger, &live, error) ||
        !ledger_sequences_above_counter(ledger, &numbers, error) ||
        !ledger_numberings_inconsistent(ledger, &numberings, error) ||
        !ledger_incidents_inconsistent(ledger, &incidents, error) || !ledger_counts_wrong(ledger, &counts, error))
        return false;
    if (counts != NULL) {
        g_autofree char *text = g_strconcat("ledger: counts that differ from the rows: ", counts, VERIFY_RESTORE, NULL);
        report_problem(v, 0, text);
    }
    check_none(v, incidents, "incidents that were not reported as opened once and then as closed once");
    check_none(v, numberings, "sequence numbers that contradict the order in which a sender's files were accepted");
    check_none(v, numbers, "answers and work orders with a file number that was never given out");
    check_none(v, live, "Devices with more than one live work item");
    return true;
}

/* ---- profiles ---- */

/* Stored files are built again with them, when nobody has their folders any more. */
static bool check_profiles(struct verify *v, GError **error)
{
    g_autoptr(GPtrArray) kept = NULL;
    int64_t missing = 0;

    if (!ledger_profiles(v->gateway->ledger, &kept, error) ||
        !ledger_profiles_missing(v->gateway->ledger, &missing, error))
        return false;
    check_none(v, missing, "verdicts and outgoing files with a profile that the ledger does not keep");
    for (guint i = 0; i < kept->len; i++) {
        g_autoptr(GError) cause = NULL;
        if (!profiles_are_kept(v->gateway, kept->pdata[i], &cause))
            report_problem(v, 0, cause->message);
    }
    return true;
}

/* ---- the chain of evidence ---- */

static void report_link(void *user, int64_t job, const char *text)
{
    report_problem(user, job, text);
}

static bool check_evidence(struct verify *v, GError **error)
{
    return verify_evidence(v->gateway, report_link, v, error);
}

/* ---- reports ---- */

static bool check_reports(struct verify *v, GError **error)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);

    if (!verify_reports(v->gateway, problems, error))
        return false;
    for (guint i = 0; i < problems->len; i++)
        report_problem(v, 0, problems->pdata[i]);
    return true;
}

/* ---- the ledger against what is known outside of it ---- */

static bool check_witness(struct verify *v, GError **error)
{
    struct ledger_fault fault = {0};
    int64_t orphans = 0;

    if (!ledger_check(v->gateway, &fault, error))
        return false;
    /* A restored ledger contradicts nothing that is known. */
    if (fault.kind != LEDGER_SOUND && fault.kind != LEDGER_RESTORED)
        report_problem(v, 0, fault.text);
    bool newest = fault.kind == LEDGER_SOUND;
    ledger_fault_clear(&fault);
    if (newest && !verify_evidence_head(v->gateway, report_link, v, error))
        return false;
    if (!ledger_withheld_orphans(v->gateway->ledger, &orphans, error))
        return false;
    check_none(v, orphans, "withheld rows without a work item or a recovery");
    if (!ledger_hold_orphans(v->gateway->ledger, &orphans, error))
        return false;
    check_none(v, orphans, "rows of what operators keep back or have withdrawn without their order or subject");
    return true;
}

bool verify_all(struct gateway *gateway, verify_problem_fn report, void *user, struct verify_sums *sums, GError **error)
{
    struct verify v = {gateway, report, user, sums};
    GError *cause = NULL;

    *sums = (struct verify_sums){0};
    if (check_jobs(&v, &cause) && check_folders(&v, &cause) && check_ledger(&v, &cause) && check_profiles(&v, &cause) &&
        check_evidence(&v, &cause) && check_reports(&v, &cause) && check_witness(&v, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
        g_propagate_error(error, cause);
        return false;
    }
    /* A ledger too damaged to be asked is what verify is there to find. */
    g_autofree char *text = g_strconcat(cause->message, VERIFY_RESTORE, NULL);
    report_problem(&v, 0, text);
    g_error_free(cause);
    return true;
}
