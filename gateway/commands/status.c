/*
 * The command `status`: the condition of the gateway. The text is one screen (status_text.h); the object that --json
 * prints has all of it, and `--all` prints its lists as well.
 */
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/status_text.h"
#include "gateway/answers/incident_id.h"
#include "gateway/condition/closing.h"
#include "gateway/ledger_check.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/rules/reference_rules.h"

#include <stdio.h>
#include <unistd.h>

enum { MOST_CLEARED = 20 /* closed incidents shown; open ones are all shown */ };
enum { WATCH_DEFAULT = 2, WATCH_MOST = 86400 /* seconds between two screens */ };

static void append(json_t *rows, json_t *row)
{
    (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
}

/* pid is -1, and left out, while the number of a process that holds the lock cannot be read. */
static void add_running(const struct condition *condition, json_t *status)
{
    json_t *last = json_object();

    output_set(status, "running", json_boolean(condition->pid != 0));
    if (condition->pid > 0)
        output_set_number(status, "pid", condition->pid);
    output_set(status, "last_pass", last);
    output_set(last, "at", command_json_instant(condition->last.at));
    output_set(last, "program_began", command_json_instant(condition->last.begun));
    output_set(last, "once", json_boolean(condition->last.once));
    output_set_text(last, "ended_early", condition->last.cause);
    output_set(last, "reports_building", command_json_instant(condition->pid != 0 ? condition->last.building : 0));
}

static void add_alarms(const struct condition *condition, json_t *status)
{
    json_t *rows = json_array();

    output_set(status, "alarms", rows);
    for (guint a = 0; a < condition->alarms->len; a++) {
        const struct alarm *alarm = &g_array_index(condition->alarms, struct alarm, a);
        json_t *row = json_object();
        append(rows, row);
        output_set_text(row, "level", alarm_level_name(alarm->level));
        output_set_text(row, "code", alarm->code);
        output_set(row, "since", command_json_instant(alarm->since));
        output_set_text(row, "text", alarm->text);
        output_set_text(row, "command", alarm->command);
    }
}

static void add_jobs(const struct condition *condition, json_t *status)
{
    json_t *counts = json_object();

    output_set(status, "jobs", counts);
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        output_set_number(counts, job_state_name((enum job_state)state), condition->jobs[state]);
    output_set_number(counts, "archived", condition->archived);
}

static void add_devices(const struct condition *condition, json_t *status)
{
    json_t *counts = json_object();

    output_set(status, "devices", counts);
    for (guint s = 0; s < condition->states->len; s++) {
        const struct state_count *count = &g_array_index(condition->states, struct state_count, s);
        output_set_number(counts, count->name, count->n);
    }
}

/* A new reference. */
static json_t *direction_json(const struct direction *direction)
{
    json_t *row = json_object();

    output_set(row, "down", command_json_instant(direction->down));
    output_set_text(row, "why", direction->why);
    output_set(row, "paused", command_json_instant(direction->paused));
    return row;
}

static void add_drops(const struct condition *condition, json_t *status)
{
    json_t *rows = json_array();

    output_set(status, "drops", rows);
    for (guint d = 0; d < condition->drops->len; d++) {
        const struct drop_condition *drop = &g_array_index(condition->drops, struct drop_condition, d);
        json_t *row = json_object();
        append(rows, row);
        output_set_text(row, "name", drop->name);
        output_set_text(row, "transport", drop->transport);
        output_set_optional(row, "waiting", drop->waiting, -1);
        output_set(row, "oldest_waiting", command_json_instant(drop->oldest_waiting));
        output_set_number(row, "owed", drop->owed);
        output_set(row, "oldest_owed", command_json_instant(drop->oldest_owed));
        output_set(row, "in", direction_json(&drop->in));
        output_set(row, "out", direction_json(&drop->out));
    }
}

/* One row if the ledger lies on the spool's disk. */
static void add_disks(const struct condition *condition, json_t *status)
{
    json_t *rows = json_array();

    output_set(status, "disks", rows);
    for (guint d = 0; d < condition->disks->len; d++) {
        const struct disk_condition *disk = &g_array_index(condition->disks, struct disk_condition, d);
        json_t *row = json_object();
        append(rows, row);
        output_set_text(row, "name", disk->name);
        output_set_text(row, "disk", disk->disk);
        output_set_number(row, "free_mib", disk->free >> 20);
        output_set_number(row, "reserve_mib", disk->reserve >> 20);
        output_set_optional(row, "days_left", disk->days, -1);
        output_set_text(row, "room", disk->low ? "no: nothing is picked up (A108)" : "yes");
    }
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
static bool add_incidents(struct gateway *gateway, const struct condition *condition, json_t *status, GError **error)
{
    json_t *incidents = json_array();

    output_set(status, "incidents", incidents);
    output_set_number(status, "system_incidents", condition->system_incidents);
    output_set_number(status, "file_incidents", condition->file_incidents);
    output_set_number(status, "device_incidents", condition->device_incidents);
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

static void add_reports(const struct condition *condition, json_t *status)
{
    json_t *rows = json_array();

    output_set(status, "reports", rows);
    for (guint r = 0; r < condition->reports->len; r++) {
        const struct report_condition *report = &g_array_index(condition->reports, struct report_condition, r);
        json_t *row = json_object();
        append(rows, row);
        output_set_text(row, "ref", report->ref);
        output_set(row, "last", command_json_instant(report->issued));
        output_set(row, "period_start", command_json_instant(report->starts));
        output_set(row, "next", command_json_instant(report->next));
    }
}

/* What the screen has no room for. */
static void print_all(const json_t *status)
{
    static const char *const columns[] = {"name", "transport", "waiting", "owed", NULL};
    static const char *const held_columns[] = {"what", "since", "who", "reason", "ended_by", NULL};
    static const char *const reference_columns[] = {"type", "job", "created", "loaded", "records", NULL};
    static const char *const disk_columns[] = {"name", "disk", "free_mib", "reserve_mib", "days_left", "room", NULL};
    static const char *const report_columns[] = {"ref", "last", "period_start", "next", NULL};
    static const char *const incident_columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};

    putchar('\n');
    output_print(status);
    output_section("\nkept back by operators", json_object_get(status, "kept_back"), held_columns);
    output_section("\ndrops", json_object_get(status, "drops"), columns);
    output_section("\ndisks", json_object_get(status, "disks"), disk_columns);
    output_section("\nreference data", json_object_get(status, "reference"), reference_columns);
    output_section("\nreports", json_object_get(status, "reports"), report_columns);
    output_section("\nincidents", json_object_get(status, "incidents"), incident_columns);
}

/* What is wrong with the ledger (A109), and how many work items are withheld since a recovery. */
static bool add_ledger(struct gateway *gateway, const struct condition *condition, json_t *status, GError **error)
{
    struct ledger_fault fault = {0};

    if (!ledger_check(gateway, &fault, error))
        return false;
    output_set_text(status, "ledger", fault.text);
    ledger_fault_clear(&fault);
    output_set_number(status, "withheld", condition->withheld);
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

/* The purge that is under way; null: none is. */
static void add_purge(const struct purge_state *purge, json_t *status)
{
    const struct ledger_purge *row = purge->row;
    json_t *object = row != NULL ? json_object() : NULL;

    output_set(status, "purge", object);
    if (row == NULL)
        return;
    output_set(object, "before", command_json_instant(row->before));
    output_set(object, "begun", command_json_instant(row->begun));
    output_set_text(object, "order", row->order_id);
    output_set_text(object, "waits", purge->waits);
    output_set_number(object, "step", row->stage + 1);
    output_set_number(object, "steps", PURGE_STATE_STEPS);
    output_set_text(object, "removes", purge_state_step(row));
    output_set(object, "job", row->job != 0 ? command_json_job(row->job) : NULL);
    output_set(object, "newest_job", command_json_job(purge->newest));
    output_set_number(object, "jobs", row->jobs);
    output_set_number(object, "devices", row->devices);
    output_set_number(object, "rows", row->points);
    output_set_number(object, "bytes", row->bytes);
}

/* When TCoS closes, and how long that is from now. */
static void add_closing(const struct gateway *gateway, int64_t now, json_t *status)
{
    int64_t closes = gateway->config->retry.tcos_closes;
    g_autofree char *left = closing_left(closes, now);

    output_set(status, "tcos_closes", command_json_instant(closes));
    output_set_text(status, "tcos_left", left);
}

static bool fill(struct gateway *gateway, const struct condition *condition, json_t *status, GError **error)
{
    output_set(status, "version", json_string(PACKAGE_VERSION));
    output_set_number(status, "generation", gateway->identity.generation);
    output_set(status, "now", command_json_instant(condition->now));
    add_closing(gateway, condition->now, status);
    add_running(condition, status);
    add_alarms(condition, status);
    add_jobs(condition, status);
    add_devices(condition, status);
    add_drops(condition, status);
    add_disks(condition, status);
    add_reports(condition, status);
    add_purge(&condition->purge, status);
    return add_ledger(gateway, condition, status, error) && add_orders(gateway, status, error) &&
           add_kept_back(gateway, status, error) && add_reference(gateway, status, error) &&
           add_incidents(gateway, condition, status, error);
}

/* What the options ask for. */
struct wish {
    gboolean all;
    int64_t watch; /* seconds; 0: once */
};

/* Takes the object. A screen is printed at once, so that it does not flicker. */
static void print(const struct invocation *invocation, const struct wish *wish, const char *text, json_t *status)
{
    if (invocation->json) {
        command_print_json(status);
        return;
    }
    printf("%s%s", wish->watch > 0 ? "\033[H\033[J" : "", text);
    if (wish->all)
        print_all(status);
    (void)fflush(stdout); /* main.c reports what could not be written */
    json_decref(status);
}

static int show(const struct invocation *invocation, const struct wish *wish)
{
    struct read_access access;
    struct condition condition;
    GError *error = NULL;
    int room = output_columns(), columns = room > 0 ? MIN(room, STATUS_COLUMNS) : STATUS_COLUMNS;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    json_t *status = json_object();
    GString *text = g_string_new(NULL);
    bool good = condition_look(&access.gateway, true, &condition, &error);
    if (good) {
        good = fill(&access.gateway, &condition, status, &error);
        status_text(&access.gateway, &condition, &(struct status_screen){text, columns, wish->all});
        condition_clear(&condition);
    }
    read_access_close(&access);
    if (good)
        print(invocation, wish, text->str, json_incref(status));
    json_decref(status);
    g_string_free(text, TRUE);
    return good ? EXIT_GOOD : command_unable(error);
}

/* A home that cannot be read for a moment is no reason to end: the screen says it, and the next look may do. */
static int watch(const struct invocation *invocation, const struct wish *wish)
{
    if (invocation->json || isatty(STDOUT_FILENO) != 1) {
        g_printerr("ecosgate: --watch draws on a terminal, and standard output is none; leave --watch out, and call "
                   "`ecosgate%s status` as often as you need it\n",
                   invocation->json ? " --json" : "");
        return EXIT_UNABLE;
    }
    for (;;) {
        (void)show(invocation, wish);
        g_usleep((gulong)wish->watch * G_USEC_PER_SEC);
    }
}

static int64_t watch_seconds; /* 0: the option is not given */

static gboolean take_watch(const char *option, const char *value, void *user, GError **error)
{
    gint64 seconds = WATCH_DEFAULT;

    (void)option;
    (void)user; /* options of a command have none */
    if (value != NULL && !g_ascii_string_to_signed(value, 10, 1, WATCH_MOST, &seconds, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--watch: expected a number of seconds from 1 to %d, found '%.128s'", WATCH_MOST, value);
        return FALSE;
    }
    watch_seconds = seconds;
    return TRUE;
}

int command_status(struct invocation *invocation)
{
    struct wish wish = {FALSE, 0};
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &wish.all, "tell everything: every alarm in full, and all lists", NULL},
        {"watch", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, take_watch,
         "draw the screen anew every SECONDS (default: 2) until a signal ends it", "SECONDS"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    if (!command_arguments(invocation, entries, 0, 0))
        return EXIT_UNABLE;
    wish.watch = watch_seconds;
    return wish.watch > 0 ? watch(invocation, &wish) : show(invocation, &wish);
}
