/* The commands `device hold` and `device withdraw`: orders about the live work of one Device. */
#include "gateway/commands/order/order.h"

#include "formats/eui64.h"

#include <string.h>

static bool parse_device(char *const *arguments, struct order *order)
{
    uint64_t device;

    if (!eui64_parse(arguments[0], strlen(arguments[0]), &device)) {
        g_autofree char *shown = command_shown(arguments[0]);
        g_printerr("ecosgate: %s: '%s' is no Device ID: expected eight pairs of hex digits such as "
                   "00-DB-12-34-00-00-00-01\n",
                   order_kind(order->verb)->command, shown);
        return false;
    }
    order->device = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

static bool find_any(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)access, (void)order, (void)error; /* what is done about it is decided when the order is carried out */
    *exists = true;
    return true;
}

static const struct order_target target = {"device show", 1, parse_device, find_any, NULL, ORDER_PLAIN};

int command_device_hold(struct invocation *invocation)
{
    return order_give(invocation, ORDER_HOLD_DEVICE, &target);
}

int command_device_withdraw(struct invocation *invocation)
{
    return order_give(invocation, ORDER_WITHDRAW_DEVICE, &target);
}
