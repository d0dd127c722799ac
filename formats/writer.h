/*
 * Writes a file of any type in either form: CSV in the dialect and frame of the type, or indented XML, both UTF-8. The
 * layout says which columns a record has; their values are facts, found by name (facts.h). A row may repeat facts of
 * the header. A frame without letters has no F record: the row about the file of an EMA has the columns of a finding,
 * and leaves those empty that are about findings; the rows after it may repeat facts of the file.
 *
 *   struct writer *w = writer_new(form, type, bytes, user);
 *   writer_header(w, &header, n);
 *   writer_file(w, &file);                             an EMA only
 *   writer_row(w, &row) …
 *   ok = writer_finish(w, &error); writer_free(w);
 *
 * The writer gives the rest itself: type and version before the header's columns, the count, the trailer. A value that
 * is NULL or "" is an empty cell in CSV and no element in XML. Values are this program's; the file has the words of its
 * profile for them (values.h).
 *
 * Errors: the first one is kept, later calls do nothing, and writer_finish returns it. It is the byte function's own,
 * or of the writer: a column whose fact is not among those given, or another number of rows than the header says.
 * Memory: one buffer of 72 KiB, whatever the size of the file.
 */
#ifndef ECOSGATE_FORMATS_WRITER_H
#define ECOSGATE_FORMATS_WRITER_H

#include "formats/facts.h"
#include "formats/layout.h"

#include <glib.h>
#include <stdint.h>

/* Takes the next len bytes of the file. False with *error set: they could not be written. */
typedef bool writer_bytes_fn(void *user, const char *data, size_t len, GError **error);

struct writer;

/* A writer of one file. form is one that the type has; user is passed to bytes. writer_free. */
struct writer *writer_new(enum form form, const struct file_type *type, writer_bytes_fn *bytes, void *user);
/* The header, which comes first. count: how many rows follow; of an EMA its F record counts as one. */
void writer_header(struct writer *writer, const struct facts *facts, uint64_t count);
/* The F record of an EMA, which comes before its rows. No other type has one. */
void writer_file(struct writer *writer, const struct facts *facts);
/* The next row: a D record, of an EMA an E record. */
void writer_row(struct writer *writer, const struct facts *facts);
/* The same with the texts that the instruction's columns without a fact had, for columns that pass them on: a JSON
 * object of texts by the name of the column. NULL: there are none. */
void writer_row_passing(struct writer *writer, const struct facts *facts, const char *kept);
/* The trailer and all bytes that are still buffered. False with *error set: the file is not whole. */
bool writer_finish(struct writer *writer, GError **error);
/* NULL is allowed. */
void writer_free(struct writer *writer);

#endif
