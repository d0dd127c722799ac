/*
 * ECOSMIG-003 and -006: Devices of the inventory. Their rows are each in one period only; the key of a row is the index
 * of a struct once.
 */
#include "gateway/reports/report_private.h"

#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* ---- what a row says of a Device ---- */

bool report_look_at(const struct report *report, const struct ledger_inventory *device, struct report_device *now,
                    GError **error)
{
    struct ledger *ledger = report->gateway->ledger;
    const struct ledger_nmm model = {.device_type = device->device_type,
                                     .manufacturer = device->manufacturer,
                                     .model = device->model,
                                     .firmware = device->firmware};
    struct ledger_past past = {0};
    int64_t non_migratable_until;

    if (!ledger_work_of_device_each(ledger, device->device, report_add_past, &past, error) ||
        !ledger_model_non_migratable_until(ledger, &model, report->period.ends, &non_migratable_until, error))
        return false;
    now->status = migration_status(report->gateway->config, device, &past, non_migratable_until != 0);
    now->migrated_at = past.migrated_at;
    return true;
}

/* The leading columns of a Device whose instruction is of no interest here. */
static void lead_of(const struct ledger_inventory *device, struct report_lead *lead)
{
    const struct ledger_item item = {.device = device->device};

    report_lead(&item, device, lead);
}

/* ---- ECOSMIG-003: Devices gained, with what happened to them before ---- */

/* A row of ECOSMIG-003 or ECOSMIG-006. Each is in one period only: that of the first report after the gateway learned
 * of it. Its key in the report is its index in report->subjects, which are in this order. */
struct once {
    uint64_t device;
    int64_t since;     /* ECOSMIG-003: from when on that Supplier is responsible, seconds UTC; else 0 */
    uint64_t supplier; /* the recipient */
};

static int by_device(gconstpointer a, gconstpointer b)
{
    const struct once *x = a, *y = b;

    if (x->device != y->device)
        return (x->device > y->device) - (x->device < y->device);
    if (x->since != y->since)
        return (x->since > y->since) - (x->since < y->since);
    return (x->supplier > y->supplier) - (x->supplier < y->supplier);
}

/* What the ledger keeps of a row. The Supplier belongs to the key where a Device can be gained by several. */
static struct ledger_reported reported_of(const struct report *report, const struct once *once)
{
    return (struct ledger_reported){report->kind->ref, once->device, once->since, once->since != 0 ? once->supplier : 0,
                                    report->period.starts};
}

/* Adds the row, unless a period has it already. */
static bool add_once(struct report *report, const struct once *once, GError **error)
{
    const struct ledger_reported row = reported_of(report, once);
    bool reported = false;

    if (!ledger_reported_exists(report->gateway->ledger, &row, &reported, error))
        return false;
    if (!reported)
        g_array_append_val(report->subjects, *once);
    return true;
}

/* *from: the start of the first period that has rows. What happened before it is in no report. */
static bool first_start(const struct report *report, int64_t *from, GError **error)
{
    if (!ledger_reported_from(report->gateway->ledger, report->kind->ref, from, error))
        return false;
    if (*from == 0 || *from > report->period.starts)
        *from = report->period.starts;
    return true;
}

/* Sorts the rows and assigns them. Two meters on one hub may both have added its GPF. */
static void assign_once(struct report *report)
{
    g_array_sort(report->subjects, by_device);
    for (guint i = 0; i < report->subjects->len; i++) {
        const struct once *once = &g_array_index(report->subjects, struct once, i);
        if (i == 0 || by_device(once, once - 1) != 0)
            report_assign(report, once->supplier, i);
    }
}

/* Collects the rows that are not in an issued report yet; with an issued report, those that it has. */
static bool collect_once(struct report *report, report_collect_fn *due, ledger_reported_visit issued, GError **error)
{
    struct ledger *ledger = report->gateway->ledger;
    const struct ledger_period period = {.ref = report->kind->ref, .starts = report->period.starts};

    report->subjects = g_array_new(FALSE, FALSE, sizeof(struct once));
    if (report->issued ? !ledger_reported_each(ledger, &period, issued, report, error) : !due(report, error))
        return false;
    assign_once(report);
    return true;
}

