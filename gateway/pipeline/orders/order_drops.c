/* Orders about a drop: to take one that another gateway claims. */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/pipeline/pickup/claims.h"
#include "gateway/pipeline/watches/ledger_watch.h"
#include "spool/ledger/ledger_claims.h"

/* Why there is nothing to take; NULL: there is. g_free. */
static char *refuse_take(const struct gateway *gateway, const struct order *order)
{
    const struct drop *drop = config_drop(gateway->config, order->drop);

    if (drop == NULL)
        return g_strdup_printf("there is no [drop %s] in the configuration", order->drop);
    if (!drop->claim)
        return g_strdup_printf("[drop %s] has claim=no, so nobody claims it", order->drop);
    if (gateway->claims != NULL && claims_holds(gateway->claims, drop))
        return g_strdup_printf("drop %s is this gateway's already; there is nothing to take", order->drop);
    return NULL;
}

static bool put_take(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    (void)subject; /* the order names the drop */
    return ledger_claim_take_put(gateway->ledger, order->drop, order->id, order->claim, error);
}

/* The claim itself is replaced by the next look at it (claims.h); until then the ledger keeps that it may be. */
bool order_drop_take(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree char *refusal = refuse_take(gateway, order);
    g_autofree char *reason = g_strdup_printf("%s: %s", order->drop, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);

    return (refusal != NULL || ledger_watch_forget_drop(gateway, order->drop, error)) &&
           order_commit(gateway, &action, &(struct order_change){put_take, order, NULL}, error);
}
