/*
 * Between the files of the CSV reader: its state, and the record that is being read. csv_reader.c cuts the bytes into
 * records; csv_reader_record.c judges each record and splits it into fields; csv_reader_cells.c knows which cells
 * it has; csv_reader_faults.c says what is wrong. csv_reader_scan.c is the fast way through plain rows.
 *
 *   csv_record_begin → csv_record_take → csv_record_end        a whole record
 *   csv_record_begin → csv_record_take_last                    the record that the text ends with, without a line end
 *   csv_record_begin → csv_record_give_up                      a record whose end was not found within the limit
 */
#ifndef ECOSGATE_FORMATS_CSV_CSV_READER_PRIVATE_H
#define ECOSGATE_FORMATS_CSV_CSV_READER_PRIVATE_H

#include "formats/reader_private.h"
#include "formats/rows.h"

#include <glib.h>

enum {
    CSV_MAX_RECORD = 65536, /* bytes, without the line end */
    CSV_MAX_FIELDS = LAYOUT_MAX_COLUMNS + FRAME_MAX_CELLS,
    CSV_ROWS_FIELDS = 16384, /* of the rows that are scanned at once */
};

/* What a record is. In a frame without letters all are rows, but for a title row and empty lines. */
enum csv_kind { CSV_OTHER, CSV_HEADER, CSV_ROW, CSV_TRAILER, CSV_TITLE, CSV_KINDS };

/* The cells of one kind of record, in the order of the file. */
struct csv_cells {
    size_t n;
    size_t first; /* index of the first one that does not frame the file: a wrong value there is a wrong fact */
    const char *names[CSV_MAX_FIELDS];
    size_t fields[CSV_MAX_FIELDS]; /* of the layout (layout_field_of); LAYOUT_NO_FIELD: none */
    bool in_order;                 /* from `first` on they are the fields of the layout: they need no arranging */
};

/* What a byte is in a field without quotes. */
enum csv_byte {
    CSV_BYTE_CHARACTER, /* it is one, or begins one */
    CSV_BYTE_CONTINUED, /* it goes on with one: UTF-8 */
    CSV_BYTE_STOP,      /* delimiter, quote or CR */
};

/* What is wrong with the quotes of a record. */
enum csv_quoting {
    CSV_QUOTING_GOOD,
    CSV_QUOTING_OPEN,   /* the closing quote is missing */
    CSV_QUOTING_BEHIND, /* text stands after a closing quote */
    CSV_QUOTING_INSIDE, /* a quote stands inside an unquoted field */
    CSV_QUOTING_CR,     /* a CR stands there that no LF follows */
};

enum csv_line_end { CSV_END_NONE, CSV_END_LF, CSV_END_CRLF };

struct csv {
    struct reader *reader;
    const struct file_type *type;
    enum frame frame;
    char delimiter, quote;
    const char *delimiter_name;        /* "comma" */
    unsigned char bytes[256];          /* enum csv_byte of each */
    struct csv_cells cells[CSV_KINDS]; /* of FRAME_TITLE those of a row are known once the title row is read */

    /* Cutting. Offsets count from the beginning of the buffer, where the next record begins. */
    GString *buffer; /* bytes that no record was made of yet */
    size_t scan;     /* the record's end was searched up to here */
    size_t newline;  /* of the first newline from scan on, or none stands before it; below scan: not known */
    size_t quote_at; /* of the open quote */
    bool in_quotes;
    bool skipping; /* the rest of a line is passed over: its record was given up */

    /* What came before the record. */
    bool any, header, trailer;  /* any record at all, an H, a T */
    bool no_title;              /* the title row is not there or faulty: rows are counted, but not read */
    bool after_trailer, mixed;  /* faults that are given once: a record after T, line ends that differ */
    enum csv_line_end line_end; /* of the first line */
    uint32_t line;              /* on which the next record begins, from 1 */
    uint32_t others;            /* records that are not rows */
    bool lone_cr;               /* a CR that no LF follows has given a fault */
    bool blanks;                /* blanks after the delimiters have given a fault */
    unsigned separators_known;  /* set of wrong separators that have given a fault */
    bool cut;                   /* the text ends within a record, which has given a fault */

