/* The commands `drop pause` and `drop resume`: orders about the traffic of one drop. */
#include "gateway/commands/order/order.h"
#include "gateway/commands/words.h"

static bool parse_drop(char *const *arguments, struct order *order)
{
    order->drop = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

/* A pause of a drop that is no longer configured can be ended. */
static bool find_drop(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)error; /* the configuration is asked, not the ledger */
    *exists = order->verb == ORDER_RESUME_DROP || config_drop(access->config, order->drop) != NULL;
    if (!*exists)
        words_no_drop("drop pause", access->config, order->drop);
    return true;
}

static const struct order_target target = {"status", 1, parse_drop, find_drop, NULL, ORDER_DIRECTIONS};

int command_drop_pause(struct invocation *invocation)
{
    return order_give(invocation, ORDER_PAUSE_DROP, &target);
}

int command_drop_resume(struct invocation *invocation)
{
    return order_give(invocation, ORDER_RESUME_DROP, &target);
}
