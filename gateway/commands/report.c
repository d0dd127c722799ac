/*
 * The commands `report REF`, `report list` and `report redeliver`.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "formats/instant.h"
#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "gateway/commands/order.h"
#include "gateway/reports/reports.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

/* ---- report REF ---- */

/* What was asked for, and where the bytes go. */
struct asking {
    struct read_access access;
    const struct report_kind *kind;
    struct period period;
    const char *supplier; /* MPID or EUI-64; NULL: all */
    FILE *out;
    int64_t found;
};

static bool is_wanted(const struct asking *asking, const char *mpid, uint64_t id)
{
    char eui64[EUI64_TEXT_SIZE];

    eui64_print(id, eui64);
    return asking->supplier == NULL || strcmp(asking->supplier, mpid) == 0 || strcmp(asking->supplier, eui64) == 0;
}

static bool put(void *user, const char *data, size_t len, GError **error)
{
    if (fwrite(data, 1, len, user) == len)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s could not be written whole: %s",
                user == stdout ? "standard output" : "the report", g_strerror(errno));
    return false;
}

static bool copy(int fd, writer_bytes_fn *bytes, void *user, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    ssize_t got;

    while ((got = read(fd, buffer, COPY_BYTES)) > 0) {
        if (!bytes(user, buffer, (size_t)got, error))
            return false;
    }
    if (got < 0)
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "the spool cannot be read: %s", g_strerror(errno));
    return got == 0;
}

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

/* Nothing is given out before the digest agrees. */
static bool give_stored(struct asking *asking, int fd, const struct ledger_outgoing *part, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    if (!copy(fd, add_to_digest, digest, error))
        return false;
    digest_hex(digest, hex);
    if (g_strcmp0(hex, part->sha256) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "%s in the spool is not what was stored: its SHA-256 differs; see `ecosgate spool verify`",
                    part->name);
        return false;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", part->name, g_strerror(errno));
        return false;
    }
    return copy(fd, put, asking->out, error);
}

static bool give_issued(struct asking *asking, const struct ledger_report *report, GError **error)
{
    const struct ledger_outgoing *part = &report->file;
    GError *fault = NULL;

    asking->found++;
    int fd = read_access_open_file(asking->access.gateway.spool, part->job, part->name, &fault);
    if (fd < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s", part->name,
                    fault != NULL ? fault->message : "it is not in the spool");
        g_clear_error(&fault);
        return false;
    }
    bool good = give_stored(asking, fd, part, error);
    (void)close(fd); /* only read from */
    return good;
}

static bool give_all_issued(struct asking *asking, const GPtrArray *issued, GError **error)
{
    for (guint i = 0; i < issued->len; i++) {
        const struct ledger_report *report = issued->pdata[i];
        if (is_wanted(asking, report->mpid, report->recipient) && !give_issued(asking, report, error))
            return false;
    }
    return true;
}

static bool give_built(struct asking *asking, GError **error)
{
    g_autoptr(report_t) report = report_new(&asking->access.gateway, asking->kind, asking->period);

    if (!report_to_parties(report, error) || !report_collect(report, error))
        return false;
    for (size_t i = 0; i < report_n_recipients(report); i++) {
        const struct report_recipient *to = report_recipient(report, i);
        if (!is_wanted(asking, to->mpid, to->id))
            continue;
        asking->found++;
        if (!report_write(report, i, put, asking->out, error))
            return false;
    }
    return true;
}

static bool all_stored(const GPtrArray *issued)
{
    for (guint i = 0; i < issued->len; i++) {
        if (((const struct ledger_report *)issued->pdata[i])->file.state == LEDGER_PLANNED)
            return false;
    }
    return true;
}

static bool find_period(struct asking *asking, struct ledger_period **period, GError **error)
{
    struct ledger *ledger = asking->access.gateway.ledger;
    const char *ref = asking->kind->ref;

    if (!asking->kind->on_change)
        return ledger_period_get(ledger, ref, asking->period.starts, period, error);
    if (!ledger_period_last(ledger, ref, asking->period.starts, period, error))
        return false;
    if (*period != NULL)
        asking->period = (struct period){(*period)->starts, (*period)->ends};
    return true;
}

