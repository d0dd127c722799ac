/*
 * Sums over reports, which no single job shows. Each session that ended MIGRATED is a row of one ECOSMIG-001 or belongs
 * to nobody; each that ended FAILED is a row of one ECOSMIG-002 or belongs to nobody; ECOSMIG-005 counts both.
 */
#include "gateway/commands/verify.h"

#include "formats/instant.h"
#include "formats/report_layout.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"

#include <string.h>

struct summing {
    struct gateway *gateway;
    GPtrArray *problems;
};

static void report(struct summing *s, const struct ledger_period *period, const char *what)
{
    char starts[INSTANT_TEXT_SIZE];

    instant_print(period->starts, starts);
    verify_problem(s->problems, "%s of the period that begins at %s: %s" VERIFY_RESTORE, period->ref, starts, what);
}

static bool report_inconsistent(void *user, const struct ledger_period *period, GError **error)
{
    (void)error; /* nothing here can fail */
    report(
        user, period,
        "its rows and its unassigned rows are not as many as the sessions that ended in it, or it does not begin where "
        "the period before it ends");
    return true;
}

/* ---- ECOSMIG-005: what its files say ---- */

static size_t column_of(const struct report_layout *layout, const char *name)
{
    size_t at = 0;

    while (at + 1 < layout->n_columns && strcmp(layout->columns[at].name, name) != 0)
        at++;
    return at;
}

/* The sum of the columns Succeeded and Failed. The cells of this report are never quoted, so that splitting at commas
 * is enough; a line with another number of cells (the end of the file) adds nothing. */
static int64_t sum_file(const char *text)
{
    const struct report_layout *layout = report_layout_find("ECOSMIG-005");
    size_t succeeded = column_of(layout, "Succeeded"), failed = column_of(layout, "Failed");
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    int64_t sum = 0;

    for (size_t i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
        g_auto(GStrv) cells = g_strsplit(lines[i], ",", -1);
        if (g_strv_length(cells) == layout->n_columns)
            sum += g_ascii_strtoll(cells[succeeded], NULL, 10) + g_ascii_strtoll(cells[failed], NULL, 10);
    }
    return sum;
}

/* Adds the sums of one file. False: it cannot be read; verify_job reports that with its job. */
static bool add_file(const struct summing *s, const struct ledger_outgoing *file, int64_t *sum)
{
    enum job_state state;
    g_autofree char *text = NULL;

    if (file->state == LEDGER_PLANNED || !job_find(s->gateway->spool, file->job, &state, NULL))
        return false;
    g_autofree char *path = job_path(s->gateway->spool, state, file->job, file->name);
    if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
        return false;
    *sum += sum_file(text);
    return true;
}

static bool check_activity(void *user, const struct ledger_period *period, GError **error)
{
    struct summing *s = user;
    struct ledger *ledger = s->gateway->ledger;
    g_autoptr(GPtrArray) reports = NULL;
    const struct ledger_ended migrated = {LEDGER_MIGRATED, {period->starts, period->ends}};
    const struct ledger_ended failed = {LEDGER_FAILED, {period->starts, period->ends}};
    int64_t sum = period->unassigned, n_migrated = 0, n_failed = 0;

    if (strcmp(period->ref, "ECOSMIG-005") != 0)
        return true;
    if (!ledger_reports_of(ledger, period->ref, period->starts, &reports, error) ||
        !ledger_ended_sessions_count(ledger, &migrated, &n_migrated, error) ||
        !ledger_ended_sessions_count(ledger, &failed, &n_failed, error))
        return false;
    for (guint i = 0; i < reports->len; i++) {
        if (!add_file(s, &((const struct ledger_report *)reports->pdata[i])->file, &sum))
            return true;
    }
    if (sum != n_migrated + n_failed)
        report(s, period,
               "Succeeded and Failed in its files and its unassigned sessions are not as many as the sessions that "
               "ended in it");
    return true;
}

bool verify_reports(struct gateway *gateway, GPtrArray *problems, GError **error)
{
    static const struct ledger_listing migrated = {"ECOSMIG-001", LEDGER_MIGRATED},
                                       failed = {"ECOSMIG-002", LEDGER_FAILED};
    struct summing s = {gateway, problems};
    struct ledger *ledger = gateway->ledger;

    return ledger_periods_inconsistent(ledger, &migrated, report_inconsistent, &s, error) &&
           ledger_periods_inconsistent(ledger, &failed, report_inconsistent, &s, error) &&
           ledger_periods_each(ledger, check_activity, &s, error);
}
