/*
 * A report is issued in two steps. One commit records the period, its job and all its files, PLANNED, with their
 * numbers of rows. Then the files are built and stored. A stop in between leaves files PLANNED; they are built before
 * anything else in the next pass, while the ledger still says what it said then, and so get the same bytes. Periods
 * that are due together share the commits and the sync.
 */
#include "gateway/reports/reports.h"

#include "formats/instant.h"
#include "gateway/answers/answer.h"
#include "gateway/answers/plan.h"
#include "gateway/clock.h"
#include "gateway/profiles.h"
#include "gateway/reports/report_build.h"
#include "gateway/reports/report_plan.h"
#include "gateway/reports/report_schedule.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_evidence.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_survey.h"

#include <string.h>

struct reports {
    struct gateway *gateway;
    int wake;
    struct report_build *build; /* of the reports that a thread builds; NULL: none */
    int64_t again;              /* monotonic microseconds: when a build that failed is tried again */
};

/* ---- a batch ---- */

/* Reports that are planned by one commit, and whose files one sync makes durable. A sync for each file made the making
 * up of many periods some ten times as slow. The sync also flushes what others write on the spool's file system. */
struct batch {
    struct gateway *gateway;
    struct report_shared *shared; /* by the reports */
    GPtrArray *reports;           /* struct issued */
    int64_t files, rows;
    int fs;          /* the spool's file system, opened before the first file is written; -1: not yet */
    GPtrArray *made; /* answer_placed_new: files that are whole and not recorded yet */
};

/* A batch ends with the report that reaches one of these. A row takes 16 bytes of memory. */
enum { BATCH_FILES = 512, BATCH_ROWS = 1 << 20 };

/* A report that was collected, and the period that it was issued for. */
struct issued {
    struct report *report;
    int64_t job;     /* 0: no recipient was known */
    const char *ref; /* of its kind */
    int64_t starts;
};

static void free_issued(gpointer user)
{
    struct issued *issued = user;

    report_free(issued->report);
    g_free(issued);
}

static void begin_batch(struct batch *batch, struct gateway *gateway)
{
    *batch = (struct batch){.gateway = gateway, .fs = -1};
    batch->shared = report_shared_new();
    batch->reports = g_ptr_array_new_with_free_func(free_issued);
    batch->made = answer_placed_new();
}

static void end_batch(struct batch *batch)
{
    g_ptr_array_unref(batch->reports);
    report_shared_free(batch->shared);
    g_ptr_array_unref(batch->made);
    disk_fs_close(batch->fs);
}

static bool is_full(const struct batch *batch)
{
    return batch->files >= BATCH_FILES || batch->rows >= BATCH_ROWS;
}

/* Takes the report. */
static void add_issued(struct batch *batch, struct report *report, const struct ledger_period *period)
{
    struct issued *issued = g_new0(struct issued, 1);

    *issued = (struct issued){report, period->job, report_kind_find(period->ref)->ref, period->starts};
    g_ptr_array_add(batch->reports, issued);
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        batch->files++;
        batch->rows += report_rows(report, i);
    }
}

/* ---- storing: PLANNED → STORED ---- */

/* Builds the file of recipient i, which is not durable yet. */
static bool make_one(struct batch *batch, struct report *report, size_t i, const struct ledger_outgoing *outgoing,
                     GError **error)
{
    g_autofree char *path = job_path(batch->gateway->spool, JOB_ACTIVE, outgoing->job, outgoing->name);
    g_autoptr(disk_file_t) file = report_place(report, i, path, error);

    if (file != NULL)
        answer_placed_add(batch->made, outgoing, file, report_rows(report, i));
    return file != NULL;
}