static bool give(struct asking *asking, GError **error)
{
    g_autofree struct ledger_period *period = NULL;
    g_autoptr(GPtrArray) issued = NULL;
    const char *ref = asking->kind->ref;
    char starts[INSTANT_TEXT_SIZE];

    if (!find_period(asking, &period, error) ||
        !ledger_reports_of(asking->access.gateway.ledger, ref, asking->period.starts, &issued, error))
        return false;
    if (period != NULL && all_stored(issued))
        return give_all_issued(asking, issued, error);
    instant_print(asking->period.starts, starts);
    gateway_note("%s of the period from %s on has not been issued; this is what is known now", ref, starts);
    return give_built(asking, error);
}

/* The period that holds a time; without one the last that has ended. Of a report without periods the newest is chosen
 * when the ledger is open. */
static bool choose_period(struct asking *asking, const char *text)
{
    bool on_change = asking->kind->on_change;
    int64_t at = on_change ? clock_now() : calendar_period(asking->kind->every, clock_now()).starts - 1;

    if (text != NULL && !instant_parse(text, strlen(text), &at)) {
        g_printerr("ecosgate: --period: expected a time like 2023-07-03T06:00:00Z, found '%s'\n", text);
        return false;
    }
    asking->period = on_change ? (struct period){at, at} : calendar_period(asking->kind->every, at);
    return true;
}

static int no_file(const struct asking *asking)
{
    g_printerr("ecosgate: %s of that period has no file for %s; 'ecosgate report list' shows what was issued\n",
               asking->kind->ref, asking->supplier != NULL ? asking->supplier : "anybody");
    return EXIT_REFUSED;
}

static int answer_asking(struct asking *asking, const char *path)
{
    GError *error = NULL;

    asking->out = path != NULL ? fopen(path, "wb") : stdout;
    if (asking->out == NULL) {
        g_printerr("ecosgate: %s: %s\n", path, g_strerror(errno));
        return EXIT_UNABLE;
    }
    bool good = give(asking, &error);
    if (path != NULL && fclose(asking->out) != 0 && good) {
        good = false;
        g_set_error(&error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, g_strerror(errno));
    }
    if (!good)
        return command_unable(error);
    return asking->found > 0 ? EXIT_GOOD : no_file(asking);
}

static int no_report(const char *ref)
{
    GString *refs = g_string_new(NULL);

    for (size_t i = 0; i < report_n_kinds; i++)
        g_string_append_printf(refs, "%s%s", i > 0 ? ", " : "", report_kinds[i].ref);
    g_printerr("ecosgate: there is no report '%s'; there are %s\n", ref, refs->str);
    g_string_free(refs, TRUE);
    return EXIT_UNABLE;
}

