#include "gateway/commands/order.h"
#include "gateway/commands/spool.h"
#include "spool/ledger/ledger_jobs.h"

static bool parse_job(const char *text, struct order *order)
{
    return spool_parse_id(text, &order->job);
}

static bool find_job(const struct read_access *access, const struct order *order, bool *there, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!ledger_job_get(access->gateway.ledger, order->job, &job, error))
        return false;
    *there = job != NULL;
    if (!*there)
        (void)spool_no_job(order->job); /* what it returns is what *there says */
    return true;
}

int spool_order(const struct invocation *invocation, enum order_verb verb)
{
    static const struct order_target target = {"spool", "spool show", parse_job, find_job};

    return order_give(invocation, verb, &target);
}
