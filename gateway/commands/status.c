/*
 * The command `status`: whether the gateway runs, jobs and Devices by state, drops, reference data, reports, incidents.
 * It reads folders, ledger and configuration only and asks no server, so that it is fast while a drop is down.
 */
#include "formats/filename.h"
#include "formats/profile.h"
#include "gateway/answers/incident_id.h"
#include "gateway/clock.h"
#include "gateway/commands/closing.h"
#include "gateway/commands/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/drops/transport.h"
#include "gateway/reports/report_schedule.h"
#include "gateway/room.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_reference.h"
#include "spool/ledger/ledger_reports.h"
#include "spool/ledger/ledger_work.h"
#include "validators/reference_rules.h"

#include <stdio.h>

enum { MOST_CLEARED = 20 /* closed incidents shown; open ones are all shown */ };

/* The lock is free when no gateway runs, whatever process number is in the file. pid is -1, and left out, while the
 * number of a process that holds the lock cannot be read. */
static bool add_running(struct gateway *gateway, json_t *status, GError **error)
{
    int64_t pid;

    if (!spool_writer(gateway->spool, &pid, error))
        return false;
    output_set(status, "running", json_boolean(pid != 0));
    if (pid > 0)
        output_set_number(status, "pid", pid);
    return true;
}

/* Counted in the folders, because the folder is the job's state; the ledger keeps no copy of it. */
static bool add_jobs(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *counts = json_object();

    output_set(status, "jobs", counts);
    for (int state = 0; state < JOB_STATE_COUNT; state++) {
        g_autoptr(GArray) ids = job_list(gateway->spool, (enum job_state)state, error);
        if (ids == NULL)
            return false;
        output_set_number(counts, job_state_name((enum job_state)state), ids->len);
    }
    return true;
}

/* One state and its number of Devices; user: the object. */
static bool add_state(void *user, const char *name, int64_t n, GError **error)
{
    (void)error; /* nothing here can fail */
    output_set_number(user, name, n);
    return true;
}

static bool add_devices(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *counts = json_object();

    output_set(status, "devices", counts);
    return ledger_state_counts_each(gateway->ledger, add_state, counts, error);
}

/* True for a file that the gateway will pick up, now or later. */
static bool is_waiting(const struct drop *drop, const char *name)
{
    g_autofree char *path = g_build_filename(drop->in, name, NULL);

    /* In a drop with markers, a marker announces a file; it is not picked up itself. */
    return !filename_is_temporary(name, drop->temporary) &&
           !(drop->complete == COMPLETE_MARKER && g_str_has_suffix(name, DROP_MARKER)) &&
           g_file_test(path, G_FILE_TEST_IS_REGULAR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* The number of files that wait in a local drop. JSON null when its folder cannot be read: that is a state of the drop,
 * not an error of this command. A new reference. */
static json_t *count_local(const struct drop *drop)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) names = disk_names(drop->in, &error);
    json_int_t n = 0;

    if (names == NULL) {
        gateway_note("drop %s: %s; make the folder, or correct `in` of [drop %s] in the configuration", drop->name,
                     error->message, drop->name);
        return json_null();
    }
    for (char **name = names; *name != NULL; name++)
        n += is_waiting(drop, *name);
    return json_integer(n);
}

/* A drop on a server is not asked: the ledger knows what its last listing saw. */
static bool add_drop(struct gateway *gateway, const struct drop *drop, json_t *row, GError **error)
{
    int64_t n = 0;

    output_set_text(row, "name", drop->name);
    output_set_text(row, "transport", drop->transport->name);
    if (drop->transport->local_folders)
        output_set(row, "waiting", count_local(drop));
    else if (ledger_pickups_waiting(gateway->ledger, drop->name, &n, error))
        output_set_number(row, "waiting", n);
    else
        return false;
    output_set_number(row, "owed", 0);
    return true;
}

/* Sets the number of files not yet delivered in the drop's row. A drop that is in the ledger, but no longer in the
 * configuration, gets a row of its own. */
static bool add_undelivered(void *user, const char *name, int64_t n, GError **error)
{
    json_t *drops = user, *row;
    size_t i;

    (void)error; /* nothing here can fail */
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
    (void)json_array_append_new(drops, row); /* fails only without memory, which ends the program */
    return true;
}

