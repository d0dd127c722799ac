/*
 * The witness of a home: the file that `witness=` names, outside the spool, which shows that a ledger is an older copy.
 * A writer keeps it: after it has begun its generation, and before anything leaves that uses a number which is not in
 * it yet. Content and file: spool/witness.h.
 *
 *   home_witness_keep      at the writer's start, before a batch of uploads, before sender's copies are discarded
 *
 * Its numbers are those of the ledger's counters, `job` (the newest job) and `incident` (the newest incident):
 *
 *   EMA, EMD, EMW, EMO, INC and each report    how many were named
 *   accepted SENDER TYPE ORG                   the last accepted number of a sender: numbering * 1000000 + number
 *
 * Beside them stands the head of the chain of evidence (ledger_evidence.h), so that somebody outside holds it.
 *
 * Rejected: to take the numbers from the rows of jobs and verdicts each time. That would read the whole ledger before
 * each batch; a counter is raised in the transaction that uses the number.
 */
#ifndef ECOSGATE_GATEWAY_HOME_WITNESS_H
#define ECOSGATE_GATEWAY_HOME_WITNESS_H

#include "gateway/gateway.h"
#include "spool/witness.h"

/* What this gateway says of its ledger now: id, generation, instance, host, pid, numbers; `written` is the present
 * time. For the witness file and for claims in drops; witness_free. NULL: the ledger failed. */
struct witness *home_witness_of(struct gateway *gateway, GError **error);
/* The same, lent until the next call of either or until the home is closed. A writer asks the ledger again only if a
 * row has changed since the last call: a pass asks before each batch. */
const struct witness *home_witness_now(struct gateway *gateway, GError **error);

/* A home whose configuration has no witness= goes on without one, and says so once, where the default file neither
 * exists nor can be made: it has worked like that before.
 *
 * Writes the witness file durably if what it has to say differs from what this process wrote last. False: ledger or
 * file failed, and nothing may leave that uses a new number. */
bool home_witness_keep(struct gateway *gateway, GError **error);

#endif
