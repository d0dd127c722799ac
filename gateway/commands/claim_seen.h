/*
 * Looks at the claim of a drop, for the commands `claim list`, `claim take`, `recover`, `pickup` and `doctor`. Changes
 * nothing there.
 *
 *   claim_viewer_init → for each drop: claim_seen_look → members → claim_seen_clear
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CLAIM_SEEN_H
#define ECOSGATE_GATEWAY_COMMANDS_CLAIM_SEEN_H

#include "gateway/drops/claim.h"
#include "gateway/gateway.h"

/* What this home knows of itself when it looks at claims. */
struct claim_viewer {
    struct gateway *gateway;              /* borrowed; NULL: there is no ledger, and every claim is of another one */
    char instance[GATEWAY_INSTANCE_SIZE]; /* of the process that last wrote this ledger; "": not known */
    bool behind;                          /* the ledger is not the newest one (A109) */
};

struct claim_seen {
    const char *word; /* "" without a folder; "ours", "older", "newer", "other", "none", "damaged", "unknown", "off",
                       * "unreadable" */
    char *text;       /* the same for people, and what to do where something is wrong */
    bool good;        /* the gateway may work there */
    bool takable;     /* `claim take` would replace it */
    char *order;      /* claim_key of the claim that an order to take the drop waits for; NULL: no order waits */
    char *key;        /* claim_key; NULL: there is no claim, or it cannot be read */
    struct witness *witness; /* what the claim says; NULL: not known */
};

/* gateway is a reader's and stays open while the viewer is used. NULL: there is no ledger. */
void claim_viewer_init(struct claim_viewer *viewer, struct gateway *gateway);
/* One look at the drop. */
void claim_seen_look(struct claim_seen *seen, const struct drop *drop, const struct claim_viewer *viewer);
/* Frees what claim_seen_look has set. */
void claim_seen_clear(struct claim_seen *seen);

#endif
