/*
 * Writes a report in UTF-8: a title row, the rows, a last line such as `#COUNT,<n>` (FILES.md, 10). The layout says
 * which columns a row has, in which dialect, and what the last line is; values are facts, found by name (facts.h).
 *
 *   struct report_writer *w = report_writer_new(layout, bytes, user);
 *   report_writer_row(w, &row) …
 *   ok = report_writer_finish(w, &error); report_writer_free(w);
 *
 * A value that is NULL or "" is an empty cell.
 *
 * Errors: the first one is kept, later calls do nothing, and report_writer_finish returns it. It is the byte
 * function's own, or of the writer: a column whose fact is not among those given.
 * Memory: one buffer of 72 KiB, whatever the size of the report.
 */
#ifndef ECOSGATE_FORMATS_REPORT_WRITER_H
#define ECOSGATE_FORMATS_REPORT_WRITER_H

#include "formats/facts.h"
#include "formats/report_layout.h"
#include "formats/writer.h"

struct report_writer;

/* A writer of one report, with the title row in its buffer. layout is borrowed. report_writer_free. */
struct report_writer *report_writer_new(const struct report_layout *layout, writer_bytes_fn *bytes, void *user);
/* The next row. */
void report_writer_row(struct report_writer *writer, const struct facts *facts);
/* The last line and all bytes that are still buffered. False with *error set: the report is not whole. */
bool report_writer_finish(struct report_writer *writer, GError **error);
/* NULL is allowed. */
void report_writer_free(struct report_writer *writer);

#endif
