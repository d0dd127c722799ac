/* Orders are told apart by the NOT_ATTEMPTED between them. */
#include "validators/retry/retry_orders.h"

void retry_orders_add(struct retry_orders *orders, const struct ledger_transition *transition)
{
    if (transition->try != orders->try)
        return;
    if (transition->state == LEDGER_DISPATCHED) {
        orders->first = orders->first != 0 ? orders->first : transition->at;
        orders->before = orders->newest;
        orders->before_said = orders->newest_said;
    } else if (transition->state == LEDGER_RETRY_WAIT && orders->last_state == LEDGER_DISPATCHED) {
        /* Only the transition right after the order is its answer: a try that is put off stays in RETRY_WAIT, too. */
        orders->newest = transition->at;
        orders->newest_said = transition->said_at;
    }
    orders->last_state = transition->state;
}

bool retry_orders_outdate(const struct retry_orders *orders, const struct retry_result *said, int64_t created)
{
    int64_t at = said->at >= orders->first ? said->at : created;

    /* Only a lost ledger has ordered it: nothing is known of an earlier order. */
    if (orders->first == 0)
        return false;
    return said->kind != RESULT_SUCCESS && at >= orders->first && (at <= orders->before || at == orders->before_said);
}
