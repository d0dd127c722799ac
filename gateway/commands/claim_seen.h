/*
 * Looks at the claim of a drop, for the commands `claim list` and `doctor`. Changes nothing there.
 *
 *   claim_seen_look → members → claim_seen_clear
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_CLAIM_SEEN_H
#define ECOSGATE_GATEWAY_COMMANDS_CLAIM_SEEN_H

#include "gateway/drops/claim.h"

struct claim_seen {
    const char
        *word;  /* "" without a folder; "older", "newer", "other", "none", "damaged", "unknown", "off", "unreadable" */
    char *text; /* the same for people, and what to do where something is wrong */
    bool good;  /* the gateway may work there */
    struct witness *witness; /* what the claim says; NULL: not known */
};

/* ledger and generation are those of this home's ledger; NULL: there is none, and every claim is of another. */
void claim_seen_look(struct claim_seen *seen, const struct drop *drop, const char *ledger, int64_t generation);
/* Frees what claim_seen_look has set. */
void claim_seen_clear(struct claim_seen *seen);

#endif