    /* The record that is being read. */
    const char *text; /* without its line end */
    size_t len;
    struct place at;
    enum csv_kind kind;
    unsigned separator;                         /* the wrong separator that it was written with, one bit; 0: none */
    uint32_t ordinal;                           /* of a row, else 0 */
    struct place here;                          /* of the field that split has come to */
    size_t field_offset;                        /* of that field */
    size_t fault_offset;                        /* of what is wrong with its quotes */
    size_t n_fields;                            /* may be more than there is room for */
    struct field fields[CSV_MAX_FIELDS];        /* by column */
    struct field given[LAYOUT_MAX_COLUMNS + 1]; /* by field of the layout; the last takes cells without a field */
    size_t scratch_len;
    char scratch[CSV_MAX_RECORD];           /* fields whose doubled quotes were undone: never more than the record */
    unsigned char lengths[CSV_ROWS_FIELDS]; /* of the fields of plain rows */
};

/* Makes the len bytes at text, a record without its line end, the record that is being read, and counts it before
 * anything can be found wrong with it. False: the reading has stopped. */
bool csv_record_begin(struct csv *c, const char *text, size_t len);

/* Judges the record: gives its faults and, where it is sound, the header, record or count that it is. */
void csv_record_take(struct csv *c);

/* The same for the record that the text ends with, without a line end: it may be cut. */
void csv_record_take_last(struct csv *c);

/* Judges its line end: all lines of a file must end alike. */
void csv_record_end(struct csv *c, enum csv_line_end found);

/* Gives the fault of a record that is too long, or whose quote is never closed. */
void csv_record_give_up(struct csv *c);

/* Counts plain rows, which begin on the line of the next record, and gives them. False: the reading has stopped. */
bool csv_record_give_rows(struct csv *c, struct rows *rows);

/* Splits the record's first len bytes into fields, up to the first mistake in quotes. Fields beyond the greatest number
 * that a layout has are only counted. */
enum csv_quoting csv_split(struct csv *c, size_t len);

/* ---- csv_reader_faults.c ---- */

/* Moves the place past len bytes. */
void csv_advance(struct place *at, const char *s, size_t len);

/* The place of an offset in the record. */
struct place csv_place_in_record(const struct csv *c, size_t offset);

/* A fault without text about the record as a whole. */
struct fault csv_record_fault(const struct csv *c, enum fault_kind kind);

/* The name of field i's column; NULL: it has none. */
const char *csv_column_name(const struct csv *c, size_t i);

/* How many fields a record of that kind has. */
size_t csv_expected_fields(const struct csv *c);

/* The letter of that kind of record in the layout; 0: it has none. */
char csv_letter(const struct csv *c, enum csv_kind kind);

/* "an" before the letters whose names begin with a vowel, else "a". */
const char *csv_article(char letter);

/* Gives the fault of a record that stands where another is expected; expected has "%c" for the letter of that kind. */
void csv_fault_order(struct csv *c, enum fault_kind kind, const char *expected, enum csv_kind of);

/* Gives the fault of a record that is of no kind. */
void csv_fault_other(struct csv *c);

/* Gives the fault of quotes: csv_split has left the field and the place. */
void csv_fault_quoting(struct csv *c, enum csv_quoting quoting);

/* The bit of the wrong separator at s[at], 0 if there is none. In a record that has more delimiters it is none. */
unsigned csv_wrong_separator(const struct csv *c, const char *s, size_t len, size_t at);

/* The bit of the wrong separator that a record without letter was written with: it makes as many fields of the record
 * as are expected. 0: none does. */
unsigned csv_row_separator(const struct csv *c, size_t expected);

/* Gives the fault of a wrong separator, once for each separator of the file. */
void csv_fault_separator(struct csv *c);

/* Takes the blanks away that stand after each delimiter of the record, which csv_split has split. The first record that
 * has them gives a fault. */
void csv_strip_blanks(struct csv *c);

/* Gives the fault of too many fields or too few. True: the number is right. */
bool csv_expect_fields(struct csv *c);

/* Gives the fault of a text that ends within the record, which csv_split has split. */
void csv_fault_cut(struct csv *c);

/* ---- csv_reader_scan.c ---- */

/* Reads the plain rows at the beginning of len bytes, behind which a NUL stands. Returns how many bytes they have. What
 * follows is no plain row, or not whole. */
size_t csv_scan_rows(struct csv *c, const char *s, size_t len);

/* ---- csv_reader_cells.c ---- */

/* Makes the cells of each kind of record from the layout. */
void csv_cells_fill(struct csv *c);

/* Reads the title row, which csv_split has split, and makes the cells of the rows of it. False: it is faulty, and has
 * given its faults. */
bool csv_cells_read_title(struct csv *c);

#endif
