/*
 * The command `incident list`: incidents that are open, with --all those that are closed too; oldest first.
 */
#include "gateway/commands/incident.h"

#include "gateway/commands/home_list.h"

/* The options, and what the walk over incidents needs. */
struct listing {
    gboolean all;
    struct incident_filter filter;
    struct ledger *ledger;
    struct output_list *rows;
};

static bool add_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    struct listing *listing = user;
    bool fits;

    if (!incident_fits(listing->ledger, &listing->filter, incident, &fits, error))
        return false;
    if (fits)
        output_list_add(listing->rows, incident_row(incident));
    return true;
}

static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    struct listing *listing = user;

    listing->ledger = access->gateway.ledger;
    listing->rows = rows;
    return incident_filter_find(access, &listing->filter, "incident list", error) &&
           ledger_incidents_each(listing->ledger, listing->all, add_incident, listing, error);
}

int command_incident_list(struct invocation *invocation)
{
    static const char *const columns[] = {"id", "code", "subject", "begun", "cleared", "text", NULL};
    struct listing listing = {.all = FALSE};
    GOptionEntry entries[2 + INCIDENT_FILTER_OPTIONS] = {
        {"all", 0, 0, G_OPTION_ARG_NONE, &listing.all, "closed incidents too", NULL},
    };
    int status = EXIT_UNABLE;

    incident_filter_options(&listing.filter, &entries[1]);
    if (command_arguments(invocation, entries, 0, 0) && incident_filter_read(&listing.filter, "incident list")) {
        const char *none = incident_filter_asks(&listing.filter) ? "no incident fits"
                           : listing.all                         ? "there was no incident"
                                                                 : "no incident is open";
        status = home_list_print(invocation, &(struct home_list){add_all, &listing, columns, none, OUTPUT_MOST_ROWS});
    }
    incident_filter_clear(&listing.filter);
    return status;
}