/* Builds all files of a report that are still PLANNED; at a stop fewer. */
static bool make_files(struct batch *batch, const struct issued *issued, GError **error)
{
    struct gateway *gateway = batch->gateway;
    g_autoptr(GPtrArray) files = NULL;

    if (issued->job == 0)
        return true;
    if (!job_make_unsynced(STEP_DISPATCH_MADE, gateway->spool, JOB_ACTIVE, issued->job, error) ||
        !ledger_reports_of(gateway->ledger, issued->ref, issued->starts, &files, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(issued->report) && !gateway_stopping(gateway); i++) {
        const struct ledger_outgoing *outgoing = report_file_of(files, report_recipient(issued->report, i)->id);
        if (outgoing != NULL && outgoing->state == LEDGER_PLANNED &&
            !make_one(batch, issued->report, i, outgoing, error))
            return false;
    }
    return true;
}

/* Builds, makes durable and records the files of all reports of the batch. */
static bool store_batch(struct batch *batch, GError **error)
{
    const char *spool = spool_dir(batch->gateway->spool);

    batch->fs = disk_fs_open(spool, error);
    if (batch->fs < 0)
        return false;
    for (guint i = 0; i < batch->reports->len; i++) {
        if (!make_files(batch, batch->reports->pdata[i], error))
            return false;
    }
    return batch->made->len == 0 || (disk_fs_sync(STEP_REPORT_SYNCED, batch->fs, spool, error) &&
                                     answer_note(batch->gateway, batch->made, error));
}

/* True: one of the files is still PLANNED. */
static bool is_planned(const GPtrArray *issued)
{
    for (guint i = 0; i < issued->len; i++) {
        if (((const struct ledger_report *)issued->pdata[i])->file.state == LEDGER_PLANNED)
            return true;
    }
    return false;
}

/* *usable: those of the files whose profile this release can use (struct ledger_report, borrowed). The others wait, and
 * nothing else does: the pass opens an A119. */
static bool find_usable(struct gateway *gateway, const GPtrArray *issued, GPtrArray **usable, GError **error)
{
    *usable = g_ptr_array_new();
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *one = issued->pdata[i];
        GError *cause = NULL;
        if (profiles_find(gateway, one->file.profile, &cause) != NULL) {
            g_ptr_array_add(*usable, issued->pdata[i]);
            continue;
        }
        if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_CORRUPT)) {
            g_propagate_error(error, cause);
            return false;
        }
        if (one->file.state == LEDGER_PLANNED && gateway->report_waits == NULL)
            gateway->report_waits = g_strdup_printf("%s is not written: %s", one->file.name, cause->message);
        g_error_free(cause);
    }
    return true;
}

/* Collects the report of a job again, if one of its files is PLANNED, and adds it. */
static bool add_planned(struct batch *batch, int64_t job, GError **error)
{
    struct gateway *gateway = batch->gateway;
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL, usable = NULL;

    if (!ledger_period_of_job(gateway->ledger, job, &period, error))
        return false;
    const struct report_kind *kind = period != NULL ? report_kind_find(period->ref) : NULL;
    if (kind == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "ledger, job %08" G_GINT64_FORMAT ": there is no report for it", job);
        return false;
    }
    if (!ledger_reports_of(gateway->ledger, period->ref, period->starts, &issued, error) ||
        !find_usable(gateway, issued, &usable, error))
        return false;
    if (!is_planned(usable))
        return true;
    g_autoptr(report_t) report = report_new(gateway, kind, (struct period){period->starts, period->ends});
    report_share(report, batch->shared);
    if (!report_to_issued(report, usable, error) || !report_collect(report, error))
        return false;
    add_issued(batch, g_steal_pointer(&report), period);
    return true;
}

bool reports_store(struct gateway *gateway, int64_t job, GError **error)
{
    struct batch batch;

    begin_batch(&batch, gateway);
    bool good = add_planned(&batch, job, error) && store_batch(&batch, error);
    end_batch(&batch);
    return good;
}

