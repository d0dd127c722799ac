/*
 * Reading an inbound file as it streams by: bytes go in, a header, records and faults come out. The
 * reader knows the frame (order, elements, fields, counts of fields) and no rule; validators turn its
 * faults into codes. Memory is bounded whatever the bytes are.
 *
 *   struct reader *r = reader_new(form, type, &limits, &sink);
 *   while (more && reader_push(r, data, len)) …
 *   reader_finish(r);
 *   reader_free(r);
 *
 * Texts handed to the sink are only valid during the call. Faults and records come in the order of the
 * text, except for what is only known at its end.
 */
#ifndef ECOSGATE_FORMATS_READER_H
#define ECOSGATE_FORMATS_READER_H

#include "formats/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* 1-based, in the unpacked text; columns count characters. line 0: no place in the text. */
struct place {
    uint32_t line;
    uint32_t column;
};

struct field {
    const char *text; /* UTF-8, not terminated; NULL where XML left the element out */
    size_t len;       /* bytes; never more than the field limit */
    struct place at;
};

/* The field holds this text, which is not empty. */
static inline bool field_is(const struct field *field, const char *text)
{
    return field->len > 0 && field->len == strlen(text) && memcmp(field->text, text, field->len) == 0;
}

/* The field as a whole number in plain decimal; 0 where it is none: a sign, a leading zero, more than
 * max_digits (9 at most) digits. */
static inline uint32_t field_number(const struct field *field, size_t max_digits)
{
    uint32_t n = 0;

    if (field->len == 0 || field->len > max_digits || field->text[0] == '0')
        return 0;
    for (size_t i = 0; i < field->len; i++) {
        if (field->text[i] < '0' || field->text[i] > '9')
            return 0;
        n = n * 10 + (uint32_t)(field->text[i] - '0');
    }
    return n;
}

struct record {
    uint32_t ordinal;           /* 1 for the first D record (Device element), faulty ones counted too */
    struct place at;            /* of the record or its element */
    size_t n_fields;            /* of the layout; a header has HEADER_COLUMNS, Mode without text where it has none */
    const struct field *fields; /* in the layout's order, after the letter (H: after type and version) */
};

enum fault_kind {
    FAULT_FORM,            /* content is not of the form that the name says */
    FAULT_EMPTY,           /* no bytes, or nothing but white space */
    FAULT_TRUNCATED,       /* ends in the middle */
    FAULT_LIMIT,           /* nesting, field length, record length, number of Devices */
    FAULT_NOT_WELL_FORMED, /* XML */
    FAULT_ROOT,            /* wrong root, namespace, schema or layout version */
    FAULT_ELEMENT,         /* element, attribute or text missing, repeated, unknown, out of order */
    FAULT_DOCTYPE,         /* document type declaration or entity */
    FAULT_ENCODING,        /* not UTF-8, byte order mark, NUL */
    FAULT_TYPE,            /* CSV: the H record's type is not the name's */
    FAULT_HEADER_RECORD,   /* CSV: H missing, repeated or not first */
    FAULT_TRAILER_RECORD,  /* CSV: T missing or not last */
    FAULT_FIELD_COUNT,     /* CSV: number of fields, or unknown record letter */
    FAULT_QUOTING,         /* CSV: quoting or line ending */
};

struct fault {
    enum fault_kind kind;
    struct place at;
    uint32_t ordinal;  /* of the D record concerned, 0: none */
    const char *field; /* column, element or NULL */
    const char *value; /* offending text or NULL */
    size_t value_len;
    const char *text; /* what was expected and what was found, one line */
};

struct reader_sink {
    void *user;
    void (*on_header)(void *user, const struct record *header);
    void (*on_record)(void *user, const struct record *record);
    /* The declared number of records: XML DeviceCount, CSV T. The field's text is as found. */
    void (*on_count)(void *user, const struct field *declared);
    void (*on_fault)(void *user, const struct fault *fault);
};

struct reader_limits {
    uint32_t max_records;
};

struct reader;

/* form must be FORM_XML or FORM_CSV; type must be inbound. sink is copied. Never fails. A form that the type does not
 * have is told as FAULT_FORM. */
struct reader *reader_new(enum form form, const struct file_type *type, const struct reader_limits *limits,
                          const struct reader_sink *sink);

/* False when nothing further can be read: a fault was reported that says why. */
bool reader_push(struct reader *reader, const char *data, size_t len);

/* The text has ended: reports what is missing. Harmless after a push that returned false. False when
 * the reading ended before the text: nothing can be said about totals then. */
bool reader_finish(struct reader *reader);

/* Stops: later pushes return false and finish reports nothing. May be called from the sink. */
void reader_stop(struct reader *reader);

/* Number of D records (Device elements) so far, faulty ones included. */
uint32_t reader_records(const struct reader *reader);

void reader_free(struct reader *reader);

#endif
