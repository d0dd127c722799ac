/* A hold comes first: the newest order about the Device is the one that is taken back. Then withheld work: while it is
 * live, its Device gets no new instruction, so nothing else can be meant. */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/eui64.h"
#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_holds.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/ledger/ledger_resolved.h"
#include "spool/ledger/ledger_work.h"

#include <string.h>

/* Releases the ended work of a Device. *refusal: why not; NULL: it is released. g_free. */
static bool release_ended(struct gateway *gateway, const struct order *order, const struct ledger_withheld *which,
                          char **refusal, GError **error)
{
    struct ledger *ledger = gateway->ledger;
    struct ledger_earlier_work past;
    const struct ledger_incident closed = {
        .device = which->device, .closed = which->at, .reason = order->reason, .who = order->who};

    *refusal = order_refuse_behind(gateway);
    if (!ledger_earlier_work(ledger, which->device, which->at, &past, error))
        return false;
    if (*refusal != NULL)
        return true;
    if (past.live)
        *refusal = g_strdup_printf("no work item of the Device %s is withheld, and one is live; see 'ecosgate why %s'",
                                   order->device, order->device);
    else if (!past.replaced && past.next_eligible <= which->at)
        *refusal = g_strdup_printf("no work item of the Device %s is withheld, and no ended one stands against a new "
                                   "instruction (C108, C115); it needs no order",
                                   order->device);
    return *refusal != NULL || (outcome_overrule(gateway, which->device, which->at, error) &&
                                ledger_device_release(ledger, which->device, order->id, error) &&
                                ledger_incident_close_device_by_hand(ledger, &closed, error));
}

/* Ends the hold of the Device's live work item. *ended: it was held. */
static bool end_hold(struct gateway *gateway, uint64_t device, bool *ended, GError **error)
{
    g_autofree struct ledger_work *work = NULL;

    *ended = false;
    if (!ledger_work_of_device(gateway->ledger, device, &work, error))
        return false;
    if (work == NULL || work->item.ended)
        return true;
    const struct ledger_hold hold = {.kind = LEDGER_HOLD_DEVICE, .number = work->item.item};
    return ledger_hold_exists(gateway->ledger, &hold, ended, error) && ledger_hold_end(gateway->ledger, &hold, error);
}

/* *refusal: as above. */
static bool release(struct gateway *gateway, const struct order *order, char **refusal, GError **error)
{
    struct ledger_withheld which = {.all = strcmp(order->device, "all") == 0, .at = clock_now()};
    bool ended = false;
    int64_t n = 0;

    *refusal = NULL;
    if (!which.all && !eui64_parse(order->device, strlen(order->device), &which.device)) {
        *refusal = g_strdup("the order names no Device");
        return true;
    }
    if (!which.all && !end_hold(gateway, which.device, &ended, error))
        return false;
    if (ended)
        return true;
    if (!ledger_withheld_release(gateway->ledger, &which, &n, error))
        return false;
    if (n == 0 && which.all)
        *refusal = g_strdup("no Device is withheld");
    return n > 0 || which.all || release_ended(gateway, order, &which, refusal, error);
}

bool order_device_release(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree char *reason = g_strdup_printf("%s: %s", order->device, order->reason);
    g_autofree char *refusal = NULL;

    if (!ledger_begin(gateway->ledger, error))
        return false;
    if (release(gateway, order, &refusal, error)) {
        const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);
        if (order_insert(gateway, &action, error) && ledger_commit(STEP_ORDER_DONE, gateway->ledger, error))
            return true;
    }
    ledger_rollback(gateway->ledger);
    return false;
}
