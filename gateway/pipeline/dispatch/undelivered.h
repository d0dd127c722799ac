/*
 * Work orders (EMW) that the TCoS Service Provider cannot have: they wait for a drop that is down, and no rename of
 * their file was sent. What stands on them may still be withdrawn (gateway/DEVICES.md, Dispatch). An order of which
 * nobody can be sure counts as delivered.
 *
 *   undelivered_find(gateway, &orders, &error)
 *   undelivered_order(gateway, orders, item, &order, &error)      for each work item that is DISPATCHED
 *   undelivered_withdraw(gateway, &order, &transition, &error)    in the transaction that records the transition
 *   undelivered_order_clear(&order)
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_DISPATCH_UNDELIVERED_H
#define ECOSGATE_GATEWAY_PIPELINE_DISPATCH_UNDELIVERED_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_sessions.h"

/* The newest work order of a work item. */
struct undelivered_order {
    int64_t job, record; /* job 0: the item has no order, or it may be delivered */
    bool first;          /* the item has no other order */
    char *code;          /* of the transition before it; NULL: it has none */
};

/* *orders: a set of jobs (int64_t); g_hash_table_unref. False: the ledger failed. */
bool undelivered_find(struct gateway *gateway, GHashTable **orders, GError **error);

/* Looks up the newest order of a work item. False: the ledger failed. */
bool undelivered_order(struct gateway *gateway, GHashTable *orders, int64_t item, struct undelivered_order *order,
                       GError **error);
/* Frees what it holds. Allowed on one that is all zeros. */
void undelivered_order_clear(struct undelivered_order *order);

/* Takes the item off its order, whose file is built anew, and names the order in the transition. The caller records the
 * transition and commits. False: the ledger failed. */
bool undelivered_withdraw(struct gateway *gateway, const struct undelivered_order *order,
                          struct ledger_transition *transition, GError **error);

#endif
