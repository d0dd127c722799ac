/* The order to remove personal data. Its commit only begins the purge, so that later orders need not wait for it. */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/clock.h"
#include "gateway/condition/purge_scope.h"

static bool begin(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    (void)subject; /* the order says all */
    return ledger_purge_begin(gateway->ledger, order->id, order->before, clock_now(), error);
}

bool order_purge(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree char *about = order_kind(order->verb)->about(order);
    g_autofree char *reason = g_strdup_printf("%s: %s", about, order->reason);
    g_autofree char *refusal = order_refuse_behind(gateway);

    if (refusal == NULL && !purge_scope_refusal(gateway, order->before, clock_now(), &refusal, error))
        return false;
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE ": begun");
    return order_commit(gateway, &action, &(struct order_change){begin, order, NULL}, error);
}
