/*
 * The command `report redeliver`: an operator's order, for a recipient that has lost the file of a report, or has never
 * got a file that counts as delivered by conclusion.
 */
#include "gateway/commands/order.h"
#include "gateway/reports/report.h"
#include "spool/ledger/ledger_outgoing.h"

static bool parse_file(char *const *arguments, struct order *order)
{
    order->file = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

static bool find_file(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_outgoing *file = NULL;

    if (!ledger_outgoing_named(access->gateway.ledger, order->file, &file, error))
        return false;
    *exists = file != NULL && (report_kind_find(file->kind) != NULL || file->concluded);
    if (!*exists) {
        g_autofree char *shown = command_shown(order->file);
        g_printerr("ecosgate: there is no file '%s' of a report, and none of that name whose delivery was concluded; "
                   "'ecosgate --json report list' and 'ecosgate spool show' list them\n",
                   shown);
    }
    return true;
}

int command_report_redeliver(struct invocation *invocation)
{
    static const struct order_target target = {"report list", 1, parse_file, find_file, NULL, ORDER_PLAIN};

    return order_give(invocation, ORDER_REDELIVER, &target);
}
