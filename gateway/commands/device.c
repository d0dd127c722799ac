/*
 * The commands `device show` and `device list`.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/answers/cells.h"
#include "gateway/commands/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_sessions.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 1000 };

/* What the walk over a Device's work items gathers. */
struct gathering {
    struct gateway *gateway;
    json_t *history;
    json_t *now; /* what is so of the live item, else of the latest */
    char *live;  /* WorkItemId of the one that is live */
    int64_t tries;
    /* the item whose transitions are being walked */
    const struct ledger_work *work;
    char id[WORK_ITEM_ID_SIZE];
};

/* ---- history ---- */

static json_t *event(const struct gathering *g, const char *file, int64_t record, int64_t at, enum ledger_state state)
{
    json_t *fact = json_object();

    output_set_text(fact, "work_item", g->id);
    output_set_text(fact, "file", file);
    output_set_text(fact, "batch", g->work->batch);
    output_set_optional(fact, "record", record, 0);
    output_set(fact, "at", command_json_instant(at));
    output_set_text(fact, "state", ledger_state_name(state));
    (void)json_array_append_new(g->history, fact); /* memory aborts */
    return fact;
}

static void add_split(struct gathering *g)
{
    const struct ledger_item *item = &g->work->item;
    json_t *fact = event(g, g->work->name, item->record, g->work->judged_at, item->outcome);

    output_set(fact, "try", NULL);
    output_set_text(fact, "code", item->code);
    output_set(fact, "due", command_json_instant(item->next_eligible));
    output_set_text(fact, "text", item->text);
    output_set(fact, "work_order", NULL);
    output_set(fact, "session_end", NULL);
}

/* What a result said beside its outcome. */
static char *say_status(const struct ledger_transition *transition)
{
    GString *text = g_string_new(NULL);
    const char *const names[] = {"GBCS", "DUIS", "alert"};
    const char *const said[] = {transition->gbcs, transition->duis, transition->alert};

    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        if (said[i] != NULL)
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", " : "", names[i], said[i]);
    }
    if (transition->subject_id != NULL)
        g_string_append_printf(text, "%sSubjectId %s, KeyId %s", text->len > 0 ? ", " : "", transition->subject_id,
                               transition->key_id ? transition->key_id : "-");
    return g_string_free(text, text->len == 0);
}

static bool add_transition(void *user, const struct ledger_transition *transition, GError **error)
{
    struct gathering *g = user;
    g_autofree struct ledger_job *cause = NULL;
    g_autofree char *status = say_status(transition);

    if (transition->job != 0 && !ledger_job_get(g->gateway->ledger, transition->job, &cause, error))
        return false;
    bool ordered = cause != NULL && cause->direction == LEDGER_OUT;
    json_t *fact = event(g, cause != NULL ? cause->name : NULL, transition->record, transition->at, transition->state);
    output_set_optional(fact, "try", transition->try, 0);
    output_set_text(fact, "code", transition->code);
    output_set(fact, "due", command_json_instant(transition->due));
    output_set_text(fact, "text", status);
    output_set_text(fact, "work_order", ordered ? cause->name : NULL);
    output_set(fact, "session_end", command_json_instant(ordered ? transition->due : 0));
    return true;
}

/* ---- what is so now ---- */

static bool describe(struct gathering *g, GError **error)
{
    const struct ledger_work *work = g->work;
    const struct ledger_session *s = &work->session;
    struct explanation why;

    if (!explain_work(g->gateway, work, &why, error))
        return false;
    json_decref(g->now);
    g->now = json_object();
    output_set_text(g->now, "work_item", g->id);
    output_set_text(g->now, "state", ledger_state_name(explain_state(work)));
    output_set_text(g->now, "code", work->has_session ? s->code : work->item.code);
    output_set_text(g->now, "device_type", work->item.device_type);
    output_set(
        g->now, "next_eligible",
        command_json_instant(work->has_session && s->next_eligible ? s->next_eligible : work->item.next_eligible));
    output_set_text(g->now, "because", why.because);
    output_set_text(g->now, "waits_for", why.waits_for);
    output_set_text(g->now, "moved_by", why.moves);
    output_set(g->now, "next_at", command_json_instant(why.at));
    explanation_clear(&why);
    return true;
}

static bool gather(void *user, const struct ledger_work *work, GError **error)
{
    struct gathering *g = user;

    g->work = work;
    (void)work_item_id(work->org, work->batch, work->item.record, g->id);
    add_split(g);
    if (work->has_session && !ledger_transitions_each(g->gateway->ledger, work->item.item, add_transition, g, error))
        return false;
    g->tries += work->session.try - work->session.unused;
    /* An instruction that comes meanwhile is turned away and changes nothing. */
    if (g->live != NULL)
        return true;
    if (explain_is_live(work))
        g->live = g_strdup(g->id);
    return describe(g, error);
}

/* ---- show ---- */

static void print_device(const struct invocation *invocation, json_t *fact)
{
    static const char *const columns[] = {"at",  "state", "work_item", "try",  "code",
                                          "due", "file",  "record",    "text", NULL};

    if (invocation->json) {
        command_print_json(fact);
        return;
    }
    output_print(fact);
    output_section("\nhistory", json_object_get(fact, "history"), columns, MOST_ROWS);
    json_decref(fact);
}

