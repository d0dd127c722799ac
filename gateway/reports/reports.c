/*
 * A report is issued in two steps. One commit records the period, its job and all its files, PLANNED, with their
 * numbers of rows. Then the files are built and stored, one by one. A stop in between leaves files PLANNED; they are
 * built before anything else in the next pass, while the ledger still says what it said then, and so get the same
 * bytes.
 */
#include "gateway/reports/reports.h"

#include "gateway/answers/answer.h"
#include "gateway/answers/plan.h"
#include "gateway/clock.h"
#include "gateway/reports/report_schedule.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_reports.h"

#include <string.h>

/* ---- storing: PLANNED → STORED ---- */

/* Builds and stores the file of recipient i. */
static bool store_one(struct gateway *gateway, struct report *report, size_t i, const struct ledger_outgoing *outgoing,
                      GError **error)
{
    g_autofree char *path = job_path(gateway->spool, JOB_ACTIVE, outgoing->job, outgoing->name);
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    return file != NULL && report_write(report, i, disk_file_write, file, error) &&
           disk_file_publish(STEP_ANSWER_STORED, file, error) &&
           answer_record_stored(gateway, outgoing, file, report_rows(report, i), error);
}

static const struct ledger_outgoing *file_of(const GPtrArray *issued, uint64_t recipient)
{
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *one = issued->pdata[i];
        if (one->recipient == recipient)
            return &one->file;
    }
    return NULL;
}

/* Stores all files that are still PLANNED; at a stop fewer. The report was collected; issued: struct ledger_report. */
static bool store_all(struct gateway *gateway, struct report *report, int64_t job, const GPtrArray *issued,
                      GError **error)
{
    if (!job_make(STEP_DISPATCH_MADE, gateway->spool, JOB_ACTIVE, job, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(report) && !gateway_stopping(gateway); i++) {
        const struct ledger_outgoing *outgoing = file_of(issued, report_recipient(report, i)->id);
        if (outgoing != NULL && outgoing->state == LEDGER_PLANNED && !store_one(gateway, report, i, outgoing, error))
            return false;
    }
    return true;
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

bool reports_store(struct gateway *gateway, int64_t job, GError **error)
{
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL;

    if (!ledger_period_of_job(gateway->ledger, job, &period, error))
        return false;
    const struct report_kind *kind = period != NULL ? report_kind_find(period->ref) : NULL;
    if (kind == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "ledger, job %08" G_GINT64_FORMAT ": there is no report for it", job);
        return false;
    }
    if (!ledger_reports_of(gateway->ledger, period->ref, period->starts, &issued, error))
        return false;
    if (!is_planned(issued))
        return true;
    g_autoptr(report_t) report = report_new(gateway, kind, (struct period){period->starts, period->ends});
    report_to_issued(report, issued);
    return report_collect(report, error) && store_all(gateway, report, job, issued, error);
}

/* Stores the files that a stop left PLANNED. First of all: the ledger must not have changed since they were planned. */
static bool store_planned(struct gateway *gateway, GError **error)
{
    g_autoptr(GPtrArray) planned = NULL;

    if (!ledger_outgoing_files_planned(gateway->ledger, &planned, error))
        return false;
    for (guint i = 0; i < planned->len; i++) {
        const struct ledger_outgoing *outgoing = planned->pdata[i];
        if (report_kind_find(outgoing->kind) != NULL && !reports_store(gateway, outgoing->job, error))
            return false;
    }
    return true;
}

/* ---- issuing ---- */

/* Plans the file of recipient i. */
static bool plan_for(struct gateway *gateway, const struct report *report, size_t i, const struct ledger_period *period,
                     GError **error)
{
    const struct report_recipient *to = report_recipient(report, i);
    const struct report_kind *kind = report_kind_find(period->ref);
    g_autofree char *name = report_name(kind, to, (struct period){period->starts, period->ends});
    struct ledger_report row = {.period = *period, .recipient = to->id, .mpid = to->mpid};
    const struct ledger_outgoing outgoing = {.job = period->job,
                                             .kind = period->ref,
                                             .name = name,
                                             .form = kind->form,
                                             .drop = to->drop,
                                             .folder = kind->role != NULL ? to->mpid : NULL,
                                             .recipient = to->eui64,
                                             .created = period->issued,
                                             .rows = report_rows(report, i)};

    return plan_outgoing(gateway, &outgoing, &row.file.id, error) && ledger_report_add(gateway->ledger, &row, error);
}

/* Plans the job, which has no drop: each of its files has its own. Without recipients there is no job. */
static bool plan_job_of(struct gateway *gateway, const struct report *report, struct ledger_period *period,
                        GError **error)
{
    const struct report_kind *kind = report_kind_find(period->ref);
    g_autofree char *name = report_name(kind, NULL, (struct period){period->starts, period->ends});
    struct ledger_job job = {.name = name, .type = period->ref, .form = kind->form, .received = period->issued};

    if (report_n_recipients(report) == 0)
        return true;
    if (!plan_job(gateway, &job, error))
        return false;
    period->job = job.id;
    return true;
}

/* Everything that is committed at once. */
static bool plan(struct gateway *gateway, const struct report *report, struct ledger_period *period, GError **error)
{
    const struct report_kind *kind = report_kind_find(period->ref);

    if (!plan_job_of(gateway, report, period, error) || !ledger_period_issue(gateway->ledger, period, error) ||
        (kind->record != NULL && !kind->record(report, error)))
        return false;
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        if (!plan_for(gateway, report, i, period, error))
            return false;
    }
    return ledger_commit(STEP_REPORT_ISSUED, gateway->ledger, error);
}

