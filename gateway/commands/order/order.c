/*
 * An order must work beside a running gateway and without one. So it is always written as a file first. Then the
 * command tries to become the writer: if the lock is free it carries out all waiting orders; if not, the gateway that
 * holds the lock does, and the command waits for the result in the ledger. Only the owner of the spool becomes the
 * writer: the gateway could not change what another user, root included, has made there. Others wait for a gateway.
 */
#include "gateway/commands/order/order.h"

#include "gateway/answers/incident_id.h"
#include "gateway/clock.h"
#include "gateway/pipeline/watches/clock_watch.h"
#include "gateway/commands/output.h"
#include "gateway/pipeline/pickup/pickup.h"
#include "gateway/pipeline/recovery/quick_check.h"
#include "gateway/pipeline/recovery/places.h"
#include "gateway/pipeline/retention/purge.h"
#include "spool/ledger/ledger_actions.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000) /* microseconds */
enum { PATIENCE_SECONDS = 30, POLL_US = 100000 };

/* Carries out all waiting orders if no gateway runs. *taken: the lock was free. */
static bool try_ourselves(const struct read_access *access, bool *taken, GError **error)
{
    struct gateway writer;
    GError *cause = NULL;

    *taken = gateway_open(&writer, access->config, GATEWAY_WRITER, &cause);
    if (*taken) {
        bool good = (writer.fault.kind != LEDGER_SOUND || pickup_settle_incoming(&writer, error)) &&
                    places_heal(&writer, error) && clock_watch_set(&writer, error) &&
                    orders_carry_out(&writer, error) && purge_finish(&writer, clock_now(), error);
        if (good)
            quick_check_end(&writer, NULL);
        gateway_close(&writer);
        return good;
    }
    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_LOCKED)) {
        g_error_free(cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* For another user than the spool's. *idle: no gateway holds the lock; one that we may not look at counts as held. */
static bool look_at_lock(const struct read_access *access, bool *idle, GError **error)
{
    int64_t pid = -1;

    if (!spool_writer(access->gateway.spool, &pid, error))
        return false;
    *idle = pid == 0;
    return true;
}

/* *done: the ledger has the order's result. The lock is tried in each round: the gateway that had it may end before it
 * has seen the order. *idle: nobody carries it out now, for it is another user's gateway, and that does not run. */
static bool wait_for(const struct read_access *access, const struct order *order, bool *done, bool *idle,
                     GError **error)
{
    int64_t until = clock_monotonic() + PATIENCE_SECONDS * SECOND;
    bool ours = disk_is_own(spool_dir(access->gateway.spool)), taken = false;

    for (*done = *idle = false; !*done && !taken && !*idle;) {
        /* The lock first: what is not in the ledger after that, nobody carries out. */
        if (!(ours ? try_ourselves(access, &taken, error) : look_at_lock(access, idle, error)) ||
            !ledger_action_exists(access->gateway.ledger, order->id, done, error))
            return false;
        if (clock_monotonic() > until)
            break;
        if (!*done && !taken && !*idle)
            g_usleep(POLL_US);
    }
    return true;
}

/* Sets the member of a key. */
static void set_key(json_t *object, const struct order *order, const struct ledger_action *action,
                    const struct order_key *key)
{
    char id[INCIDENT_ID_SIZE];

    if (strcmp(key->json, "job") == 0)
        output_set(object, key->json, command_json_job(action->job));
    else if (key->form == ORDER_KEY_ID)
        output_set_text(object, key->json, incident_id(action->incident, id));
    else if (key->form == ORDER_KEY_NUMBER)
        output_set_number(object, key->json, *order_number(order, key));
    else
        output_set_text(object, key->json, *order_text(order, key));
}

/* All things that the order names. */
static json_t *list_json(char *const *list)
{
    json_t *names = json_array();

    for (; *list != NULL; list++)
        (void)json_array_append_new(names, json_string(*list)); /* fails only without memory, which ends the program */
    return names;
}

static void print_json(const struct order *order, const struct ledger_action *action)
{
    json_t *object = json_object();
    size_t n;
    const struct order_key *keys = order_keys(&n);

    for (size_t i = 0; i < n; i++)
        if (keys[i].json != NULL && order_has_key(order->verb, &keys[i]))
            set_key(object, order, action, &keys[i]);
    if (order->list != NULL)
        output_set(object, "list", list_json(order->list));
    output_set_text(object, "verb", action->verb);
    output_set_text(object, "reason", action->reason);
    output_set_text(object, "who", action->who);
    output_set(object, "at", command_json_instant(action->at));
    output_set_text(object, "result", action->result);
    command_print_json(object);
}

static void print_action(const struct invocation *invocation, const struct order *order,
                         const struct ledger_action *action)
{
    const struct order_kind *kind = order_kind(order->verb);
    g_autofree char *what = kind->about(order);
    g_auto(GStrv) words = g_strsplit(kind->command, " ", -1); /* "drop pause" of "drop mcc" is a pause */

    if (invocation->json)
        print_json(order, action);
    else if (order_is_done(action->result))
        printf("%s: %s %s%s%s\n", what, words[words[1] != NULL ? 1 : 0], action->result, kind->next != NULL ? "; " : "",
               kind->next != NULL ? kind->next : "");
    else
        g_printerr("ecosgate: %s: %s\n", invocation->command, action->result);
}

static int print_result(const struct read_access *access, const struct invocation *invocation,
                        const struct order *order)
{
    g_autofree struct ledger_action *action = NULL;
    GError *error = NULL;

    if (!ledger_action_get(access->gateway.ledger, order->id, &action, &error))
        return command_unable(error);
    if (action == NULL) {
        g_printerr("ecosgate: the ledger has no result of the order %s; give the order again\n", order->id);
        return EXIT_UNABLE;
    }
    print_action(invocation, order, action);
    return order_is_done(action->result) ? EXIT_GOOD : EXIT_REFUSED;
}

int order_give_made(struct read_access *access, const struct invocation *invocation, struct order *order,
                    const char *shown_by)
{
    GError *error = NULL;
    bool done, idle;

    if (!disk_may_order(spool_orders_dir(access->gateway.spool), &error) ||
        !orders_write(&access->gateway, order, &error))
        return command_unable(error);
    if (!wait_for(access, order, &done, &idle, &error)) {
        g_printerr("ecosgate: the order waits in %s/%s; the next 'ecosgate run' carries it out\n",
                   spool_orders_dir(access->gateway.spool), order->id);
        return command_unable(error);
    }
    if (done)
        return print_result(access, invocation, order);
    g_autofree char *what = order_kind(order->verb)->about(order);
    if (idle)
        g_printerr("ecosgate: %s: the gateway does not run; the order waits in %s/%s, and the next 'ecosgate run' "
                   "carries it out\n",
                   what, spool_orders_dir(access->gateway.spool), order->id);
    else
        g_printerr("ecosgate: %s: the running gateway has not carried out the order within %d seconds; the order waits "
                   "in %s/%s, see 'ecosgate %s' for its result\n",
                   what, PATIENCE_SECONDS, spool_orders_dir(access->gateway.spool), order->id, shown_by);
    return EXIT_UNABLE;
}

static int give(struct read_access *access, const struct invocation *invocation, struct order *order,
                const struct order_target *target)
{
    GError *error = NULL;
    bool exists;

    if (!target->find(access, order, &exists, &error))
        return command_unable(error);
    return exists ? order_give_made(access, invocation, order, target->shown_by) : EXIT_REFUSED;
}

char *order_reason(char *reason, const char *command)
{
    if (reason != NULL && *g_strstrip(reason) != '\0')
        return reason;
    g_printerr("ecosgate: %s: there is no reason; give --reason TEXT, it is kept with the order and shown\n", command);
    g_free(reason);
    return NULL;
}

/* What target->parse and target->find have set; the rest belongs to others. */
static void clear_found(struct order *order)
{
    g_free(order->id);
    g_free(order->claim);
    g_free(order->batch);
    g_strfreev(order->claims);
    g_strfreev(order->list);
}

/* What the options set. */
struct given {
    char *reason, *as;
    gboolean in, out, forget;
};

/* The options of an order; g_array_unref. */
static GArray *options_of(const struct order_target *target, const struct order_choice *choice, struct given *given)
{
    const GOptionEntry reason = {
        "reason", 0, 0, G_OPTION_ARG_STRING, &given->reason, "why; kept with the order and shown", "TEXT"};
    const GOptionEntry as = {"as", 0, 0, G_OPTION_ARG_STRING, &given->as, "what it ends as", target->as};
    const GOptionEntry directions[] = {{"in", 0, 0, G_OPTION_ARG_NONE, &given->in, "only what comes in", NULL},
                                       {"out", 0, 0, G_OPTION_ARG_NONE, &given->out, "only what goes out", NULL}};
    const GOptionEntry forgets = {
        "forget-lost", 0, 0, G_OPTION_ARG_NONE, &given->forget, "no file of a lost number will come any more", NULL};
    GArray *entries = g_array_new(TRUE, FALSE, sizeof(GOptionEntry)); /* ends with an empty one */

    for (const GOptionEntry *own = choice != NULL ? choice->options : NULL; own != NULL && own->long_name != NULL;
         own++)
        g_array_append_vals(entries, own, 1);
    g_array_append_val(entries, reason);
    if (target->as != NULL)
        g_array_append_val(entries, as);
    if (target->options == ORDER_DIRECTIONS)
        g_array_append_vals(entries, directions, G_N_ELEMENTS(directions));
    if (target->options == ORDER_FORGET_LOST)
        g_array_append_val(entries, forgets);
    return entries;
}

int order_give_chosen(struct invocation *invocation, enum order_verb verb, const struct order_target *target,
                      const struct order_choice *choice)
{
    struct given given = {NULL};
    g_autoptr(GArray) entries = options_of(target, choice, &given);
    struct read_access access;
    struct order order = {.verb = verb, .at = clock_now()};
    int most = choice != NULL ? choice->most_arguments : target->n_arguments, status = EXIT_UNABLE;

    bool good = command_arguments(invocation, entries->data, target->n_arguments, most);
    g_autofree char *as = given.as;
    order.as = as;
    if (given.forget)
        order.verb = ORDER_SEQUENCE_FORGET;
    if (target->options == ORDER_DIRECTIONS)
        order.direction = (char *)(given.in == given.out ? "both" : given.in ? "in" : "out");
    good = good && target->parse(invocation->argv, &order);
    g_autofree char *reason = good ? order_reason(g_steal_pointer(&given.reason), invocation->command) : NULL;
    order.reason = reason;
    if (reason != NULL && read_access_open(&access, invocation)) {
        if (!command_refuses_now(invocation, access.config))
            status = give(&access, invocation, &order, target);
        read_access_close(&access);
    }
    clear_found(&order);
    g_free(given.reason);
    return status;
}

int order_give(struct invocation *invocation, enum order_verb verb, const struct order_target *target)
{
    return order_give_chosen(invocation, verb, target, NULL);
}