/* Stores the files that a stop left PLANNED. First of all: the ledger must not have changed since they were planned. */
static bool store_planned(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) planned = NULL;
    guint next = 0;
    bool good = ledger_outgoing_files_planned(gateway->ledger, &planned, error);

    while (good && next < planned->len) {
        struct batch batch;
        int64_t last = 0;
        begin_batch(&batch, gateway);
        for (; good && next < planned->len && !is_full(&batch); next++) {
            const struct ledger_outgoing *outgoing = planned->pdata[next];
            if (report_kind_find(outgoing->kind) != NULL && outgoing->job != last)
                good = add_planned(&batch, outgoing->job, error);
            last = outgoing->job;
        }
        good = good && store_batch(&batch, error);
        end_batch(&batch);
    }
    return good;
}

/* ---- issuing ---- */

/* Plans a report that has its recipients and was collected. Takes it. */
static bool plan(struct batch *batch, struct report *report, const struct report_kind *kind, struct period period,
                 GError **error)
{
    struct ledger_period row = {.ref = kind->ref, .starts = period.starts, .ends = period.ends, .issued = clock_now()};
    g_autoptr(report_t) taken = report;

    if (!report_plan(batch->gateway, report, &row, error))
        return false;
    add_issued(batch, g_steal_pointer(&taken), &row);
    return true;
}

/* ---- what is due ---- */

/* The first period of each report is the one that holds the first run, unless reports_from says otherwise. */
static bool record_first_run(struct gateway *gateway, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    int64_t begun = 0;

    if (!ledger_counter_get(ledger, REPORT_FIRST_RUN, &begun, error))
        return false;
    if (begun != 0)
        return true;
    if (!ledger_begin(ledger, error))
        return false;
    if (ledger_counter_add(ledger, REPORT_FIRST_RUN, clock_now(), error) &&
        ledger_commit(STEP_FIRST_RUN_NOTED, ledger, error))
        return true;
    ledger_rollback(ledger);
    return false;
}

/* Of all periods that are due, the one that ended first. *kind is NULL when none is due. */
static bool oldest_due(struct gateway *gateway, int64_t now, const struct report_kind **kind, struct period *oldest,
                       GError **error)
{
    struct period period;

    *kind = NULL;
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (!report_schedule_period(gateway, &report_kinds[i], &period, error))
            return false;
        if (period.ends > now || (*kind != NULL && period.ends >= oldest->ends))
            continue;
        *kind = &report_kinds[i];
        *oldest = period;
    }
    return true;
}

/* Plans the periods that have ended, oldest first, until the batch is full. */
static bool plan_due(struct batch *batch, int64_t now, GError **error)
{
    struct gateway *gateway = batch->gateway;
    const struct report_kind *kind;
    struct period period = {0, 0};

    while (!gateway_stopping(gateway) && !is_full(batch)) {
        if (!oldest_due(gateway, now, &kind, &period, error))
            return false;
        if (kind == NULL)
            return true;
        g_autoptr(report_t) report = report_new(gateway, kind, period);
        report_share(report, batch->shared);
        if (!report_to_parties(report, error) || !report_collect(report, error) ||
            !plan(batch, g_steal_pointer(&report), kind, period, error))
            return false;
    }
    return true;
}

/* Issues the next batch of periods that have ended. *any: there were some. */
static bool issue_due(struct gateway *gateway, int64_t now, bool *any, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    const struct report_kind *kind;
    struct period period = {0, 0};
    struct batch batch;

    if (!oldest_due(gateway, now, &kind, &period, error))
        return false;
    *any = kind != NULL;
    if (!*any)
        return true;
    begin_batch(&batch, gateway);
    bool good =
        ledger_begin(ledger, error) && plan_due(&batch, now, error) && ledger_commit(STEP_REPORT_ISSUED, ledger, error);
    if (!good)
        ledger_rollback(ledger);
    good = good && store_batch(&batch, error);
    end_batch(&batch);
    return good;
}

/* True: the period after it has ended, too. */
static bool has_follower(const struct report_kind *kind, const struct period *period, int64_t now)
{
    return calendar_period(kind->every, period->ends).ends <= now;
}

