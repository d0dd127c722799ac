/*
 * The command `incident show`: one incident, and which INC files reported that it was opened and closed.
 */
#include "gateway/commands/incident.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_outgoing.h"

/* What the walk over an incident's events fills. */
struct events {
    struct ledger *ledger;
    json_t *rows;
};

static bool add_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                      GError **error)
{
    const struct events *events = user;
    g_autoptr(GPtrArray) files = NULL;

    if (event->reported_by != 0 && !ledger_outgoing_files_of(events->ledger, event->reported_by, &files, error))
        return false;
    const struct ledger_outgoing *file = files != NULL && files->len > 0 ? files->pdata[0] : NULL;
    json_t *row = json_object();
    output_set_text(row, "event", event->closed ? "CLEARED" : "RAISED");
    output_set(row, "at", command_json_instant(event->closed ? incident->closed : incident->opened));
    output_set_text(row, "told_in", file ? file->name : NULL);
    output_set(row, "delivered_at", command_json_instant(file ? file->delivered_at : 0));
    (void)json_array_append_new(events->rows, row); /* fails only without memory, which ends the program */
    return true;
}

static void print_incident(const struct invocation *invocation, json_t *object)
{
    static const char *const columns[] = {"event", "at", "delivered_at", "told_in", NULL};

    if (invocation->json) {
        command_print_json(object);
        return;
    }
    output_print(object);
    output_section("\nreported", json_object_get(object, "events"), columns);
    json_decref(object);
}

static int show(struct ledger *ledger, const struct invocation *invocation, int64_t id)
{
    g_autofree struct ledger_incident *incident = NULL;
    struct events events = {.ledger = ledger};
    GError *error = NULL;

    if (!ledger_incident_get(ledger, id, &incident, &error))
        return command_unable(error);
    if (incident == NULL)
        return incident_none(id);
    json_t *object = incident_row(incident);
    events.rows = json_array();
    output_set(object, "events", events.rows);
    if (!ledger_events_of(ledger, id, add_event, &events, &error)) {
        json_decref(object);
        return command_unable(error);
    }
    print_incident(invocation, object);
    return EXIT_GOOD;
}

int command_incident_show(struct invocation *invocation)
{
    struct read_access access;
    int64_t id;

    if (!command_arguments(invocation, NULL, 1, 1) || !incident_parse(invocation->argv[0], &id) ||
        !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = show(access.gateway.ledger, invocation, id);
    read_access_close(&access);
    return status;
}
