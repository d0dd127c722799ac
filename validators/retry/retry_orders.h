/*
 * To which order of its try a result belongs. After NOT_ATTEMPTED the same try is ordered again. A result that comes
 * then may be about the earlier order, and must not fail the new one. To find out, set {.try = …}, add all transitions
 * of the session, the oldest first, and ask retry_orders_outdate.
 *
 * Both functions are pure; neither fails.
 */
#ifndef ECOSGATE_VALIDATORS_RETRY_RETRY_ORDERS_H
#define ECOSGATE_VALIDATORS_RETRY_RETRY_ORDERS_H

#include "spool/ledger/ledger_sessions.h"
#include "validators/retry/retry_code.h"

struct retry_orders {
    int64_t try;
    int64_t first;                /* when the try was ordered first; 0: not yet */
    int64_t before, before_said;  /* the NOT_ATTEMPTED before the newest order: when we recorded it, and its LastTry */
    int64_t newest, newest_said;  /* the same of the newest NOT_ATTEMPTED, whether ordered again or not */
    enum ledger_state last_state; /* of the transitions so far */
};

/* Adds one transition of the session. */
void retry_orders_add(struct retry_orders *orders, const struct ledger_transition *transition);

/* Whether a result other than SUCCESS is about an earlier order: its time is not after that NOT_ATTEMPTED was recorded,
 * or it names the same time. Its time is LastTry. If LastTry is missing or before the first order, the creation of its
 * file counts instead; if that is before the first order too, the result is not outdated. Nor is it if the ledger knows
 * no order of the try: a lost one had ordered it. */
bool retry_orders_outdate(const struct retry_orders *orders, const struct retry_result *said, int64_t created);

#endif
