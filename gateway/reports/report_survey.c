/*
 * The survey that reports of one time share. Making one takes longer than all walks over it: those of a week need it
 * twice and more.
 */
#include "gateway/reports/report_private.h"

#include <string.h>

struct report_shared *report_shared_new(void)
{
    return g_new0(struct report_shared, 1);
}

static void clear(struct report_shared *shared)
{
    g_clear_pointer(&shared->survey, ledger_survey_free);
    for (size_t i = 0; i < REPORT_SUMS; i++)
        g_clear_pointer(&shared->sums[i], g_array_unref);
    g_clear_pointer(&shared->assets, report_assets_free);
}

void report_shared_free(struct report_shared *shared)
{
    if (shared == NULL)
        return;
    clear(shared);
    g_free(shared);
}

void report_share(struct report *report, struct report_shared *shared)
{
    report->shared = shared;
}

void report_shared_stop(struct report_shared *shared, const volatile bool *stop)
{
    shared->stop = stop;
}

bool report_goes_on(const struct report *report, GError **error)
{
    if (report->shared == NULL || report->shared->stop == NULL || !*report->shared->stop)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s was interrupted", report->kind->ref);
    return false;
}

struct walk {
    const struct report *report;
    ledger_survey_visit visit;
    void *user;
};

static bool visit_unless_stopped(void *user, const struct ledger_surveyed *device, GError **error)
{
    const struct walk *walk = user;

    return report_goes_on(walk->report, error) && walk->visit(walk->user, device, error);
}

bool report_shares_period(const struct report *report)
{
    const struct report_shared *shared = report->shared;

    return shared != NULL && shared->period.starts == report->period.starts &&
           shared->period.ends == report->period.ends;
}

struct ledger_survey *report_survey(struct report *report, GError **error)
{
    if (report->shared == NULL) {
        report->shared = report_shared_new();
        report->own_shared = true;
    }
    struct report_shared *shared = report->shared;
    if (shared->survey != NULL && ledger_survey_at(shared->survey) != report->period.ends)
        clear(shared);
    if (shared->survey == NULL)
        shared->survey = ledger_survey_make(report->gateway->ledger, report->period.ends, error);
    return shared->survey;
}

bool report_survey_each(struct report *report, ledger_survey_visit visit, void *user, GError **error)
{
    struct ledger_survey *survey = report_survey(report, error);
    struct walk walk = {report, visit, user};

    return survey != NULL && ledger_survey_each(survey, visit_unless_stopped, &walk, error);
}

bool report_remains(const struct report *report, const struct ledger_surveyed *device)
{
    return strcmp(device->device.credentials, "TCOS") == 0 &&
           migration_in_scope(report->gateway->config, &device->device) &&
           (device->past.migrated_at == 0 || device->past.migrated_at >= report->period.ends);
}
