/*
 * A document under test: the fuzzer's bytes with long runs written out. Finds offsets of places in it, and pushes it
 * into a reader at once or in pieces.
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
    char *text; /* exactly len bytes, so that the sanitizer sees a read beyond them */
    size_t len;
    GArray *lines; /* size_t: offset of each line; the first begins behind a byte order mark */
    uint32_t hash; /* of the text, never 0: seeds document_random, so that the same bytes give the same run */
};

/* Makes a document of the fuzzer's bytes. Three bytes can stand for a run, so that a short input can reach the limits
 * of the readers: byte 2 or 3, then a character, then a number. The run is of that character, and about as long as a
 * record (2: 64 KiB) or a tag (3: 128 KiB) may be. The first three runs are written out. */
struct document *document_new(const uint8_t *data, size_t size);

/* Makes a document of the bytes as they stand. */
struct document *document_of(const char *text, size_t len);

void document_free(struct document *document);

/* The type that the document says it is: the inbound type whose code stands in its first record (CSV), or whose root is
 * named first in it (XML). EMI where it says none. */
const struct file_type *document_type(const struct document *document, enum form form);

/* The offset of the place; len for the end of the text; G_MAXSIZE where the document has no such place. */
size_t document_offset(const struct document *document, struct place at);

/* Pushes all bytes, at once or in pieces of random sizes, and finishes. Returns what reader_finish returned. Asserts
 * that nothing can be pushed after the end or a stop. */
bool document_push(const struct document *document, struct reader *reader, bool in_pieces);

/* The next pseudo-random number (xorshift); *state must not be 0. */
uint32_t document_random(uint32_t *state);

#endif
