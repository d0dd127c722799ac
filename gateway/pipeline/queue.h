/*
 * What comes next in a pass. Facts (facts.h) come first: reference data, then results and confirmations. Then the time
 * has its turn, if it ends anything or a try is due, then instructions. Files of one rank come in the order of their
 * ids. So a Device is reviewed, ordered and ended by all that was known in time, whatever the order of the drops.
 *
 *   queue_begin_pass(queue)                         before pickup
 *   queue_fill(queue, time_due, &error)             once a pass, after pickup: what is to be done in this pass
 *   queue_next(queue, &job, &error) …               until job is 0
 *   queue_say_undecided(queue, &error)              what waits for an operator
 *
 * An instruction stays in ready/ in these cases:
 *
 * - A104 is open, or an operator has to decide about reference data that would remove too much (A117; inventory.h).
 * - Facts that stood whole in a drop when the instruction was picked up may not be in the spool yet. queue_fill has the
 *   drops of facts listed once more for it. A drop that is down or has no room is not waited for. A file that settles
 *   (rule `stable`) is waited for, a file without its marker is not. After the setting reference_wait the instruction
 *   is judged by what is known.
 *
 * The time waits for the same, from the beginning of the pass on in which it was due. Instructions wait with it, for
 * what a session has become decides about them.
 *
 * Reference data stay in ready/ behind a file of the same sender and type that an operator has to decide about: for an
 * A117, or because a lost ledger had accepted its number (inventory.h).
 *
 * After a recovery (recover.h) files that a lost ledger had judged are judged again. A result among them may be about
 * an instruction among them, so it has the rank of an instruction.
 *
 * A file that an operator has rejected (orders.h) comes before all others and waits for nothing.
 *
 * What has been waited for is in memory only. After a restart the drops are listed anew.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_QUEUE_H
#define ECOSGATE_GATEWAY_PIPELINE_QUEUE_H

#include "gateway/pipeline/pickup/pickup.h"

struct queue;

/* gateway and pickup are borrowed. The caller frees the result with queue_free. */
struct queue *queue_new(struct gateway *gateway, struct pickup *pickup);
/* NULL is allowed. */
void queue_free(struct queue *queue);

/* The time waits for facts that stand in the drops from now on. */
void queue_begin_pass(struct queue *queue);
/* Finds the jobs to be judged: those that a stop left in active/, and those in ready/. time_due: the time ends
 * something, or a try is due (dispatch_is_due). False: spool or ledger failed. */
bool queue_fill(struct queue *queue, bool time_due, GError **error);
/* What queue_next gives when it is the time's turn; no job has that id. */
enum { QUEUE_TIME = -1 };
/* Takes the next job, or the time, out of the queue. *job: its id; 0: no job is left, or those that are left have to
 * wait. False: the ledger failed. */
bool queue_next(struct queue *queue, int64_t *job, GError **error);
/* Call it when no job is left: says which files an operator has to decide about (A117, and those of lost numbers behind
 * which others wait), what waits for that and what moves it on. A message is repeated only if it has changed.
 * gateway->failed is set while there is such a file. False: the ledger failed. */
bool queue_say_undecided(struct queue *queue, GError **error);
/* True while facts, or the time, are left in the queue: no work order is made before them. */
bool queue_holds_orders(const struct queue *queue);

/* Microseconds until an instruction, or the time, has waited long enough for facts. G_MAXINT64: none waits for them. */
int64_t queue_due(const struct queue *queue);
/* From now on nothing waits for facts that are not in the spool. */
void queue_wait_no_more(struct queue *queue);

#endif