/* The disks that need a reserve, asked now. One row if the ledger lies on the spool's disk. */
static bool add_disks(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *disks = json_array();

    output_set(status, "disks", disks);
    for (int which = 0; which < ROOM_DISKS; which++) {
        g_auto(room_t) room = {0};
        if (!room_look(gateway->config, (enum room_disk)which, &room, error))
            return false;
        if (room.shared)
            continue;
        json_t *row = json_object();
        (void)json_array_append_new(disks, row); /* fails only without memory, which ends the program */
        output_set_text(row, "name", room.subject);
        output_set_text(row, "disk", room.disk);
        output_set_number(row, "free_mib", room.free >> 20);
        output_set_number(row, "reserve_mib", room.reserve >> 20);
        output_set_text(row, "room", room.low ? "no: nothing is picked up (A108)" : "yes");
    }
    return true;
}

static bool add_drops(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *drops = json_array();

    output_set(status, "drops", drops);
    for (guint d = 0; d < gateway->config->drops->len; d++) {
        json_t *row = json_object();
        (void)json_array_append_new(drops, row); /* fails only without memory, which ends the program */
        if (!add_drop(gateway, gateway->config->drops->pdata[d], row, error))
            return false;
    }
    return ledger_undelivered_by_drop_each(gateway->ledger, add_undelivered, drops, error);
}

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    char id[INCIDENT_ID_SIZE];
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "id", incident_id(incident->id, id));
    output_set_text(row, "code", incident->code);
    output_set_text(row, "subject", incident->subject);
    output_set(row, "begun", command_json_instant(incident->opened));
    output_set(row, "cleared", command_json_instant(incident->closed));
    output_set_text(row, "text", incident->text);
    (void)json_array_append_new(user, row); /* fails only without memory, which ends the program */
    return true;
}

/* Incidents about a Device can be many: they are only counted; `incident list` shows them. */
static bool add_incidents(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *incidents = json_array();
    int64_t of_devices = 0;

    output_set(status, "incidents", incidents);
    if (!ledger_device_incidents_count(gateway->ledger, -1, &of_devices, error))
        return false;
    output_set_number(status, "device_incidents", of_devices);
    return ledger_incidents_recent(gateway->ledger, MOST_CLEARED, add_incident, incidents, error);
}

/* The newest accepted file of one type of reference data; nothing before the first one. */
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
    (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
    return true;
}

static bool add_reference(struct gateway *gateway, json_t *status, GError **error)
{
    enum ledger_reference table;
    json_t *rows = json_array();

    output_set(status, "reference", rows);
    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        if (reference_rules_table(&profile_builtin()->types[i], &table) &&
            !add_loaded(gateway, table, profile_builtin()->types[i].code, rows, error))
            return false;
    }
    return true;
}

/* When the newest period was issued, and when the next one ends. */
static bool add_report(struct gateway *gateway, const struct report_kind *kind, json_t *row, GError **error)
{
    g_autofree struct ledger_period *last = NULL;
    struct period next;

    if (!ledger_period_last(gateway->ledger, kind->ref, G_MAXINT64, &last, error) ||
        !report_schedule_period(gateway, kind, &next, error))
        return false;
    output_set_text(row, "ref", kind->ref);
    output_set(row, "last", command_json_instant(last != NULL ? last->issued : 0));
    output_set(row, "period_start", command_json_instant(last != NULL ? last->starts : 0));
    output_set(row, "next", command_json_instant(next.ends != G_MAXINT64 ? next.ends : 0));
    return true;
}

static bool add_reports(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *reports = json_array();

    output_set(status, "reports", reports);
    for (size_t i = 0; i < report_n_kinds; i++) {
        json_t *row = json_object();
        (void)json_array_append_new(reports, row); /* fails only without memory, which ends the program */
        if (!add_report(gateway, &report_kinds[i], row, error))
            return false;
    }
    return true;
}

