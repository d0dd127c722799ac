/*
 * One value of a CSV file that the gateway writes (RFC 4180). It is quoted only where a reader would otherwise see
 * something else. The caller writes the commas and line ends.
 */
#ifndef ECOSGATE_FORMATS_CSV_CELL_H
#define ECOSGATE_FORMATS_CSV_CELL_H

#include <glib.h>

/* Appends value to out; NULL or "" is an empty cell. */
void csv_cell(GString *out, const char *value);

/* A copy of free text from outside that no spreadsheet runs as a formula: text that begins with = + - @, tab or CR gets
 * a ' before it. Not for numbers and codes, which must stay as they are. NULL gives NULL; g_free. */
char *csv_harmless(const char *value);

/* Appends csv_harmless(value) to out. */
void csv_text_cell(GString *out, const char *value);

#endif
