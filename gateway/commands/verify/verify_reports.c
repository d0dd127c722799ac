/*
 * Sums over reports, which no single job shows. Each session that ended MIGRATED is a row of one ECOSMIG-001 or belongs
 * to nobody; each that ended FAILED is a row of one ECOSMIG-002 or belongs to nobody; ECOSMIG-005 counts both. Its
 * figures that count Devices are no more than the Devices of the ledger and those of MGMT. The rows of ECOSMIG-003 and
 * -006 are those that the ledger recorded, and none is left out.
 */
#include "gateway/commands/verify/verify.h"

#include "formats/instant.h"
#include "formats/profile.h"
#include "formats/report_layout.h"
#include "gateway/profiles.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_progress.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/packed.h"

#include <string.h>

enum { PIECE = 64 * 1024 };

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

/* ---- reports whose rows are each in one period only ---- */

static bool report_miscounted(void *user, const struct ledger_period *period, GError **error)
{
    (void)error; /* nothing here can fail */
    report(user, period,
           "its files have not as many rows as the ledger recorded for it, or it does not begin where the period "
           "before it ends");
    return true;
}

/* *known: all reference data was judged before the period was issued. Later data may bring rows that belong to the
 * next report. */
static bool knew_all(struct ledger *ledger, const struct ledger_period *period, bool *known, GError **error)
{
    *known = true;
    for (enum ledger_reference table = 0; table < LEDGER_REFERENCES; table++) {
        struct ledger_loaded loaded;
        if (!ledger_reference_get(ledger, table, &loaded, error))
            return false;
        *known &= loaded.loaded < period->issued;
    }
    return true;
}

