/* The order to close incidents: one, or many at once. */
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

/* What one order closes. */
struct closing {
    GArray *ids;     /* int64_t: incidents that are open */
    int64_t already; /* how many of those that it names are closed */
    char *refusal;   /* why none is closed; NULL: all of ids are */
};

static bool close_by_hand(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct closing *closing = subject;

    for (guint i = 0; i < closing->ids->len; i++) {
        int64_t id = g_array_index(closing->ids, int64_t, i);
        const struct ledger_incident closed = {
            .id = id, .closed = clock_now(), .reason = order->reason, .who = order->who};
        if (!ledger_incident_close_by_hand(gateway->ledger, &closed, error) || !give_up(gateway, id, error))
            return false;
    }
    return true;
}

static bool commit_closing(struct gateway *gateway, const struct order *order, const struct closing *closing,
                           GError **error)
{
    g_autofree char *result = order->list == NULL
                                  ? g_strdup(ORDER_DONE)
                                  : g_strdup_printf(ORDER_DONE ": closed %u, closed before %" G_GINT64_FORMAT,
                                                    closing->ids->len, closing->already);
    const struct ledger_action action = order_action(order, order->reason, result);

    return order_commit(gateway, &action, &(struct order_change){close_by_hand, order, closing}, error);
}

/* Closing an A117 rejects its file, so that its sender gets an answer. */
static bool close_by_rejecting(struct gateway *gateway, const struct order *order, int64_t job,
                               const struct closing *closing, GError **error)
{
    bool rejected = false;

    return order_job_reject(gateway, order, job, &rejected, error) &&
           (rejected || commit_closing(gateway, order, closing, error));
}

static bool close_one(struct gateway *gateway, const struct order *order, struct closing *closing, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;
    char id[INCIDENT_ID_SIZE];

    if (!ledger_incident_get(gateway->ledger, order->incident, &incident, error))
        return false;
    (void)incident_id(order->incident, id); /* the text is in id */
    if (incident == NULL)
        closing->refusal = g_strdup_printf("there is no incident %s", id);
    else if (incident->closed != 0)
        closing->refusal = g_strdup_printf("incident %s is closed already", id);
    if (closing->refusal != NULL)
        return order_refuse(gateway, order, closing->refusal, error);
    g_array_append_val(closing->ids, order->incident);
    return strcmp(incident->code, "A117") == 0 ? close_by_rejecting(gateway, order, incident->job, closing, error)
                                               : commit_closing(gateway, order, closing, error);
}

/* One of several. An A117 is a decision about a file, which moves it: that has an order of its own. */
static bool add(struct gateway *gateway, const char *name, struct closing *closing, GError **error)
{
    g_autofree struct ledger_incident *incident = NULL;
    int64_t id = 0;

    if (incident_id_parse(name, &id) && !ledger_incident_get(gateway->ledger, id, &incident, error))
        return false;
    if (incident == NULL)
        closing->refusal = g_strdup_printf("there is no incident %s", name);
    else if (incident->closed != 0)
        closing->already++;
    else if (strcmp(incident->code, "A117") == 0)
        closing->refusal = g_strdup_printf("%s (A117) is a decision about a file; close it by itself", name);
    else
        g_array_append_val(closing->ids, id);
    return true;
}

static bool close_many(struct gateway *gateway, const struct order *order, struct closing *closing, GError **error)
{
    for (char **name = order->list; *name != NULL && closing->refusal == NULL; name++)
        if (!add(gateway, *name, closing, error))
            return false;
    if (closing->refusal == NULL && closing->ids->len == 0)
        closing->refusal = g_strdup("all of these incidents are closed already");
    return closing->refusal != NULL ? order_refuse(gateway, order, closing->refusal, error)
                                    : commit_closing(gateway, order, closing, error);
}

bool order_incident_close(struct gateway *gateway, const struct order *order, GError **error)
{
    struct closing closing = {.ids = g_array_new(FALSE, FALSE, sizeof(int64_t))};
    bool good = (order->list != NULL ? close_many : close_one)(gateway, order, &closing, error);

    g_array_unref(closing.ids);
    g_free(closing.refusal);
    return good;
}