/* due: all periods that have ended (struct report_due), in the order of the table. It is empty if they did not end at
 * the same time: what is made up after a downtime. A report of it may tell of rows that the one before has recorded. */
static bool list_due(struct gateway *gateway, int64_t now, GArray *due, GError **error)
{
    for (size_t i = 0; i < report_n_kinds; i++) {
        struct report_due one = {&report_kinds[i], {0, 0}};
        if (!report_schedule_period(gateway, one.kind, &one.period, error))
            return false;
        if (one.period.ends > now)
            continue;
        bool alone = !has_follower(one.kind, &one.period, now) &&
                     (due->len == 0 || g_array_index(due, struct report_due, 0).period.ends == one.period.ends);
        if (!alone) {
            g_array_set_size(due, 0);
            return true;
        }
        g_array_append_val(due, one);
    }
    return true;
}

/* A daemon with a large ledger has a thread build what is due. reports->build stays NULL if this is for the writer. */
static bool begin_build(struct reports *reports, int64_t now, GError **error)
{
    struct gateway *gateway = reports->gateway;
    g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(struct report_due));
    bool is_long = false;

    if (!gateway->yields)
        return true;
    if (!list_due(gateway, now, due, error) ||
        (due->len > 0 && !ledger_survey_is_long(gateway->ledger, &is_long, error)) ||
        (is_long && !report_build_begin(gateway, due, reports->wake, &reports->build, error)))
        return false;
    gateway->building = reports->build != NULL ? report_build_at(reports->build) : 0;
    return true;
}

/* A name that is not new stops reports, and nothing else: the pass opens an A119. Frees cause. */
static bool wait_for_names(struct gateway *gateway, GError *cause, GError **error)
{
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_free(gateway->reports_wait);
    gateway->reports_wait = g_strdup(cause->message);
    g_error_free(cause);
    return true;
}

/* ---- reports that a thread builds ---- */

struct reports *reports_new(struct gateway *gateway, int wake)
{
    struct reports *reports = g_new0(struct reports, 1);

    reports->gateway = gateway;
    reports->wake = wake;
    gateway->building = 0;
    return reports;
}

void reports_interrupt(struct reports *reports)
{
    g_clear_pointer(&reports->build, report_build_free);
    reports->gateway->building = 0;
}

void reports_free(struct reports *reports)
{
    if (reports == NULL)
        return;
    reports_interrupt(reports);
    g_free(reports);
}

bool reports_building(const struct reports *reports)
{
    return reports->build != NULL && report_build_state(reports->build) != REPORT_BUILD_FAILED;
}

/* What the disk or its room ended is tried again after a while, from the same snapshot; the passes go on. Takes cause;
 * NULL: it is known. */
static bool outlive_failure(struct reports *reports, GError *cause, GError **error)
{
    struct gateway *gateway = reports->gateway;
    int64_t now = clock_monotonic();

    gateway->failed = true;
    if (cause == NULL && now >= reports->again)
        return report_build_again(reports->build, error);
    if (cause == NULL)
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
        g_propagate_error(error, cause);
        return false;
    }
    reports->again = now + gateway->config->poll_interval * G_USEC_PER_SEC;
    log_event(LOG(EVENT_UNSTORED, .subject = "reports"),
              "reports that are due cannot be built; they are tried again every %" G_GINT64_FORMAT " s: %s",
              gateway->config->poll_interval, cause->message);
    g_error_free(cause);
    return true;
}

/* Issues what the thread has built. */
static bool settle_build(struct reports *reports, GError **error)
{
    enum report_build_state state = report_build_state(reports->build);

    if (state == REPORT_BUILD_FAILED)
        return outlive_failure(reports, report_build_take_cause(reports->build), error);
    if (state == REPORT_BUILD_WORKS)
        return true;
    bool good = report_build_issue(reports->build, error);
    reports_interrupt(reports);
    log_over(LOG(EVENT_UNSTORED, .subject = "reports"));
    return good;
}

/* ---- a pass ---- */

