/*
 * The command `report list`: every file of every period that was issued.
 */
#include "gateway/archived.h"
#include "gateway/commands/home_list.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_reports.h"

static json_t *period_row(const struct ledger_period *period)
{
    json_t *row = json_object();

    output_set_text(row, "ref", period->ref);
    output_set(row, "period_start", command_json_instant(period->starts));
    output_set(row, "period_end", command_json_instant(period->ends));
    output_set(row, "issued", command_json_instant(period->issued));
    output_set_number(row, "unassigned", period->unassigned);
    return row;
}

/* NULL on an error. */
static json_t *file_row(struct gateway *gateway, const struct ledger_report *report, GError **error)
{
    const struct ledger_outgoing *file = &report->file;
    g_autofree char *archived = NULL;

    if (!archived_text(gateway, file->job, &archived, error))
        return NULL;
    json_t *row = period_row(&report->period);

    output_set_text(row, "mpid", report->mpid);
    output_set_text(row, "recipient", file->recipient);
    output_set_number(row, "rows", file->rows);
    output_set_text(row, "file", file->name);
    output_set(row, "job", command_json_job(file->job));
    output_set_text(row, "drop", file->drop);
    output_set_text(row, "state", ledger_outgoing_state_name(file->state));
    output_set(row, "delivered", command_json_instant(file->delivered_at));
    output_set_text(row, "sha256", file->sha256);
    output_set_text(row, "archived", archived);
    return row;
}

/* A period without a recipient has no file, but may have rows of Devices that belong to nobody. They are counted here,
 * because no other output shows them. */
static json_t *empty_period_row(const struct ledger_period *period)
{
    static const char *const members[] = {"mpid",  "recipient", "file",   "job",     "drop",
                                          "state", "delivered", "sha256", "archived"};
    json_t *row = period_row(period);

    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        output_set(row, members[i], json_null());
    output_set_number(row, "rows", 0);
    return row;
}

/* What the walk over periods needs. */
struct listing {
    struct gateway *gateway;
    struct output_list *rows;
};

static bool add_period(void *user, const struct ledger_period *period, GError **error)
{
    struct listing *listing = user;
    g_autoptr(GPtrArray) reports = NULL;

    if (!ledger_reports_of(listing->gateway->ledger, period->ref, period->starts, &reports, error))
        return false;
    for (guint i = 0; i < reports->len; i++) {
        json_t *row = file_row(listing->gateway, reports->pdata[i], error);
        if (row == NULL)
            return false;
        output_list_add(listing->rows, row);
    }
    if (reports->len == 0)
        output_list_add(listing->rows, empty_period_row(period));
    return true;
}

static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    struct listing listing = {&access->gateway, rows};

    (void)user; /* the list has no options */
    return ledger_periods_each(access->gateway.ledger, add_period, &listing, error);
}

int command_report_list(struct invocation *invocation)
{
    static const char *const columns[] = {"ref",    "period_start", "mpid", "rows", "unassigned",
                                          "issued", "state",        "file", NULL};
    static const struct home_list list = {add_all, NULL, columns, "no report was issued so far", SIZE_MAX};

    return command_arguments(invocation, NULL, 0, 0) ? home_list_print(invocation, &list) : EXIT_UNABLE;
}
