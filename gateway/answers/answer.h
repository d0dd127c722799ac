/*
 * The bytes of answers and work orders: EMA, EMD, EMW, EMO and INC (formats/FILES.md, 5, 6 and 9). They are made from
 * ledger rows alone, so they are the same whenever they are made again.
 *
 *   plan_answers | plan_file (plan.h) → answer_store → delivery
 *
 * Errors are those of spool and ledger (SPOOL_ERROR_…); SPOOL_ERROR_CORRUPT: the ledger's rows do not make that file.
 * A new kind of answer is one file with its facts and one line in the table of answer.c (gateway/NOTES.md).
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_ANSWER_H
#define ECOSGATE_GATEWAY_ANSWERS_ANSWER_H

#include "formats/writer.h"
#include "gateway/gateway.h"
#include "spool/digest.h"
#include "spool/ledger/ledger_outgoing.h"

/* Builds a PLANNED outgoing file beside its job in active/, syncs it, and records size, SHA-256 and rows in a
 * transaction of its own: the file is STORED then. */
bool answer_store(struct gateway *gateway, const struct ledger_outgoing *outgoing, GError **error);
/* The same for several files, with one sync and one commit. A list of rows of files that are not durable yet; the
 * caller frees it:
 *
 *   placed = answer_placed_new; disk_fs_open; answer_place …; disk_fs_sync; answer_note; g_ptr_array_unref(placed) */
GPtrArray *answer_placed_new(void);
/* Adds the row of a file that is whole under its name and was written by other code (reports). */
void answer_placed_add(GPtrArray *placed, const struct ledger_outgoing *outgoing, const struct disk_file *file,
                       int64_t rows);
/* Builds a file without any sync, and adds its row to the list. */
bool answer_place(struct gateway *gateway, const struct ledger_outgoing *outgoing, GPtrArray *placed, GError **error);
/* Records all files of the list, in one transaction: they are STORED then. */
bool answer_note(struct gateway *gateway, const GPtrArray *placed, GError **error);

/* Builds a STORED file of a job in that state again, in the place of the one that is there. It must come out with the
 * size and SHA-256 that the ledger has: the caller has asked answer_digest. The ledger's rows stay as they are. */
bool answer_mend(struct gateway *gateway, const struct ledger_outgoing *outgoing, enum job_state state, GError **error);

/* Builds the file from the ledger as it is now and gives its bytes to a sink, piece by piece. Nothing is stored, and no
 * row changes. False with *error set also when the sink failed. */
bool answer_write(struct gateway *gateway, const struct ledger_outgoing *outgoing, writer_bytes_fn *bytes, void *user,
                  GError **error);

/* Builds the file from the ledger as it is now, without storing it, and gives its SHA-256 and its number of rows. False
 * with *error set also when the rows do not make such a file any more. `spool verify` compares it with the stored file,
 * which finds changed rows. It cannot find changes in what no answer shows: MPxN, region, operators' orders. */
bool answer_digest(struct gateway *gateway, const struct ledger_outgoing *outgoing, char sha256[DIGEST_HEX_SIZE],
                   int64_t *rows, GError **error);

#endif
