/*
 * The command `sequence set`: an operator's order, the way back after a sender's numbers went wrong. It says the last
 * number, so that the sender goes on with the next one.
 */
#include "formats/layout.h"
#include "formats/profile.h"
#include "gateway/clock.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/words.h"

#include <string.h>

static bool parse_sequence(char *const *arguments, struct order *order)
{
    const struct file_type *type = profile_type(profile_builtin(), arguments[1], strlen(arguments[1]));
    gint64 number = 0;

    if (type == NULL || !type->inbound) {
        g_autofree char *shown = command_shown(arguments[1]);
        g_autofree char *codes = profile_inbound_codes(profile_builtin(), ", ", " or ");
        g_autofree char *meant = command_meant(arguments[1], words_incoming_types());
        g_printerr("ecosgate: sequence set: '%s' is no inbound file type%s; give %s\n", shown, meant, codes);
        return false;
    }
    if (!g_ascii_string_to_signed(arguments[2], 10, 0, LEDGER_SEQUENCE_MAX, &number, NULL)) {
        g_autofree char *shown = command_shown(arguments[2]);
        g_printerr("ecosgate: sequence set: '%s' is no last number; give 0 to %d\n", shown, LEDGER_SEQUENCE_MAX);
        return false;
    }
    order->sender = arguments[0]; /* both borrowed: order_give frees neither */
    order->type = arguments[1];
    order->number = number;
    return true;
}

static bool find_sender(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    const struct party *party = rules_party(&access->config->identity, order->sender);
    g_autofree char *shown = command_shown(order->sender);
    g_autofree char *meant = words_party_meant(&access->config->identity, order->sender);

    (void)error; /* the configuration is asked, not the ledger */
    *exists = party != NULL && rules_may_send(party, order->type);
    if (party == NULL)
        g_printerr("ecosgate: sequence set: %s has no [party %s]%s; 'ecosgate sequence list' lists the codes of "
                   "parties that have sent files\n",
                   access->config->path, shown, meant);
    else if (!*exists)
        g_printerr("ecosgate: sequence set: [party %s] may not send %s; see its setting types\n", shown, order->type);
    if (*exists && order->number > config_sequence_max(party, order->type, clock_now())) {
        *exists = false;
        g_printerr("ecosgate: sequence set: the numbers of %s of %s go up to %" G_GINT64_FORMAT
                   ", found %" G_GINT64_FORMAT "; give 0 to that number\n",
                   order->type, shown, config_sequence_max(party, order->type, clock_now()), order->number);
    }
    return true;
}

int command_sequence_set(struct invocation *invocation)
{
    static const struct order_target target = {"sequence list", 3,    parse_sequence,
                                               find_sender,     NULL, ORDER_FORGET_LOST};

    return order_give(invocation, ORDER_SEQUENCE, &target);
}