/* Issues what is due, or leaves it to a thread. *any: there was something. */
static bool issue_next(struct reports *reports, int64_t now, bool *any, GError **error)
{
    if (reports->build != NULL ? !settle_build(reports, error) : !begin_build(reports, now, error))
        return false;
    *any = reports->build == NULL;
    return !*any || issue_due(reports->gateway, now, any, error);
}

bool reports_pass(struct reports *reports, GError **error)
{
    struct gateway *gateway = reports->gateway;
    int64_t now = clock_now();
    bool any = gateway->config->reports_stopped == NULL;

    g_clear_pointer(&gateway->reports_wait, g_free);
    g_clear_pointer(&gateway->report_waits, g_free);
    if (!record_first_run(gateway, error) || !store_planned(gateway, error))
        return false;
    while (any && gateway->reports_wait == NULL && !gateway_stopping(gateway)) {
        GError *cause = NULL;
        if (!issue_next(reports, now, &any, &cause) && !wait_for_names(gateway, cause, error))
            return false;
    }
    return true;
}

/* ---- on change ---- */

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

/* *same: the file that was issued last has the bytes that this report has. */
static bool is_issued(struct report *report, const GPtrArray *issued, bool *same, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    *same = false;
    if (issued->len == 0)
        return true;
    if (!report_write(report, 0, add_to_digest, digest, error))
        return false;
    digest_hex(digest, hex);
    *same = g_strcmp0(hex, ((const struct ledger_report *)issued->pdata[0])->file.sha256) == 0;
    return true;
}

/* The "period" of a list: when its NMM was judged. Two lists of one second would have the same name, so the second one
 * is dated a second later. */
static int64_t moment_of(const struct ledger_loaded *loaded, const struct ledger_period *last)
{
    return last != NULL ? MAX(loaded->loaded, last->starts + 1) : loaded->loaded;
}

/* Issues one report by itself. Takes it. */
static bool issue_alone(struct gateway *gateway, struct report *report, const struct report_kind *kind, int64_t at,
                        GError **error)
{
    struct ledger *ledger = gateway->ledger;
    g_autoptr(report_t) taken = report;
    struct batch batch;

    begin_batch(&batch, gateway);
    bool good = ledger_begin(ledger, error) &&
                plan(&batch, g_steal_pointer(&taken), kind, (struct period){at, at}, error) &&
                ledger_commit(STEP_REPORT_ISSUED, ledger, error);
    if (!good)
        ledger_rollback(ledger);
    good = good && store_batch(&batch, error);
    end_batch(&batch);
    return good;
}

static bool issue_changed(struct gateway *gateway, const struct report_kind *kind, GError **error)
{
    g_autofree struct ledger_period *last = NULL;
    g_autoptr(GPtrArray) issued = NULL;
    struct ledger_loaded loaded;
    bool same;

    if (!ledger_reference_get(gateway->ledger, LEDGER_NMM, &loaded, error) ||
        !ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error))
        return false;
    if (loaded.job == 0)
        return true; /* there is no list yet */
    if (!ledger_reports_of(gateway->ledger, kind->ref, last != NULL ? last->starts : 0, &issued, error))
        return false;
    int64_t at = moment_of(&loaded, last);
    g_autoptr(report_t) report = report_new(gateway, kind, (struct period){at, at});
    if (!report_to_parties(report, error) || !report_collect(report, error) || !is_issued(report, issued, &same, error))
        return false;
    return same || issue_alone(gateway, g_steal_pointer(&report), kind, at, error);
}

bool reports_on_change(struct gateway *gateway, GError **error)
{
    bool may = gateway->config->reports_stopped == NULL;

    for (size_t i = 0; may && i < report_n_kinds && !gateway_stopping(gateway); i++) {
        GError *cause = NULL;
        if (report_kinds[i].on_change && !issue_changed(gateway, &report_kinds[i], &cause) &&
            !wait_for_names(gateway, cause, error))
            return false;
    }
    return true;
}
