/*
 * Writing a report from rows of text: one title row, the rows, `#COUNT,<n>`; CRLF, UTF-8 (FILES.md, 8).
 *
 *   struct report_writer *w = report_writer_new(layout, bytes, user);
 *   report_writer_row(w, values) …                      n_columns of them; NULL or "" = an empty cell
 *   ok = report_writer_finish(w, &error); report_writer_free(w);
 *
 * A failing byte function is remembered; later calls do nothing and report_writer_finish returns its error.
 */
#ifndef ECOSGATE_FORMATS_REPORT_WRITER_H
#define ECOSGATE_FORMATS_REPORT_WRITER_H

#include "formats/report_layout.h"
#include "formats/writer.h"

struct report_writer;

struct report_writer *report_writer_new(const struct report_layout *layout, writer_bytes_fn *bytes, void *user);
void report_writer_row(struct report_writer *writer, const char *const *values);
bool report_writer_finish(struct report_writer *writer, GError **error);
/* NULL is fine. */
void report_writer_free(struct report_writer *writer);

#endif
