/*
 * What the schedule needs is in the ledger: the newest period of each report, and the time of the first run.
 */
#include "gateway/reports/report_schedule.h"

#include "spool/ledger/ledger_reports.h"

bool report_schedule_from(struct gateway *gateway, const struct report_kind *kind, int64_t *from, GError **error)
{
    g_autofree struct ledger_period *last = NULL;
    int64_t begun = 0;

    if (!ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error) ||
        !ledger_counter_get(gateway->ledger, REPORT_FIRST_RUN, &begun, error))
        return false;
    *from = last != NULL ? last->ends : gateway->config->reports_from != 0 ? gateway->config->reports_from : begun;
    return true;
}

bool report_schedule_last_issue(struct gateway *gateway, int64_t *at, GError **error)
{
    if (!ledger_counter_get(gateway->ledger, REPORT_FIRST_RUN, at, error))
        return false;
    for (size_t i = 0; i < report_n_kinds; i++) {
        g_autofree struct ledger_period *last = NULL;
        if (!ledger_period_last(gateway->ledger, report_kinds[i].ref, G_MAXINT64, &last, error))
            return false;
        if (last != NULL)
            *at = MAX(*at, last->issued);
    }
    return true;
}

bool report_schedule_next(struct gateway *gateway, int64_t *at, GError **error)
{
    int64_t from;

    *at = G_MAXINT64;
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (report_kinds[i].on_change)
            continue;
        if (!report_schedule_from(gateway, &report_kinds[i], &from, error))
            return false;
        *at = MIN(*at, calendar_period(report_kinds[i].every, from).ends);
    }
    return true;
}