static int report_build(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    g_autofree char *period = NULL, *supplier = NULL, *out = NULL;
    const GOptionEntry entries[] = {
        {"period", 0, 0, G_OPTION_ARG_STRING, &period, "the period that holds TIME (else the last that has ended)",
         "TIME"},
        {"supplier", 0, 0, G_OPTION_ARG_STRING, &supplier, "the file of this recipient alone (MPID or EUI-64)", "MPID"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "to this file instead of standard output", "FILE"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct asking asking = {.found = 0};
    int n = command_options(&rest, "report REF", entries);

    if (n != 1)
        return n < 0 ? EXIT_UNABLE : command_usage("report REF [--period TIME] [--supplier MPID] [--out FILE]");
    asking.kind = report_kind_find(rest.argv[0]);
    asking.supplier = supplier;
    if (asking.kind == NULL)
        return no_report(rest.argv[0]);
    if (!choose_period(&asking, period) || !read_access_open(&asking.access, invocation))
        return EXIT_UNABLE;
    int status = answer_asking(&asking, out);
    read_access_close(&asking.access);
    return status;
}

/* ---- report list ---- */

static json_t *describe_period(const struct ledger_period *period)
{
    json_t *fact = json_object();

    output_set_text(fact, "ref", period->ref);
    output_set(fact, "period_start", command_json_instant(period->starts));
    output_set(fact, "period_end", command_json_instant(period->ends));
    output_set(fact, "issued", command_json_instant(period->issued));
    output_set_number(fact, "unassigned", period->unassigned);
    return fact;
}

static json_t *describe_report(const struct ledger_report *report)
{
    const struct ledger_outgoing *part = &report->file;
    json_t *fact = describe_period(&report->period);
    char id[JOB_ID_SIZE];

    job_id_print(part->job, id);
    output_set_text(fact, "mpid", report->mpid);
    output_set_text(fact, "recipient", part->recipient);
    output_set_number(fact, "rows", part->rows);
    output_set_text(fact, "file", part->name);
    output_set_text(fact, "job", id);
    output_set_text(fact, "drop", part->drop);
    output_set_text(fact, "state", ledger_outgoing_state_name(part->state));
    output_set(fact, "delivered", command_json_instant(part->delivered_at));
    output_set_text(fact, "sha256", part->sha256);
    return fact;
}

/* A period without recipients: a row that says so, or its unassigned rows would be told nowhere. */
static json_t *describe_nobody(const struct ledger_period *period)
{
    static const char *const members[] = {"mpid", "recipient", "file", "job", "drop", "state", "delivered", "sha256"};
    json_t *fact = describe_period(period);

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        output_set(fact, members[i], json_null());
    output_set_number(fact, "rows", 0);
    return fact;
}

struct listing {
    struct gateway *gateway;
    const struct invocation *invocation;
    json_t *rows; /* for people */
};

static void list_one(struct listing *listing, json_t *fact)
{
    if (listing->invocation->json)
        command_print_json(fact);
    else
        (void)json_array_append_new(listing->rows, fact); /* memory aborts */
}

static bool list_period(void *user, const struct ledger_period *period, GError **error)
{
    struct listing *listing = user;
    g_autoptr(GPtrArray) reports = NULL;

    if (!ledger_reports_of(listing->gateway->ledger, period->ref, period->starts, &reports, error))
        return false;
    for (guint i = 0; i < reports->len; i++)
        list_one(listing, describe_report(reports->pdata[i]));
    if (reports->len == 0)
        list_one(listing, describe_nobody(period));
    return true;
}

static int report_list(const struct invocation *invocation)
{
    static const char *const columns[] = {"ref",    "period_start", "mpid",   "rows", "unassigned",
                                          "issued", "state",        "sha256", NULL};
    struct invocation rest = *invocation;
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(&rest, "report list", 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    struct listing listing = {&access.gateway, invocation, json_array()};
    bool good = ledger_periods_each(access.gateway.ledger, list_period, &listing, &error);
    read_access_close(&access);
    if (good && !invocation->json)
        output_table(listing.rows, columns, SIZE_MAX, "");
    json_decref(listing.rows);
    return good ? EXIT_GOOD : command_unable(error);
}

/* ---- report redeliver ---- */

static bool parse_file(const char *text, struct order *order)
{
    order->file = (char *)text; /* borrowed: the order of a command is not freed */
    return true;
}

static bool find_file(const struct read_access *access, const struct order *order, bool *there, GError **error)
{
    g_autofree struct ledger_outgoing *part = NULL;

    if (!ledger_outgoing_named(access->gateway.ledger, order->file, &part, error))
        return false;
    *there = part != NULL && report_kind_find(part->kind) != NULL;
    if (!*there)
        g_printerr("ecosgate: there is no file '%s' of a report; 'ecosgate report list' shows them\n", order->file);
    return true;
}

int command_report(const struct invocation *invocation)
{
    static const struct order_target target = {"report", "report list", parse_file, find_file};
    struct invocation rest = *invocation;
    const char *word = invocation->argc > 0 ? invocation->argv[0] : "";
    bool list = strcmp(word, "list") == 0;

    if (!list && strcmp(word, "redeliver") != 0)
        return report_build(invocation);
    rest.argc--;
    rest.argv++;
    return list ? report_list(&rest) : order_give(&rest, ORDER_REDELIVER, &target);
}
