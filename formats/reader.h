/*
 * Reading an inbound file as it streams by: bytes go in; a header, records and faults come out. The reader knows the
 * frame (order of records and elements, number of fields) and no rule; validators/ makes codes of its faults. A fault
 * is what a sender did wrong, so it is data and no error: the reader itself never fails.
 *
 *   struct reader *r = reader_new(form, type, &limits, &sink);
 *   while (more && reader_push(r, data, len)) …
 *   reader_finish(r);
 *   reader_free(r);
 *
 * Texts given to the sink are valid during the call only. Records and faults come in the order of the text, but for
 * what is known at its end only. Memory is bounded whatever the bytes are; how the bytes are cut into pieces makes no
 * difference.
 *
 * Limits, all FAULT_LIMIT (FILES.md, 3): 64 KiB of white space first, then what csv_reader_private.h and
 * xml_reader_private.h name; 200,000 faults and 16 for each record, beyond which a small file would cost much.
 */
#ifndef ECOSGATE_FORMATS_READER_H
#define ECOSGATE_FORMATS_READER_H

#include "formats/eight.h"
#include "formats/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A place in the unpacked text. line 0: no place in the text. */
struct place {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
};

struct field {
    const char *text; /* UTF-8, not terminated; NULL where XML left the element out */
    size_t len;       /* bytes; a field that was too long is cut to its limit of characters */
    struct place at;  /* CSV: of its first character or quote; XML: of its start tag */
};

/* True when the field holds exactly this text, which must not be empty. The compiler knows most texts, so that
 * comparing them takes no call; of the others the first character tells most values apart. */
static inline bool field_is(const struct field *field, const char *text)
{
    return field->len > 0 && field->text[0] == text[0] && field->len == strlen(text) &&
           memcmp(field->text, text, strlen(text)) == 0;
}

/* The field as a whole number from 1, in decimal digits. 0 where it is none: no digits, a sign, a leading zero, or more
 * than max_digits (at most 9) digits. */
static inline uint32_t field_number(const struct field *field, size_t max_digits)
{
    uint32_t n = 0;

    if (field->len == 0 || field->len > max_digits || field->text[0] == '0')
        return 0;
    if (field->len >= 4 && field->len <= 8) { /* the number of most records: all digits at once, behind zeros */
        uint64_t word = eight_short(field->text, field->len) << (64 - 8 * field->len);
        word |= EIGHT('0') >> 4 >> (8 * field->len - 4);
        return eight_are_digits(word) ? eight_decimal(word) : 0;
    }
    for (size_t i = 0; i < field->len; i++) {
        if (field->text[i] < '0' || field->text[i] > '9')
            return 0;
        n = n * 10 + (uint32_t)(field->text[i] - '0');
    }
    return n;
}

/* The header, or a record of the kind that a file has many of: D in CSV, Device in XML. */
struct record {
    uint32_t ordinal;           /* 1 for the first; faulty records are counted too. A header has 0 */
    struct place at;            /* of the record's first character or its start tag */
    size_t n_fields;            /* of the layout (n_fields + n_kept); a field without a column has no text */
    const struct field *fields; /* by the enums of layout.h, whatever the order of the columns is; values (values.h) */
    const struct field *words;  /* the same as they stand in the file, for messages; NULL: they are the values */
    uint64_t ahead;             /* what on_ahead has made of it (reading.h); 0: nothing */
};

/* A field of the record as it stands in the file. */
static inline const struct field *record_words(const struct record *record, size_t field)
{
    return record->words != NULL ? &record->words[field] : &record->fields[field];
}

enum fault_kind {
    FAULT_FORM,            /* the content is not in the form that the name says */
    FAULT_EMPTY,           /* no bytes, or nothing but white space */
    FAULT_TRUNCATED,       /* the content ends in the middle */
    FAULT_LIMIT,           /* nesting, field length, record length, number of Devices */
    FAULT_NOT_WELL_FORMED, /* XML: no well-formed document */
    FAULT_ROOT,            /* wrong root, namespace, schema or layout version */
    FAULT_ELEMENT,         /* XML: element, attribute or text missing, repeated, unknown, out of order */
    FAULT_DOCTYPE,         /* XML: document type declaration or entity */
    FAULT_ENCODING,        /* not UTF-8, byte order mark, NUL */
    FAULT_TYPE,            /* CSV: the H record's type is not the name's */
    FAULT_HEADER_RECORD,   /* CSV: H missing, repeated or not first */
    FAULT_TRAILER_RECORD,  /* CSV: T missing or not last */
    FAULT_CUT_RECORD,      /* CSV: the text ends within a record */
    FAULT_FIELD_COUNT,     /* CSV: number of fields, their separator, or unknown record letter */
    FAULT_QUOTING,         /* CSV: quoting or line ending */
    FAULT_SIGNATURE,       /* XML: the signature within is not good; given by xml_signature.h alone */
};

/* One mistake of the sender. */
struct fault {
    enum fault_kind kind;
    struct place at;
    uint32_t ordinal;  /* of the record concerned; 0: none */
    const char *field; /* name of the column or element; NULL: none */
    const char *value; /* the text that is wrong, as it stands in the file; NULL: none */
    size_t value_len;  /* bytes */
    const char *text;  /* what was expected and what was found: one line, printable, UTF-8 */
};

/* What the reader calls. All functions must be there; user is their first argument. */
struct reader_sink {
    void *user;
    void (*on_header)(void *user, const struct record *header);
    void (*on_record)(void *user, const struct record *record);
    /* The number of records that the file declares (XML DeviceCount, CSV T), as it stands there. */
    void (*on_count)(void *user, const struct field *declared);
    void (*on_fault)(void *user, const struct fault *fault);
};

struct reader_limits {
    uint32_t max_records; /* D records or Device elements */
};

struct reader;

/* form must be FORM_XML or FORM_CSV, type inbound. *limits and *sink are copied. Never returns NULL. A form that the
 * type does not have gives FAULT_FORM at the first bytes. */
struct reader *reader_new(enum form form, const struct file_type *type, const struct reader_limits *limits,
                          const struct reader_sink *sink);

/* One signature as a child of the root is not read, and no fault (xml_signature.h). To be called before the first push.
 */
void reader_skip_signature(struct reader *reader);

/* The slow way reads all records, also those that the scan could (csv_reader_scan.c, xml_reader_scan.c). For tests,
 * which compare the two: nothing differs but the time. To be called before the first push. */
void reader_parse_all(struct reader *reader);

struct rows;

/* Plain rows of CSV (rows.h) are given to on_rows as they stand, with the sink's user, and not to the sink's on_record;
 * but for types with values or columns of other words or order. To be called before the first push. */
void reader_give_rows(struct reader *reader, void (*on_rows)(void *user, const struct rows *rows));

/* Reads the next len bytes. False when the reading has stopped: a fault has said why, or reader_stop was called. */
bool reader_push(struct reader *reader, const char *data, size_t len);

/* The text has ended: gives the faults of what is missing. Allowed after a push that returned false. False when the
 * reading stopped before the end of the text: its number of records is then not known. */
bool reader_finish(struct reader *reader);

/* Stops the reading: the sink is not called any more. May be called from the sink. */
void reader_stop(struct reader *reader);

/* Number of records so far, faulty ones included. */
uint32_t reader_records(const struct reader *reader);

/* NULL is allowed. */
void reader_free(struct reader *reader);

#endif