bool report_record_once(const struct report *report, struct ledger *ledger, GError **error)
{
    for (guint i = 0; i < report->rows->len; i++) {
        int64_t key = g_array_index(report->rows, struct report_row, i).key;
        const struct ledger_reported row = reported_of(report, &g_array_index(report->subjects, struct once, key));
        if (!ledger_reported_add(ledger, &row, error))
            return false;
    }
    return true;
}

/* The day on which a Device was installed; 0: the inventory does not say. */
static int64_t installed_at(const struct ledger_inventory *device)
{
    return device->installed != 0 ? device->installed : device->commissioned;
}

/* The walk over one change of supplier. */
struct gaining {
    struct report *report;
    const struct ledger_cos *event;
};

/* The Device is gained by the event, unless it was gone or came later (consultation ¶21). */
static bool gain(const struct gaining *g, const struct ledger_inventory *device, GError **error)
{
    const struct once once = {device->device, g->event->starts, g->event->gaining};

    return migration_is_gone(device) || installed_at(device) > g->event->starts || add_once(g->report, &once, error);
}

/* A GPF has no MPxN of its own: its Supplier is that of the meters on its hub (consultation ¶25). It is gained when the
 * event changes who that is. */
static bool gain_gpf(void *user, const struct ledger_inventory *device, GError **error)
{
    struct gaining *g = user;
    struct ledger *ledger = g->report->gateway->ledger;
    uint64_t before = 0, after = 0;

    if (strcmp(device->device_type, "GPF") != 0)
        return true;
    if (!ledger_supplier_of(ledger, device->device, g->event->starts - 1, &before, error) ||
        !ledger_supplier_of(ledger, device->device, g->event->starts, &after, error))
        return false;
    return after != g->event->gaining || before == after || gain(g, device, error);
}

/* The Devices at the event's supply point are gained, and the GPFs on their hubs may be. */
static bool gain_meter(void *user, const struct ledger_inventory *device, GError **error)
{
    struct gaining *g = user;

    if (strcmp(device->device_type, "GPF") != 0 && !gain(g, device, error))
        return false;
    return device->chf == 0 || ledger_devices_on_hub_each(g->report->gateway->ledger, device->chf, gain_gpf, g, error);
}

static bool gain_by_event(void *user, const struct ledger_cos *event, GError **error)
{
    struct gaining g = {.report = user, .event = event};

    return ledger_devices_at_point_each(g.report->gateway->ledger, event->mpxn, gain_meter, &g, error);
}

static bool find_gained(struct report *report, GError **error)
{
    struct ledger_interval when = {.until = report->period.ends};

    return first_start(report, &when.from, error) &&
           ledger_cos_each(report->gateway->ledger, &when, gain_by_event, report, error);
}

static bool add_gained(void *user, const struct ledger_reported *row, GError **error)
{
    struct report *report = user;
    const struct once once = {row->device, row->since, row->supplier};

    (void)error; /* cannot fail */
    g_array_append_val(report->subjects, once);
    return true;
}

bool report_collect_gained(struct report *report, GError **error)
{
    return collect_once(report, find_gained, add_gained, error);
}

/* A Device's sessions that began before the supply start. */
struct history {
    int64_t before; /* the supply start, seconds UTC */
    int64_t attempts, last_at;
    const char *outcome; /* of the last one, as it was at the supply start */
    char code[8];        /* of the last one that had failed by then */
};

static bool add_history(void *user, const struct ledger_work *work, GError **error)
{
    const struct ledger_session *session = &work->session;
    struct history *history = user;

    (void)error; /* cannot fail */
    if (!work->has_session || session->begun == 0 || session->begun >= history->before)
        return true;
    struct ledger_end end = {session->state, session->ended, session->code, session->next_eligible, session->try};
    if (end.ended >= history->before) /* it was corrected later: what was known then is the end before */
        end = work->corrected;
    bool ended = end.ended != 0 && end.ended < history->before;
    history->attempts++;
    history->last_at = session->begun;
    history->outcome = ended ? ledger_state_name(end.state) : "IN_PROGRESS";
    if (ended && end.state == LEDGER_FAILED && end.code != NULL)
        g_strlcpy(history->code, end.code, sizeof history->code);
    return true;
}

