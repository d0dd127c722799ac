/*
 * The table of all reports, and what they have in common: recipients, the order of rows, writing. One walk collects a
 * number for each row of all recipients; these are sorted, and then one file after another is written. So a day with a
 * hundred Suppliers reads the ledger once, not a hundred times, and only one file is open.
 */
#include "formats/name/filename.h"
#include "formats/profile.h"
#include "gateway/profiles.h"
#include "gateway/reports/report_private.h"

#include "gateway/reports/migration_status.h"
#include "spool/ledger/ledger_reports.h"

#include <string.h>

#define TO_SUPPLIERS .role = "SUPPLIER", .drop = "suppliers"
#define TO_MAPS .role = "MAP", .drop = "maps"
#define TO_ALL .drop = "dcc"
#define ROWS(what) .form = "csv", .collect = report_collect_##what, .row = report_write_##what
#define ONCE .once = true, .record = report_record_once

const struct report_kind report_kinds[] = {
    {"ECOSMIG-001", .every = CALENDAR_DAY, TO_SUPPLIERS, ROWS(migrated)},
    {"ECOSMIG-002", .every = CALENDAR_QUARTER, TO_SUPPLIERS, ROWS(failed)},
    {"ECOSMIG-003", .every = CALENDAR_MONTH, TO_SUPPLIERS, ROWS(gained), ONCE},
    {"ECOSMIG-004", .every = CALENDAR_WEEK, TO_SUPPLIERS, ROWS(non_migratable)},
    {"ECOSMIG-005", .every = CALENDAR_WEEK, TO_SUPPLIERS, ROWS(activity)},
    {"ECOSMIG-006", .every = CALENDAR_MONTH, TO_SUPPLIERS, ROWS(installed), ONCE},
    {"STRAND", .every = CALENDAR_WEEK, TO_SUPPLIERS, ROWS(stranded), .closing = true},
    {"NMDM", .on_change = true, TO_ALL, ROWS(models)},
    {"MGMT", .every = CALENDAR_WEEK, TO_ALL, ROWS(progress)},
    {"MGMT-PAGE", .form = "html", .every = CALENDAR_WEEK, TO_ALL, .collect = report_collect_progress,
     .page = report_write_page, .record = report_record_week},
    {"MAPR", .form = "csv", .every = CALENDAR_WEEK, TO_MAPS, .collect = report_collect_assets,
     .rows = report_write_assets},
};
const size_t report_n_kinds = G_N_ELEMENTS(report_kinds);

const struct report_kind *report_kind_find(const char *ref)
{
    for (size_t i = 0; i < report_n_kinds; i++) {
        if (strcmp(report_kinds[i].ref, ref) == 0)
            return &report_kinds[i];
    }
    return NULL;
}

char *report_name(const struct report_kind *kind, const struct report_recipient *to, struct period period)
{
    char date[INSTANT_DATE_SIZE], time[INSTANT_TIME_SIZE];

    instant_print_name(period.starts, date, time);
    if (to == NULL)
        return g_strdup_printf("%s_%s_%s", kind->ref, date, time);
    const struct filename_own report = {
        .type = kind->ref, .org = to->mpid, .eui64 = to->id, .at = period.starts, .form = kind->form};
    return filename_report(to->profile, &report);
}

/* ---- begin and end ---- */

static void clear_recipient(gpointer user)
{
    struct report_recipient *recipient = user;

    g_free(recipient->drop);
}

struct report *report_new(struct gateway *gateway, const struct report_kind *kind, struct period period)
{
    struct report *report = g_new0(struct report, 1);

    report->gateway = gateway;
    report->kind = kind;
    report->period = period;
    instant_print(period.starts, report->starts);
    instant_print(period.ends, report->ends);
    report->recipients = g_array_new(FALSE, TRUE, sizeof(struct report_recipient));
    g_array_set_clear_func(report->recipients, clear_recipient);
    report->rows = g_array_new(FALSE, FALSE, sizeof(struct report_row));
    report->first = g_array_new(FALSE, FALSE, sizeof(guint));
    return report;
}

void report_free(struct report *report)
{
    if (report == NULL)
        return;
    g_array_unref(report->recipients);
    g_array_unref(report->rows);
    g_array_unref(report->first);
    if (report->subjects != NULL)
        g_array_unref(report->subjects);
    report_assets_free(report->assets);
    if (report->own_shared)
        report_shared_free(report->shared);
    g_free(report);
}

/* ---- recipients ---- */

/* With the profile that it gets reports of this period with, if they are issued now. */
static struct report_recipient *add_recipient(struct report *report, uint64_t id, const char *mpid, const char *drop)
{
    struct report_recipient recipient = {.id = id, .drop = g_strdup(drop)};

