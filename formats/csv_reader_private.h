/*
 * Between the parts of the CSV reader: its state, and the record at hand. csv_reader.c cuts the bytes into records,
 * csv_reader_record.c judges each and splits it into fields.
 *
 *   csv_record_begin → csv_record_take → csv_record_end        a record, whole
 *   csv_record_begin → csv_record_give_up                      one without an end in reach
 */
#ifndef ECOSGATE_FORMATS_CSV_READER_PRIVATE_H
#define ECOSGATE_FORMATS_CSV_READER_PRIVATE_H

#include "formats/reader_private.h"

#include <glib.h>

enum {
    CSV_MAX_RECORD = 65536,
    CSV_FRAME_FIELDS = 3, /* of H before the layout's columns: letter, type, version */
    CSV_MAX_FIELDS = LAYOUT_MAX_COLUMNS + CSV_FRAME_FIELDS,
};

enum csv_line_end { CSV_END_NONE, CSV_END_LF, CSV_END_CRLF };

struct csv {
    struct reader *reader;
    const struct file_type *type;
    GString *buffer;
    size_t scan;    /* how far the record at the buffer's start was searched */
    size_t newline; /* the first one from scan on, or how far there is none; behind scan it is not known */
    size_t quote;   /* where the open quote is */
    bool in_quotes, skipping;
    bool any, header, trailer, after_trailer, mixed;
    enum csv_line_end line_end; /* of the first line */
    uint32_t line, others;      /* of the next record; records that are not D */

    /* The record at hand */
    const char *text;
    size_t len;
    struct place at;
    char letter; /* H, D, T or 0 for any other */
    uint32_t ordinal;
    struct place here; /* of the field that split has come to */
    size_t n_fields, field_offset, fault_offset;
    struct field fields[CSV_MAX_FIELDS];
    size_t scratch_len;
    char scratch[CSV_MAX_RECORD]; /* fields whose doubled quotes were undone: never more than the record */
};

/* Sets the record at hand (len bytes at text, without its line's end) and counts it before anything can be found wrong
 * with it. False: the reading has stopped. */
bool csv_record_begin(struct csv *c, const char *text, size_t len);
/* Judges it: faults and, where it is sound, the header, record or count that it is. */
void csv_record_take(struct csv *c);
/* All lines of a file end alike. */
void csv_record_end(struct csv *c, enum csv_line_end found);
/* It is too long, or its quote never closes. */
void csv_record_give_up(struct csv *c);

#endif
