/*
 * One answer while its bytes are made: what answer.c gives to the file of each kind (ema.c, emd.c, emw.c, emo.c,
 * incident_file.c), and what those give back.
 */
#ifndef ECOSGATE_GATEWAY_ANSWERS_ANSWER_PRIVATE_H
#define ECOSGATE_GATEWAY_ANSWERS_ANSWER_PRIVATE_H

#include "formats/writer.h"
#include "gateway/answers/cells.h"
#include "gateway/gateway.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

/* Pointers are borrowed. */
struct answer {
    struct ledger *ledger;
    const struct ledger_outgoing *outgoing;
    const struct ledger_job *job;         /* the job that the outgoing file belongs to */
    const struct ledger_verdict *verdict; /* on the file that is answered; NULL: there is none */
    struct writer *writer;
    const struct profile *profile; /* of the file; its texts have the words of it */
    int64_t rows;                  /* set by the function of the kind: how many the file has */
    int64_t record;                /* EMW: of the last row; records are numbered anew when Devices were withdrawn */
    /* Times that most rows of a file have in common, one for each column of times. */
    struct cell_instant session_start, session_end, next_eligible, ended_at;
};

/*
 * Writes the header and all rows of one kind of file, and sets rows. False with *error set: the ledger cannot be read,
 * or its rows do not make such a file (SPOOL_ERROR_CORRUPT). Errors of writing are kept by the writer.
 */
typedef bool answer_write_fn(struct answer *answer, GError **error);

answer_write_fn ema_write, emd_write, emw_write, emo_write, incident_file_write;

#endif
