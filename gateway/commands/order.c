#include "gateway/commands/order.h"

#include "gateway/clock.h"
#include "gateway/commands/output.h"
#include "gateway/answers/incidents.h"
#include "spool/ledger/ledger_actions.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)
enum { PATIENCE_SECONDS = 30, POLL_US = 100000 };

/* Who gives the order: the person behind sudo, too. */
static char *who_asks(void)
{
    const char *behind = g_getenv("SUDO_USER");

    return behind != NULL && *behind != '\0' ? g_strdup_printf("%s as %s", behind, g_get_user_name())
                                             : g_strdup(g_get_user_name());
}

/* Carries out what waits when nobody else is there to do it; *taken: the lock was ours. */
static bool try_ourselves(const struct read_access *access, bool *taken, GError **error)
{
    struct gateway writer;
    GError *fault = NULL;

    *taken = gateway_open(&writer, access->config, GATEWAY_WRITER, &fault);
    if (*taken) {
        bool good = orders_carry_out(&writer, error);
        gateway_close(&writer);
        return good;
    }
    if (g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_error_free(fault);
        return true;
    }
    g_propagate_error(error, fault);
    return false;
}

/* *done: the order has its outcome in the ledger. The lock is tried each time, for the gateway that
 * had it may end without having seen the order. */
static bool wait_for(const struct read_access *access, const struct order *order, bool *done, GError **error)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * SECOND;
    bool taken = false;

    for (*done = false; !*done && !taken;) {
        if (!try_ourselves(access, &taken, error) ||
            !ledger_action_exists(access->gateway.ledger, order->id, done, error))
            return false;
        if (clock_monotonic() > until)
            break;
        if (!*done && !taken)
            g_usleep(POLL_US);
    }
    return true;
}

/* What it is about, for people: "job 00000012", "incident INC-000012". */
static char *about(const struct order *order)
{
    char id[INCIDENT_ID_SIZE];

    if (order->verb == ORDER_REDELIVER)
        return g_strdup(order->file);
    return order->verb == ORDER_CLOSE ? g_strdup_printf("incident %s", incident_id(order->incident, id))
                                      : g_strdup_printf("job %08" G_GINT64_FORMAT, order->job);
}

static void print_json(const struct ledger_action *action)
{
    char job[JOB_ID_SIZE], incident[INCIDENT_ID_SIZE];
    json_t *fact = json_object();

    if (action->incident != 0)
        output_set_text(fact, "incident", incident_id(action->incident, incident));
    else
        job_id_print(action->job, job);
    if (action->incident == 0)
        output_set_text(fact, "job", job);
    output_set_text(fact, "verb", action->verb);
    output_set_text(fact, "reason", action->reason);
    output_set_text(fact, "who", action->who);
    output_set(fact, "at", command_json_instant(action->at));
    output_set_text(fact, "result", action->result);
    command_print_json(fact);
}

static void print_action(const struct invocation *invocation, const struct order *order,
                         const struct ledger_action *action)
{
    g_autofree char *what = about(order);

    if (invocation->json)
        print_json(action);
    else if (strcmp(action->result, ORDER_DONE) == 0)
        printf("%s: %s done\n", what, action->verb);
    else
        g_printerr("ecosgate: %s not done: %s\n", action->verb, action->result);
}

static int tell_result(const struct read_access *access, const struct invocation *invocation, const struct order *order)
{
    g_autofree struct ledger_action *action = NULL;
    GError *error = NULL;

    if (!ledger_action_get(access->gateway.ledger, order->id, &action, &error))
        return command_unable(error);
    if (action == NULL) {
        g_printerr("ecosgate: the order %s is not in the ledger; give it again\n", order->id);
        return EXIT_UNABLE;
    }
    print_action(invocation, order, action);
    return strcmp(action->result, ORDER_DONE) == 0 ? EXIT_GOOD : EXIT_REFUSED;
}

static int give(const struct read_access *access, const struct invocation *invocation, struct order *order,
                const struct order_target *target)
{
    GError *error = NULL;
    bool done, there;

    if (!target->find(access, order, &there, &error))
        return command_unable(error);
    if (!there)
        return EXIT_REFUSED;
    if (!orders_write(&access->gateway, order, &error))
        return command_unable(error);
    if (!wait_for(access, order, &done, &error)) {
        g_printerr("ecosgate: the order stands in %s/%s and is carried out by the next run\n",
                   spool_orders_dir(access->gateway.spool), order->id);
        return command_unable(error);
    }
    if (done)
        return tell_result(access, invocation, order);
    g_autofree char *what = about(order);
    g_printerr("ecosgate: the gateway has not carried out the order within %d seconds; it stands in %s/%s, and "
               "'ecosgate %s' tells of the %s when it is done\n",
               PATIENCE_SECONDS, spool_orders_dir(access->gateway.spool), order->id, target->shown_by, what);
    return EXIT_UNABLE;
}

/* The reason as given, without spaces around it; NULL when there is none, which is told. */
static char *required_reason(char *reason, const char *command)
{
    if (reason != NULL && *g_strstrip(reason) != '\0')
        return reason;
    g_printerr("ecosgate: %s: expected --reason TEXT, not empty: it is kept and shown\n", command);
    g_free(reason);
    return NULL;
}

int order_give(const struct invocation *invocation, enum order_verb verb, const struct order_target *target)
{
    char *given = NULL;
    const GOptionEntry entries[] = {
        {"reason", 0, 0, G_OPTION_ARG_STRING, &given, "why; it is kept and shown", "TEXT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct invocation rest = *invocation;
    struct read_access access;
    struct order order = {.verb = verb, .at = clock_now()};
    g_autofree char *command = g_strdup_printf("%s %s", target->command, order_verb_name(verb));
    g_autofree char *usage = g_strdup_printf("%s ID --reason TEXT", command);
    int left = command_options(&rest, usage, entries);

    if (left != 1) {
        g_free(given);
        return left < 0 ? EXIT_UNABLE : command_usage(usage);
    }
    if (!target->parse(rest.argv[0], &order)) {
        g_free(given);
        return EXIT_UNABLE;
    }
    g_autofree char *reason = required_reason(given, command);
    g_autofree char *who = who_asks();
    order.reason = reason;
    order.who = who;
    if (reason == NULL || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    int status = give(&access, invocation, &order, target);
    read_access_close(&access);
    g_free(order.id);
    return status;
}
