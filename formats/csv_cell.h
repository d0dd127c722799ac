/*
 * One value of a CSV that we write: RFC 4180, quoted only where a reader would otherwise see something else.
 */
#ifndef ECOSGATE_FORMATS_CSV_CELL_H
#define ECOSGATE_FORMATS_CSV_CELL_H

#include <glib.h>

/* Appends value to out; NULL or "" is an empty cell. */
void csv_cell(GString *out, const char *value);

/* Free text that others wrote, harmless: where a spreadsheet would run it as a formula (it begins with = + - @, tab or
 * CR) a ' stands before it. Never for numbers and codes. NULL stays NULL; g_free. */
char *csv_harmless(const char *value);
void csv_text_cell(GString *out, const char *value);

#endif
