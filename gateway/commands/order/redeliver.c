/*
 * The commands `redeliver` and `report redeliver`, which are one: an operator's order, for a recipient that has lost
 * files of the gateway, or has never got one that counts as delivered by conclusion. The files are chosen here; the
 * order names each, so that it means the same whenever it is carried out.
 */
#include "formats/eui64.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
#include "spool/ledger/ledger_outgoing.h"

#include <string.h>

#define COMMAND "redeliver"

/* The options, for one call of the program. */
static struct {
    char *batch, *recipient, *type, *since, *until;
} options;

static const GOptionEntry entries[] = {
    {"batch", 0, 0, G_OPTION_ARG_STRING, &options.batch, "the answers, outcomes and work orders of this batch",
     "BATCH"},
    {"recipient", 0, 0, G_OPTION_ARG_STRING, &options.recipient, "of this recipient", "PARTY|MPID|EUI-64"},
    {"type", 0, 0, G_OPTION_ARG_STRING, &options.type, "of this type: EMA, EMD, EMW, EMO, INC or a report", "TYPE"},
    {"since", 0, 0, G_OPTION_ARG_STRING, &options.since, "delivered at that time or later", "TIME"},
    {"until", 0, 0, G_OPTION_ARG_STRING, &options.until, "delivered before that time", "TIME"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

static struct ledger_outgoing_choice choice;

/* ---- by name ---- */

/* Each name once: a file that is named twice goes out once. g_strfreev. */
static char **each_once(char *const *names)
{
    g_autoptr(GPtrArray) once = g_ptr_array_new();

    for (; *names != NULL; names++)
        if (!g_ptr_array_find_with_equal_func(once, *names, g_str_equal, NULL))
            g_ptr_array_add(once, g_strdup(*names));
    g_ptr_array_add(once, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&once), FALSE);
}

static bool parse_files(char *const *arguments, struct order *order)
{
    static const struct selection type = {COMMAND, "type"};
    bool chosen = options.batch != NULL || options.recipient != NULL || options.type != NULL || options.since != NULL ||
                  options.until != NULL;

    if (!selection_word(&type, "type of outgoing files", words_outgoing_types(), &options.type) ||
        !selection_time(COMMAND, "since", options.since, &choice.since) ||
        !selection_time(COMMAND, "until", options.until, &choice.until))
        return false;
    if (chosen != (arguments[0] != NULL)) {
        order->list = chosen ? NULL : each_once(arguments);
        return true;
    }
    g_printerr(
        chosen ? "ecosgate: redeliver: files are named, and others are chosen; give names, or --batch, --recipient, "
                 "--type, --since and --until\n"
               : "ecosgate: redeliver: nothing is chosen; give the names of files, or at least one of --batch, "
                 "--recipient, --type, --since, --until\n");
    return false;
}

/* *exists: all of them do, else the first that does not is named. */
static bool find_named(struct read_access *access, const struct order *order, bool *exists, GError **error)
{
    for (char **name = order->list; *exists && *name != NULL; name++) {
        g_autofree struct ledger_outgoing *file = NULL;
        if (!ledger_outgoing_named(access->gateway.ledger, *name, &file, error))
            return false;
        *exists = file != NULL;
        if (!*exists) {
            g_autofree char *shown = command_shown(*name);
            g_printerr(
                "ecosgate: redeliver: there is no outgoing file '%s'; 'ecosgate spool show' lists those of a job, "
                "'ecosgate report list' those of reports\n",
                shown);
        }
    }
    return true;
}

/* ---- by what they are ---- */

/* Sets the conditions that need the ledger. */
static bool read_choice(struct read_access *access, char recipient[EUI64_TEXT_SIZE], GError **error)
{
    static const char *const roles[] = {"SUPPLIER", "MAP", NULL};
    static const struct selection_party to = {
        {COMMAND, "recipient"},
        true,
        roles,
        "no [party] of the configuration, no MPID in the newest PTY, and no EUI-64"};
    static const struct selection of_batch = {COMMAND, "batch"};
    g_autofree struct ledger_batch *batch = NULL;
    uint64_t id = 0;

    choice.kind = options.type;
    if (!selection_party(access, &to, options.recipient, &id, error) ||
        !selection_batch(access, &of_batch, options.batch, &batch, error))
        return false;
    if (options.recipient != NULL) {
        eui64_print(id, recipient);
        choice.recipient = recipient;
    }
    if (batch != NULL) {
        choice.job = batch->job;
        choice.first_item = batch->first_item;
        choice.items = batch->items;
    }
    return true;
}

static bool choose(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    char recipient[EUI64_TEXT_SIZE];
    g_autoptr(GPtrArray) names = NULL;

    if (!read_choice(access, recipient, error))
        return false;
    if (!ledger_outgoing_choose(access->gateway.ledger, &choice, ORDER_MOST_LISTED + 1, &names, error))
        return false;
    *exists = names->len > 0 && names->len <= ORDER_MOST_LISTED;
    if (names->len == 0)
        g_printerr(
            "ecosgate: redeliver: no file that was delivered fits; 'ecosgate spool list' and 'ecosgate spool show' "
            "list them\n");
    else if (!*exists)
        g_printerr("ecosgate: redeliver: more than %d files fit; one order names at most so many: narrow the time\n",
                   ORDER_MOST_LISTED);
    g_ptr_array_add(names, NULL);
    order->list = *exists ? g_strdupv((char **)names->pdata) : NULL;
    return true;
}

static bool find_files(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    *exists = true;
    if (!(order->list != NULL ? find_named(access, order, exists, error) : choose(access, order, exists, error)))
        return false;
    if (!*exists)
        return true;
    order->file = order->list[0]; /* which owns it */
    return true;
}

int command_redeliver(struct invocation *invocation)
{
    static const struct order_target target = {"why", 0, parse_files, find_files, NULL, ORDER_PLAIN};
    static const struct order_choice chosen = {G_MAXINT, entries};

    int status = order_give_chosen(invocation, ORDER_REDELIVER, &target, &chosen);
    g_free(options.batch);
    g_free(options.recipient);
    g_free(options.type);
    g_free(options.since);
    g_free(options.until);
    return status;
}

int command_report_redeliver(struct invocation *invocation)
{
    return command_redeliver(invocation);
}
