/*
 * Operators' orders. What there is of them stands in one table, with a row for each verb (order_table.c). Whoever gives
 * an order needs no lock: the order is a key file in spool/orders/, named by a UUID. The one writer (`run`) carries it
 * out at the start of a pass and between two jobs.
 *
 *     orders_write (any process) → orders_carry_out (the writer): effect on disk → one commit, with the order's id and
 *     result → the file is removed
 *
 * Who may write into the folder may order. The kernel says who gave an order: the owner of its file. If others may have
 * written it, the order is refused and its file kept in <spool>/refused, where only the gateway's user can change it.
 *
 * An order is durable when orders_write returns true. A crash while it is carried out leaves the file, and the next
 * orders_carry_out finishes what was begun. An order whose id the ledger knows is never carried out again.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_ORDERS_ORDERS_H
#define ECOSGATE_GATEWAY_PIPELINE_ORDERS_ORDERS_H

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
    ORDER_PAUSE_DISPATCH,
    ORDER_RESUME_DISPATCH,
    ORDER_PAUSE_DROP,
    ORDER_RESUME_DROP,
    ORDER_HOLD_BATCH,
    ORDER_RELEASE_BATCH,
    ORDER_HOLD_DEVICE,
    ORDER_WITHDRAW_BATCH,
    ORDER_WITHDRAW_DEVICE,
    ORDER_ARCHIVE,
    ORDER_RESTORE_ARCHIVE,
    ORDER_PURGE,
    ORDER_SEQUENCE_FORGET, /* as ORDER_SEQUENCE, and no lost number counts any more */
    ORDER_VERB_COUNT
};

/* How many things one order may name. */
enum { ORDER_MOST_LISTED = 10000 };

/* One order. What it is about are the keys of its verb (order_kind); all other keys are 0 or NULL, number and
 * before also -1. */
struct order {
    char *id; /* the file's name, escaped; the ledger's order_id */
    enum order_verb verb;
    int64_t job;      /* of orders about a job, and about a batch: that of its instruction, */
    char *batch;      /* whose name it is for people: SENDER.BATCHID */
    int64_t incident; /* of ORDER_CLOSE */
    char *file;       /* of ORDER_REDELIVER: the name of the outgoing file, or of the first one */
    char *sender;     /* of ORDER_SEQUENCE and ORDER_SEQUENCE_FORGET: the short code of a party, */
    char *type;       /* a file type that it sends, */
    int64_t number;   /* and the last number of these files, 0 to 999999: the next file has the next one */
    char *drop;       /* of orders about a drop: its name, */
    char *claim;      /* and of ORDER_TAKE which claim in it is to be replaced (claim_key), */
    char *direction;  /* of ORDER_PAUSE_DROP and ORDER_RESUME_DROP what of it: "in", "out" or "both" */
    char **claims;    /* of ORDER_RECOVER: the claims that stand in the drops, each the name of a drop and a text after
                       * it; NULL: none */
    char **list;      /* of ORDER_REDELIVER all files, of ORDER_CLOSE all incidents; NULL: the one above is all. Of
                       * orders about an archive its jobs, "1-12" or "15" (archiving.h) */
    char *archive;    /* of orders about an archive: the path of its file, */
    char *digest;     /* and the SHA-256 of it; */
    int64_t before;   /* of ORDER_ARCHIVE and ORDER_PURGE: what ended before that time */
    char *device;     /* of orders about a Device: its ID; of ORDER_RELEASE_DEVICE also "all", every one withheld; */
    char *as;         /* and of ORDER_END_DEVICE what it ends as: "migrated" or "failed" */
    char *reason;     /* why, in the operator's words */
    char *who;        /* the operator: who owns the order's file, set by order_read */
    char *refusal;    /* why it is not carried out, whatever the ledger says: others may have written its file, or it is
                       * no order; NULL: nothing */
    int64_t at;       /* seconds UTC when it was given */
};
typedef struct order order_t;

