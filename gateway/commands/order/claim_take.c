/*
 * The command `claim take`: an operator's order, after he has made sure that the other gateway no longer works on the
 * drop. It names the claim that stands there now; the next look of `run` replaces that one. Where there is nothing to
 * take the order is refused: it would wait, and take the drop back one day without a word.
 */
#include "gateway/commands/claim_seen.h"
#include "gateway/commands/order/order.h"
#include "gateway/commands/words.h"

static bool parse_drop(char *const *arguments, struct order *order)
{
    order->drop = arguments[0]; /* borrowed: order_give does not free it */
    return true;
}

static bool find_drop(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    const struct drop *drop = config_drop(access->config, order->drop);
    g_autofree char *shown = command_shown(order->drop);

    (void)error; /* the configuration and the drop are asked, not the ledger */
    *exists = false;
    if (drop == NULL) {
        words_no_drop("claim take", access->config, order->drop);
        return true;
    }
    if (!drop->claim) {
        g_printerr("ecosgate: claim take: [drop %s] has claim=no, so nobody claims it\n", shown);
        return true;
    }
    struct claim_viewer viewer;
    struct claim_seen seen;
    claim_viewer_init(&viewer, &access->gateway);
    claim_seen_look(&seen, drop, &viewer);
    *exists = seen.takable;
    if (!*exists)
        g_printerr("ecosgate: claim take: %s drop %s: %s\n",
                   seen.good ? "there is nothing to take in" : "this gateway cannot take", shown, seen.text);
    order->claim = g_strdup(seen.key);
    claim_seen_clear(&seen);
    return true;
}

int command_claim_take(struct invocation *invocation)
{
    static const struct order_target target = {"claim list", 1, parse_drop, find_drop, NULL, ORDER_PLAIN};

    return order_give(invocation, ORDER_TAKE, &target);
}
