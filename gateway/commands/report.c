/*
 * The command `report REF`: the files of one report for one period. What was issued is printed from the spool, because
 * an issued report is the bytes that its recipient got, not what the ledger would make of the period today. A period
 * that was not issued is built from the ledger as it is now.
 */
#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/archived.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/words.h"
#include "gateway/reports/report.h"
#include "gateway/reports/report_schedule.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { COPY_BYTES = 256 * 1024 };

/* What was asked for, and where the bytes go. */
struct request {
    struct read_access access;
    const struct report_kind *kind;
    struct period period;
    bool asked;           /* for this period, with --period */
    const char *supplier; /* MPID or EUI-64; NULL: all */
    FILE *out;            /* standard output, or the file of --out */
    int64_t found;        /* files that were written */
};

/* True for a recipient that --supplier names, by MPID or by EUI-64; without --supplier for every recipient. */
static bool is_wanted(const struct request *request, const char *mpid, uint64_t id)
{
    char eui64[EUI64_TEXT_SIZE];

    eui64_print(id, eui64);
    return request->supplier == NULL || strcmp(request->supplier, mpid) == 0 || strcmp(request->supplier, eui64) == 0;
}

/* A sink for bytes; user: a FILE. */
static bool put(void *user, const char *data, size_t len, GError **error)
{
    if (fwrite(data, 1, len, user) == len)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s could not be written whole: %s",
                user == stdout ? "standard output" : "the report", g_strerror(errno));
    return false;
}

/* Gives all bytes of the file to a sink. */
static bool copy(struct packed_reader *reader, writer_bytes_fn *bytes, void *user, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    size_t got = 0;

    do {
        if (!packed_read(reader, buffer, COPY_BYTES, &got, error) || (got > 0 && !bytes(user, buffer, got, error)))
            return false;
    } while (got > 0);
    return true;
}

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

/* NULL: *error says why it cannot be printed. */
static struct packed_reader *open_stored(struct request *request, const struct ledger_outgoing *file, GError **error)
{
    GError *cause = NULL;
    struct packed_reader *reader = read_access_open_file(request->access.gateway.spool, file->job, file->name, &cause);
    g_autofree char *archived = NULL;

    if (reader == NULL && !archived_text(&request->access.gateway, file->job, &archived, error)) {
        g_clear_error(&cause);
        return NULL;
    }
    if (reader == NULL && file->removed != 0) {
        g_autofree struct ledger_job *job = NULL;
        bool purged =
            ledger_job_get(request->access.gateway.ledger, file->job, &job, NULL) && job != NULL && job->purged != 0;
        g_autofree char *text = read_access_removed(file->removed, purged);
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", file->name, text);
    } else if (reader == NULL && archived != NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", file->name, archived);
    } else if (reader == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s", file->name,
                    cause != NULL ? cause->message : "it is not in the spool; see 'ecosgate spool verify'");
    }
    g_clear_error(&cause);
    return reader;
}

/* The digest is compared before the first byte is written: a reader of a pipe cannot take bytes back. */
static bool check_stored(struct request *request, const struct ledger_outgoing *file, GError **error)
{
    g_autoptr(packed_reader_t) reader = open_stored(request, file, error);
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    if (reader == NULL || !copy(reader, add_to_digest, digest, error))
        return false;
    digest_hex(digest, hex);
    if (g_strcmp0(hex, file->sha256) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s in the spool is not what was stored: its SHA-256 is %s, the ledger says %s; see 'ecosgate "
                "spool verify'",
                file->name, hex, file->sha256 != NULL ? file->sha256 : "none");
    return false;
}

static bool print_issued(struct request *request, const struct ledger_report *report, GError **error)
{
    const struct ledger_outgoing *file = &report->file;

    request->found++;
    if (!check_stored(request, file, error))
        return false;
    g_autoptr(packed_reader_t) reader = open_stored(request, file, error);
    return reader != NULL && copy(reader, put, request->out, error);
}

/* The files that were issued, one after the other, in the order of the ledger. */
static bool print_all_issued(struct request *request, const GPtrArray *issued, GError **error)
{
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *report = issued->pdata[i];
        if (is_wanted(request, report->mpid, report->recipient) && !print_issued(request, report, error))
            return false;
    }
    return true;
}

