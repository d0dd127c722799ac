/*
 * The rows of an INC: one for each event that its job tells, from ledger rows alone (formats/FILES.md, 9).
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_INCIDENT_FILE_H
#define ECOSGATE_GATEWAY_ANSWERS_INCIDENT_FILE_H

#include "formats/writer.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_outgoing.h"

/* Header and rows into the writer; *rows: how many events the ledger has for it, which is what the header declares
 * only as long as they are those of the part. SPOOL_ERROR_CORRUPT where they do not make an INC any more. */
bool incident_file_write(struct gateway *gateway, const struct ledger_outgoing *part, struct writer *writer,
                         int64_t *rows, GError **error);

#endif
