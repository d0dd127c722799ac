/*
 * Giving an operator's order from the command line, whatever the order is about. The order is written to the spool's
 * orders folder, so that no lock is needed. The gateway that runs carries it out (gateway/pipeline/orders/orders.h).
 * When none runs, this command takes the lock and carries it out itself.
 *
 *   static const struct order_target target = {"spool show", 1, parse_job, find_job, NULL, ORDER_PLAIN};
 *   return order_give(invocation, ORDER_HOLD, &target);
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_ORDER_ORDER_H
#define ECOSGATE_GATEWAY_COMMANDS_ORDER_ORDER_H

#include "gateway/commands/command.h"
#include "gateway/commands/read_access.h"
#include "gateway/pipeline/orders/orders.h"

/* Options of a command beside --reason and --as. */
enum order_options {
    ORDER_PLAIN,
    ORDER_DIRECTIONS,  /* --in and --out, which set order->direction; without them it is "both" */
    ORDER_FORGET_LOST, /* --forget-lost, with which ORDER_SEQUENCE is ORDER_SEQUENCE_FORGET */
};

/* What orders of one command are about: a job, an incident, a report's file, a sender and type. */
struct order_target {
    const char *shown_by; /* the command that shows the result later: "spool show" */
    int n_arguments;      /* that say what the order is about: 1, or more */
    /* Sets what the order is about from the arguments. False: the argument is wrong, and a message has been printed. */
    bool (*parse)(char *const *arguments, struct order *order);
    /* Sets *exists, and what the order has to say beside its arguments, which order_give frees. When it does not exist
     * a message has been printed. False: the ledger's error. */
    bool (*find)(struct read_access *access, struct order *order, bool *exists, GError **error);
    const char *as; /* the choices of the option --as, whose value is in order->as for parse; NULL: no such option */
    enum order_options options;
};

/* Parses ID and --reason, writes the order, waits up to 30 seconds for its result and prints it. Returns an exit
 * status: EXIT_REFUSED when the gateway refused the order or the target does not exist. */
int order_give(struct invocation *invocation, enum order_verb verb, const struct order_target *target);

/* How an order about many things chooses them. parse and find then fill order->list, which order_give_chosen frees. */
struct order_choice {
    int most_arguments;  /* n_arguments is the fewest */
    const void *options; /* the command's own: an array of GOptionEntry that ends with an empty one */
};
/* The same for such an order. */
int order_give_chosen(struct invocation *invocation, enum order_verb verb, const struct order_target *target,
                      const struct order_choice *choice);

/* The last part of both: gives an order that is whole but for its id, which g_free takes, waits for its result and
 * prints it. shown_by: as in order_target. */
int order_give_made(struct read_access *access, const struct invocation *invocation, struct order *order,
                    const char *shown_by);
/* The reason without spaces around it; takes the text. NULL when it is empty: a message has been printed. */
char *order_reason(char *reason, const char *command);

#endif
