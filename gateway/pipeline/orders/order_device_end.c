/* The end is a transition like others, so that reports and outcomes need to know nothing of it. Who gave the order and
 * why stands with the order; the ledger keeps which order ended which work item. */
#include "gateway/pipeline/orders/order_private.h"

#include "formats/eui64.h"
#include "gateway/clock.h"
#include "gateway/pipeline/dispatch/outcome.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_work.h"
#include "validators/retry/retry.h"

#include <string.h>

/* Which work items an order as failed overrules beside the one that it is about: their success counts still. */
static bool find_beside(struct gateway *gateway, const struct order *order, const struct ledger_work *work,
                        GArray *beside, GError **error)
{
    return work == NULL || strcmp(order->as, "migrated") == 0 ||
           ledger_work_stated_beside(gateway->ledger, work->item.device, work->item.item, beside, error);
}

/* The work has ended, an earlier order overruled what one side had stated, and nothing was recorded since: to end it as
 * failed says nothing new. To end it as migrated corrects that order. */
static bool is_repeated(struct gateway *gateway, const struct order *order, const struct ledger_work *work,
                        bool *repeated, GError **error)
{
    struct ledger_end_order earlier = {0};
    bool good = work == NULL || strcmp(order->as, "migrated") == 0 ||
                ledger_session_end_order(gateway->ledger, work->item.item, &earlier, error);

    *repeated = earlier.newest;
    g_free(earlier.order_id);
    return good;
}

/* Why the order is refused; NULL: it is not. g_free. */
static char *refuse(const struct gateway *gateway, const struct order *order, const struct ledger_work *work,
                    bool repeated)
{
    char *behind = order_refuse_behind(gateway);

    if (behind != NULL)
        return behind;
    if (work == NULL)
        return g_strdup_printf("the Device %s is not known: no instruction that was judged names it", order->device);
    enum ledger_state state = work->has_session ? work->session.state : work->item.outcome;
    if (repeated)
        return g_strdup_printf("the Device %s is %s by an order already, and no side has stated anything since",
                               order->device, ledger_state_name(state));
    if (work->has_session && retry_may_end(&work->session))
        return NULL;
    return g_strdup_printf("the Device %s is %s; only one that is CONFIRM_PENDING or CONFIRM_MISMATCH, or of which one "
                           "side has stated a late success, can be ended; `ecosgate why %s` says what moves it on",
                           order->device, ledger_state_name(state), order->device);
}

/* Which work item an order is about. */
struct choice {
    int64_t item; /* 0: none so far */
    bool settled; /* a live one, or one that has migrated: no other can be meant */
};

static bool choose(void *user, const struct ledger_work *work, GError **error)
{
    struct choice *choice = user;
    bool live = work->item.outcome == LEDGER_READY && !work->item.ended;
    bool migrated = work->has_session && work->session.state == LEDGER_MIGRATED && !work->overruled;

    (void)error; /* nothing here can fail */
    if (choice->settled || !(live || migrated || (work->has_session && retry_may_end(&work->session))))
        return true;
    *choice = (struct choice){work->item.item, live || migrated};
    return true;
}

/* The live work item; else the newest of which one side states a late success; else the one that stands for the Device.
 * *work is NULL if no instruction names the Device; g_free it. */
static bool find_work(struct gateway *gateway, const struct order *order, struct ledger_work **work, GError **error)
{
    struct choice choice = {0};
    uint64_t device;

    *work = NULL;
    if (!eui64_parse(order->device, strlen(order->device), &device))
        return true;
    if (!ledger_work_of_device_each(gateway->ledger, device, choose, &choice, error))
        return false;
    return choice.item != 0 ? ledger_work_get(gateway->ledger, choice.item, work, error)
                            : ledger_work_of_device(gateway->ledger, device, work, error);
}

static bool end_item(struct gateway *gateway, const struct order *order, const struct ledger_work *work, GError **error)
{
    struct ledger_session session = work->session;
    struct ledger_transition transition;
    int64_t now = clock_now();
    const struct ledger_incident closed = {
        .device = work->item.device, .closed = now, .reason = order->reason, .who = order->who};

    (void)retry_end(&gateway->config->retry, now, strcmp(order->as, "migrated") == 0, &session,
                    &transition); /* refuse() has looked at the state */
    transition.order_id = order->id;
    /* First, so that INC has the reason: outcome_record closes what is open still. */
    return ledger_incident_close_device_by_hand(gateway->ledger, &closed, error) &&
           outcome_record(gateway, work, &session, &transition, error) &&
           ledger_session_ended_by(gateway->ledger, work->item.item, order->id, error);
}

/* What an order ends. */
struct ending {
    const struct ledger_work *work; /* NULL: an earlier order has ended it */
    const GArray *beside;
};

static bool end_work(struct gateway *gateway, const struct order *order, const void *subject, GError **error)
{
    const struct ending *ending = subject;

    if (ending->work != NULL && !end_item(gateway, order, ending->work, error))
        return false;
    for (guint i = 0; i < ending->beside->len; i++) {
        g_autofree struct ledger_work *other = NULL;
        if (!ledger_work_get(gateway->ledger, g_array_index(ending->beside, int64_t, i), &other, error) ||
            !end_item(gateway, order, other, error))
            return false;
    }
    return outcome_plan(gateway, clock_now(), error);
}

bool order_device_end(struct gateway *gateway, const struct order *order, GError **error)
{
    g_autofree struct ledger_work *work = NULL;
    g_autoptr(GArray) beside = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool repeated;

    if (!find_work(gateway, order, &work, error) || !find_beside(gateway, order, work, beside, error) ||
        !is_repeated(gateway, order, work, &repeated, error))
        return false;
    g_autofree char *refusal = refuse(gateway, order, work, repeated && beside->len == 0);
    g_autofree char *reason = g_strdup_printf("%s as %s: %s", order->device, order->as, order->reason);
    const struct ledger_action action = order_action(order, reason, refusal != NULL ? refusal : ORDER_DONE);
    const struct ending ending = {repeated ? NULL : work, beside};

    return order_commit(gateway, &action, &(struct order_change){end_work, order, &ending}, error);
}
