/*
 * Why instructions wait in ready/, in order, while all other files go on (queue.h):
 *
 *   A104: the Device inventory is missing or too old
 *   A117: a FULL file of INV, COS or NMM would remove too much, and no operator has decided about it
 *
 * And behind which earlier file reference data wait.
 *
 * These functions only read the ledger. reference_update_incident opens and closes A104, reference_hold opens A117.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_JUDGING_INVENTORY_H
#define ECOSGATE_GATEWAY_PIPELINE_JUDGING_INVENTORY_H

#include "gateway/gateway.h"

/* *text: what is wrong with the inventory, for people; g_free it. NULL: it is there and fresh enough, or not required
 * yet. False: the ledger's error. */
bool inventory_find_problem(struct gateway *gateway, char **text, GError **error);

/* *job: the FULL file that an operator has to decide about (A117) before a Device is ordered for the first time; 0:
 * none. That file, and those that wait behind it, may say that a Device must not be ordered. PTY does not count: no
 * review looks at parties. False: the ledger's error. */
bool inventory_find_undecided(struct gateway *gateway, int64_t *job, GError **error);

/* An earlier file of the same sender and type that an operator has to decide about. */
struct inventory_ahead {
    int64_t job; /* 0: there is none */
    bool lost;   /* held because a lost ledger had accepted its number; else for an A117 */
};

/* *ahead: the file behind which that one waits; reference data only. Judged before it, a file makes the earlier one out
 * of date (B107), and a DELTA changes a table that the earlier one replaces. False: spool or ledger failed. */
bool inventory_find_ahead(struct gateway *gateway, int64_t job, struct inventory_ahead *ahead, GError **error);

/* Sets *waits if the job has to wait while there is a problem or an undecided file. True for instructions only. Answers
 * of the job that are planned already are delivered all the same. False: the ledger's error. */
bool inventory_waits(struct gateway *gateway, int64_t job, bool *waits, GError **error);

#endif
