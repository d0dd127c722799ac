/*
 * Which job is judged next. Reference data come first, then all other files, each in the order of their ids: an
 * instruction is reviewed by all that was known when it came, whatever the order of the drops.
 *
 *   queue_fill(queue, &error)                       once a pass, after pickup: what is to be judged in this pass
 *   queue_next(queue, &job, &error) …               until job is 0
 *
 * An instruction stays in ready/ in two cases:
 *
 * - A104 is open (inventory.h).
 * - Reference data that stood whole in a drop when the instruction was picked up may not be in the spool yet.
 *   queue_fill has the drops of reference data listed once more for it. A drop that is down or has no room is not
 *   waited for. A file that settles (rule `stable`) is waited for, a file without its marker is not. After the setting
 *   reference_wait the instruction is judged by what is known.
 *
 * Reference data stay in ready/ behind a file of the same sender and type that an operator has to decide about (A117).
 *
 * What has been waited for is in memory only. After a restart the drops are listed anew.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_QUEUE_H
#define ECOSGATE_GATEWAY_PIPELINE_QUEUE_H

#include "gateway/pipeline/pickup.h"

struct queue;

/* gateway and pickup are borrowed. The caller frees the result with queue_free. */
struct queue *queue_new(struct gateway *gateway, struct pickup *pickup);
/* NULL is allowed. */
void queue_free(struct queue *queue);

/* Finds the jobs to be judged: those that a stop left in active/, and those in ready/. False: spool or ledger failed.
 */
bool queue_fill(struct queue *queue, GError **error);
/* Takes the next job out of the queue. *job: its id; 0: no job is left, or those that are left have to wait. False: the
 * ledger failed. */
bool queue_next(struct queue *queue, int64_t *job, GError **error);
/* True while reference data are left in the queue: no work order is made before they are judged. */
bool queue_has_reference(const struct queue *queue);

/* Microseconds until an instruction has waited long enough for reference data. G_MAXINT64: none waits for them. */
int64_t queue_due(const struct queue *queue);
/* From now on no instruction waits for reference data that are not in the spool. */
void queue_wait_no_more(struct queue *queue);

#endif
