/*
 * The writer's side of a backup: it stands still for the instant in which a backup fixes what it copies
 * (spool/freeze.h). orders_carry_out calls this, so at the start of each pass and between two jobs: nothing is half
 * done then, and no transaction is open. Transfers with drops go on meanwhile; they change no state.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_RECOVERY_BACKUP_PAUSE_H
#define ECOSGATE_GATEWAY_PIPELINE_RECOVERY_BACKUP_PAUSE_H

#include "gateway/gateway.h"

/* Stands still while a backup asks for it, 30 seconds at most. Returns at once if none does, and in the 300 seconds
 * after its 30 if it is the same one. */
void backup_pause(struct gateway *gateway);

#endif
