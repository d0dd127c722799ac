/*
 * Rows of CSV that stand one behind the other, all as programs write them (csv_reader_scan.c): printable ASCII without
 * quotes, a line each, the fields in the order of the layout. Between two fields stands one byte. So their places
 * follow from the lengths of their texts. A cell says a thousand of them at once, for less than a thousand records
 * (gateway/cells/cell_message.h).
 */
#ifndef ECOSGATE_FORMATS_ROWS_H
#define ECOSGATE_FORMATS_ROWS_H

#include "formats/reader.h"

#include <stddef.h>
#include <stdint.h>

struct rows {
    uint32_t ordinal;             /* of the first row */
    uint32_t line;                /* on which it stands */
    uint32_t n;                   /* rows */
    uint32_t n_fields;            /* of each row */
    uint32_t before, behind;      /* bytes of a row before its first field, and behind its last one */
    const unsigned char *lengths; /* of all fields, n * n_fields; borrowed like the text */
    const char *text;             /* begins with the first row */
    size_t len;                   /* of all rows, with all between the fields */
};

/* Puts the fields of the first row into `fields`, and passes it. There must be one. */
static inline void rows_take(struct rows *rows, struct field *fields)
{
    const char *row = rows->text, *at = row + rows->before;

    for (uint32_t i = 0; i < rows->n_fields; i++) {
        size_t len = rows->lengths[i];

        fields[i] = (struct field){at, len, {rows->line, (uint32_t)(at - row) + 1}};
        at += len + 1;
    }
    rows->text = at - 1 + rows->behind;
    rows->len -= (size_t)(rows->text - row);
    rows->lengths += rows->n_fields;
    rows->ordinal++;
    rows->line++;
    rows->n--;
}

#endif
