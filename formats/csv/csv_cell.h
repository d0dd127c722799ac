/*
 * One value of a CSV file that the gateway writes (RFC 4180, in the dialect of its layout). It is quoted only where a
 * reader would otherwise see something else. The caller writes the delimiters and line ends.
 */
#ifndef ECOSGATE_FORMATS_CSV_CSV_CELL_H
#define ECOSGATE_FORMATS_CSV_CSV_CELL_H

#include "formats/layout.h"

#include <glib.h>
#include <stdbool.h>

/* Characters that people put between two fields. */
struct csv_separator {
    char c;
    const char *name;  /* "comma"; the plural has an 's' */
    const char *shown; /* for messages: "','" */
    bool in_dialects;  /* a dialect may name it as its delimiter; else it is a mistake that the reader recognises */
};

enum { CSV_SEPARATORS = 8 };
extern const struct csv_separator csv_separators[CSV_SEPARATORS];

/* The one with that character. NULL: it is none. */
const struct csv_separator *csv_separator(char c);

/* Appends value to out; NULL or "" is an empty cell. */
void csv_cell(GString *out, const struct dialect *dialect, const char *value);

/* True for a text that spreadsheets run as a formula: it begins with = + - @, tab or CR. NULL is none. */
bool csv_is_formula(const char *text);

/* A copy of free text from outside that no spreadsheet runs as a formula: text that would be one gets a ' before it.
 * Not for numbers and codes, which must stay as they are. NULL gives NULL; g_free. */
char *csv_harmless(const char *value);

/* Appends csv_harmless(value) to out. */
void csv_text_cell(GString *out, const struct dialect *dialect, const char *value);

#endif
