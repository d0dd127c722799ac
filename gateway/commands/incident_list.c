/*
 * The command `incident list`: incidents that are open, with --all those that are closed too; oldest first.
 */
#include "gateway/commands/incident.h"

#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"

/* What the walk over incidents fills. */
struct listing {
    struct ledger *ledger;
    const struct incident_filter *filter;
    struct output_list rows;
};

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    struct listing *listing = user;
    bool fits;

    if (!incident_fits(listing->ledger, listing->filter, incident, &fits, error))
        return false;
    if (fits)
        output_list_add(&listing->rows, incident_row(incident));
    return true;
}

static int list(const struct invocation *invocation, const struct incident_filter *filter, bool all)
{
    static const char *const columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    struct read_access access;
    struct listing listing = {.filter = filter};
    GError *error = NULL;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    listing.ledger = access.gateway.ledger;
    output_list_begin(&listing.rows, invocation->json, OUTPUT_MOST_ROWS);
    bool good = incident_filter_find(&access, filter, "incident list", &error) &&
                ledger_incidents_each(access.gateway.ledger, all, add_incident, &listing, &error);
    read_access_close(&access);
    if (!good) {
        output_list_drop(&listing.rows);
        return command_unable(error);
    }
    output_list_end(&listing.rows, columns,
                    incident_filter_asks(filter) ? "no incident fits"
                    : all                        ? "there was no incident"
                                                 : "no incident is open");
    return EXIT_GOOD;
}

int command_incident_list(struct invocation *invocation)
{
    gboolean all = FALSE;
    struct incident_filter filter = {NULL};
    GOptionEntry entries[2 + INCIDENT_FILTER_OPTIONS] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "closed incidents too", NULL},
    };

    incident_filter_options(&filter, &entries[1]);
    int status = command_arguments(invocation, entries, 0, 0) && incident_filter_read(&filter, "incident list")
                     ? list(invocation, &filter, all)
                     : EXIT_UNABLE;
    incident_filter_clear(&filter);
    return status;
}
