/* The order to close an incident. */
#include "gateway/pipeline/orders/order_private.h"

#include "gateway/answers/incidents.h"
#include "gateway/clock.h"
#include "gateway/reports/report_address.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_shrink.h"

#include <string.h>

/* Of an A117 whose file cannot be rejected, for it is not in held/: what waited for it goes on. Of an A118: the files
 * of reports that wait for a recipient are given up. */
static bool give_up(struct gateway *gateway, int64_t id, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;

    if (!ledger_incident_get(gateway->ledger, id, &incident, error))
        return false;
    return incident == NULL ||
           (strcmp(incident->code, "A117") == 0 ? ledger_shrink_give_up(gateway->ledger, incident->job, error)
                                                : report_address_give_up(gateway, incident, error));
}

static bool close_by_hand(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ledger_incident closed = {
        .id = order->incident, .closed = clock_now(), .reason = order->reason, .who = order->who};

    (void)subject; /* the order names the incident */
    return ledger_incident_close_by_hand(gateway->ledger, &closed, error) && give_up(gateway, order->incident, error);
}

static bool commit_closing(struct gateway *gateway, const struct order *order, GError **error)
{
    const struct ledger_action action = order_action(order, order->reason, ORDER_DONE);

    return order_commit(gateway, &action, &(struct order_change){close_by_hand, order, NULL}, error);
}

/* Closing an A117 rejects its file, so that its sender gets an answer. */
static bool close_by_rejecting(struct gateway *gateway, const struct order *order, int64_t job, GError **error)
{
    bool rejected = false;

    return order_job_reject(gateway, order, job, &rejected, error) &&
           (rejected || commit_closing(gateway, order, error));
}

bool order_incident_close(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;
    g_autofree char *refusal = NULL;
    char id[INCIDENT_ID_SIZE];

    if (!ledger_incident_get(gateway->ledger, order->incident, &incident, error))
        return false;
    (void)incident_id(order->incident, id); /* the text is in id */
    if (incident == NULL)
        refusal = g_strdup_printf("there is no incident %s", id);
    else if (incident->closed != 0)
        refusal = g_strdup_printf("incident %s is closed already", id);
    else if (strcmp(incident->code, "A117") == 0)
        return close_by_rejecting(gateway, order, incident->job, error);
    return refusal != NULL ? order_refuse(gateway, order, refusal, error) : commit_closing(gateway, order, error);
}
