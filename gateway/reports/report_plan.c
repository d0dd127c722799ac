/*
 * What the writer's own reports and those of a build (report_build.h) have in common: the rows of a period, its job and
 * its files, and how one file is made.
 */
#include "gateway/reports/report_plan.h"

#include "formats/instant.h"
#include "gateway/answers/plan.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_evidence.h"

#include <string.h>

/* A profile whose names of reports change may give a name that another report had under the old names. */
static bool is_new_name(struct gateway *gateway, const char *ref, const char *name, const struct profile *profile,
                        GError **error)
{
    g_autofree struct ledger_outgoing *before = NULL;
    char at[INSTANT_TEXT_SIZE];

    if (!ledger_outgoing_named(gateway->ledger, name, &before, error))
        return false;
    if (before == NULL)
        return true;
    instant_print(before->created, at);
    g_set_error(
        error, SPOOL_ERROR, SPOOL_ERROR_EXISTS,
        "%s of %s-%s would have the name %s, which a %s of %s has; expected a name that no file had: change the "
        "names of reports in names.json of that profile, and raise its version",
        ref, profile->name, profile->version, name, before->kind, at);
    return false;
}

bool report_names_are_new(struct gateway *gateway, const struct report *report, const struct ledger_period *period,
                          GError **error)
{
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        const struct report_recipient *to = report_recipient(report, i);
        g_autofree char *name =
            report_name(report_kind_find(period->ref), to, (struct period){period->starts, period->ends});
        if (!is_new_name(gateway, period->ref, name, to->profile, error))
            return false;
    }
    return true;
}

/* Plans the file of recipient i. SPOOL_ERROR_EXISTS: its name is not new. */
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
                                             .rows = report_rows(report, i),
                                             .profile = to->profile->digest};

    return is_new_name(gateway, period->ref, name, to->profile, error) &&
           profiles_keep(gateway->ledger, to->profile, error) &&
           plan_outgoing(gateway, &outgoing, &row.file.id, error) && ledger_report_add(gateway->ledger, &row, error);
}

/* Plans the job, which has no drop: each of its files has its own. Without recipients there is no job. */
static bool plan_job_of(struct gateway *gateway, const struct report *report, struct ledger_period *period,
                        GError **error)
{
    const struct report_kind *kind = report_kind_find(period->ref);
    g_autofree char *name = report_name(kind, NULL, (struct period){period->starts, period->ends});
    struct ledger_job job = {
        .id = period->job, .name = name, .type = period->ref, .form = kind->form, .received = period->issued};

    if (report_n_recipients(report) == 0) {
        period->job = 0;
        return true;
    }
    if (!plan_job(gateway, &job, error))
        return false;
    period->job = job.id;
    return true;
}

/* The line of the daily ECOSMIG-001 holds the head of the chain of evidence: who keeps logs elsewhere holds it. */
static bool log_issued(struct gateway *gateway, const struct report *report, const struct ledger_period *row,
                       GError **error)
{
    bool daily = strcmp(row->ref, "ECOSMIG-001") == 0;
    struct ledger_evidence_head head;
    char starts[INSTANT_TEXT_SIZE];
    int64_t files = (int64_t)report_n_recipients(report), rows = 0;

    if (!ledger_evidence_head(gateway->ledger, &head, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(report); i++)
        rows += report_rows(report, i);
    instant_print(row->starts, starts);
    g_autofree char *chain =
        daily ? g_strdup_printf("; evidence at link %" G_GINT64_FORMAT ", %s", head.n, head.digest) : g_strdup("");
    log_event(LOG(EVENT_REPORT_ISSUED, .job = row->job, .report = row->ref, .chain = daily ? head.digest : NULL,
                  .counts = LOG_COUNTS({"files", files}, {"rows", rows})),
              "%s of the period from %s is issued: files %" G_GINT64_FORMAT ", rows %" G_GINT64_FORMAT "%s", row->ref,
              starts, files, rows, chain);
    return true;
}

bool report_plan(struct gateway *gateway, const struct report *report, struct ledger_period *period, GError **error)
{
    const struct report_kind *kind = report_kind_find(period->ref);

    period->unassigned = report_unassigned(report);
    if (!plan_job_of(gateway, report, period, error) || !ledger_period_issue(gateway->ledger, period, error) ||
        (kind->record != NULL && !kind->record(report, gateway->ledger, error)))
        return false;
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        if (!plan_for(gateway, report, i, period, error))
            return false;
    }
    return log_issued(gateway, report, period, error);
}

/* ---- files ---- */

struct disk_file *report_place(struct report *report, size_t i, const char *path, GError **error)
{
    g_autoptr(disk_file_t) file = disk_file_create(path, 0, error);

    if (file == NULL || !report_write(report, i, disk_file_write, file, error) ||
        !disk_file_place(STEP_ANSWER_STORED, file, error))
        return NULL;
    return g_steal_pointer(&file);
}

const struct ledger_outgoing *report_file_of(const GPtrArray *issued, uint64_t recipient)
{
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *one = issued->pdata[i];
        if (one->recipient == recipient)
            return &one->file;
    }
    return NULL;
}
