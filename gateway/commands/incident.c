/*
 * The command `incident`: those that last or are over, one with all that is known of it, one closed by hand.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/commands/output.h"
#include "gateway/answers/incidents.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/order.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_outgoing.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 1000 };

static json_t *facts_of(const struct ledger_incident *incident)
{
    struct incident_kind kind = {.scope = NULL};
    char id[INCIDENT_ID_SIZE], device[EUI64_TEXT_SIZE];
    json_t *fact = json_object();
    bool known = incident_kind_of(incident, &kind);

    if (incident->has_device)
        eui64_print(incident->device, device);
    output_set_text(fact, "id", incident_id(incident->id, id));
    output_set_text(fact, "code", incident->code);
    output_set_text(fact, "category", known ? kind.category : NULL);
    output_set_text(fact, "scope", kind.scope);
    output_set_text(fact, "subject", incident->subject);
    output_set_text(fact, "file", incident->file);
    output_set_text(fact, "batch", incident->batch);
    output_set_text(fact, "device", incident->has_device ? device : NULL);
    output_set_text(fact, "parties", incident->parties);
    output_set_text(fact, "resolved_by", known ? kind.resolver : NULL);
    output_set(fact, "begun", command_json_instant(incident->opened));
    output_set(fact, "cleared", command_json_instant(incident->closed));
    output_set_text(fact, "text", incident->text);
    output_set_text(fact, "reason", incident->reason);
    output_set_text(fact, "who", incident->who);
    return fact;
}

/* ---- list ---- */

struct listing {
    bool json;
    json_t *rows; /* for people: no more than the table needs to say that there are more */
};

static bool list_one(void *user, const struct ledger_incident *incident, GError **error)
{
    struct listing *listing = user;

    (void)error; /* nothing can go wrong */
    if (listing->json)
        command_print_json(facts_of(incident));
    else if (json_array_size(listing->rows) <= MOST_ROWS)
        (void)json_array_append_new(listing->rows, facts_of(incident)); /* memory aborts */
    return true;
}

static int list(const struct invocation *invocation, bool all)
{
    static const char *const columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    struct listing listing = {invocation->json, NULL};
    struct read_access access;
    GError *error = NULL;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    listing.rows = json_array();
    bool good = ledger_incidents_each(access.gateway.ledger, all, list_one, &listing, &error);
    read_access_close(&access);
    if (good && !invocation->json && json_array_size(listing.rows) > 0)
        output_table(listing.rows, columns, MOST_ROWS, "");
    else if (good && !invocation->json)
        puts(all ? "there was no incident" : "no incident lasts");
    json_decref(listing.rows);
    return good ? EXIT_GOOD : command_unable(error);
}

static int incident_list(const struct invocation *invocation)
{
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "those that are over, too", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct invocation rest = *invocation;
    int left = command_options(&rest, "incident list", entries);

    if (left != 0)
        return left < 0 ? EXIT_UNABLE : command_usage("incident list [--all]");
    return list(invocation, all);
}

/* ---- show ---- */

static bool parse_id(const char *text, int64_t *id)
{
    if (incident_id_parse(text, id))
        return true;
    g_printerr("ecosgate: '%s' is no incident's ID: expected one such as INC-000012; 'ecosgate incident list' shows "
               "them\n",
               text);
    return false;
}

static int no_incident(int64_t id)
{
    char text[INCIDENT_ID_SIZE];

    g_printerr("ecosgate: there is no incident %s; 'ecosgate incident list --all' shows them\n", incident_id(id, text));
    return EXIT_REFUSED;
}

struct telling {
    struct ledger *ledger;
    json_t *events;
};

static bool add_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                      GError **error)
{
    const struct telling *telling = user;
    g_autoptr(GPtrArray) parts = NULL;

    if (event->reported_by != 0 && !ledger_outgoing_files_of(telling->ledger, event->reported_by, &parts, error))
        return false;
    const struct ledger_outgoing *part = parts != NULL && parts->len > 0 ? parts->pdata[0] : NULL;
    json_t *fact = json_object();
    output_set_text(fact, "event", event->closed ? "CLEARED" : "RAISED");
    output_set(fact, "at", command_json_instant(event->closed ? incident->closed : incident->opened));
    output_set_text(fact, "told_in", part ? part->name : NULL);
    output_set(fact, "delivered_at", command_json_instant(part ? part->delivered_at : 0));
    (void)json_array_append_new(telling->events, fact); /* memory aborts */
    return true;
}

static void print_one(const struct invocation *invocation, json_t *fact)
{
    static const char *const columns[] = {"event", "at", "delivered_at", "told_in", NULL};

    if (invocation->json) {
        command_print_json(fact);
        return;
    }
    output_print(fact);
    output_section("\ntold", json_object_get(fact, "events"), columns, MOST_ROWS);
    json_decref(fact);
}

static int show(struct ledger *ledger, const struct invocation *invocation, int64_t id)
{
    g_autofree struct ledger_incident *incident = NULL;
    struct telling telling = {.ledger = ledger};
    GError *error = NULL;

    if (!ledger_incident_get(ledger, id, &incident, &error))
        return command_unable(error);
    if (incident == NULL)
        return no_incident(id);
    json_t *fact = facts_of(incident);
    telling.events = json_array();
    output_set(fact, "events", telling.events);
    if (!ledger_events_of(ledger, id, add_event, &telling, &error)) {
        json_decref(fact);
        return command_unable(error);
    }
    print_one(invocation, fact);
    return EXIT_GOOD;
}

static int incident_show(const struct invocation *invocation)
{
    struct invocation rest = *invocation;
    struct read_access access;
    int64_t id;

    if (!command_arguments(&rest, "incident show ID", 1, 1) || !parse_id(rest.argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = show(access.gateway.ledger, invocation, id);
    read_access_close(&access);
    return status;
}

/* ---- close ---- */

static bool parse_order(const char *text, struct order *order)
{
    return parse_id(text, &order->incident);
}

static bool find_incident(const struct read_access *access, const struct order *order, bool *there, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;

    if (!ledger_incident_get(access->gateway.ledger, order->incident, &incident, error))
        return false;
    *there = incident != NULL;
    if (!*there)
        (void)no_incident(order->incident); /* what it returns is what *there says */
    return true;
}

static int incident_close(const struct invocation *invocation)
{
    static const struct order_target target = {"incident", "incident show", parse_order, find_incident};

    return order_give(invocation, ORDER_CLOSE, &target);
}

/* ---- the table of them ---- */

int command_incident(const struct invocation *invocation)
{
    static const struct {
        const char *name;
        int (*run)(const struct invocation *invocation);
    } verbs[] = {{"list", incident_list}, {"show", incident_show}, {"close", incident_close}};
    static const char usage[] = "incident list|show|close …";
    struct invocation rest = *invocation;

    if (invocation->argc < 1 || invocation->argv[0][0] == '-')
        return command_options(&rest, "incident COMMAND …", NULL) < 0 ? EXIT_UNABLE : command_usage(usage);
    rest.argc--;
    rest.argv++;
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(verbs[i].name, invocation->argv[0]) == 0)
            return verbs[i].run(&rest);
    }
    g_printerr("ecosgate: there is no command 'incident %s'\n", invocation->argv[0]);
    return command_usage(usage);
}