/* Looks for rows that the newest period of a report should have and that no period has. */
static bool find_left_out(struct summing *s, const struct report_kind *kind, GError **error)
{
    struct ledger *ledger = s->gateway->ledger;
    g_autofree struct ledger_period *last = NULL;
    int64_t left_out = 0;
    bool known;

    if (!ledger_period_last(ledger, kind->ref, G_MAXINT64, &last, error))
        return false;
    if (last == NULL)
        return true;
    g_autoptr(report_t) rest = report_new(s->gateway, kind, (struct period){last->starts, last->ends});
    if (!knew_all(ledger, last, &known, error))
        return false;
    if (!known)
        return true;
    if (!report_to_parties(rest, error) || !report_collect(rest, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(rest); i++)
        left_out += report_rows(rest, i);
    if (left_out > 0)
        report(s, last, "Devices are in no report although the gateway knew them when it issued the report");
    return true;
}

static bool check_once(struct summing *s, const struct report_kind *kind, GError **error)
{
    struct ledger *ledger = s->gateway->ledger;
    int64_t astray = 0;

    if (!ledger_reported_inconsistent(ledger, kind->ref, report_miscounted, s, error) ||
        !ledger_reported_astray(ledger, kind->ref, &astray, error))
        return false;
    if (astray > 0)
        verify_problem(s->problems, "%s: the ledger recorded rows for periods that were not issued" VERIFY_RESTORE,
                       kind->ref);
    return find_left_out(s, kind, error);
}

/* ---- STRAND: as many Devices as remain in MGMT ---- */

/* What MGMT said of the week that ends then; remaining is -1 if it said nothing. */
static bool keep_week(void *user, const struct ledger_week *week, GError **error)
{
    struct ledger_week *wanted = user;

    (void)error; /* nothing here can fail */
    if (week->ends == wanted->ends)
        *wanted = *week;
    return true;
}

static bool check_stranded(void *user, const struct ledger_period *period, GError **error)
{
    struct summing *s = user;
    struct ledger *ledger = s->gateway->ledger;
    g_autoptr(GPtrArray) reports = NULL;
    struct ledger_week week = {.ends = period->ends, .remaining = -1};
    int64_t sum = period->unassigned;

    if (strcmp(period->ref, "STRAND") != 0)
        return true;
    if (!ledger_reports_of(ledger, period->ref, period->starts, &reports, error) ||
        !ledger_weeks_each(ledger, period->ends + 1, keep_week, &week, error))
        return false;
    for (guint i = 0; i < reports->len; i++)
        sum += ((const struct ledger_report *)reports->pdata[i])->file.rows;
    if (week.remaining >= 0 && sum != week.remaining)
        report(s, period, "its rows and its unassigned rows are not as many as the Devices that MGMT says remain");
    return true;
}

/* ---- ECOSMIG-005: what its files say ---- */

/* -1: the format leaves it out. */
static int column_of(const struct report_layout *layout, enum fact fact)
{
    for (size_t at = 0; at < layout->n_columns; at++)
        if (layout->columns[at].fact == fact)
            return (int)at;
    return -1;
}

/* What all files of one ECOSMIG-005 say together; what a format leaves out is not known. */
struct activity_sums {
    bool ended_known, migrated_known, remaining_known;
    int64_t ended; /* Succeeded and Failed */
    int64_t migrated, remaining;
};

/* The cells of a line, which has no line end within a cell. g_ptr_array_unref. */
static GPtrArray *split_line(const struct dialect *dialect, const char *line)
{
    GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
    GString *cell = g_string_new(NULL);
    bool quoted = false;

    for (const char *at = line;; at++) {
        if (*at == '\0' || (*at == dialect->delimiter && !quoted)) {
            g_ptr_array_add(cells, g_strdup(cell->str));
            g_string_truncate(cell, 0);
            if (*at == '\0')
                break;
        } else if (*at == dialect->quote) {
            quoted = !quoted; /* a doubled one changes nothing about where the cell ends */
        } else {
            g_string_append_c(cell, *at);
        }
    }
    (void)g_string_free(cell, TRUE); /* returns NULL when it frees the text too */
    return cells;
}

static int64_t figure(const GPtrArray *cells, int column)
{
    return column < 0 || (guint)column >= cells->len ? 0 : g_ascii_strtoll(cells->pdata[column], NULL, 10);
}

/* Adds what the rows of a file say: not its title row and its last line, if it has them. */
static void add_text(const struct report_layout *layout, const char *text, struct activity_sums *sums)
{
    int succeeded = column_of(layout, FACT_count_succeeded), failed = column_of(layout, FACT_count_failed);
    int migrated = column_of(layout, FACT_count_migrated), remaining = column_of(layout, FACT_count_remaining);
    g_auto(GStrv) lines = g_strsplit(text, layout->dialect->line_end, -1);
    guint end = g_strv_length(lines), after = layout->footer != NULL ? 2 : 1; /* the last line end, and the last line */

    for (guint i = layout->dialect->frame == FRAME_TITLE; i + after < end; i++) {
        g_autoptr(GPtrArray) cells = split_line(layout->dialect, lines[i]);
        sums->ended += figure(cells, succeeded) + figure(cells, failed);
        sums->migrated += figure(cells, migrated);
        sums->remaining += figure(cells, remaining);
    }
    sums->ended_known &= succeeded >= 0 && failed >= 0;
    sums->migrated_known &= migrated >= 0;
    sums->remaining_known &= remaining >= 0;
}

/* All of it; NULL: it cannot be read to its end. */
static GString *read_all(struct packed_reader *reader)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *piece = g_malloc(PIECE);
    size_t got = 0;

    do {
        if (!packed_read(reader, piece, PIECE, &got, NULL))
            return NULL;
        g_string_append_len(text, piece, (gssize)got);
    } while (got > 0);
    return g_steal_pointer(&text);
}

/* Adds the sums of one file. False: it cannot be read; verify_job reports that with its job, and verify a
 * profile that is missing. */
