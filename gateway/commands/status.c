/*
 * The command `status`: is the gateway running, what is where, what waits at the drops, which reports were
 * issued and come next.
 */
#include "gateway/commands/command.h"

#include "formats/filename.h"
#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "gateway/answers/incidents.h"
#include "gateway/commands/read_access.h"
#include "gateway/reports/reports.h"
#include "gateway/drops/transport.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_sessions.h"
#include "validators/reference_rules.h"

#include <stdio.h>

enum { MOST_ROWS = 1000, MOST_CLEARED = 20 };

static bool add_running(struct gateway *gateway, json_t *fact, GError **error)
{
    int64_t pid;

    if (!spool_writer(gateway->spool, &pid, error))
        return false;
    output_set(fact, "running", json_boolean(pid != 0));
    if (pid > 0)
        output_set_number(fact, "pid", pid);
    return true;
}

static bool add_jobs(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *counts = json_object();

    output_set(fact, "jobs", counts);
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(gateway->spool, (enum job_state)state, error);
        if (ids == NULL)
            return false;
        output_set_number(counts, job_state_name((enum job_state)state), ids->len);
    }
    return true;
}

static bool add_state(void *user, const char *name, int64_t n, GError **error)
{
    (void)error; /* nothing can go wrong */
    output_set_number(user, name, n);
    return true;
}

static bool add_devices(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *counts = json_object();

    output_set(fact, "devices", counts);
    return ledger_state_counts_each(gateway->ledger, add_state, counts, error);
}

static bool is_waiting(const struct drop *drop, const char *name)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);

    /* In a drop with markers the marker announces a file and is none. */
    return !filename_is_temporary(name) &&
           !(drop->complete == COMPLETE_MARKER && g_str_has_suffix(name, DROP_MARKER)) &&
           g_file_test(path, G_FILE_TEST_IS_REGULAR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* Files in the in-folder of a local drop that are, or will be, the gateway's to take; null when it cannot be
 * read, which is a fact about the drop and no failure of ours. */
static json_t *count_local(const struct drop *drop)
{
    g_autoptr(GError) fault = NULL;
    g_auto(GStrv) names = disk_names(drop->in, &fault);
    json_int_t n = 0;

    if (names == NULL) {
        gateway_note("drop %s: %s; make the folder or correct the configuration", drop->name, fault->message);
        return json_null();
    }
    for (char **name = names; *name != NULL; name++)
        n += is_waiting(drop, *name);
    return json_integer(n);
}

/* A drop elsewhere is not asked: what its last look saw is in the ledger. */
static bool add_drop(struct gateway *gateway, const struct drop *drop, json_t *row, GError **error)
{
    int64_t n = 0;

    output_set_text(row, "name", drop->name);
    output_set_text(row, "transport", transport_of(drop)->name);
    if (transport_is_local(drop))
        output_set(row, "waiting", count_local(drop));
    else if (ledger_pickups_waiting(gateway->ledger, drop->name, &n, error))
        output_set_number(row, "waiting", n);
    else
        return false;
    output_set_number(row, "owed", 0);
    return true;
}

/* Sets what is owed in the drop's row; a drop that is not configured any more gets one of its own. */
static bool add_owed(void *user, const char *name, int64_t n, GError **error)
{
    json_t *drops = user, *row;
    size_t i;

    (void)error; /* nothing can go wrong */
    json_array_foreach(drops, i, row)
    {
        if (g_strcmp0(json_string_value(json_object_get(row, "name")), name) == 0) {
            output_set_number(row, "owed", n);
            return true;
        }
    }
    row = json_object();
    output_set_text(row, "name", name);
    output_set_text(row, "transport", NULL);
    output_set(row, "waiting", json_null());
    output_set_number(row, "owed", n);
    (void)json_array_append_new(drops, row); /* memory aborts */
    return true;
}

static bool add_drops(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *drops = json_array();

    output_set(fact, "drops", drops);
    for (guint d = 0; d < gateway->config->drops->len; d++) {
        json_t *row = json_object();
        (void)json_array_append_new(drops, row); /* memory aborts */
        if (!add_drop(gateway, gateway->config->drops->pdata[d], row, error))
            return false;
    }
    return ledger_undelivered_by_drop_each(gateway->ledger, add_owed, drops, error);
}

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    char id[INCIDENT_ID_SIZE];
    json_t *row = json_object();

    (void)error; /* nothing can go wrong */
    output_set_text(row, "id", incident_id(incident->id, id));
    output_set_text(row, "code", incident->code);
    output_set_text(row, "subject", incident->subject);
    output_set(row, "begun", command_json_instant(incident->opened));
    output_set(row, "cleared", command_json_instant(incident->closed));
    output_set_text(row, "text", incident->text);
    (void)json_array_append_new(user, row); /* memory aborts */
    return true;
}

