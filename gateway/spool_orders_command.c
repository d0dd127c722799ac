#include "gateway/spool_command.h"

#include "gateway/clock.h"
#include "gateway/facts.h"
#include "gateway/looking.h"

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
static bool try_ourselves(const struct looking *looking, bool *taken, GError **error)
{
    struct gateway writer;
    GError *fault = NULL;

    *taken = gateway_open(&writer, looking->config, GATEWAY_WRITER, &fault);
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
static bool wait_for(const struct looking *looking, const struct order *order, bool *done, GError **error)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * SECOND;
    bool taken = false;

    for (*done = false; !*done && !taken;) {
        if (!try_ourselves(looking, &taken, error) ||
            !ledger_action_exists(looking->gateway.ledger, order->id, done, error))
            return false;
        if (clock_monotonic() > until)
            break;
        if (!*done && !taken)
            g_usleep(POLL_US);
    }
    return true;
}

static void print_action(const struct invocation *invocation, const struct ledger_action *action)
{
    if (invocation->json) {
        char id[JOB_ID_SIZE];
        json_t *fact = json_object();
        job_id_print(action->job, id);
        facts_set_text(fact, "job", id);
        facts_set_text(fact, "verb", action->verb);
        facts_set_text(fact, "reason", action->reason);
        facts_set_text(fact, "who", action->who);
        facts_set(fact, "at", command_json_instant(action->at));
        facts_set_text(fact, "result", action->result);
        command_print_json(fact);
    } else if (strcmp(action->result, ORDER_DONE) == 0) {
        printf("job %08" G_GINT64_FORMAT ": %s done\n", action->job, action->verb);
    } else {
        g_printerr("ecosgate: %s not done: %s\n", action->verb, action->result);
    }
}

static int tell_result(const struct looking *looking, const struct invocation *invocation, const struct order *order)
{
    g_autoptr(GPtrArray) actions = NULL;
    GError *error = NULL;

    if (!ledger_actions_of(looking->gateway.ledger, order->job, &actions, &error))
        return command_unable(error);
    for (guint i = 0; i < actions->len; i++) {
        const struct ledger_action *action = actions->pdata[i];
        if (strcmp(action->order_id, order->id) != 0)
            continue;
        print_action(invocation, action);
        return strcmp(action->result, ORDER_DONE) == 0 ? EXIT_GOOD : EXIT_REFUSED;
    }
    g_printerr("ecosgate: the order %s is not in the ledger; 'ecosgate spool show %08" G_GINT64_FORMAT
               "' lists those of the job\n",
               order->id, order->job);
    return EXIT_UNABLE;
}

static int give_order(const struct looking *looking, const struct invocation *invocation, struct order *order)
{
    g_autofree struct ledger_job *job = NULL;
    GError *error = NULL;
    bool done;

    if (!ledger_job_get(looking->gateway.ledger, order->job, &job, &error))
        return command_unable(error);
    if (job == NULL)
        return spool_no_job(order->job);
    if (!orders_write(&looking->gateway, order, &error))
        return command_unable(error);
    if (!wait_for(looking, order, &done, &error)) {
        g_printerr("ecosgate: the order stands in %s/%s and is carried out by the next run\n",
                   spool_orders_dir(looking->gateway.spool), order->id);
        return command_unable(error);
    }
    if (done)
        return tell_result(looking, invocation, order);
    g_printerr("ecosgate: the gateway has not carried out the order within %d seconds; it stands "
               "in %s/%s, "
               "and 'ecosgate spool show %08" G_GINT64_FORMAT "' shows when it is done\n",
               PATIENCE_SECONDS, spool_orders_dir(looking->gateway.spool), order->id, order->job);
    return EXIT_UNABLE;
}

/* The reason as given, without spaces around it; NULL when there is none, which is told. */
static char *required_reason(char *reason, enum order_verb verb)
{
    if (reason != NULL && *g_strstrip(reason) != '\0')
        return reason;
    g_printerr("ecosgate: spool %s: expected --reason TEXT, not empty: it is kept with the job and shown\n",
               order_verb_name(verb));
    g_free(reason);
    return NULL;
}

int spool_order(const struct invocation *invocation, enum order_verb verb)
{
    char *given = NULL;
    const GOptionEntry entries[] = {
        {"reason", 0, 0, G_OPTION_ARG_STRING, &given, "why; kept with the job", "TEXT"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    struct invocation rest = *invocation;
    struct looking looking;
    struct order order = {.verb = verb, .at = clock_now()};
    g_autofree char *usage = g_strdup_printf("spool %s ID --reason TEXT", order_verb_name(verb));
    int left = command_options(&rest, usage, entries);

    if (left != 1) {
        g_free(given);
        return left < 0 ? EXIT_UNABLE : command_usage(usage);
    }
    if (!spool_parse_id(rest.argv[0], &order.job)) {
        g_free(given);
        return EXIT_UNABLE;
    }
    g_autofree char *reason = required_reason(given, verb);
    g_autofree char *who = who_asks();
    order.reason = reason;
    order.who = who;
    if (reason == NULL || !looking_open(&looking, invocation))
        return EXIT_UNABLE;
    int status = give_order(&looking, invocation, &order);
    looking_close(&looking);
    g_free(order.id);
    return status;
}
