/*
 * `ecosgate recover`: the gateway goes on with a ledger that is not the newest one (A109). What the lost ledger has
 * done in the lost time nobody can know; what is known is how far its numbers went. So
 *
 *   numbers      go on above every number that witness, claims and spool know, and so does the generation
 *   files        whose numbers the lost ledger had accepted move to held/ at their intake (intake.c). When one is
 *                released and judged, the Devices that it brings are withheld, too (recording.c)
 *   Devices      with a live work item are withheld, and work orders that were not delivered are taken for delivered:
 *                nothing is ordered by itself that may have been ordered (ledger_recovery.h)
 *   jobs         that stand in the spool and have no row get one (recover_spool.h); none is judged by itself
 *   reports      of periods that the lost ledger had issued are not issued again
 *   the spool    belongs to this ledger from now on, and so does the witness
 *
 * The command looks into every drop before it gives the order, and the order brings the claims that it saw: while A109
 * is open the gateway itself looks into none. The command names a drop that it cannot read; if the claim there knows
 * more, A109 comes again with the next pass.
 *
 * The folders of jobs move first, then one commit holds everything else and the order's result (recovery-committed),
 * then spool and witness are bound. A stop before the commit leaves the order, which is carried out again; one after it
 * leaves what each start of a writer makes good (ledger_replaced).
 *
 * Rejected: to guess what the lost ledger did from the files in the drops. Recipients take them away.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_RECOVER_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_RECOVER_H

#include "gateway/pipeline/orders/orders.h"

/* Carries out ORDER_RECOVER and commits its result. It is refused while the ledger is sound, or while the witness
 * cannot be read or written for a reason that can be mended. False: spool or ledger failed. */
bool recover_carry_out(struct gateway *gateway, const struct order *order, GError **error);

#endif
