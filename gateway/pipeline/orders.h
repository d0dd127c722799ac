/*
 * Operators' orders: hold, release, requeue or reject a job; close an incident; redeliver the file of a report; set the
 * last sequence number of a sender and type; take a drop that another gateway claims; release a Device, or end its
 * work. Whoever gives an order needs no lock: the order is a key file in spool/orders/, named by a UUID. The one writer
 * (`run`) carries it out at the start of a pass and between two jobs.
 *
 *     orders_write (any process) → orders_carry_out (the writer): effect on disk → one commit, with the order's id and
 *     result → the file is removed
 *
 * An order is durable when orders_write returns true. A crash while it is carried out leaves the file, and the next
 * orders_carry_out finishes what was begun. An order whose id the ledger knows is never carried out again.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_ORDERS_H
#define ECOSGATE_GATEWAY_PIPELINE_ORDERS_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_actions.h"

enum order_verb {
    ORDER_HOLD,
    ORDER_RELEASE,
    ORDER_REQUEUE,
    ORDER_REJECT,
    ORDER_CLOSE,
    ORDER_REDELIVER,
    ORDER_SEQUENCE,
    ORDER_TAKE,
    ORDER_RECOVER,
    ORDER_RELEASE_DEVICE,
    ORDER_END_DEVICE,
    ORDER_VERB_COUNT
};

/* One order. It is about exactly one of job, incident, file, drop and sender with type; the others are 0 or NULL. */
struct order {
    char *id; /* the file's name, escaped; the ledger's order_id */
    enum order_verb verb;
    int64_t job;      /* of ORDER_HOLD, ORDER_RELEASE, ORDER_REQUEUE and ORDER_REJECT */
    int64_t incident; /* of ORDER_CLOSE */
    char *file;       /* of ORDER_REDELIVER: the name of a report's file */
    char *sender;     /* of ORDER_SEQUENCE: the short code of a party, */
    char *type;       /* a file type that it sends, */
    int64_t number;   /* and the last number of these files, 0 to 999999: the next file has the next one */
    char *drop;       /* of ORDER_TAKE: a drop's name, */
    char *claim;      /* and which claim in it is to be replaced (claim_key) */
    char **claims;    /* of ORDER_RECOVER: the claims that stand in the drops, each the name of a drop and a text after
                       * it; NULL: none */
    char *device;     /* of ORDER_RELEASE_DEVICE: its ID; "all" for every one that is withheld. Of ORDER_END_DEVICE: its
                         ID, */
    char *as;         /* and what it ends as: "migrated" or "failed" */
    char *reason;     /* why, in the operator's words */
    char *who;        /* the operator */
    int64_t at;       /* seconds UTC when it was given */
};
typedef struct order order_t;

/* The result of an order that was carried out. Any other text says why it was refused. */
#define ORDER_DONE "done"

/* "hold", "release", "requeue", "reject", "close", "redeliver", "sequence", "take", "recover", "release device" or "end
 * device"; NULL for any other value. */
const char *order_verb_name(enum order_verb verb);
/* False: name is none of these, and *verb is unchanged. */
bool order_verb_parse(const char *name, enum order_verb *verb);

/* ---- the file (order_file.c) ---- */

/* Writes the order's file, durably, and sets order->id. False: the order is not given, or the message says how to see
 * whether it is. */
bool orders_write(const struct gateway *gateway, struct order *order, GError **error);

/* Reads the order file at path, whose escaped name becomes the id. Its texts are escaped. verb is ORDER_VERB_COUNT if
 * the file is no order. NULL: the disk failed, and reading it may work another time. The caller frees the result. */
struct order *order_read(const char *path, const char *name, GError **error);

/* ---- carrying out (orders.c) ---- */

/* Stands still for a backup that asks for it (backup_pause.h), then carries out all orders, oldest first. A refused
 * order is done too: its result says why. False: spool or ledger failed; orders that are not done yet stay for the next
 * time. */
bool orders_carry_out(struct gateway *gateway, GError **error);

/* The row that the commit of an order inserts. reason: the order's own, or with what it is about before it; result:
 * ORDER_DONE, or why the order is refused. Borrows all texts. */
struct ledger_action order_action(const struct order *order, const char *reason, const char *result);

/* NULL is allowed. */
void order_free(struct order *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(order_t, order_free)

#endif
