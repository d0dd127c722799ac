/*
 * The command `expect list`: what should come by when, and what has come, so that an operator can check the
 * configuration.
 */
#include "gateway/answers/incident_id.h"
#include "gateway/clock.h"
#include "gateway/commands/command.h"
#include "gateway/commands/home_list.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/condition/expected.h"
#include "spool/ledger/ledger_incidents.h"

/* Sets a member to the open A112 of the last due time; null if there is none. */
static bool set_incident(struct gateway *gateway, const struct expectation *expect, const struct expected *found,
                         json_t *row, GError **error)
{
    g_autofree char *subject = expected_subject(expect, &found->last);
    g_autofree struct ledger_incident *incident = NULL;
    char id[INCIDENT_ID_SIZE];

    if (!ledger_incident_newest(gateway->ledger, "A112", subject, &incident, error))
        return false;
    bool open = incident != NULL && incident->closed == 0;
    output_set_text(row, "incident", open ? incident_id(incident->id, id) : NULL);
    return true;
}

static void set_settings(const struct expectation *expect, json_t *row)
{
    char by[EXPECTATION_TIME_SIZE], from[EXPECTATION_TIME_SIZE];

    expectation_print_time(expect->by, by);
    expectation_print_time(expect->from, from);
    output_set_text(row, "name", expect->name);
    output_set_text(row, "party", expect->party);
    output_set_text(row, "type", expect->type);
    output_set_number(row, "count", expect->count);
    output_set_text(row, "from", from);
    output_set_text(row, "by", by);
    output_set_text(row, "zone", expect->zone_name);
    output_set_text(row, "days", expect->days_text);
}

static bool add(struct gateway *gateway, const struct expectation *expect, struct output_list *rows, GError **error)
{
    struct expected found;
    json_t *row = json_object();

    set_settings(expect, row);
    if (!expected_find(gateway, expect, clock_now(), &found, error) ||
        !set_incident(gateway, expect, &found, row, error)) {
        json_decref(row);
        return false;
    }
    output_set(row, "last_due", command_json_instant(found.last.at));
    output_set_number(row, "accepted", found.came.accepted);
    output_set_number(row, "rejected", found.came.rejected);
    output_set_number(row, "waiting", found.came.waiting);
    output_set_text(row, "state", expected_state(expect, &found));
    output_set(row, "next_due", command_json_instant(found.next.at));
    output_set_number(row, "next_accepted", found.ahead.accepted);
    output_set_number(row, "next_waiting", found.ahead.waiting);
    output_list_add(rows, row);
    return true;
}

static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    const GPtrArray *expectations = access->config->expectations;

    (void)user; /* the list has no options */
    for (guint i = 0; i < expectations->len; i++) {
        if (!add(&access->gateway, expectations->pdata[i], rows, error))
            return false;
    }
    return true;
}

int command_expect_list(struct invocation *invocation)
{
    static const char *const columns[] = {"name",     "party", "type",     "count",         "last_due",
                                          "accepted", "state", "next_due", "next_accepted", NULL};
    static const struct home_list list = {
        add_all, NULL, columns,
        "the configuration has no [expect NAME]: what should come, and by when; see 'man ecosgate.conf'",
        OUTPUT_MOST_ROWS};

    return command_arguments(invocation, NULL, 0, 0) ? home_list_print(invocation, &list) : EXIT_UNABLE;
}
