/*
 * The command `incident close`: an operator's order.
 */
#include "gateway/commands/incident.h"

#include "gateway/commands/order.h"

static bool parse_order(char *const *arguments, struct order *order)
{
    return incident_parse(arguments[0], &order->incident);
}

static bool find_incident(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;

    if (!ledger_incident_get(access->gateway.ledger, order->incident, &incident, error))
        return false;
    *exists = incident != NULL;
    if (!*exists)
        (void)incident_none(order->incident); /* its status is what *exists says */
    return true;
}

int command_incident_close(struct invocation *invocation)
{
    static const struct order_target target = {"incident show", 1, parse_order, find_incident, NULL, ORDER_PLAIN};

    return order_give(invocation, ORDER_CLOSE, &target);
}
