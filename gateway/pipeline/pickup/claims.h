/*
 * Which drops are ours (A110). Each connection of a drop has a guard (claim.h), which its transfer worker asks before
 * each task. What the guard finds is judged here, in the gateway's thread, for that needs the ledger:
 *
 *   - an earlier start of this gateway, or a ledger that `recover` replaced: taken over at once
 *   - a claim that knows more of our ledger than the ledger itself: A109 (ledger_watch.h)
 *   - another gateway, or nobody can tell: A110 for this drop, which is looked at again after 1, 2, 4 … 60 s
 *   - a newer start of this gateway, seen after this drop was ours: A110, and this process ends
 *
 *   claims = claims_new(&gateway, &error);
 *   claims_prepare → a task, which calls claim_look → claims_settle (the task failed by it) or claims_confirm
 *   claims_free(claims);                              after all transfer workers
 *
 * One process asks for both directions of a drop, so the drop is ours if either guard has held the claim.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_PICKUP_CLAIMS_H
#define ECOSGATE_GATEWAY_PIPELINE_PICKUP_CLAIMS_H

#include "gateway/drops/claim.h"
#include "gateway/gateway.h"

#define CLAIMS_ERROR (claims_error_quark())
enum claims_error {
    CLAIMS_ERROR_SUPERSEDED, /* a newer start of this gateway has taken over: the process must end */
};
/* The error domain of this header. */
GQuark claims_error_quark(void);

/* gateway is borrowed, and gets gateway->claims. NULL: the ledger failed. */
struct claims *claims_new(struct gateway *gateway, GError **error);
/* NULL is allowed. */
void claims_free(struct claims *claims);

/* The guard of a connection: the same for each call. It belongs to the task that is under way. */
struct claim_guard *claims_guard(struct claims *claims, const struct drop *drop, enum connection_direction direction);

/* Before a task: gives the guard what our claim is to say. leaving: the task makes numbers known outside, so the claim
 * must have the newest ones before. Not so before a sender's copy is removed: the witness file has the job's number,
 * and a claim that cannot be written for a while should not stop the pickup. False: the ledger failed. */
bool claims_prepare(struct claims *claims, struct claim_guard *guard, bool leaving, GError **error);
/* A task failed with TRANSPORT_ERROR_CLAIMED, whose cause is freed: nothing of it may be committed. claims_wait says
 * when it may be begun again. False: the ledger failed, or CLAIMS_ERROR_SUPERSEDED. */
bool claims_settle(struct claims *claims, struct claim_guard *guard, GError *cause, GError **error);
/* A task did not fail by the claim: closes A110 if the drop is ours. False: the ledger failed. */
bool claims_confirm(struct claims *claims, struct claim_guard *guard, GError **error);
/* True if the drop is ours: an order to take it has nothing to take. */
bool claims_holds(const struct claims *claims, const struct drop *drop);
/* Microseconds until the drop is looked at again; 0: now. */
int64_t claims_wait(const struct claims *claims, const struct drop *drop);
/* At the start of a pass: a drop that an operator has given to us is looked at again at once. False: the ledger
 * failed. */
bool claims_begin_pass(struct claims *claims, GError **error);

#endif
