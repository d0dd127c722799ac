/* The commands `dispatch pause` and `dispatch resume`: orders about all work orders. */
#include "gateway/commands/order/order.h"

static bool parse_nothing(char *const *arguments, struct order *order)
{
    (void)arguments, (void)order; /* there is one dispatch */
    return true;
}

static bool find_always(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)access, (void)order, (void)error; /* whether it is paused is decided when the order is carried out */
    *exists = true;
    return true;
}

static const struct order_target target = {"status", 0, parse_nothing, find_always, NULL, ORDER_PLAIN};

int command_dispatch_pause(struct invocation *invocation)
{
    return order_give(invocation, ORDER_PAUSE_DISPATCH, &target);
}

int command_dispatch_resume(struct invocation *invocation)
{
    return order_give(invocation, ORDER_RESUME_DISPATCH, &target);
}
