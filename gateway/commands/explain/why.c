/*
 * The command `why`: finds what an ID names, and prints the explanation of explain.h. An ID is tried as a Device ID, a
 * WorkItemId, the name of a file that the gateway writes, a job's ID, the name of a file that came, and the name of a
 * file that lies in a drop, in this order.
 */
#include "formats/eui64.h"
#include "formats/instant.h"
#include "formats/text.h"
#include "gateway/archived.h"
#include "gateway/answers/cells.h"
#include "gateway/answers/incident_id.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/condition/heartbeat.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* What is known so far about the thing that the ID names. */
static json_t *new_object(const char *kind, const char *id, const char *state)
{
    json_t *object = json_object();

    output_set_text(object, "kind", kind);
    output_set_text(object, "id", id);
    output_set_text(object, "state", state);
    return object;
}

/* ---- incidents ---- */

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    GString *ids = user;
    char id[INCIDENT_ID_SIZE];

    (void)error; /* nothing here can fail */
    g_string_append_printf(ids, "%s%s (%s)", ids->len ? ", " : "", incident_id(incident->id, id), incident->code);
    return true;
}

/* Sets "INC-000001 (C103), …": the open incidents of the Device. */
static bool name_incidents(struct gateway *gateway, uint64_t device, json_t *object, GError **error)
{
    g_autoptr(GString) ids = g_string_new(NULL);

    if (!ledger_incidents_of_device(gateway->ledger, device, add_incident, ids, error))
        return false;
    output_set_text(object, "incidents_open", ids->len > 0 ? ids->str : NULL);
    return true;
}

/* ---- work items and Devices ---- */

/* What the user asked about, and the answer. */
struct question {
    struct gateway *gateway;
    const char *id;
    struct ledger_fault fault; /* that the ledger is not the newest one (A109) */
    json_t *object;            /* NULL: nothing is known by that ID */
};

/* Names the profile that a job's file was read with, if it is not the built-in one. */
static bool name_profile_of_job(struct question *q, int64_t job, GError **error)
{
    g_autofree char *title = NULL;
    bool good = profiles_title_of_job(q->gateway, job, &title, error);

    output_set_text(q->object, "profile", title);
    return good;
}

static bool answer_work(struct question *q, const struct ledger_work *work, const char *kind, const char *id,
                        GError **error)
{
    struct explanation e;
    char work_item[WORK_ITEM_ID_SIZE];

    if (work == NULL)
        return true;
    if (!explain_work(q->gateway, work, &e, error))
        return false;
    q->object = new_object(kind, id, ledger_state_name(explain_state(work)));
    output_set_text(q->object, "work_item", work_item_id(work->org, work->batch, work->item.record, work_item));
    output_set_text(q->object, "file", work->name);
    explanation_set(&e, q->object);
    explanation_clear(&e);
    return name_profile_of_job(q, work->item.job, error) &&
           (!work->item.has_device || name_incidents(q->gateway, work->item.device, q->object, error));
}

static bool answer_device(struct question *q, uint64_t device, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    char id[EUI64_TEXT_SIZE];

    eui64_print(device, id);
    return ledger_work_of_device(q->gateway->ledger, device, &work, error) && answer_work(q, work, "device", id, error);
}

static bool answer_work_item(struct question *q, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(q->id, ".", -1);
    g_autofree struct ledger_work *named = NULL;
    g_autofree struct ledger_work *work = NULL;
    gint64 record;

    if (g_strv_length(parts) != 3 || !g_ascii_string_to_signed(parts[2], 10, 1, G_MAXINT32, &record, NULL))
        return true;
    return ledger_work_by_id(q->gateway->ledger, &(struct ledger_work_item_id){parts[0], parts[1], record}, &named,
                             error) &&
           (named == NULL || ledger_work_get(q->gateway->ledger, named->item.item, &work, error)) &&
           answer_work(q, work, "work item", q->id, error);
}

/* ---- files ---- */

static void answer_file(struct question *q, json_t *object, const char *name, struct explanation *e)
{
    output_set(object, "work_item", NULL);
    output_set_text(object, "file", name);
    explanation_set(e, object);
    explanation_clear(e);
    q->object = object;
}

/* Sets the member removed: when the file's bytes were, and what to do. null: they were not. */
static void name_removal(struct question *q, int64_t at, const struct ledger_job *job)
{
    g_autofree char *text = at != 0 ? read_access_removed(at, job != NULL && job->purged != 0) : NULL;

    output_set_text(q->object, "removed", text);
}

/* Sets the member archived: where the files of the job are, if they left the spool; null: they did not. */
static bool name_archive(struct question *q, int64_t job, GError **error)
{
    g_autofree char *text = NULL;
    bool good = archived_text(q->gateway, job, &text, error);

    output_set_text(q->object, "archived", text);
    return good;
}

