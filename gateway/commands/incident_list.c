/*
 * The command `incident list`: incidents that are open, with --all those that are closed too; oldest first.
 */
#include "gateway/commands/incident.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error; /* nothing here can fail */
    output_list_add(user, incident_row(incident));
    return true;
}

static int list(const struct invocation *invocation, bool all)
{
    static const char *const columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    struct read_access access;
    struct output_list rows;
    GError *error = NULL;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    bool good = ledger_incidents_each(access.gateway.ledger, all, add_incident, &rows, &error);
    read_access_close(&access);
    if (!good) {
        output_list_drop(&rows);
        return command_unable(error);
    }
    output_list_end(&rows, columns, all ? "there was no incident" : "no incident is open");
    return EXIT_GOOD;
}

int command_incident_list(struct invocation *invocation)
{
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "closed incidents too", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    return command_arguments(invocation, entries, 0, 0) ? list(invocation, all) : EXIT_UNABLE;
}
