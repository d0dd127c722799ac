/*
 * What operators ask of the gateway: hold, release, requeue a job; close an incident; redeliver a report. An order is a
 * key file in spool/orders/ named by a UUID, so that whoever asks needs no lock; the one writer carries it out and
 * keeps it in the ledger.
 *
 *     orders_write (anyone) → orders_carry_out (the writer) → the ledger's operator action → file
 * removed
 *
 * Stopped anywhere in between, the next orders_carry_out ends what was begun.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_ORDERS_H
#define ECOSGATE_GATEWAY_PIPELINE_ORDERS_H

#include "gateway/gateway.h"

enum order_verb { ORDER_HOLD, ORDER_RELEASE, ORDER_REQUEUE, ORDER_CLOSE, ORDER_REDELIVER, ORDER_VERB_COUNT };

struct order {
    char *id; /* the file's name */
    enum order_verb verb;
    int64_t job;      /* that it is about, 0 for ORDER_CLOSE and ORDER_REDELIVER, which are about */
    int64_t incident; /* an incident, and */
    char *file;       /* the file of a report, by its name */
    char *reason, *who;
    int64_t at;
};
typedef struct order order_t;

/* The result of an order that was carried out; any other text says why it was not. */
#define ORDER_DONE "done"

/* "hold", "release", "requeue", "close", "redeliver". */
const char *order_verb_name(enum order_verb verb);
bool order_verb_parse(const char *name, enum order_verb *verb);

/* ---- the file (order_file.c) ---- */

/* Publishes the order; sets order->id, which is the ledger's order_id. False: it is not given, or the message
 * says how to see whether it was. */
bool orders_write(const struct gateway *gateway, struct order *order, GError **error);

/* What the file says, its texts escaped; verb is ORDER_VERB_COUNT when it does not read as an
 * order. NULL: the disk failed, it may read another time. */
struct order *order_read(const char *path, const char *name, GError **error);

/* ---- carrying out (orders.c) ---- */

/* Carries out all orders that wait, oldest first; for the writer, at the start of a pass. False: a
 * fault of spool or ledger; the orders not done yet stay for the next time. */
bool orders_carry_out(struct gateway *gateway, GError **error);

void order_free(struct order *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(order_t, order_free)

#endif