/* Sets the member redelivered: how often it was delivered again, by whose newest order, why; null: never. */
static bool name_redelivery(struct question *q, const struct ledger_outgoing *file, GError **error)
{
    g_autofree char *order = NULL;
    g_autofree struct ledger_action *action = NULL;
    g_autofree char *text = NULL;
    char at[INSTANT_TEXT_SIZE];
    int64_t n;

    if (!ledger_outgoing_redelivered(q->gateway->ledger, file->id, &n, &order, error) ||
        (n > 0 && !ledger_action_get(q->gateway->ledger, order, &action, error)))
        return false;
    if (action != NULL) {
        instant_print(action->at, at);
        text = g_strdup_printf("%" G_GINT64_FORMAT " time%s, by order of an operator, the newest of %s at %s: %s", n,
                               n == 1 ? "" : "s", action->who, at, action->reason);
    }
    output_set_text(q->object, "redelivered", text);
    return true;
}

static bool name_profile(struct question *q, const struct ledger_outgoing *file, GError **error)
{
    g_autofree char *title = NULL;
    bool good = profiles_title(q->gateway, file->profile, &title, error);

    output_set_text(q->object, "profile", title);
    return good;
}

/* A file that the gateway writes. Asked before jobs: the job of a work order bears the same name, and the job of an
 * answer that of the file which it answers. */
static bool answer_outgoing(struct question *q, GError **error)
{
    g_autofree struct ledger_outgoing *file = NULL;
    g_autofree struct ledger_job *job = NULL;
    struct explanation e;
    char number[JOB_ID_SIZE];

    if (!ledger_outgoing_named(q->gateway->ledger, q->id, &file, error))
        return false;
    if (file == NULL)
        return true;
    if (!ledger_job_get(q->gateway->ledger, file->job, &job, error) || !explain_outgoing(q->gateway, file, &e, error))
        return false;
    job_id_print(file->job, number);
    answer_file(q, new_object("part", number, ledger_outgoing_state_name(file->state)), file->name, &e);
    name_removal(q, file->removed, job);
    return name_archive(q, file->job, error) && name_redelivery(q, file, error) && name_profile(q, file, error);
}

/* A name as the gateway shows it, or with the bytes that it has in the drop. */
static bool find_named(struct question *q, struct ledger_job **job, GError **error)
{
    g_autofree char *escaped = text_escape(q->id, strlen(q->id), 0);

    return ledger_job_named(q->gateway->ledger, q->id, job, error) &&
           (*job != NULL || ledger_job_named(q->gateway->ledger, escaped, job, error));
}

static bool answer_job(struct question *q, GError **error)
{
    g_autofree struct ledger_job *job = NULL;
    struct explanation e;
    enum job_state state;
    char number[JOB_ID_SIZE];
    int64_t id;

    if (!(job_id_parse(q->id, &id) ? ledger_job_get(q->gateway->ledger, id, &job, error) : find_named(q, &job, error)))
        return false;
    if (job == NULL)
        return true;
    if (!job_find(q->gateway->spool, job->id, &state, error) || !explain_job(q->gateway, job, state, &e, error))
        return false;
    job_id_print(job->id, number);
    answer_file(q, new_object("file", number, job_state_name(state)), job->name, &e);
    name_removal(q, job->removed, job);
    return name_archive(q, job->id, error) && name_profile_of_job(q, job->id, error);
}

/* ---- entries of drops ---- */

/* A file that lies in a drop, as the newest listing of the gateway saw it. *row is NULL if none did. */
static bool find_entry(struct question *q, struct ledger_pickup **row, GError **error)
{
    const GPtrArray *drops = q->gateway->config->drops;
    g_autofree char *escaped = text_escape(q->id, strlen(q->id), 0);

    for (guint i = 0; i < drops->len; i++) {
        const struct drop *drop = drops->pdata[i];
        if (!ledger_pickup_get(q->gateway->ledger, drop->name, q->id, row, error) ||
            (*row == NULL && !ledger_pickup_get(q->gateway->ledger, drop->name, escaped, row, error)))
            return false;
        if (*row != NULL && strcmp((*row)->decision, "gone") != 0 && strcmp((*row)->decision, "taken") != 0)
            return true;
        g_clear_pointer(row, g_free);
    }
    return true;
}

/* While A109 is open, or A110 for the drop, or the drop is paused, a file stays there, whatever the newest listing
 * decided. Sets waits_for, and moves to what ends it; none of both if there is no hindrance. */
static bool find_hindrance(struct question *q, const char *drop, struct explanation *e, GError **error)
{
    const struct ledger_hold in = {.kind = LEDGER_HOLD_IN, .drop = drop};
    g_autofree struct ledger_held *held = NULL;
    g_autofree char *paused = NULL;
    bool claimed = false;

    if (!ledger_incident_is_open(q->gateway->ledger, "A110", drop, &claimed, error) ||
        !explain_hold(q->gateway, &in, &paused, error) || !ledger_hold_get(q->gateway->ledger, &in, &held, error))
        return false;
    if (q->fault.kind != LEDGER_SOUND) {
        e->waits_for = g_strdup("the end of A109: the ledger is not the newest one, and nothing is picked up");
        e->moves = g_strdup("`ecosgate status` says what ends it");
    } else if (claimed) {
        e->waits_for = g_strdup("the end of A110: the drop is not this gateway's, and nothing is picked up there");
        e->moves = g_strdup("`ecosgate claim list` says whose it is, and what to do");
    } else if (held != NULL) {
        g_autofree char *end = explain_hold_end(held);
        e->waits_for = g_strdup_printf("the drop %s: %s", drop, paused);
        e->moves = g_strdup_printf("`%s --reason TEXT`", end);
    }
    return true;
}

