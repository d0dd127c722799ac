/*
 * A job that stands in two folders of states. A power failure between a rename and the sync of both its folders may
 * leave both names on some file systems, and so may an operator who copies folders. The gateway brings such a job
 * together at its start, before anything looks for jobs.
 *
 * - The ledger says in which state the job is: its verdict, its reason, what it still has to deliver. That copy is
 *   kept; if there is none in that state, another one is moved there.
 * - A file that is not whole in the copy that is kept is taken from another copy.
 * - Every other copy is removed if all its files are in the one that is kept, byte for byte. If not, it is renamed to
 *   corrupt/<id>.<state>, which nothing takes for a job; `spool verify` names it until an operator has moved it away.
 * - A job that stands in ready/ and has answers to deliver moves to active/.
 * - If the ledger does not say it, the job goes to corrupt/ with a reason that says what to do, as an A111.
 *
 * Not one folder is removed while it holds bytes that stand nowhere else. A job without a row in the ledger is left
 * alone.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_PLACES_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_PLACES_H

#include "gateway/gateway.h"

/* False: spool or ledger failed. It may be called again. */
bool places_heal(struct gateway *gateway, GError **error);

/* Are all files of the folder `other` also in `kept`, with the same bytes, in either form? Two names of one folder are
 * not two copies. */
bool places_hold_all(const char *kept, const char *other);

#endif
