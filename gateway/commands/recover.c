/*
 * The command `recover`: an order to go on with a ledger that is not the newest (A109); with --list, what each did. It
 * looks into the drops itself, for their claims may know more than witness and ledger, and a drop that hangs must not
 * hold up the gateway.
 */
#include "gateway/commands/claim_seen.h"
#include "gateway/commands/home_list.h"
#include "gateway/commands/order/order.h"
#include "spool/ledger/ledger_recovery.h"

#include <string.h>

static bool parse_nothing(char *const *arguments, struct order *order)
{
    (void)arguments, (void)order; /* the order is about the whole gateway */
    return true;
}

/* Adds the name of the drop and its claim, or says that it cannot be read. */
static void look_into(const struct claim_viewer *viewer, const struct drop *drop, GPtrArray *claims)
{
    struct claim_seen seen;

    claim_seen_look(&seen, drop, viewer);
    if (seen.witness != NULL) {
        g_ptr_array_add(claims, g_strdup(drop->name));
        g_ptr_array_add(claims, witness_print(seen.witness));
    } else if (seen.key != NULL || strcmp(seen.word, "unreadable") == 0) {
        g_printerr("ecosgate: recover: the claim in drop %s is not known, and if it knows more than the rest, the next "
                   "'ecosgate run' says A109 again: %s\n",
                   drop->name, seen.text);
    }
    claim_seen_clear(&seen);
}

static bool find_home(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autoptr(GPtrArray) claims = g_ptr_array_new();
    struct claim_viewer viewer;

    if (access->config->profile_faults != NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY,
                    "recover reads the names of all files in the spool, so it needs every profile of the "
                    "configuration; mend the faults above");
        return false;
    }

    (void)error; /* whether it can be carried out is decided when it is */
    claim_viewer_init(&viewer, &access->gateway);
    for (guint i = 0; i < access->config->drops->len; i++)
        look_into(&viewer, access->config->drops->pdata[i], claims);
    g_ptr_array_add(claims, NULL);
    order->claims = (char **)g_ptr_array_free(g_steal_pointer(&claims), FALSE);
    *exists = true;
    return true;
}

static bool add_recovery(void *user, const struct ledger_recovery *recovery, GError **error)
{
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    output_set_number(row, "recovery", recovery->id);
    output_set(row, "at", command_json_instant(recovery->at));
    output_set_text(row, "who", recovery->who);
    output_set_text(row, "reason", recovery->reason);
    output_set_number(row, "generation", recovery->generation);
    output_set(row, "first_job", command_json_job(recovery->first_job));
    output_set_number(row, "jobs", recovery->jobs);
    output_set_number(row, "numbers", recovery->numbers);
    output_set_number(row, "withheld", recovery->withheld);
    output_set_number(row, "work_orders", recovery->work_orders);
    output_set_text(row, "cause", recovery->cause);
    output_list_add(user, row);
    return true;
}

static bool add_recoveries(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    (void)user; /* the list has no options of its own */
    return ledger_recoveries_each(access->gateway.ledger, add_recovery, rows, error);
}

static int list(struct invocation *invocation)
{
    static const char *const columns[] = {"recovery", "at",      "who",      "reason",      "generation", "first_job",
                                          "jobs",     "numbers", "withheld", "work_orders", "cause",      NULL};
    gboolean wanted = FALSE;
    const GOptionEntry entries[] = {
        {"list", 0, 0, G_OPTION_ARG_NONE, &wanted, "show the recoveries so far, and what each did", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    static const struct home_list recoveries = {add_recoveries, NULL, columns, "no recoveries", OUTPUT_MOST_ROWS};

    return command_arguments(invocation, entries, 0, 0) ? home_list_print(invocation, &recoveries) : EXIT_UNABLE;
}

int command_recover(struct invocation *invocation)
{
    static const struct order_target target = {"recover --list", 0, parse_nothing, find_home, NULL, ORDER_PLAIN};

    for (int i = 0; i < invocation->argc; i++) {
        if (strcmp(invocation->argv[i], "--list") == 0)
            return list(invocation);
    }
    return order_give(invocation, ORDER_RECOVER, &target);
}