static bool answer_entry(struct question *q, GError **error)
{
    g_autofree struct ledger_pickup *row = NULL;
    struct explanation e = {0};

    if (!find_entry(q, &row, error))
        return false;
    if (row == NULL)
        return true;
    if (!find_hindrance(q, row->drop, &e, error))
        return false;
    e.because = g_strdup_printf("it lies in the drop %s: %s", row->drop, row->reason);
    if (e.waits_for == NULL && row->failures > 0)
        e.waits_for = g_strdup_printf("whoever can mend that; the gateway looks again by itself (A107 after the second "
                                      "failure; failures so far: %" G_GINT64_FORMAT ")",
                                      row->failures);
    if (e.moves == NULL)
        e.moves = g_strdup_printf("`ecosgate run`; `ecosgate pickup %s` says how it is now", row->drop);
    answer_file(q, new_object("entry", row->drop, row->decision), row->name, &e);
    return true;
}

/* Sets the member in_drop: what the newest listing that saw a file of that name decided; it may be one that came before
 * and has come again. null: there is none. */
static bool name_entry(struct question *q, GError **error)
{
    g_autofree struct ledger_pickup *row = NULL;
    g_autofree char *text = NULL;
    char since[INSTANT_TEXT_SIZE];

    if (!find_entry(q, &row, error))
        return false;
    if (row != NULL) {
        instant_print(row->since, since);
        text = g_strdup_printf("drop %s, %s: %s (%" G_GINT64_FORMAT " bytes, unchanged since %s)", row->drop,
                               row->decision, row->reason, row->size, since);
    }
    output_set_text(q->object, "in_drop", text);
    return true;
}

/* ---- the command ---- */

static bool answer(struct question *q, GError **error)
{
    uint64_t device;

    if (eui64_parse(q->id, strlen(q->id), &device))
        return answer_device(q, device, error);
    return answer_work_item(q, error) && (q->object != NULL || answer_outgoing(q, error)) &&
           (q->object != NULL || answer_job(q, error)) && (q->object != NULL || answer_entry(q, error));
}

static bool add_drop(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error; /* nothing here can fail */
    g_string_append_printf(user, "%s%s", ((GString *)user)->len > 0 ? ", " : "", incident->subject);
    return true;
}

/* A report has neither job nor name until it is issued, so what is asked for may be one that is being built. */
static void say_building(const struct gateway *gateway)
{
    struct heartbeat last;
    char at[INSTANT_TEXT_SIZE];
    int64_t pid = 0;

    heartbeat_read(gateway->config->spool, &last);
    if (last.building != 0 && spool_writer(gateway->spool, &pid, NULL) && pid != 0) {
        instant_print(last.building, at);
        g_printerr("ecosgate: why: reports are being built since %s; they have no job and no name before they are "
                   "issued; 'ecosgate report list' lists them then\n",
                   at);
    }
    heartbeat_clear(&last);
}

/* What the ID may name all the same: a file in a drop that nobody has listed. */
static bool say_unknown(const struct question *q, GError **error)
{
    g_autofree char *shown = command_shown(q->id);
    g_autoptr(GString) drops = g_string_new(NULL);

    if (!ledger_incidents_with_code(q->gateway->ledger, "A110", add_drop, drops, error))
        return false;
    if (q->fault.text != NULL)
        g_printerr("ecosgate: why: %s\n", q->fault.text);
    if (drops->len > 0)
        g_printerr("ecosgate: why: drops that are not this gateway's (A110), so that it does not look at their files: "
                   "%s; see 'ecosgate claim list'\n",
                   drops->str);
    say_building(q->gateway);
    g_printerr("ecosgate: why: '%s' is not known; give a job's ID, the name of a file, a WorkItemId or a Device "
               "ID; for a batch: 'ecosgate batch show'; for an incident: 'ecosgate incident show'\n",
               shown);
    return true;
}

/* While the ledger is not the newest one (A109), that is why everything is where it is. */
static bool find_answer(struct question *q, GError **error)
{
    if (!ledger_check(q->gateway, &q->fault, error) || !answer(q, error))
        return false;
    if (q->object == NULL)
        return say_unknown(q, error);
    output_set_text(q->object, "ledger", q->fault.text);
    return name_entry(q, error);
}

int command_why(struct invocation *invocation)
{
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 1, 1) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    struct question question = {.gateway = &access.gateway, .id = invocation->argv[0]};
    bool good = find_answer(&question, &error);
    ledger_fault_clear(&question.fault);
    read_access_close(&access);
    if (!good) {
        json_decref(question.object);
        return command_unable(error);
    }
    if (question.object == NULL)
        return EXIT_REFUSED;
    output_object(invocation->json, question.object);
    return EXIT_GOOD;
}
