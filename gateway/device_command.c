#include "gateway/command.h"

#include "formats/eui64.h"
#include "gateway/answer.h"
#include "gateway/facts.h"
#include "gateway/looking.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 1000 };

/* What the walk over a Device's work items gathers. */
struct gathering {
    json_t *history;
    char *state; /* of the latest item */
    char *live;  /* WorkItemId of the latest item that was accepted */
    int64_t tries, next_eligible;
};

static json_t *event(const struct ledger_history *row, const char *id, int64_t at, const char *state)
{
    json_t *fact = json_object();

    facts_set_text(fact, "work_item", id);
    facts_set_text(fact, "file", row->name);
    facts_set_text(fact, "batch", row->batch);
    facts_set_number(fact, "record", row->item.record);
    facts_set(fact, "at", command_json_instant(at));
    facts_set_text(fact, "state", state);
    return fact;
}

static bool gather(void *user, const struct ledger_history *row, GError **error)
{
    struct gathering *g = user;
    char text[WORK_ITEM_ID_SIZE];
    const char *id = work_item_id(row->org, row->batch, row->item.record, text);
    const char *outcome = ledger_outcome_name(row->item.outcome);
    json_t *fact = event(row, id, row->judged_at, outcome);

    (void)error; /* nothing can go wrong */
    facts_set_text(fact, "code", row->item.code);
    facts_set_text(fact, "text", row->item.text);
    facts_set(fact, "work_order", NULL);
    facts_set(fact, "session_end", NULL);
    (void)json_array_append_new(g->history, fact); /* memory aborts */
    if (row->has_session) {
        fact = event(row, id, row->session.begun, row->session.state);
        facts_set(fact, "code", NULL);
        facts_set(fact, "text", NULL);
        facts_set_text(fact, "work_order", row->order_name);
        facts_set(fact, "session_end", command_json_instant(row->session.ends));
        (void)json_array_append_new(g->history, fact); /* memory aborts */
        g->tries += row->session.try;
    }
    g_free(g->state);
    g->state = g_strdup(row->has_session ? row->session.state : outcome);
    g->next_eligible = row->item.next_eligible;
    if (row->item.outcome == LEDGER_READY) {
        g_free(g->live);
        g->live = g_strdup(id);
    }
    return true;
}

static void print_facts(const struct invocation *invocation, json_t *fact)
{
    static const char *const columns[] = {"at",         "state",       "work_item", "code", "file",
                                          "work_order", "session_end", "text",      NULL};

    if (invocation->json) {
        command_print_json(fact);
        return;
    }
    facts_print(fact);
    facts_section("\nhistory", json_object_get(fact, "history"), columns, MOST_ROWS);
    json_decref(fact);
}

static int show(struct looking *looking, const struct invocation *invocation, uint64_t device)
{
    struct gathering g = {.history = json_array()};
    char text[EUI64_TEXT_SIZE];
    GError *error = NULL;
    bool live = false;
    int status = EXIT_GOOD;

    eui64_print(device, text);
    if (!ledger_device_each(looking->gateway.ledger, device, gather, &g, &error) ||
        !ledger_device_is_live(looking->gateway.ledger, device, &live, &error)) {
        status = command_unable(error);
    } else if (json_array_size(g.history) == 0) {
        g_printerr("ecosgate: the Device %s is not known: no instruction that was taken names it\n", text);
        status = EXIT_REFUSED;
    } else {
        json_t *fact = json_object();
        facts_set_text(fact, "device", text);
        facts_set_text(fact, "state", g.state);
        facts_set_number(fact, "tries", g.tries);
        facts_set(fact, "next_eligible", command_json_instant(g.next_eligible));
        facts_set_text(fact, "live_work_item", live ? g.live : NULL);
        facts_set(fact, "history", json_incref(g.history));
        print_facts(invocation, fact);
    }
    json_decref(g.history);
    g_free(g.state);
    g_free(g.live);
    return status;
}

int command_device(const struct invocation *invocation)
{
    static const char usage[] = "device show DEVICE-ID";
    struct invocation rest = *invocation;
    struct looking looking;
    uint64_t device;

    if (!command_arguments(&rest, usage, 2, 2))
        return EXIT_UNABLE;
    if (strcmp(rest.argv[0], "show") != 0)
        return command_usage(usage);
    if (!eui64_parse(rest.argv[1], strlen(rest.argv[1]), &device)) {
        g_printerr("ecosgate: '%s' is no Device ID: expected eight pairs of hex digits such as "
                   "90-B3-D5-1F-30-00-00-01\n",
                   rest.argv[1]);
        return EXIT_UNABLE;
    }
    if (!looking_open(&looking, invocation))
        return EXIT_UNABLE;
    int status = show(&looking, invocation, device);
    looking_close(&looking);
    return status;
}
