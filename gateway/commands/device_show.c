/*
 * The command `device show`: one Device with the history of all its work items. A Device has several when it came in
 * several instructions; one at most is live, which means that it can still change its state. The state of the Device is
 * that of the work item which ledger_work_of_device names.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/answers/cells.h"
#include "gateway/commands/device_facts.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/explain/timeline.h"
#include "gateway/profiles.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* What the walk over a Device's work items collects. */
struct collection {
    struct gateway *gateway;
    json_t *history;
    int64_t present;                /* the work item whose state is the Device's */
    json_t *now;                    /* that state */
    char *live;                     /* WorkItemId of the live one; NULL: none is live */
    int64_t tries;                  /* that were attempted, of all work items */
    const struct ledger_work *work; /* the work item whose transitions are being added */
    char id[WORK_ITEM_ID_SIZE];     /* its WorkItemId */
};

/* ---- history ---- */

/* A change of state as the history shows it; the caller sets the members that follow. */
static json_t *add_change(const struct collection *c, const char *file, int64_t record, int64_t at,
                          enum ledger_state state)
{
    json_t *row = json_object();

    output_set_text(row, "work_item", c->id);
    output_set_text(row, "file", file);
    output_set_text(row, "batch", c->work->batch);
    output_set_optional(row, "record", record, 0);
    output_set(row, "at", command_json_instant(at));
    output_set_text(row, "state", ledger_state_name(state));
    (void)json_array_append_new(c->history, row); /* fails only without memory, which ends the program */
    return row;
}

/* The first change: the review of the instruction made the work item READY, REJECTED or DEFERRED. */
static void add_review(struct collection *c)
{
    const struct ledger_item *item = &c->work->item;
    json_t *row = add_change(c, c->work->name, item->record, c->work->judged_at, item->outcome);

    output_set(row, "try", NULL);
    output_set_text(row, "code", item->code);
    output_set(row, "due", command_json_instant(item->next_eligible));
    output_set_text(row, "text", item->text);
    output_set(row, "work_order", NULL);
    output_set(row, "session_end", NULL);
}

/* "GBCS 30, SubjectId …": what a result or confirmation said beside its outcome. NULL: nothing. g_free. */
static char *details_of(const struct ledger_transition *transition)
{
    GString *text = g_string_new(NULL);
    const char *const names[] = {"GBCS", "DUIS", "alert"};
    const char *const values[] = {transition->gbcs, transition->duis, transition->alert};
    const char *meanings[] = {NULL, transition->duis != NULL ? retry_duis_meaning(transition->duis) : NULL, NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (values[i] != NULL)
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", names[i], values[i]);
        if (meanings[i] != NULL)
            g_string_append_printf(text, " (%s)", meanings[i]);
    }
    if (transition->subject_id != NULL)
        g_string_append_printf(text, "%sSubjectId %s, KeyId %s", text->len > 0 ? ", " : "", transition->subject_id,
                               transition->key_id ? transition->key_id : "-");
    return g_string_free(text, text->len == 0);
}

static bool add_transition(void *user, const struct ledger_transition *transition, GError **error)
{
    struct collection *c = user;
    g_autofree struct ledger_job *cause = NULL;
    g_autofree char *details = NULL, *said = details_of(transition);
    int64_t n;

    if (transition->statement != LEDGER_ENDED_BY_ORDER && transition->order_id == NULL)
        details = g_steal_pointer(&said);
    else if (transition->order_id != NULL ? !explain_order_named(c->gateway, transition->order_id, &details, error)
                                          : !explain_order(c->gateway, c->work->item.item, &details, &n, error))
        return false;
    if (said != NULL) { /* a result that ended what an operator had withdrawn */
        char *order = details;
        details = g_strdup_printf("%s%s%s", said, order != NULL ? "; " : "", order != NULL ? order : "");
        g_free(order);
    }
    if (transition->job != 0 && !ledger_job_get(c->gateway->ledger, transition->job, &cause, error))
        return false;
    bool ordered = cause != NULL && cause->direction == LEDGER_OUT; /* by a work order: the session has begun */
    json_t *row =
        add_change(c, cause != NULL ? cause->name : NULL, transition->record, transition->at, transition->state);
    output_set_optional(row, "try", transition->try, 0);
    output_set_text(row, "code", transition->code);
    output_set(row, "due", command_json_instant(transition->due));
    output_set_text(row, "text", details);
    output_set_text(row, "work_order", ordered ? cause->name : NULL);
    output_set(row, "session_end", command_json_instant(ordered ? transition->due : 0));
    return true;
}

/* ---- the state now ---- */

