/*
 * Operators' orders that were carried out: who asked for what, why, and the result. The row is inserted in the
 * transaction that carries the order out, so that no order is carried out twice (gateway/pipeline/orders/orders.h).
 *
 *   ledger_action_exists → the order's changes → ledger_action_insert
 *
 * The rules of all subjects: ledger.h.
 */
#ifndef ECOSGATE_SPOOL_LEDGER_LEDGER_ACTIONS_H
#define ECOSGATE_SPOOL_LEDGER_LEDGER_ACTIONS_H

#include "spool/ledger/ledger.h"

struct ledger_action {
    const char *order_id;            /* unique */
    int64_t job;                     /* the order's job; 0: none */
    int64_t incident;                /* the order's incident; 0: none */
    const char *verb, *reason, *who; /* as the operator gave them */
    int64_t at;                      /* when it was ordered */
    const char *result;              /* what came of it, in one sentence */
};

/* Adds a row. SPOOL_ERROR_EXISTS if the order was carried out before. */
bool ledger_action_insert(struct ledger *ledger, const struct ledger_action *action, GError **error);
/* *exists: the order was carried out before. */
bool ledger_action_exists(struct ledger *ledger, const char *order_id, bool *exists, GError **error);
/* *action is NULL if that order was not carried out; g_free it. */
bool ledger_action_get(struct ledger *ledger, const char *order_id, struct ledger_action **action, GError **error);
/* *actions: struct ledger_action of one job, and those by which its files were delivered again, oldest first; job 0: of
 * all. */
bool ledger_actions_of(struct ledger *ledger, int64_t job, GPtrArray **actions, GError **error);

/* A job is rejected by an operator while the newest order that decided about it is "reject", or "close" of its incident
 * with the job in its row; "requeue" takes that back. "hold" keeps it back only, and "release" lets it go on.
 * Verbs: gateway/pipeline/orders/order_table.c. */
/* *reason: why; NULL: the job is not rejected by an operator. g_free. */
bool ledger_action_rejection(struct ledger *ledger, int64_t job, char **reason, GError **error);
/* *at: when the newest "requeue" of the job was ordered, which decides with which profiles it may be read; 0: none. */
bool ledger_action_requeued(struct ledger *ledger, int64_t job, int64_t *at, GError **error);
/* *jobs: int64_t, all of them, also those that have their verdict. */
bool ledger_actions_rejected(struct ledger *ledger, GArray **jobs, GError **error);
/* *keeps: the job is in held/ because an operator keeps it back: the newest order that moved it is "hold". */
bool ledger_action_keeps_back(struct ledger *ledger, int64_t job, bool *keeps, GError **error);

#endif