static bool add_file(const struct summing *s, const struct ledger_outgoing *file, struct activity_sums *sums)
{
    const struct profile *profile = profiles_find(s->gateway, file->profile, NULL);
    enum job_state state;

    if (profile == NULL || file->state == LEDGER_PLANNED || !job_find(s->gateway->spool, file->job, &state, NULL))
        return false;
    g_autofree char *path = job_path(s->gateway->spool, state, file->job, file->name);
    g_autoptr(packed_reader_t) reader = path != NULL ? packed_open(path, NULL) : NULL;
    g_autoptr(GString) text = reader != NULL ? read_all(reader) : NULL;
    if (text == NULL)
        return false;
    add_text(profile_report(profile, file->kind), text->str, sums);
    return true;
}

/* The figures that count Devices: no Device twice, and none that MGMT does not count. MGMT also counts those that are
 * nobody's. */
static bool check_devices(struct summing *s, const struct ledger_period *period, const struct activity_sums *sums,
                          GError **error)
{
    struct ledger_week week = {.ends = period->ends, .remaining = -1};
    int64_t devices = 0;

    if (!ledger_migrated_devices_count(s->gateway->ledger, period->ends, &devices, error) ||
        !ledger_weeks_each(s->gateway->ledger, period->ends + 1, keep_week, &week, error))
        return false;
    if (sums->migrated_known && sums->migrated > devices)
        report(s, period, "CumulativeMigrated in its files is more than the Devices that had migrated then");
    if (sums->remaining_known && week.remaining >= 0 && sums->remaining > week.remaining)
        report(s, period, "RemainingTCoS in its files is more than the Devices that MGMT says remain");
    if (week.remaining >= 0 && week.in_scope != week.migrated + week.remaining)
        report(s, period, "the Devices in scope of MGMT of the same week are not those that migrated and that remain");
    return true;
}

static bool check_activity(void *user, const struct ledger_period *period, GError **error)
{
    struct summing *s = user;
    struct ledger *ledger = s->gateway->ledger;
    g_autoptr(GPtrArray) reports = NULL;
    const struct ledger_ended migrated = {LEDGER_MIGRATED, {period->starts, period->ends}};
    const struct ledger_ended failed = {LEDGER_FAILED, {period->starts, period->ends}};
    struct activity_sums sums = {.ended_known = true, .migrated_known = true, .remaining_known = true};
    int64_t n_migrated = 0, n_failed = 0;

    if (strcmp(period->ref, "ECOSMIG-005") != 0)
        return true;
    if (!ledger_reports_of(ledger, period->ref, period->starts, &reports, error) ||
        !ledger_ended_sessions_count(ledger, &migrated, &n_migrated, error) ||
        !ledger_ended_sessions_count(ledger, &failed, &n_failed, error))
        return false;
    for (guint i = 0; i < reports->len; i++) {
        if (!add_file(s, &((const struct ledger_report *)reports->pdata[i])->file, &sums))
            return true;
    }
    if (sums.ended_known && period->unassigned + sums.ended != n_migrated + n_failed)
        report(s, period,
               "Succeeded and Failed in its files and its unassigned sessions are not as many as the sessions that "
               "ended in it");
    return check_devices(s, period, &sums, error);
}

bool verify_reports(struct gateway *gateway, GPtrArray *problems, GError **error)
{
    static const struct ledger_listing migrated = {"ECOSMIG-001", LEDGER_MIGRATED},
                                       failed = {"ECOSMIG-002", LEDGER_FAILED};
    struct summing s = {gateway, problems};
    struct ledger *ledger = gateway->ledger;

    for (size_t i = 0; i < report_n_kinds; i++) {
        if (report_kinds[i].once && !check_once(&s, &report_kinds[i], error))
            return false;
    }
    return ledger_periods_inconsistent(ledger, &migrated, report_inconsistent, &s, error) &&
           ledger_periods_inconsistent(ledger, &failed, report_inconsistent, &s, error) &&
           ledger_periods_each(ledger, check_activity, &s, error) &&
           ledger_periods_each(ledger, check_stranded, &s, error);
}