/* [{"column": "SiteNote", "value": "by the gate"}, …]: what the instruction said in columns that carry no fact. */
static json_t *kept_rows(const char *kept)
{
    json_t *rows = json_array(), *texts = kept != NULL ? json_loads(kept, 0, NULL) : NULL, *value;
    const char *column;

    json_object_foreach(texts, column, value)
    {
        json_t *row = json_object();
        output_set_text(row, "column", column);
        output_set(row, "value", json_incref(value));
        (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
    }
    json_decref(texts);
    return rows;
}

static bool describe(struct collection *c, GError **error)
{
    const struct ledger_work *work = c->work;
    const struct ledger_session *s = &work->session;
    int64_t eligible = work->has_session && s->next_eligible ? s->next_eligible : work->item.next_eligible;
    struct explanation why;

    if (!explain_work(c->gateway, work, &why, error))
        return false;
    json_decref(c->now);
    c->now = json_object();
    output_set_text(c->now, "work_item", c->id);
    output_set_text(c->now, "state", ledger_state_name(explain_state(work)));
    output_set_text(c->now, "code", work->has_session ? s->code : work->item.code);
    output_set(c->now, "withheld", json_boolean(work->withheld && explain_is_live(work)));
    output_set(c->now, "withdrawn", json_boolean(work->withdrawn && explain_is_live(work)));
    output_set(c->now, "held", json_boolean(work->held && explain_is_live(work)));
    const struct device_subject subject = {work->item.has_device, work->item.device, work};
    if (!device_facts_set(c->gateway, &subject, c->now, error) ||
        !device_facts_set_instructed(c->gateway, work, c->now, error)) {
        explanation_clear(&why);
        return false;
    }
    output_set_text(c->now, "device_type", work->item.device_type);
    output_set(c->now, "next_eligible", command_json_instant(eligible));
    explanation_set(&why, c->now);
    explanation_clear(&why);
    g_autofree char *profile = NULL;
    bool good = profiles_title_of_job(c->gateway, work->item.job, &profile, error);
    output_set_text(c->now, "profile", profile);
    output_set(c->now, "kept", kept_rows(work->item.kept));
    return good;
}

static bool collect(void *user, const struct ledger_work *work, GError **error)
{
    struct collection *c = user;

    c->work = work;
    (void)work_item_id(work->org, work->batch, work->item.record, c->id); /* the text is in c->id */
    add_review(c);
    if (work->has_session && !ledger_transitions_each(c->gateway->ledger, work->item.item, add_transition, c, error))
        return false;
    c->tries += work->session.try - work->session.unused;
    if (explain_is_live(work))
        c->live = g_strdup(c->id);
    return work->item.item != c->present || describe(c, error);
}

/* ---- show ---- */

/* work_item: the one whose state is the Device's. */
static void print_device(const struct invocation *invocation, json_t *object, const char *work_item)
{
    static const char *const columns[] = {"at",  "state", "work_item", "try",  "code",
                                          "due", "file",  "record",    "text", NULL};
    static const char *const kept[] = {"column", "value", NULL};

    if (invocation->json) {
        command_print_json(object);
        return;
    }
    output_print(object);
    if (json_array_size(json_object_get(object, "kept")) > 0)
        output_section("\nkept", json_object_get(object, "kept"), kept);
    timeline_print(json_object_get(object, "history"), work_item);
    output_section("\nhistory", json_object_get(object, "history"), columns);
    json_decref(object);
}

static json_t *device_object(const struct collection *c, const char *device)
{
    static const char *const copied[] = {"state",       "code",     "withheld",   "held",          "withdrawn",
                                         "device_type", "mpxn",     "supplier",   "hub",           "manufacturer",
                                         "model",       "firmware", "instructed", "next_eligible", "because",
                                         "waits_for",   "moved_by", "next_at",    "profile",       "kept"};
    json_t *object = json_object();

    output_set_text(object, "device", device);
    for (size_t i = 0; i < G_N_ELEMENTS(copied); i++)
        output_set(object, copied[i], json_incref(json_object_get(c->now, copied[i])));
    output_set_number(object, "tries", c->tries);
    output_set_text(object, "live_work_item", c->live);
    output_set(object, "history", json_incref(c->history));
    return object;
}

static bool collect_all(struct collection *c, uint64_t device, GError **error)
{
    g_autofree struct ledger_work *present = NULL;

    if (!ledger_work_of_device(c->gateway->ledger, device, &present, error))
        return false;
    c->present = present != NULL ? present->item.item : 0;
    return ledger_work_of_device_each(c->gateway->ledger, device, collect, c, error);
}

static int show(struct read_access *access, const struct invocation *invocation, uint64_t device)
{
    struct collection c = {.gateway = &access->gateway, .history = json_array()};
    char text[EUI64_TEXT_SIZE];
    GError *error = NULL;
    int status = EXIT_GOOD;

    eui64_print(device, text);
    if (!collect_all(&c, device, &error)) {
        status = command_unable(error);
    } else if (json_array_size(c.history) == 0) {
        g_printerr("ecosgate: the Device %s is not known: no instruction that was judged names it; 'ecosgate device "
                   "find' looks for Devices by MPxN, hub, Supplier and model\n",
                   text);
        status = EXIT_REFUSED;
    } else {
        print_device(invocation, device_object(&c, text), json_string_value(json_object_get(c.now, "work_item")));
    }
    json_decref(c.history);
    json_decref(c.now);
    g_free(c.live);
    return status;
}

int command_device_show(struct invocation *invocation)
{
    struct read_access access;
    uint64_t device;

    if (!command_arguments(invocation, NULL, 1, 1))
        return EXIT_UNABLE;
    if (!eui64_parse(invocation->argv[0], strlen(invocation->argv[0]), &device)) {
        g_autofree char *shown = command_shown(invocation->argv[0]);
        g_printerr("ecosgate: '%s' is no Device ID: expected eight pairs of hex digits such as "
                   "90-B3-D5-1F-30-00-00-01\n",
                   shown);
        return EXIT_UNABLE;
    }
    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = show(&access, invocation, device);
    read_access_close(&access);
    return status;
}
