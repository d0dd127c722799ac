/*
 * The command `sequence list`: for each party and each type that it may send, the last sequence number, as the next
 * file is compared with it, and the newest order that set one.
 */
#include "formats/eui64.h"
#include "gateway/clock.h"
#include "gateway/commands/home_list.h"
#include "spool/ledger/ledger_numbering.h"

static void add_row(struct output_list *rows, const struct ledger_file *of, const struct ledger_numbering *numbering,
                    const struct ledger_numbering_order *order, int64_t most)
{
    json_t *row = json_object();

    output_set_text(row, "sender", of->org);
    output_set_text(row, "eui64", of->sender);
    output_set_text(row, "type", of->type);
    output_set_number(row, "last", numbering->last);
    output_set_number(row, "next", numbering->last % most + 1);
    output_set(row, "job", numbering->job != 0 ? command_json_job(numbering->job) : json_null());
    output_set(row, "set", order != NULL ? json_integer(order->number) : json_null());
    output_set(row, "set_at", command_json_instant(order != NULL ? order->at : 0));
    output_set_text(row, "who", order != NULL ? order->who : NULL);
    output_set_text(row, "reason", order != NULL ? order->reason : NULL);
    output_list_add(rows, row);
}

/* Adds a row, unless no file of that type was accepted and no order given. */
static bool add_type(const struct read_access *access, const struct party *party, const char *type,
                     struct output_list *rows, GError **error)
{
    struct ledger *ledger = access->gateway.ledger;
    g_autofree struct ledger_numbering_order *order = NULL;
    struct ledger_numbering numbering;
    char sender[EUI64_TEXT_SIZE];

    eui64_print(party->eui64, sender);
    const struct ledger_file next = {.id = G_MAXINT64, .type = type, .org = party->org, .sender = sender};
    if (!ledger_numbering_find(ledger, &next, &numbering, error) ||
        !ledger_numbering_last_order(ledger, &next, &order, error))
        return false;
    if (numbering.known)
        add_row(rows, &next, &numbering, order, config_sequence_max(party, type, clock_now()));
    return true;
}

static bool add_all(void *user, struct read_access *access, struct output_list *rows, GError **error)
{
    const struct identity *identity = &access->config->identity;

    (void)user; /* the list has no options */
    for (size_t i = 0; i < identity->n_parties; i++) {
        const struct party *party = &identity->parties[i];
        for (size_t k = 0; party->types[k] != NULL; k++) {
            if (!add_type(access, party, party->types[k], rows, error))
                return false;
        }
    }
    return true;
}

int command_sequence_list(struct invocation *invocation)
{
    static const char *const columns[] = {"sender", "type",   "last", "next",   "job",
                                          "set",    "set_at", "who",  "reason", NULL};
    static const struct home_list list = {add_all, NULL, columns, "no file was accepted so far", OUTPUT_MOST_ROWS};

    return command_arguments(invocation, NULL, 0, 0) ? home_list_print(invocation, &list) : EXIT_UNABLE;
}
