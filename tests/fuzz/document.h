/*
 * A document under test: the fuzzer's bytes with long runs written out, its places, and its pieces.
 *
 *   struct document *d = document_new(data, size);
 *   document_offset(d, at) …     document_push(d, reader, true) …
 *   document_free(d);
 */
#ifndef ECOSGATE_TESTS_FUZZ_DOCUMENT_H
#define ECOSGATE_TESTS_FUZZ_DOCUMENT_H

#include "formats/reader.h"

#include <glib.h>

struct document {
    char *text; /* exactly len bytes: the sanitizer sees one byte over */
    size_t len;
    GArray *lines; /* size_t, where each begins; the first one behind a byte order mark */
    uint32_t hash; /* of the text: what is drawn by lot is the same for the same bytes */
};

/* Byte 2 or 3, a character and a number stand for a run of that character about as long as a record (64 KiB) or a tag
 * (128 KiB) may be, so that a short input can reach these limits; the first three of them are written out. */
struct document *document_new(const uint8_t *data, size_t size);
/* The same bytes as they stand. */
struct document *document_of(const char *text, size_t len);
void document_free(struct document *document);

/* What the document says it is, however it may be: the inbound type whose code stands in its first record, or whose root
 * is named first in it; EMI where there is none. */
const struct file_type *document_type(const struct document *document, enum form form);

/* Where the place is, len for the text's end; G_MAXSIZE when there is none such. */
size_t document_offset(const struct document *document, struct place at);

/* Pushes all bytes, at once or in pieces drawn by lot; what reader_finish said. What reader_push and reader_finish may
 * not do is asserted. */
bool document_push(const struct document *document, struct reader *reader, bool in_pieces);

/* The next number drawn by lot; *lot must not be 0. */
uint32_t document_draw(uint32_t *lot);

#endif
