/*
 * What the spool knows that the ledger does not: jobs without a row, and the numbers in them. For recover.c.
 *
 *   recover_spool_look    finds them, and moves what must not be judged by itself to held/
 *   recover_spool_record  their rows, in the recovery's transaction
 *   recover_spool_clear
 *
 * Where a job goes:
 *
 *   received, in ready/ or active/          held/: an operator releases it, and it is judged
 *   received, in held/, done/, rejected/    stays. In done/ and rejected/ its end is not known any more.
 *   of our own (work order …)               done/: whether it was delivered nobody knows; its bytes are there
 *   without a readable envelope             corrupt/
 *   in incoming/                            is dropped as at each start: the sender's copy is still in the drop
 *
 * Each gets a reason that says so. Its revision begins high, for the lost ledger may have answered the same file.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_RECOVER_SPOOL_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_RECOVER_SPOOL_H

#include "gateway/gateway.h"
#include "spool/ledger/ledger_recovery.h"
#include "spool/witness.h"

struct recover_spool {
    GArray *strays; /* of recover_spool.c */
};

/* Raises known's numbers to those that the spool's files have. False: spool or ledger failed. */
bool recover_spool_look(struct gateway *gateway, struct recover_spool *spool, struct witness *known, GError **error);
/* Inserts the rows and counts them in recovery->jobs. */
bool recover_spool_record(struct gateway *gateway, const struct recover_spool *spool, struct ledger_recovery *recovery,
                          GError **error);
/* Frees what the struct holds; all zeros is allowed. */
void recover_spool_clear(struct recover_spool *spool);

#endif
