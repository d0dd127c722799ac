/*
 * Giving an order from the command line, whatever it is about: the reason is asked for, the order written, its
 * outcome waited for and told.
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_ORDER_H
#define ECOSGATE_GATEWAY_COMMANDS_ORDER_H

#include "gateway/commands/command.h"
#include "gateway/commands/read_access.h"
#include "gateway/pipeline/orders.h"

struct order_target {
    const char *command;  /* "spool", the command before the verb */
    const char *shown_by; /* "spool show", the command that tells what came of it */
    /* Sets what the order is about; false: told that it is none. */
    bool (*parse)(const char *text, struct order *order);
    /* *there: such a thing exists; that it does not has been told. */
    bool (*find)(const struct read_access *access, const struct order *order, bool *there, GError **error);
};

/* The arguments are those behind the verb: ID --reason TEXT. Returns an exit status. */
int order_give(const struct invocation *invocation, enum order_verb verb, const struct order_target *target);

#endif
