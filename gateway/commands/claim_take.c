/*
 * The command `claim take`: an operator's order, after he has made sure that the other gateway no longer works on the
 * drop. The next look at the claim replaces it.
 */
#include "gateway/commands/order.h"

static bool parse_drop(char *const *arguments, struct order *order)
{
    order->drop = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

static bool find_drop(const struct read_access *access, const struct order *order, bool *exists, GError **error)
{
    const struct drop *drop = config_drop(access->config, order->drop);
    g_autofree char *shown = command_shown(order->drop);

    (void)error; /* the configuration is asked, not the ledger */
    *exists = drop != NULL && drop->claim;
    if (drop == NULL)
        g_printerr("ecosgate: claim take: %s has no [drop %s]; 'ecosgate status' lists the drops\n",
                   access->config->path, shown);
    else if (!*exists)
        g_printerr("ecosgate: claim take: [drop %s] has claim=no, so nobody claims it\n", shown);
    return true;
}

int command_claim_take(struct invocation *invocation)
{
    static const struct order_target target = {"claim list", 1, parse_drop, find_drop};

    return order_give(invocation, ORDER_TAKE, &target);
}
