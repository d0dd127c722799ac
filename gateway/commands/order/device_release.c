/* The command `device release`: an order that lets withheld work items be ordered again. */
#include "formats/eui64.h"
#include "gateway/commands/order/order.h"

#include <stdio.h>
#include <string.h>

static bool parse_device(char *const *arguments, struct order *order)
{
    uint64_t device;

    if (strcmp(arguments[0], "all") != 0 && !eui64_parse(arguments[0], strlen(arguments[0]), &device)) {
        g_autofree char *shown = command_shown(arguments[0]);
        g_printerr("ecosgate: device release: '%s' is no Device ID, such as 00-DB-12-34-00-00-00-01; for all that are "
                   "withheld give the word all\n",
                   shown);
        return false;
    }
    order->device = arguments[0];
    return true;
}

static bool find_any(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    (void)access, (void)order, (void)error; /* whether it is withheld is decided when the order is carried out */
    *exists = true;
    return true;
}

int command_device_release(struct invocation *invocation)
{
    static const struct order_target target = {"device show", 1, parse_device, find_any, NULL, ORDER_PLAIN};

    return order_give(invocation, ORDER_RELEASE_DEVICE, &target);
}