static json_t *facts_of(struct gathering *g, const char *device)
{
    static const char *const told[] = {"state",   "code",      "device_type", "next_eligible",
                                       "because", "waits_for", "moved_by",    "next_at"};
    json_t *fact = json_object();

    output_set_text(fact, "device", device);
    for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
        output_set(fact, told[i], json_incref(json_object_get(g->now, told[i])));
    output_set_number(fact, "tries", g->tries);
    output_set_text(fact, "live_work_item", g->live);
    output_set(fact, "history", json_incref(g->history));
    return fact;
}

static int show(struct read_access *access, const struct invocation *invocation, uint64_t device)
{
    struct gathering g = {.gateway = &access->gateway, .history = json_array()};
    char text[EUI64_TEXT_SIZE];
    GError *error = NULL;
    int status = EXIT_GOOD;

    eui64_print(device, text);
    if (!ledger_work_of_device_each(access->gateway.ledger, device, gather, &g, &error)) {
        status = command_unable(error);
    } else if (json_array_size(g.history) == 0) {
        g_printerr("ecosgate: the Device %s is not known: no instruction that was taken names it\n", text);
        status = EXIT_REFUSED;
    } else {
        print_device(invocation, facts_of(&g, text));
    }
    json_decref(g.history);
    json_decref(g.now);
    g_free(g.live);
    return status;
}

static int command_device_show(struct invocation *invocation)
{
    struct read_access access;
    uint64_t device;

    if (!command_arguments(invocation, "device show DEVICE-ID", 1, 1))
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

/* ---- list ---- */

struct listing {
    bool json;
    json_t *rows; /* for people */
};

static bool list_one(void *user, const struct ledger_work *work, GError **error)
{
    struct listing *listing = user;
    const struct ledger_session *s = &work->session;
    char device[EUI64_TEXT_SIZE], id[WORK_ITEM_ID_SIZE];
    json_t *row = json_object();

    (void)error; /* nothing can go wrong */
    if (work->item.has_device)
        eui64_print(work->item.device, device);
    output_set_text(row, "device", work->item.has_device ? device : work->item.device_text);
    output_set_text(row, "device_type", work->item.device_type);
    output_set_text(row, "state", ledger_state_name(explain_state(work)));
    output_set_text(row, "work_item", work_item_id(work->org, work->batch, work->item.record, id));
    output_set_text(row, "code", work->has_session ? s->code : work->item.code);
    output_set_number(row, "tries", s->try - s->unused);
    output_set(row, "due", command_json_instant(s->due));
    output_set(row, "next_eligible",
               command_json_instant(work->has_session ? s->next_eligible : work->item.next_eligible));
    if (listing->json)
        command_print_json(row);
    else
        (void)json_array_append_new(listing->rows, row); /* memory aborts */
    return true;
}

static int list(const struct invocation *invocation, enum ledger_state state)
{
    static const char *const columns[] = {"device", "device_type", "state",         "work_item", "code",
                                          "tries",  "due",         "next_eligible", NULL};
    /* People see a screenful or many, programs all: one row more than shown, so that the table says "more". */
    const struct ledger_in_state which = {state, invocation->json ? 0 : MOST_ROWS + 1};
    struct listing listing = {invocation->json, json_array()};
    struct read_access access;
    GError *error = NULL;
    int status = EXIT_GOOD;

    if (!read_access_open(&access, invocation)) {
        json_decref(listing.rows);
        return EXIT_UNABLE;
    }
    if (!ledger_work_in_state_each(access.gateway.ledger, &which, list_one, &listing, &error))
        status = command_unable(error);
    else if (!invocation->json && json_array_size(listing.rows) > 0)
        output_table(listing.rows, columns, MOST_ROWS, "");
    else if (!invocation->json)
        printf("no Device is %s\n", ledger_state_name(state));
    read_access_close(&access);
    json_decref(listing.rows);
    return status;
}

static int command_device_list(struct invocation *invocation)
{
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {
        {"state", 0, 0, G_OPTION_ARG_STRING, &name, "work items in this state (READY, DISPATCHED …)", "STATE"},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
    enum ledger_state state;

    int left = command_options(invocation, "device list", entries);
    if (left < 0)
        return EXIT_UNABLE;
    if (left > 0 || name == NULL)
        return command_usage("device list --state STATE");
    if (!ledger_state_find(name, &state)) {
        g_autofree char *shown = command_shown(name);
        GString *states = g_string_new(NULL);
        for (int i = 0; i < LEDGER_STATES; i++)
            g_string_append_printf(states, "%s%s", i > 0 ? ", " : "", ledger_state_name((enum ledger_state)i));
        g_printerr("ecosgate: there is no state '%s': expected one of %s\n", shown, states->str);
        g_string_free(states, TRUE);
        return EXIT_UNABLE;
    }
    return list(invocation, state);
}

int command_device(const struct invocation *invocation)
{
    static const char usage[] = "device show DEVICE-ID | device list --state STATE";
    struct invocation rest = *invocation;

    /* Options before the verb: --help, or wrong ones. */
    if (rest.argc == 0 || **rest.argv == '-')
        return command_arguments(&rest, usage, 2, 2) ? command_usage(usage) : EXIT_UNABLE;
    const char *verb = *rest.argv;
    rest.argc--;
    rest.argv++;
    if (strcmp(verb, "show") == 0)
        return command_device_show(&rest);
    if (strcmp(verb, "list") == 0)
        return command_device_list(&rest);
    return command_usage(usage);
}