#define ECOSMIG_003_FACTS(FACT)                                                                                        \
    LEADING_FACTS(FACT, ECOSMIG_003)                                                                                   \
    FACT(ECOSMIG_003, supply_start, report_date(gained->since, starts))                                                \
    FACT(ECOSMIG_003, history_attempts, cell_number(history.attempts, attempts))                                       \
    FACT(ECOSMIG_003, history_last_at, cell_instant(history.last_at, &report->instants[0]))                            \
    FACT(ECOSMIG_003, history_last_outcome, history.outcome)                                                           \
    FACT(ECOSMIG_003, history_last_code, history.code)                                                                 \
    FACT(ECOSMIG_003, migration_status, now.status)
FACTS_DECLARE(ECOSMIG_003);

bool report_write_gained(struct report *report, int64_t key, GError **error)
{
    const struct once *gained = &g_array_index(report->subjects, struct once, key);
    struct ledger *ledger = report->gateway->ledger;
    struct history history = {.before = gained->since};
    char starts[INSTANT_TEXT_SIZE], attempts[CELL_NUMBER_SIZE];
    g_autofree struct ledger_inventory *device = NULL;
    struct report_lead lead;
    struct report_device now;

    if (!ledger_inventory_get(ledger, gained->device, &device, error) ||
        !ledger_work_of_device_each(ledger, gained->device, add_history, &history, error) ||
        !report_look_at(report, device, &now, error))
        return false;
    lead_of(device, &lead);
    FACTS_FILL(ECOSMIG_003, row);
    report_writer_row(report->writer, &row);
    return true;
}

/* ---- ECOSMIG-006: Devices that came with ECoS credentials ---- */

/* The walk over the inventory. */
struct installing {
    struct report *report;
    int64_t from; /* the first day that counts */
};

/* The Device came with ECoS credentials, to the Supplier that is responsible at the period's end. */
static bool add_installed(void *user, const struct ledger_reported *row, GError **error)
{
    struct report *report = user;
    struct once once = {.device = row->device};

    if (!ledger_supplier_of(report->gateway->ledger, row->device, report->period.ends, &once.supplier, error))
        return false;
    g_array_append_val(report->subjects, once);
    return true;
}

static bool find_one_installed(void *user, const struct ledger_surveyed *device, GError **error)
{
    const struct installing *walk = user;
    struct report *report = walk->report;
    int64_t at = installed_at(&device->device);
    const struct ledger_reported row = {.ref = report->kind->ref, .device = device->device.device};
    const struct once once = {.device = row.device, .supplier = device->supplier};
    bool reported = false;

    if (strcmp(device->device.credentials, "ECOS") != 0 || at < walk->from || at >= report->period.ends ||
        device->past.begun)
        return true;
    if (!ledger_reported_exists(report->gateway->ledger, &row, &reported, error))
        return false;
    if (!reported)
        g_array_append_val(report->subjects, once);
    return true;
}

static bool find_installed(struct report *report, GError **error)
{
    struct installing walk = {.report = report};

    return first_start(report, &walk.from, error) && report_survey_each(report, find_one_installed, &walk, error);
}

bool report_collect_installed(struct report *report, GError **error)
{
    return collect_once(report, find_installed, add_installed, error);
}

#define ECOSMIG_006_FACTS(FACT)                                                                                        \
    LEADING_FACTS(FACT, ECOSMIG_006)                                                                                   \
    FACT(ECOSMIG_006, device_installed, report_date(device->installed, installed))                                     \
    FACT(ECOSMIG_006, device_commissioned, report_date(device->commissioned, commissioned))                            \
    FACT(ECOSMIG_006, device_status, device->status)                                                                   \
    FACT(ECOSMIG_006, migration_status, now.status)
FACTS_DECLARE(ECOSMIG_006);

bool report_write_installed(struct report *report, int64_t key, GError **error)
{
    const struct once *once = &g_array_index(report->subjects, struct once, key);
    g_autofree struct ledger_inventory *device = NULL;
    char installed[INSTANT_TEXT_SIZE], commissioned[INSTANT_TEXT_SIZE];
    struct report_lead lead;
    struct report_device now;

    if (!ledger_inventory_get(report->gateway->ledger, once->device, &device, error) ||
        !report_look_at(report, device, &now, error))
        return false;
    lead_of(device, &lead);
    FACTS_FILL(ECOSMIG_006, row);
    report_writer_row(report->writer, &row);
    return true;
}