/* Those of Devices can be many: they are counted, `incident list` shows them. */
static bool add_incidents(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *incidents = json_array();
    int64_t of_devices = 0;

    output_set(fact, "incidents", incidents);
    if (!ledger_device_incidents_count(gateway->ledger, -1, &of_devices, error))
        return false;
    output_set_number(fact, "device_incidents", of_devices);
    return ledger_incidents_recent(gateway->ledger, MOST_CLEARED, add_incident, incidents, error);
}

static bool add_loaded(struct gateway *gateway, enum ledger_reference table, const char *type, json_t *rows,
                       GError **error)
{
    struct ledger_loaded newest;
    char id[JOB_ID_SIZE];

    if (!ledger_reference_get(gateway->ledger, table, &newest, error))
        return false;
    if (newest.job == 0)
        return true;
    json_t *row = json_object();
    job_id_print(newest.job, id);
    output_set_text(row, "type", type);
    output_set_text(row, "job", id);
    output_set(row, "created", command_json_instant(newest.created));
    output_set(row, "loaded", command_json_instant(newest.loaded));
    output_set_number(row, "records", newest.records);
    (void)json_array_append_new(rows, row); /* memory aborts */
    return true;
}

static bool add_reference(struct gateway *gateway, json_t *fact, GError **error)
{
    enum ledger_reference table;
    json_t *rows = json_array();

    output_set(fact, "reference", rows);
    for (size_t i = 0; i < layout_n_types; i++) {
        const struct file_type *type = &layout_types[i];
        if (type->inbound && reference_rules_table(type, &table) &&
            !add_loaded(gateway, table, type->code, rows, error))
            return false;
    }
    return true;
}

/* When the newest period was issued, and when the next one ends. */
static bool add_report(struct gateway *gateway, const struct report_kind *kind, json_t *row, GError **error)
{
    g_autofree struct ledger_period *last = NULL;
    int64_t from = 0;

    if (!ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error) ||
        !reports_from(gateway, kind, &from, error))
        return false;
    output_set_text(row, "ref", kind->ref);
    output_set(row, "last", command_json_instant(last != NULL ? last->issued : 0));
    output_set(row, "period_start", command_json_instant(last != NULL ? last->starts : 0));
    output_set(row, "next",
               command_json_instant(from != 0 && !kind->on_change ? calendar_period(kind->every, from).ends : 0));
    return true;
}

static bool add_reports(struct gateway *gateway, json_t *fact, GError **error)
{
    json_t *reports = json_array();

    output_set(fact, "reports", reports);
    for (size_t i = 0; i < report_n_kinds; i++) {
        json_t *row = json_object();
        (void)json_array_append_new(reports, row); /* memory aborts */
        if (!add_report(gateway, &report_kinds[i], row, error))
            return false;
    }
    return true;
}

static void print_text(const json_t *fact)
{
    static const char *const columns[] = {"name", "transport", "waiting", "owed", NULL};
    static const char *const reference_columns[] = {"type", "job", "created", "loaded", "records", NULL};
    static const char *const report_columns[] = {"ref", "last", "period_start", "next", NULL};
    static const char *const incident_columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    const json_t *devices = json_object_get(fact, "devices");

    output_print(fact);
    puts("\njobs");
    output_print(json_object_get(fact, "jobs"));
    if (json_object_size(devices) > 0)
        puts("\nDevices");
    output_print(devices);
    output_section("\ndrops", json_object_get(fact, "drops"), columns, MOST_ROWS);
    output_section("\nreference data", json_object_get(fact, "reference"), reference_columns, MOST_ROWS);
    output_section("\nreports", json_object_get(fact, "reports"), report_columns, MOST_ROWS);
    output_section("\nincidents", json_object_get(fact, "incidents"), incident_columns, MOST_ROWS);
}

int command_status(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(&rest, "status", 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    json_t *fact = json_object();
    output_set(fact, "now", command_json_instant(clock_now()));
    bool good = add_running(&access.gateway, fact, &error) && add_jobs(&access.gateway, fact, &error) &&
                add_devices(&access.gateway, fact, &error) && add_drops(&access.gateway, fact, &error) &&
                add_reference(&access.gateway, fact, &error) && add_reports(&access.gateway, fact, &error) &&
                add_incidents(&access.gateway, fact, &error);
    read_access_close(&access);
    if (good && invocation->json)
        command_print_json(json_incref(fact));
    else if (good)
        print_text(fact);
    json_decref(fact);
    return good ? EXIT_GOOD : command_unable(error);
}
