/*
 * MGMT-PAGE: the rows of MGMT and the sums of the weeks before as one page (mgmt_page.h). Each week's sums are recorded
 * in the ledger when the week is issued, so that later pages repeat what was reported then, whatever is known now.
 */
#include "gateway/reports/report_private.h"

#include "formats/profile.h"
#include "formats/values.h"
#include "spool/ledger/ledger_reports.h"

#include <string.h>

/* struct mgmt_row in the words of the recipient's profile; its texts are the report's or the profile's. g_array_unref.
 */
static GArray *rows_of(const struct report *report)
{
    const struct profile *profile = report->to->profile;
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct mgmt_row));
    struct mgmt_row row;

    for (guint i = 0; report_progress_row(report, i, &row); i++) {
        row.device_type = profile_word(profile, FACT_device_type, row.device_type);
        row.region = profile_word(profile, FACT_device_region, row.region);
        row.top_error = profile_code_id(profile, row.top_error);
        g_array_append_val(rows, row);
    }
    return rows;
}

/* The sums over all rows. */
static struct ledger_week sum_of(const struct report *report)
{
    struct ledger_week week = {.ends = report->period.ends};
    struct mgmt_row row;

    for (guint i = 0; report_progress_row(report, i, &row); i++) {
        week.in_scope += row.in_scope;
        week.migrated += row.migrated;
        week.remaining += row.remaining;
    }
    return week;
}

bool report_record_week(const struct report *report, struct ledger *ledger, GError **error)
{
    const struct ledger_week week = sum_of(report);

    return ledger_week_put(ledger, &week, error);
}

static bool add_week(void *user, const struct ledger_week *week, GError **error)
{
    const struct mgmt_week one = {week->ends, week->in_scope, week->migrated, week->remaining};

    (void)error; /* cannot fail */
    g_array_append_val((GArray *)user, one);
    return true;
}

bool report_write_page(struct report *report, writer_bytes_fn *bytes, void *user, GError **error)
{
    const struct config *config = report->gateway->config;
    g_autoptr(GArray) rows = rows_of(report);
    g_autoptr(GArray) weeks = g_array_new(FALSE, FALSE, sizeof(struct mgmt_week));
    const struct ledger_week own = sum_of(report);

    if (!ledger_weeks_each(report->gateway->ledger, report->period.ends, add_week, weeks, error) ||
        !add_week(weeks, &own, error))
        return false;
    const struct mgmt_figures figures = {
        .org = config->org,
        .environment = profile_word(report->to->profile, FACT_header_environment, config->environment),
        .start = report->period.starts,
        .end = report->period.ends,
        .rows = (const struct mgmt_row *)(const void *)rows->data,
        .n_rows = rows->len,
        .weeks = (const struct mgmt_week *)(const void *)weeks->data,
        .n_weeks = weeks->len,
        .end_date = config->migration_end,
        .closes = config->retry.tcos_closes};
    g_autofree char *page = mgmt_page(&figures);
    return bytes(user, page, strlen(page), error);
}