    eui64_print(id, recipient.eui64);
    g_strlcpy(recipient.mpid, mpid, sizeof recipient.mpid);
    recipient.profile = config_profile_of_report(
        report->gateway->config, report->kind->role != NULL ? recipient.mpid : NULL, report->period.ends);
    g_array_append_val(report->recipients, recipient);
    return &g_array_index(report->recipients, struct report_recipient, report->recipients->len - 1);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    const struct report_recipient *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* A drop that PTY names and the configuration does not know counts as not named. */
static bool add_party(void *user, const struct ledger_party *party, GError **error)
{
    struct report *report = user;
    bool known = party->drop != NULL && config_drop(report->gateway->config, party->drop) != NULL;

    (void)error; /* cannot fail */
    (void)add_recipient(report, party->id, party->mpid, known ? party->drop : report->kind->drop);
    return true;
}

bool report_to_parties(struct report *report, GError **error)
{
    const struct config *config = report->gateway->config;

    if (report->kind->role == NULL) {
        (void)add_recipient(report, config->eui64, config->org, report->kind->drop);
        return true;
    }
    if (!ledger_parties_each(report->gateway->ledger, report->kind->role, add_party, report, error))
        return false;
    g_array_sort(report->recipients, by_id);
    return true;
}

/* The drops are those of the issue, not those that PTY names today: a file that is built after a stop has to go where
 * it was planned to go. */
bool report_to_issued(struct report *report, const GPtrArray *reports, GError **error)
{
    report->issued = true;
    for (guint i = 0; i < reports->len; i++) {
        const struct ledger_report *issued = reports->pdata[i];
        const struct profile *profile = profiles_find(report->gateway, issued->file.profile, error);
        if (profile == NULL)
            return false;
        add_recipient(report, issued->recipient, issued->mpid, issued->file.drop)->profile = profile;
    }
    g_array_sort(report->recipients, by_id);
    return true;
}

size_t report_n_recipients(const struct report *report)
{
    return report->recipients->len;
}

const struct report_recipient *report_recipient(const struct report *report, size_t i)
{
    return &g_array_index(report->recipients, struct report_recipient, i);
}

/* ---- rows ---- */

/* Neighbours often have the same recipient. */
static bool find_recipient(struct report *report, uint64_t party, guint *at)
{
    const struct report_recipient wanted = {.id = party};

    *at = report->last;
    if (*at < report->recipients->len && report_recipient(report, *at)->id == party)
        return true;
    if (!g_array_binary_search(report->recipients, &wanted, by_id, at))
        return false;
    report->last = *at;
    return true;
}

bool report_knows(struct report *report, uint64_t party)
{
    guint at;

    return find_recipient(report, party, &at);
}

void report_assign(struct report *report, uint64_t party, int64_t key)
{
    guint at;

    if (!find_recipient(report, party, &at)) {
        report->unassigned++;
        return;
    }
    struct report_row row = {at, key};
    g_array_append_val(report->rows, row);
}

/* The order of rows: of work items, Devices or tallies within the file of each recipient. */
static int by_recipient(gconstpointer a, gconstpointer b)
{
    const struct report_row *x = a, *y = b;

    if (x->recipient != y->recipient)
        return (x->recipient > y->recipient) - (x->recipient < y->recipient);
    /* A key may be an EUI-64, whose highest bit may be set. */
    return ((uint64_t)x->key > (uint64_t)y->key) - ((uint64_t)x->key < (uint64_t)y->key);
}

bool report_collect(struct report *report, GError **error)
{
    guint row = 0;

    if (!report->kind->collect(report, error))
        return false;
    if (report->assets != NULL)
        return true;
    g_array_sort(report->rows, by_recipient);
    /* One member more than there are recipients: the rows of recipient i end where those of i + 1 begin. */
    for (guint i = 0; i <= report->recipients->len; i++) {
        while (row < report->rows->len && g_array_index(report->rows, struct report_row, row).recipient < i)
            row++;
        g_array_append_val(report->first, row);
    }
    return true;
}

int64_t report_rows(const struct report *report, size_t i)
{
    return (int64_t)g_array_index(report->first, guint, i + 1) - g_array_index(report->first, guint, i);
}

int64_t report_unassigned(const struct report *report)
{
    return report->unassigned;
}

static bool write_rows(struct report *report, size_t i, GError **error)
{
    guint end = g_array_index(report->first, guint, i + 1);

    for (guint row = g_array_index(report->first, guint, i); row < end; row++) {
        if (!report_goes_on(report, error) ||
            !report->kind->row(report, g_array_index(report->rows, struct report_row, row).key, error))
            return false;
    }
    return true;
}

bool report_write(struct report *report, size_t i, writer_bytes_fn *bytes, void *user, GError **error)
{
    report->to = report_recipient(report, i);
    if (report->kind->page != NULL)
        return report->kind->page(report, bytes, user, error);
    report->layout = profile_report(report->to->profile, report->kind->ref);
    report->writer = report_writer_new(report->layout, bytes, user);
    bool good = (report->kind->rows != NULL ? report->kind->rows : write_rows)(report, i, error) &&
                report_writer_finish(report->writer, error);
    report_writer_free(report->writer);
    report->writer = NULL;
    return good;
}

void report_forget_rows(struct report *report)
{
    g_array_unref(report->rows);
    report->rows = g_array_new(FALSE, FALSE, sizeof(struct report_row));
    g_clear_pointer(&report->assets, report_assets_free);
}

/* ---- for the sources that write rows ---- */

/* What the inventory says, unless it says nothing. */
static const char *first_of(const char *known, const char *instructed)
{
    return known != NULL && *known != '\0' ? known : instructed;
}

void report_lead(const struct ledger_item *item, const struct ledger_inventory *known, struct report_lead *lead)
{
    static const struct ledger_inventory unknown = {0};
    const struct ledger_inventory *k = known != NULL ? known : &unknown;

    eui64_print(item->device, lead->device);
    lead->device_type = first_of(k->device_type, item->device_type);
    lead->mpxn = first_of(k->mpxn, item->mpxn);
    lead->chf = item->chf;
    if (k->chf != 0) {
        eui64_print(k->chf, lead->chf_text);
        lead->chf = lead->chf_text;
    }
    lead->manufacturer = first_of(k->manufacturer, item->manufacturer);
    lead->model = first_of(k->model, item->model);
    lead->firmware = first_of(k->firmware, item->firmware);
}

bool report_add_past(void *user, const struct ledger_work *work, GError **error)
{
    (void)error; /* cannot fail */
    ledger_past_add(user, work);
    return true;
}

const char *report_date(int64_t at, char text[INSTANT_TEXT_SIZE])
{
    if (at == 0)
        return NULL;
    instant_print(at, text);
    text[strlen("2023-07-03")] = '\0';
    return text;
}
