/* The command `device end`: an order that ends the work on a Device of which the sides have not agreed. */
#include "formats/eui64.h"
#include "gateway/commands/order/order.h"

#include <stdio.h>
#include <string.h>

static bool parse_device(char *const *arguments, struct order *order)
{
    uint64_t device;

    if (!eui64_parse(arguments[0], strlen(arguments[0]), &device)) {
        g_autofree char *shown = command_shown(arguments[0]);
        g_printerr("ecosgate: device end: '%s' is no Device ID: expected eight pairs of hex digits such as "
                   "00-DB-12-34-00-00-00-01\n",
                   shown);
        return false;
    }
    if (order->as == NULL || (strcmp(order->as, "migrated") != 0 && strcmp(order->as, "failed") != 0)) {
        g_autofree char *shown = order->as != NULL ? command_shown(order->as) : g_strdup("nothing");
        g_printerr("ecosgate: device end: --as is '%s'; expected --as migrated or --as failed\n", shown);
        return false;
    }
    order->device = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

static bool find_any(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)access, (void)order, (void)error; /* whether it can be ended is decided when the order is carried out */
    *exists = true;
    return true;
}

int command_device_end(struct invocation *invocation)
{
    static const char ends[] = "migrated|failed";
    static const struct order_target target = {"device show", 1, parse_device, find_any, ends, ORDER_PLAIN};

    return order_give(invocation, ORDER_END_DEVICE, &target);
}
