/*
 * The bytes of answers and work orders (EMA, EMD, EMW, EMO; INC with incident_file.c), from ledger rows alone: the same
 * whenever they are built again (formats/FILES.md, 2, 5 and 6).
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_ANSWER_H
#define ECOSGATE_GATEWAY_ANSWERS_ANSWER_H

#include "gateway/gateway.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_outgoing.h"

/* WorkItemId: <org>.<BatchId>.<RecordNumber> (formats/FILES.md, 6), into text, which is returned. */
enum { WORK_ITEM_ID_SIZE = 64 };
const char *work_item_id(const char *org, const char *batch, int64_t record, char text[WORK_ITEM_ID_SIZE]);

/* The header of what a part tells; batch may be NULL, rows is what it declares. */
struct writer;
void answer_write_header(struct writer *writer, const struct ledger_outgoing *part, const char *batch, int64_t rows);

/* Stores a PLANNED part beside its job in active/ and notes size, digest and rows: it is STORED then. */
bool answer_store(struct gateway *gateway, const struct ledger_outgoing *part, GError **error);

/* The last step of that, for a part whose file stands beside its job already. */
bool answer_record_stored(struct gateway *gateway, const struct ledger_outgoing *part, const struct disk_file *file,
                          int64_t rows, GError **error);

/* The SHA-256 and the rows that the answer has when it is built from the ledger's rows now; stores nothing.
 * An error also when they do not make an answer any more. */
bool answer_digest(struct gateway *gateway, const struct ledger_outgoing *part, char sha256[DIGEST_HEX_SIZE],
                   int64_t *rows, GError **error);

#endif
