/*
 * The header of every file that the gateway answers with: EMA, EMD, EMW, EMO and INC (formats/FILES.md, 3).
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_ANSWER_HEADER_H
#define ECOSGATE_GATEWAY_ANSWERS_ANSWER_HEADER_H

#include "formats/writer.h"
#include "spool/ledger/ledger_outgoing.h"

/* Writes the header of an outgoing file. batch: its BatchId, NULL is allowed; rows: the count that it declares. Errors
 * are kept by the writer. */
void answer_header_write(struct writer *writer, const struct ledger_outgoing *outgoing, const char *batch,
                         int64_t rows);

#endif
