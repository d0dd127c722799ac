/*
 * The commands `spool hold`, `spool release`, `spool requeue` and `spool reject`: operators' orders about a job. They
 * share a file because they differ in the verb alone; gateway/pipeline/orders/order_jobs.c carries them out.
 */
#include "gateway/commands/order/order.h"

#include "formats/text.h"
#include "spool/ledger/ledger_jobs.h"

#include <string.h>

/* A job's ID, or the name of a file that was received: find_job knows its job. */
static bool parse_job(char *const *arguments, struct order *order)
{
    if (strpbrk(arguments[0], "._") == NULL)
        return command_parse_job(arguments[0], &order->job);
    order->file = arguments[0];
    return true;
}

/* The newest job of that name, as `spool list` shows it or with the bytes that it has in the drop. */
static bool find_named(struct read_access *access, const char *name, struct ledger_job **job, GError **error)
{
    g_autofree char *escaped = text_escape(name, strlen(name), 0);

    return ledger_job_named(access->gateway.ledger, name, job, error) &&
           (*job != NULL || ledger_job_named(access->gateway.ledger, escaped, job, error));
}

static bool find_job(struct read_access *access, struct order *order, bool *exists, GError **error)
{
    g_autofree struct ledger_job *job = NULL;

    if (!(order->file != NULL ? find_named(access, order->file, &job, error)
                              : ledger_job_get(access->gateway.ledger, order->job, &job, error)))
        return false;
    *exists = job != NULL;
    if (*exists) {
        order->job = job->id;
        order->file = NULL;
        return true;
    }
    if (order->file == NULL) {
        (void)command_no_job(order->job); /* its status is what *exists says */
        return true;
    }
    g_autofree char *shown = command_shown(order->file);
    g_printerr("ecosgate: there is no job of a file '%s'; 'ecosgate spool list' lists the jobs\n", shown);
    return true;
}

static const struct order_target target = {"spool show", 1, parse_job, find_job, NULL, ORDER_PLAIN};

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

int command_spool_reject(struct invocation *invocation)
{
    return order_give(invocation, ORDER_REJECT, &target);
}
