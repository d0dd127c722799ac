/* What the commands about batches share: which batch an argument names. */
#ifndef ECOSGATE_GATEWAY_COMMANDS_BATCH_H
#define ECOSGATE_GATEWAY_COMMANDS_BATCH_H

#include "gateway/commands/read_access.h"
#include "spool/ledger/ledger_batches.h"

/* *batch: the one that the text names: by its BatchId, as SENDER.BATCHID, by its job or the name of its file; g_free
 * it. NULL: there is none, or there are several, and a message says so, which begins with the command. False: the
 * ledger's error. */
bool batch_find(struct read_access *access, const char *command, const char *text, struct ledger_batch **batch,
                GError **error);
/* "MCC.B-1"; without a BatchId the name of the file. g_free it. */
char *batch_name(const struct ledger_batch *batch);

#endif
