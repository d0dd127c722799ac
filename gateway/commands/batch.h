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
/* The same for a caller that says it itself: *problem is the message, without the command; g_free it. NULL with a
 * batch. */
bool batch_named(struct read_access *access, const char *text, struct ledger_batch **batch, char **problem,
                 GError **error);
/* *meant: "; did you mean MCC.B-1?; 'ecosgate batch list' …", the end of a message about a text that names no batch.
 * g_free it. */
bool batch_meant(struct read_access *access, const char *text, char **meant, GError **error);
/* "MCC.B-1"; without a BatchId the name of the file. g_free it. */
char *batch_name(const struct ledger_batch *batch);

#endif
