/*
 * The command `device list`: the work items in one state, or those that are withheld, in the order in which the gateway
 * goes on with them.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/answers/cells.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"

static bool add_work(void *user, const struct ledger_work *work, GError **error)
{
    const struct ledger_session *s = &work->session;
    char device[EUI64_TEXT_SIZE], id[WORK_ITEM_ID_SIZE];
    json_t *row = json_object();

    (void)error; /* nothing here can fail */
    if (work->item.has_device)
        eui64_print(work->item.device, device);
    output_set_text(row, "device", work->item.has_device ? device : work->item.device_text);
    output_set_text(row, "device_type", work->item.device_type);
    output_set_text(row, "state", ledger_state_name(explain_state(work)));
    output_set_text(row, "work_item", work_item_id(work->org, work->batch, work->item.record, id));
    output_set_text(row, "code", work->has_session ? s->code : work->item.code);
    output_set(row, "withheld", json_boolean(work->withheld && explain_is_live(work)));
    output_set_number(row, "tries", s->try - s->unused);
    output_set(row, "due", command_json_instant(s->due));
    output_set(row, "next_eligible",
               command_json_instant(work->has_session ? s->next_eligible : work->item.next_eligible));
    output_list_add(user, row);
    return true;
}

/* The ledger sorts a million Devices faster when it need not give them all: one more than shown is enough. */
static int list_work(const struct invocation *invocation, struct ledger_in_state which)
{
    static const char *const columns[] = {"device",   "device_type", "state", "work_item",     "code",
                                          "withheld", "tries",       "due",   "next_eligible", NULL};
    g_autofree char *none =
        g_strdup_printf("no Device is %s", which.withheld ? "withheld" : ledger_state_name(which.state));
    struct read_access access;
    struct output_list list;
    GError *error = NULL;

    if (!read_access_open(&access, invocation))
        return EXIT_UNABLE;
    which.limit = invocation->json ? 0 : OUTPUT_MOST_ROWS + 1;
    output_list_begin(&list, invocation->json, OUTPUT_MOST_ROWS);
    bool good = ledger_work_in_state_each(access.gateway.ledger, &which, add_work, &list, &error);
    read_access_close(&access);
    if (!good) {
        output_list_drop(&list);
        return command_unable(error);
    }
    output_list_end(&list, columns, none);
    return EXIT_GOOD;
}

/* *name NULL: the option was not given. False: a message has been printed. */
static bool parse_state(char **name, enum ledger_state *state)
{
    static const struct selection of = {"device list", "state"};
    g_autofree char *states = words_joined(words_device_states());

    if (*name != NULL)
        return selection_word(&of, "state of a Device", words_device_states(), name) && ledger_state_find(*name, state);
    g_printerr("ecosgate: device list: --state is missing; give --withheld or a state, one of %s\n", states);
    return false;
}

int command_device_list(struct invocation *invocation)
{
    g_autofree char *name = NULL;
    gboolean withheld = FALSE;
    const GOptionEntry entries[] = {
        {"state", 0, 0, G_OPTION_ARG_STRING, &name, "the state: READY, DISPATCHED, FAILED …", "STATE"},
        {"withheld", 0, 0, G_OPTION_ARG_NONE, &withheld, "Devices that are withheld since `recover`", NULL},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}};
    struct ledger_in_state which = {0};

    if (!command_arguments(invocation, entries, 0, 0))
        return EXIT_UNABLE;
    which.withheld = withheld;
    if (withheld && name != NULL) {
        g_printerr("ecosgate: device list: --state and --withheld are given; give one of them\n");
        return EXIT_UNABLE;
    }
    if (!withheld && !parse_state(&name, &which.state))
        return EXIT_UNABLE;
    return list_work(invocation, which);
}
