/*
 * Operators' orders that were carried out: who, what, why, and with what result. One row each, in the transaction that
 * carries it out, so that an order is carried out once (gateway/pipeline/orders.h).
 *
 *   ledger_action_exists → the order → ledger_action_insert
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_ACTIONS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_ACTIONS_H

#include "spool/ledger/ledger.h"

struct ledger_action {
    const char *order_id; /* unique */
    int64_t job;          /* 0: none */
    int64_t incident;     /* 0: none */
    const char *verb, *reason, *who;
    int64_t at;
    const char *result;
};

/* SPOOL_ERROR_EXISTS when the order was carried out before. */
bool ledger_action_insert(struct ledger *ledger, const struct ledger_action *action, GError **error);
bool ledger_action_exists(struct ledger *ledger, const char *order_id, bool *exists, GError **error);
/* *action is NULL when there is none; g_free it. */
bool ledger_action_get(struct ledger *ledger, const char *order_id, struct ledger_action **action, GError **error);
/* struct ledger_action, oldest first; job 0: of all jobs. */
bool ledger_actions_of(struct ledger *ledger, int64_t job, GPtrArray **actions, GError **error);

#endif