/* How the result of an order begins that was carried out; behind it may stand what was done. Any other text says why it
 * was refused. */
#define ORDER_DONE "done"

/* ---- the table (order_table.c) ---- */

enum { ORDER_MOST_KEYS = 4 };

/* What is the same for all orders of one verb. */
struct order_kind {
    const char *verb;                          /* in key files and ledgers: "release device" */
    const char *command;                       /* that gives it: "device release" */
    const char *keys[ORDER_MOST_KEYS];         /* what it names; each must be there, and no other; NULL: no more */
    char *(*about)(const struct order *order); /* what it is about, for people: "job 00000012"; g_free */
    bool (*carry_out)(struct gateway *gateway, const struct order *order, GError **error); /* order_private.h */
    const char *next; /* what is still to come when it is done; NULL: nothing */
};
/* NULL for any other value. Static. */
const struct order_kind *order_kind(enum order_verb verb);
/* The kind's verb; NULL for any other value. */
const char *order_verb_name(enum order_verb verb);
/* False: name is no verb, and *verb is unchanged. */
bool order_verb_parse(const char *name, enum order_verb *verb);

/* A key of the file. */
enum order_key_form {
    ORDER_KEY_TEXT,
    ORDER_KEY_ID,     /* from 1 */
    ORDER_KEY_NUMBER, /* from 0; -1: not there */
};
struct order_key {
    const char *name; /* in the file */
    const char *json; /* its member in the result (--json); NULL: none */
    enum order_key_form form;
    size_t at;           /* where struct order has it */
    int64_t most;        /* of ORDER_KEY_NUMBER */
    const char *choices; /* of a text, "migrated|failed"; NULL: any text */
};
/* All keys, *n of them. Static. */
const struct order_key *order_keys(size_t *n);
/* Whether orders of that verb have the key. */
bool order_has_key(enum order_verb verb, const struct order_key *key);
/* The order's value of a key of ORDER_KEY_TEXT. */
char **order_text(const struct order *order, const struct order_key *key);
/* The same of a key of another form. */
int64_t *order_number(const struct order *order, const struct order_key *key);
/* Whether text is one of the choices. */
bool order_choice_fits(const char *choices, const char *text);

/* ---- the file (order_file.c) ---- */

/* Writes the order's file, durably, and sets order->id. False: the order is not given, or the message says how to see
 * whether it is. */
bool orders_write(const struct gateway *gateway, struct order *order, GError **error);

/* Reads the order file at path, whose escaped name becomes the id. Its texts are escaped. A file that is no order gets
 * a refusal, and so does one that others than its owner may have written, or that we may not read (order_rights.c).
 * NULL: the disk failed, and reading it may work another time. The caller frees the result. */
struct order *order_read(const char *path, const char *name, GError **error);

/* ---- carrying out (orders.c) ---- */

/* Stands still for a backup that asks for it (backup_pause.h), then carries out all orders, oldest first. A refused
 * order is done too: its result says why. If gateway->yields, the withdrawal of a large batch may take several calls
 * (gateway->withdrawing); later orders wait for it. False: spool or ledger failed; orders that are not done yet stay
 * for the next time. */
bool orders_carry_out(struct gateway *gateway, GError **error);

/* *given: an order is there that is not carried out yet. False: the disk failed. */
bool orders_are_given(const struct gateway *gateway, bool *given, GError **error);

/* Whether the result is that of an order that was carried out. */
bool order_is_done(const char *result);

/* The row that the commit of an order inserts. reason: the order's own, or with what it is about before it; result:
 * ORDER_DONE, or why the order is refused. Borrows all texts. */
struct ledger_action order_action(const struct order *order, const char *reason, const char *result);
/* Adds the row of an order that is carried out or refused, in the caller's transaction, and logs it. */
bool order_insert(struct gateway *gateway, const struct ledger_action *action, GError **error);

/* NULL is allowed. */
void order_free(struct order *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(order_t, order_free)

#endif
