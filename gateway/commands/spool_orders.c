/*
 * The commands `spool hold`, `spool release` and `spool requeue`: operators' orders about a job. They share a file
 * because they differ in the verb alone; gateway/pipeline/orders.c carries them out.
 */
#include "gateway/commands/order.h"
#include "spool/ledger/ledger_jobs.h"

static bool parse_job(char *const *arguments, struct order *order)
{
    return command_parse_job(arguments[0], &order->job);
}

static bool find_job(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(access->gateway.ledger, order->job, &job, error))
        return false;
    *exists = job != NULL;
    if (!*exists)
        (void)command_no_job(order->job); /* its status is what *exists says */
    return true;
}

static const struct order_target target = {"spool show", 1, parse_job, find_job, NULL};

int command_spool_hold(struct invocation *invocation)
{
    return order_give(invocation, ORDER_HOLD, &target);
}

int command_spool_release(struct invocation *invocation)
{
    return order_give(invocation, ORDER_RELEASE, &target);
}

int command_spool_requeue(struct invocation *invocation)
{
    return order_give(invocation, ORDER_REQUEUE, &target);
}
