/* The commands `batch withdraw`, `batch hold` and `batch release`: orders about the work of one instruction. */
#include "gateway/commands/batch.h"
#include "gateway/commands/order/order.h"

static bool parse_batch(char *const *arguments, struct order *order)
{
    order->batch = g_strdup(arguments[0]); /* as given; find_batch puts the name in its place */
    return true;
}

static bool find_batch(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_batch *batch = NULL;

    if (!batch_find(access, order_kind(order->verb)->command, order->batch, &batch, error))
        return false;
    *exists = batch != NULL;
    if (*exists) {
        order->job = batch->job;
        g_free(order->batch);
        order->batch = batch_name(batch);
    }
    return true;
}

static const struct order_target target = {"batch show", 1, parse_batch, find_batch, NULL, ORDER_PLAIN};

int command_batch_hold(struct invocation *invocation)
{
    return order_give(invocation, ORDER_HOLD_BATCH, &target);
}

int command_batch_release(struct invocation *invocation)
{
    return order_give(invocation, ORDER_RELEASE_BATCH, &target);
}

int command_batch_withdraw(struct invocation *invocation)
{
    return order_give(invocation, ORDER_WITHDRAW_BATCH, &target);
}
