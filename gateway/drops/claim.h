/*
 * The claim of a drop: a file in the drop's `out` that says which gateway works there, so that a second one leaves the
 * drop alone (A110). Its content is a witness (spool/witness.h): ledger, generation, instance, host, pid, numbers. It
 * stays when the process ends, for a drop belongs to a ledger, not to a process.
 *
 *   claim_guard_init → claim_guard_set, claim_look, … → claim_guard_clear
 *
 * A guard belongs to one connection. A transfer worker calls claim_look at the beginning of each task, and between the
 * files of a task, where it costs nothing while the last look is younger than a second. So a process that slept (a
 * stopped process, a machine that was taken over) finds out before it changes anything else. Only the request that was
 * under way when it fell asleep is not looked after: to keep that one away, the machine must be fenced (OPERATIONS.md).
 *
 * Written in place, not by a rename: SFTP has no rename that every server lets replace a file. A text that was written
 * in part is recognised by its digest. It is made exclusively, so that of two gateways that find none one wins.
 *
 * Rejected: a lock of the server (SFTP has none), a claim that ends by itself after a time (a clock would decide who
 * works), and a claim in `in`, where partners look for their own files.
 */
#ifndef ECOSGATE_GATEWAY_DROPS_CLAIM_H
#define ECOSGATE_GATEWAY_DROPS_CLAIM_H

#include "gateway/drops/transport.h"
#include "spool/witness.h"

/* Whose claim a text is, as seen by one gateway. */
enum claim_owner {
    CLAIM_NOBODY,  /* there is none */
    CLAIM_OURS,    /* this process wrote it */
    CLAIM_OLDER,   /* an earlier start of this gateway: same ledger, lower generation */
    CLAIM_TWIN,    /* same ledger and generation, another process: the home was copied */
    CLAIM_NEWER,   /* a later start of this gateway, perhaps on another machine: same ledger, higher generation */
    CLAIM_OTHER,   /* another ledger */
    CLAIM_EMPTY,   /* no byte: somebody is making it, or was stopped while he made it */
    CLAIM_TORN,    /* damaged, but it names our ledger and no higher generation: a stop while we wrote it */
    CLAIM_DAMAGED, /* no whole claim */
    CLAIM_UNKNOWN, /* of a newer program, whose claims have another form */
};

/* Who looks. The texts are borrowed. */
struct claim_self {
    const char *ledger;
    int64_t generation;
    const char *instance; /* "" for a command with read-only access: then an equal generation is ours */
};

/* Whose claim the text is; text NULL: there is none. *witness: what it says, NULL if that is not known. Changes
 * nothing, asks nobody. */
enum claim_owner claim_owner_of(const struct claim_self *self, const char *text, size_t len, struct witness **witness);

/* Tells one claim from another, in hex digits: the same process of the same ledger, or for a text that says neither,
 * the same bytes. NULL if there is no claim. g_free. */
char *claim_key(const struct claim_text *claim, const struct witness *witness);

/* What is found in a drop, for people: "it belongs to another gateway: ledger 0f…, generation 7, host a, process 12,
 * renewed …". Texts of the claim are escaped. g_free. */
char *claim_describe(enum claim_owner owner, const struct witness *witness);
/* What to do about a claim that is not ours: an imperative, without a full stop. g_free. */
char *claim_advice(enum claim_owner owner, const struct drop *drop);

/* ---- in the transfer worker ---- */

/* The members up to `leaving` are set by the gateway's thread between tasks, the others by claim_look. */
struct claim_guard {
    const struct drop *drop;
    char *taking;        /* claim_key of the claim that an operator's order lets us replace; NULL: there is no order */
    char *approved;      /* instance whose claim we may replace; NULL: none */
    const char *pending; /* another drop of ours, that belongs to another gateway: no new claim is made; NULL: none */
    struct witness *own; /* what our claim is to say */
    bool leaving;        /* the claim must have the numbers of `own` before the task goes on */

    bool held;              /* the last look found or made the claim ours; false while it is not known */
    bool was_held;          /* the same of the last look that could tell */
    int64_t looked_at;      /* clock_since_start: a machine that was suspended looks again; 0: never */
    int64_t renewed_at;     /* the same, when the text of our claim changed */
    char *text;             /* of our claim, as it was seen last; NULL: not yet */
    struct witness *seen;   /* what that text says */
    enum claim_owner owner; /* that the last look found, when it failed with TRANSPORT_ERROR_CLAIMED */
    struct witness *found;  /* the same; NULL: not known */
    char *key;              /* the same: claim_key; NULL: not known */
    char *replaced;         /* claim_describe of a claim that was replaced by the order; claims.c frees it */
};

/* Prepares a guard; drop is borrowed. */
void claim_guard_init(struct claim_guard *guard, const struct drop *drop);
/* Sets what our claim is to say; takes the witness. */
void claim_guard_set(struct claim_guard *guard, struct witness *own, bool leaving);
/* Frees what the guard holds. */
void claim_guard_clear(struct claim_guard *guard);
/* True if the order is about the claim that the last look found. */
bool claim_is_given(const struct claim_guard *guard);

/* Makes sure that the drop is ours: looks at the claim, makes it if there is none, renews it if it is older than a
 * minute, or if it lacks numbers that the task makes known. True also if the drop has claim=no, or has no folder `out`,
 * in which nobody can claim anything. TRANSPORT_ERROR_CLAIMED if the drop belongs to another, or nobody can tell:
 * guard->owner, guard->found. */
bool claim_look(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                GError **error);
/* The same within a task, between two files: looks again only after a second. */
bool claim_still(struct claim_guard *guard, const struct transport *transport, struct connection *connection,
                 GError **error);

#endif
