/* The command `batch show`: how far the work of one instruction is, by state, and what each state waits for. */
#include "gateway/commands/batch.h"
#include "gateway/commands/command.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_outgoing.h"

#include <string.h>

/* Why no work order is made for the batch: an operator holds it, or no work order is made at all. NULL: nothing. */
static bool find_hindrance(struct gateway *gateway, const struct ledger_batch *batch, char **text, GError **error)
{
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_BATCH, .number = batch->job};

    return explain_hold(gateway, &hold, text, error) && (*text != NULL || explain_orders_outage(gateway, text, error));
}

/* What Devices in a state wait for; NULL: for nothing, it is an end. */
static const char *waits_for(enum ledger_state state, const char *hindrance)
{
    switch (state) {
    case LEDGER_READY:
        return hindrance != NULL ? hindrance : "the next work order (EMW)";
    case LEDGER_RETRY_WAIT:
        return hindrance != NULL ? hindrance : "the next try";
    case LEDGER_DISPATCHED:
        return "the result (EMT) of the TCoS Service Provider";
    case LEDGER_CONFIRM_PENDING:
        return "what the other side states (EMT or EMC)";
    case LEDGER_CONFIRM_MISMATCH:
        return "one side to correct itself, or `ecosgate device end`";
    default:
        return NULL;
    }
}

/* Collects the states. */
struct states {
    json_t *rows;
    const char *hindrance;
};

static bool add_state(void *user, const char *name, int64_t n, GError **error)
{
    struct states *s = user;
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "state", name);
    output_set_number(row, "devices", n);
    output_set(row, "waits_for", NULL);
    for (int state = 0; state < LEDGER_STATES; state++)
        if (strcmp(ledger_state_name((enum ledger_state)state), name) == 0)
            output_set_text(row, "waits_for", waits_for((enum ledger_state)state, s->hindrance));
    (void)json_array_append_new(s->rows, row); /* fails only without memory, which ends the program */
    return true;
}

static bool add_code(void *user, const char *code, int64_t n, GError **error)
{
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_text(row, "code", code);
    output_set_number(row, "devices", n);
    (void)json_array_append_new(user, row); /* fails only without memory, which ends the program */
    return true;
}

static bool add_orders(struct ledger *ledger, const struct ledger_batch *batch, json_t *rows, GError **error)
{
    g_autoptr(GPtrArray) actions = NULL;

    if (!ledger_actions_of(ledger, batch->job, &actions, error))
        return false;
    for (guint i = 0; i < actions->len; i++) {
        const struct ledger_action *action = actions->pdata[i];
        json_t *row = json_object();
        output_set(row, "at", command_json_instant(action->at));
        output_set_text(row, "who", action->who);
        output_set_text(row, "verb", action->verb);
        output_set_text(row, "reason", action->reason);
        output_set_text(row, "result", action->result);
        (void)json_array_append_new(rows, row); /* fails only without memory, which ends the program */
    }
    return true;
}

static void set_numbers(json_t *object, const struct ledger_batch *batch)
{
    output_set_number(object, "accepted", batch->accepted);
    output_set_number(object, "rejected", batch->rejected);
    output_set_number(object, "deferred", batch->deferred);
    output_set_number(object, "ended", batch->ended);
    output_set_number(object, "open", batch->accepted - batch->ended);
    output_set_number(object, "withdrawn", batch->withdrawn);
}

static bool fill(struct gateway *gateway, const struct ledger_batch *batch, json_t *object, GError **error)
{
    g_autofree char *name = batch_name(batch), *hindrance = NULL, *held = NULL;
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_BATCH, .number = batch->job};
    struct states states = {.rows = json_array()};
    json_t *codes = json_array(), *orders = json_array();

    output_set_text(object, "batch", name);
    output_set(object, "job", command_json_job(batch->job));
    output_set_text(object, "file", batch->name);
    output_set(object, "judged_at", command_json_instant(batch->judged_at));
    output_set_text(object, "verdict", batch->outcome);
    set_numbers(object, batch);
    bool good = explain_hold(gateway, &hold, &held, error);
    output_set_text(object, "held", held);
    output_set(object, "states", states.rows);
    output_set(object, "codes", codes);
    output_set(object, "actions", orders);
    if (!good || !find_hindrance(gateway, batch, &hindrance, error))
        return false;
    states.hindrance = hindrance;
    return ledger_batch_states_each(gateway->ledger, batch, add_state, &states, error) &&
           ledger_batch_codes_each(gateway->ledger, batch, add_code, codes, error) &&
           add_orders(gateway->ledger, batch, orders, error);
}

static void print_batch(bool json, json_t *object)
{
    static const char *const states[] = {"state", "devices", "waits_for", NULL};
    static const char *const codes[] = {"code", "devices", NULL};
    static const char *const orders[] = {"at", "who", "verb", "reason", "result", NULL};

    if (json) {
        command_print_json(object);
        return;
    }
    output_print(object);
    output_section("\nDevices", json_object_get(object, "states"), states);
    output_section("\ncodes", json_object_get(object, "codes"), codes);
    output_section("\noperators' orders", json_object_get(object, "actions"), orders);
    json_decref(object);
}

int command_batch_show(struct invocation *invocation)
{
    g_autofree struct ledger_batch *batch = NULL;
    struct read_access access;
    GError *error = NULL;

    if (!command_arguments(invocation, NULL, 1, 1) || !read_access_open(&access, invocation))
        return EXIT_UNABLE;
    json_t *object = json_object();
    bool good = batch_find(&access, invocation->command, invocation->argv[0], &batch, &error) &&
                (batch == NULL || fill(&access.gateway, batch, object, &error));
    read_access_close(&access);
    if (good && batch != NULL) {
        print_batch(invocation->json, object);
        return EXIT_GOOD;
    }
    json_decref(object);
    return good ? EXIT_REFUSED : command_unable(error);
}