/* Issues a report that has its recipients and was collected. */
static bool issue_collected(struct gateway *gateway, struct report *report, const struct report_kind *kind,
                            struct period period, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    struct ledger_period row = {.ref = kind->ref, .starts = period.starts, .ends = period.ends, .issued = clock_now()};
    g_autoptr(GPtrArray) issued = NULL;

    if (!ledger_begin(ledger, error))
        return false;
    row.unassigned = report_unassigned(report);
    if (!plan(gateway, report, &row, error)) {
        ledger_rollback(ledger);
        return false;
    }
    return row.job == 0 || (ledger_reports_of(ledger, kind->ref, period.starts, &issued, error) &&
                            store_all(gateway, report, row.job, issued, error));
}

static bool issue(struct gateway *gateway, const struct report_kind *kind, struct period period, GError **error)
{
    g_autoptr(report_t) report = report_new(gateway, kind, period);

    return report_to_parties(report, error) && report_collect(report, error) &&
           issue_collected(gateway, report, kind, period, error);
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
    int64_t from;

    *kind = NULL;
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (report_kinds[i].on_change)
            continue;
        if (!report_schedule_from(gateway, &report_kinds[i], &from, error))
            return false;
        if (!calendar_due(report_kinds[i].every, from, now, &period) || (*kind != NULL && period.ends >= oldest->ends))
            continue;
        *kind = &report_kinds[i];
        *oldest = period;
    }
    return true;
}

bool reports_pass(struct gateway *gateway, GError **error)
{
    const struct report_kind *kind;
    int64_t now = clock_now();
    struct period period = {0, 0};

    if (!record_first_run(gateway, error) || !store_planned(gateway, error))
        return false;
    while (!gateway_stopping(gateway)) {
        if (!oldest_due(gateway, now, &kind, &period, error))
            return false;
        if (kind == NULL)
            break;
        if (!issue(gateway, kind, period, error))
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
    return same || issue_collected(gateway, report, kind, (struct period){at, at}, error);
}

bool reports_on_change(struct gateway *gateway, GError **error)
{
    for (size_t i = 0; i < report_n_kinds && !gateway_stopping(gateway); i++) {
        if (report_kinds[i].on_change && !issue_changed(gateway, &report_kinds[i], error))
            return false;
    }
    return true;
}
