/*
 * The header's values are those of the outgoing file's row in the ledger, as they were when the file was planned: a
 * configuration that has changed since then changes no answer.
 */
#include "gateway/answers/answer_header.h"

#include "formats/outgoing_facts.h"
#include "gateway/answers/cells.h"

/* ResubmissionOf: an answer corrects no other file. */
#define FILE_HEADER_FACTS(FACT)                                                                                        \
    FACT(FILE_HEADER, header_sender, outgoing->sender)                                                                 \
    FACT(FILE_HEADER, header_recipient, outgoing->recipient)                                                           \
    FACT(FILE_HEADER, header_sequence, cell_number(outgoing->sequence, sequence))                                      \
    FACT(FILE_HEADER, header_created, cell_time(outgoing->created, created))                                           \
    FACT(FILE_HEADER, header_environment, outgoing->environment)                                                       \
    FACT(FILE_HEADER, header_batch, batch)                                                                             \
    FACT(FILE_HEADER, header_corrects, NULL)
FACTS_DECLARE(FILE_HEADER);

void answer_header_write(struct writer *writer, const struct ledger_outgoing *outgoing, const char *batch, int64_t rows)
{
    char sequence[CELL_NUMBER_SIZE], created[INSTANT_TEXT_SIZE];
    FACTS_FILL(FILE_HEADER, header);

    writer_header(writer, &header, (uint64_t)rows);
}
