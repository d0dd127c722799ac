/*
 * What the schedule needs is in the ledger: the newest period of each report, and the time of the first run.
 */
#include "gateway/reports/report_schedule.h"

#include "spool/ledger/ledger_reports.h"

enum { WEEK = 7 * 86400 }; /* seconds */

/* The time from which on a kind is issued; G_MININT64: always. */
static int64_t closing_from(const struct config *config, const struct report_kind *kind)
{
    return kind->closing ? config->retry.tcos_closes - config->stranded_weeks * WEEK : G_MININT64;
}

bool report_schedule_has(const struct config *config, const struct report_kind *kind, const struct period *period)
{
    int64_t closes = config->retry.tcos_closes;

    if (kind->on_change)
        return false;
    return !kind->closing || (closes != 0 && period->ends > closing_from(config, kind) && period->ends <= closes);
}

bool report_schedule_period(struct gateway *gateway, const struct report_kind *kind, struct period *next,
                            GError **error)
{
    const struct config *config = gateway->config;
    g_autofree struct ledger_period *last = NULL;
    int64_t begun = 0;

    if (!ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error) ||
        !ledger_counter_get(gateway->ledger, REPORT_FIRST_RUN, &begun, error))
        return false;
    int64_t from = last != NULL ? last->ends : config->reports_from != 0 ? config->reports_from : begun;
    *next = calendar_period(kind->every, MAX(from, closing_from(config, kind)));
    if (from == 0 || !report_schedule_has(config, kind, next))
        *next = (struct period){G_MAXINT64, G_MAXINT64};
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
    struct period next;

    *at = G_MAXINT64;
    if (gateway->config->reports_stopped != NULL || gateway->reports_wait != NULL)
        return true; /* none before the next start, for all that the time brings */
    if (gateway->building != 0)
        return true; /* what is due is being built, and its end begins a pass */
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (!report_schedule_period(gateway, &report_kinds[i], &next, error))
            return false;
        *at = MIN(*at, next.ends);
    }
    return true;
}
