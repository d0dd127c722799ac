/*
 * Writing an answer or work order in either form from rows of text; the layout says how columns are
 * named. CSV with CRLF and RFC 4180 quoting, XML indented, both UTF-8.
 *
 *   struct writer *w = writer_new(form, type, bytes, user);
 *   writer_header(w, header_values, row_count);
 *   writer_row(w, type->record, values) …            (NULL or "" = left out)
 *   ok = writer_finish(w, &error); writer_free(w);
 *
 * A failing byte function is remembered; later calls do nothing and writer_finish returns its error.
 */
#ifndef ECOSGATE_FORMATS_WRITER_H
#define ECOSGATE_FORMATS_WRITER_H

#include "formats/layout.h"

#include <glib.h>
#include <stdint.h>

typedef bool writer_bytes_fn(void *user, const char *data, size_t len, GError **error);

struct writer;

struct writer *writer_new(enum form form, const struct file_type *type, writer_bytes_fn *bytes, void *user);
/* values has HEADER_COLUMNS members; Mode is not looked at where the type has none. count: D rows; for an EMA F and E
 * rows. */
void writer_header(struct writer *writer, const char *const *values, uint64_t count);
void writer_row(struct writer *writer, const struct layout_record *record, const char *const *values);
bool writer_finish(struct writer *writer, GError **error);
void writer_free(struct writer *writer);

#endif