static bool build(struct request *request, const GPtrArray *issued, GError **error)
{
    g_autoptr(report_t) report = report_new(&request->access.gateway, request->kind, request->period);

    /* One that is issued and not stored yet has the rows that were recorded for it. */
    if (issued->len > 0 ? !report_to_issued(report, issued, error) : !report_to_parties(report, error))
        return false;
    if (!report_collect(report, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        const struct report_recipient *to = report_recipient(report, i);
        if (!is_wanted(request, to->mpid, to->id))
            continue;
        request->found++;
        if (!report_write(report, i, put, request->out, error))
            return false;
    }
    return true;
}

/* The files as they would be issued now, of one moment, whatever a running gateway writes meanwhile. Nothing is stored:
 * the next `run` issues the period as if this had not been. */
static bool print_built(struct request *request, const GPtrArray *issued, GError **error)
{
    ledger_look_begin(request->access.gateway.ledger);
    bool good = build(request, issued, error);
    ledger_look_end(request->access.gateway.ledger);
    return good;
}

/* A period is issued in one commit and its files are built afterwards; before that there is nothing to print. */
static bool all_stored(const GPtrArray *issued)
{
    for (guint i = 0; i < issued->len; i++) {
        if (((const struct ledger_report *)issued->pdata[i])->file.state == LEDGER_PLANNED)
            return false;
    }
    return true;
}

/* *period: the issued period that was asked for; NULL: it was not issued. A report on change has no calendar: its
 * period is the newest that began at or before the time, and replaces the one in the request. So it is where no period
 * was asked for and the one that has ended is not reported: STRAND after TCoS has closed. */
static bool find_period(struct request *request, struct ledger_period **period, GError **error)
{
    struct ledger *ledger = request->access.gateway.ledger;
    const char *ref = request->kind->ref;
    bool regular =
        !request->kind->on_change &&
        (request->asked || report_schedule_has(request->access.gateway.config, request->kind, &request->period));

    if (regular)
        return ledger_period_get(ledger, ref, request->period.starts, period, error);
    if (!ledger_period_last(ledger, ref, request->period.starts, period, error))
        return false;
    if (*period != NULL)
        request->period = (struct period){(*period)->starts, (*period)->ends};
    return true;
}

static bool print_files(struct request *request, GError **error)
{
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL;
    const char *ref = request->kind->ref;
    char starts[INSTANT_TEXT_SIZE];

    if (!find_period(request, &period, error) ||
        !ledger_reports_of(request->access.gateway.ledger, ref, request->period.starts, &issued, error))
        return false;
    if (period != NULL && all_stored(issued))
        return print_all_issued(request, issued, error);
    instant_print(request->period.starts, starts);
    command_note("%s of the period that begins at %s has not been issued; this is built from what is known now", ref,
                 starts);
    return print_built(request, issued, error);
}

/* Sets the period that contains the time; without a time, the last period that has ended. A report without periods
 * (on_change) gets its newest issue later, in find_period. */
static bool choose_period(struct request *request, const char *text)
{
    bool on_change = request->kind->on_change;
    int64_t at = on_change ? clock_now() : calendar_period(request->kind->every, clock_now()).starts - 1;

    if (text != NULL && !instant_parse(text, strlen(text), &at)) {
        g_autofree char *shown = command_shown(text);
        g_printerr("ecosgate: report: --period '%s' is no time; expected one such as 2023-07-03T06:00:00Z\n", shown);
        return false;
    }
    request->asked = text != NULL;
    request->period = on_change ? (struct period){at, at} : calendar_period(request->kind->every, at);
    return true;
}

static int no_file(const struct request *request)
{
    g_printerr("ecosgate: %s of that period has no file for %s; 'ecosgate report list' lists what was issued\n",
               request->kind->ref, request->supplier != NULL ? request->supplier : "anybody");
    return EXIT_REFUSED;
}

static int print_report(struct request *request, const char *path)
{
    GError *error = NULL;

    request->out = path != NULL ? fopen(path, "wb") : stdout;
    if (request->out == NULL) {
        g_printerr("ecosgate: report: --out %s cannot be written: %s\n", path, g_strerror(errno));
        return EXIT_UNABLE;
    }
    bool good = print_files(request, &error);
    if (path != NULL && fclose(request->out) != 0 && good) {
        good = false;
        g_set_error(&error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "--out %s could not be written whole: %s", path,
                    g_strerror(errno));
    }
    if (!good)
        return command_unable(error);
    return request->found > 0 ? EXIT_GOOD : no_file(request);
}

static int no_report(const char *ref)
{
    g_autofree char *shown = command_shown(ref);
    g_autofree char *refs = words_joined(words_reports());
    g_autofree char *meant = command_meant(ref, words_reports());

    g_printerr("ecosgate: there is no report '%s'%s; give one of %s\n", shown, meant, refs);
    return EXIT_UNABLE;
}

int command_report(struct invocation *invocation)
{
    g_autofree char *period = NULL, *supplier = NULL, *out = NULL;
    const GOptionEntry entries[] = {
        {"period", 0, 0, G_OPTION_ARG_STRING, &period, "the period that contains TIME (else the last that has ended)",
         "TIME"},
        {"supplier", 0, 0, G_OPTION_ARG_STRING, &supplier, "only the file of this recipient (MPID or EUI-64)", "MPID"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "write to this file instead of standard output", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct request request = {.found = 0};

    if (!command_arguments(invocation, entries, 1, 1))
        return EXIT_UNABLE;
    request.kind = report_kind_find(invocation->argv[0]);
    request.supplier = supplier;
    if (request.kind == NULL)
        return no_report(invocation->argv[0]);
    if (!choose_period(&request, period) || !read_access_open(&request.access, invocation))
        return EXIT_UNABLE;
    int status = print_report(&request, out);
    read_access_close(&request.access);
    return status;
}