static void print_text(const json_t *status)
{
    static const char *const columns[] = {"name", "transport", "waiting", "owed", NULL};
    static const char *const held_columns[] = {"what", "since", "who", "reason", "ended_by", NULL};
    static const char *const reference_columns[] = {"type", "job", "created", "loaded", "records", NULL};
    static const char *const disk_columns[] = {"name", "disk", "free_mib", "reserve_mib", "room", NULL};
    static const char *const report_columns[] = {"ref", "last", "period_start", "next", NULL};
    static const char *const incident_columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    const json_t *devices = json_object_get(status, "devices");

    output_print(status);
    puts("\njobs");
    output_print(json_object_get(status, "jobs"));
    if (json_object_size(devices) > 0)
        puts("\nDevices");
    output_print(devices);
    output_section("\nkept back by operators", json_object_get(status, "kept_back"), held_columns);
    output_section("\ndrops", json_object_get(status, "drops"), columns);
    output_section("\ndisks", json_object_get(status, "disks"), disk_columns);
    output_section("\nreference data", json_object_get(status, "reference"), reference_columns);
    output_section("\nreports", json_object_get(status, "reports"), report_columns);
    output_section("\nincidents", json_object_get(status, "incidents"), incident_columns);
}

/* What is wrong with the ledger (A109), and how many work items are withheld since a recovery. */
static bool add_ledger(struct gateway *gateway, json_t *status, GError **error)
{
    struct ledger_fault fault = {0};
    int64_t withheld = 0;

    if (!ledger_check(gateway, &fault, error))
        return false;
    output_set_text(status, "ledger", fault.text);
    ledger_fault_clear(&fault);
    if (!ledger_withheld_count(gateway->ledger, &withheld, error))
        return false;
    output_set_number(status, "withheld", withheld);
    return true;
}

/* Why no work order is made at present: the drop for them is down, or an operator has paused them. */
static bool add_orders(struct gateway *gateway, json_t *status, GError **error)
{
    g_autofree char *outage = NULL;

    if (!explain_orders_outage(gateway, &outage, error))
        return false;
    output_set_text(status, "work_orders", outage);
    return true;
}

static bool add_held(void *user, const struct ledger_held *held, GError **error)
{
    g_autofree char *what = explain_hold_subject(held);
    g_autofree char *end = explain_hold_end(held);
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "what", what);
    output_set(row, "since", command_json_instant(held->at));
    output_set_text(row, "who", held->who);
    output_set_text(row, "reason", explain_hold_reason(held));
    output_set_text(row, "ended_by", end);
    (void)json_array_append_new(user, row); /* fails only without memory, which ends the program */
    return true;
}

static bool add_kept_back(struct gateway *gateway, json_t *status, GError **error)
{
    json_t *rows = json_array();

    output_set(status, "kept_back", rows);
    return ledger_holds_each(gateway->ledger, add_held, rows, error);
}

/* When TCoS closes, and how long that is from now. */
static void add_closing(const struct gateway *gateway, int64_t now, json_t *status)
{
    int64_t closes = gateway->config->retry.tcos_closes;
    g_autofree char *left = closing_left(closes, now);

    output_set(status, "tcos_closes", command_json_instant(closes));
    output_set_text(status, "tcos_left", left);
}

static bool fill(struct gateway *gateway, json_t *status, GError **error)
{
    int64_t now = clock_now();

    output_set(status, "now", command_json_instant(now));
    add_closing(gateway, now, status);
    return add_running(gateway, status, error) && add_ledger(gateway, status, error) &&
           add_jobs(gateway, status, error) && add_devices(gateway, status, error) &&
           add_orders(gateway, status, error) && add_kept_back(gateway, status, error) &&
           add_drops(gateway, status, error) && add_disks(gateway, status, error) &&
           add_reference(gateway, status, error) && add_reports(gateway, status, error) &&
           add_incidents(gateway, status, error);
}

int command_status(struct invocation *invocation)
{
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 0, 0) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    json_t *status = json_object();
    bool good = fill(&access.gateway, status, &error);
    read_access_close(&access);
    if (good && invocation->json)
        command_print_json(json_incref(status));
    else if (good)
        print_text(status);
    json_decref(status);
    return good ? EXIT_GOOD : command_unable(error);
}
