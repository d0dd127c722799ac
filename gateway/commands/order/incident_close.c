/*
 * The command `incident close`: an operator's order, about one incident or about many. Many are shown first, and closed
 * when somebody at a terminal says so, or with --yes: an incident that is closed by mistake is not opened again.
 */
#include "gateway/commands/incident.h"

#include "formats/text.h"
#include "gateway/answers/incident_id.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The options, for one call of the program. */
static struct incident_filter filter;
static gboolean yes;

/* ---- which ---- */

/* Incidents by their IDs, each once. False: one is wrong, and a message has been printed. */
static bool parse_ids(char *const *arguments, struct order *order)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

    for (char *const *argument = arguments; *argument != NULL; argument++) {
        char text[INCIDENT_ID_SIZE];
        int64_t id;
        if (!incident_parse(*argument, &id))
            return false;
        if (order->incident == 0)
            order->incident = id;
        if (!g_ptr_array_find_with_equal_func(ids, incident_id(id, text), g_str_equal, NULL))
            g_ptr_array_add(ids, g_strdup(text));
    }
    if (ids->len < 2)
        return true;
    g_ptr_array_add(ids, NULL);
    order->list = (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
    return true;
}

static bool parse_order(char *const *arguments, struct order *order)
{
    bool asks = incident_filter_asks(&filter);

    if (!incident_filter_read(&filter, "incident close"))
        return false;
    if (asks != (arguments[0] != NULL))
        return parse_ids(arguments, order);
    g_printerr(
        asks ? "ecosgate: incident close: IDs are given, and others are chosen; give IDs, or --code, --drop, "
               "--category and --older-than\n"
             : "ecosgate: incident close: nothing is chosen; give the IDs of incidents, or at least one of --code, "
               "--drop, --category, --older-than\n");
    return false;
}

/* ---- many ---- */

/* Those that would be closed. */
struct choice {
    struct ledger *ledger;
    GPtrArray *ids; /* char * */
    json_t *rows;
    guint decisions; /* A117 that were left out: they are decisions about files */
};

static void add_row(struct choice *choice, const struct ledger_incident *incident)
{
    char text[INCIDENT_ID_SIZE];

    g_ptr_array_add(choice->ids, g_strdup(incident_id(incident->id, text)));
    (void)json_array_append_new(choice->rows, incident_row(incident)); /* fails only without memory */
}

static bool add_fitting(void *user, const struct ledger_incident *incident, GError **error)
{
    struct choice *choice = user;
    bool fits;

    if (!incident_fits(choice->ledger, &filter, incident, &fits, error))
        return false;
    if (fits && strcmp(incident->code, "A117") == 0)
        choice->decisions++;
    else if (fits && choice->ids->len <= ORDER_MOST_LISTED)
        add_row(choice, incident);
    return true;
}

/* *known: all of them exist; else a message has been printed. */
static bool add_named(struct choice *choice, char *const *names, bool *known, GError **error)
{
    for (*known = true; *known && *names != NULL; names++) {
        g_autofree struct ledger_incident *incident = NULL;
        int64_t id = 0;
        (void)incident_id_parse(*names, &id); /* parse_ids has printed it */
        if (!ledger_incident_get(choice->ledger, id, &incident, error))
            return false;
        *known = incident != NULL;
        if (incident == NULL)
            (void)incident_none(id); /* its status is what *known says */
        else
            add_row(choice, incident);
    }
    return true;
}

/* Whether somebody at the terminal says yes. */
static bool asks_person(guint n)
{
    g_autofree char *incidents = text_count(n, "incident");
    char answer[8] = "";

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        g_printerr("ecosgate: incident close: nothing is closed: %s would be, and nobody can be asked, for this is "
                   "no terminal; look at them with 'ecosgate incident list', then give --yes\n",
                   incidents);
        return false;
    }
    printf("close %s? [y/N] ", incidents);
    (void)fflush(stdout); /* the question that follows fails the same way */
    if (fgets(answer, sizeof answer, stdin) != NULL && g_ascii_tolower(answer[0]) == 'y')
        return true;
    g_printerr("ecosgate: incident close: nothing is closed\n");
    return false;
}

/* Shows them; whether they are to be closed. */
static bool agree(const struct choice *choice, bool json)
{
    static const char *const columns[] = {"id", "code", "subject", "begun", "text", NULL};

    if (choice->decisions > 0)
        g_printerr("ecosgate: incident close: left out: %u A117, each a decision about a file; close it by itself\n",
                   choice->decisions);
    if (choice->ids->len == 0) {
        g_printerr("ecosgate: incident close: no open incident fits; 'ecosgate incident list' lists them\n");
        return false;
    }
    if (choice->ids->len > ORDER_MOST_LISTED) {
        g_printerr("ecosgate: incident close: more than %d incidents fit; one order names at most so many: narrow it\n",
                   ORDER_MOST_LISTED);
        return false;
    }
    if (!json)
        output_table(choice->rows, columns, OUTPUT_MOST_ROWS, "");
    return yes || asks_person(choice->ids->len);
}

/* Whether the output is JSON; parse and find get no invocation. */
static bool in_json;

static bool find_many(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    struct choice choice = {
        .ledger = access->gateway.ledger, .ids = g_ptr_array_new_with_free_func(g_free), .rows = json_array()};
    bool known = true;
    bool good = order->list != NULL ? add_named(&choice, order->list, &known, error)
                                    : ledger_incidents_each(choice.ledger, false, add_fitting, &choice, error);

    *exists = good && known && agree(&choice, in_json);
    if (*exists && order->list == NULL) {
        (void)incident_id_parse(choice.ids->pdata[0], &order->incident); /* it was printed by incident_id */
        g_ptr_array_add(choice.ids, NULL);
        order->list = g_strdupv((char **)choice.ids->pdata);
    }
    g_ptr_array_unref(choice.ids);
    json_decref(choice.rows);
    return good;
}

static bool find_incidents(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;

    if (order->list != NULL || order->incident == 0)
        return incident_filter_find(access, &filter, "incident close", error) &&
               find_many(access, order, exists, error);
    if (!ledger_incident_get(access->gateway.ledger, order->incident, &incident, error))
        return false;
    *exists = incident != NULL;
    if (!*exists)
        (void)incident_none(order->incident); /* its status is what *exists says */
    return true;
}

int command_incident_close(struct invocation *invocation)
{
    static const struct order_target target = {"incident show", 0, parse_order, find_incidents, NULL, ORDER_PLAIN};
    GOptionEntry entries[2 + INCIDENT_FILTER_OPTIONS] = {
        {"yes", 0, 0, G_OPTION_ARG_NONE, &yes, "do not ask: close all that are named or fit", NULL},
    };
    const struct order_choice choice = {G_MAXINT, entries};

    in_json = invocation->json;
    incident_filter_options(&filter, &entries[1]);
    int status = order_give_chosen(invocation, ORDER_CLOSE, &target, &choice);
    incident_filter_clear(&filter);
    return status;
}
