/*
 * One reading of a document: all that the reader gives, event by event, as text. What must hold for both forms is
 * asserted meanwhile: texts are UTF-8 within their limits, places lie in the document, ordinals grow by one, counts
 * agree.
 *
 *   struct reading *reading = reading_of(document, &options);
 *   reading->events …
 *   reading_free(reading);
 */
#ifndef ECOSGATE_TESTS_FUZZ_READING_H
#define ECOSGATE_TESTS_FUZZ_READING_H

#include "tests/fuzz/document.h"

/* The reader's limit of records; the events after which a reading is stopped, fewer in a long document. */
enum { READING_MAX_RECORDS = 100, READING_MAX_EVENTS = 300, READING_LONG_EVENTS = 20 };

struct reading {
    const struct document *document;
    const struct reading_options *options;
    const struct file_type *type;
    struct reader *reader;
    GString *events;
    GArray *ends; /* size_t: events->len behind each event */
    unsigned headers, records, counts, faults;
    unsigned kinds;    /* bit (1 << kind) of each fault */
    uint32_t ordinal;  /* the greatest one given */
    bool separator;    /* a wrong separator was told: it stands for all records that have it */
    uint32_t found;    /* reader_records at the end */
    struct place last; /* of the last record */
    GPtrArray *texts;  /* char *, of all fields in order; NULL where XML left one out */
    bool whole;        /* as reader_finish returned: the end was reached */
    bool stopped;      /* by this file, not by the reader */
};

struct reading_options {
    enum form form;
    const struct file_type *type; /* NULL: what the document says it is */
    bool in_pieces;
    bool parse_all; /* reader_parse_all */
    unsigned stop_after; /* reader_stop after that many events; 0: READING_MAX_EVENTS, fewer in a long document */
    /* pad_lines lines were put into the document at pad_at. Places are given as if they were not there, so that the
     * reading can be compared with that of the document without them. */
    struct place pad_at;
    uint32_t pad_lines;
    /* Assert what must hold for this form; may be NULL. */
    void (*check_record)(const struct reading *reading, const struct layout_record *layout,
                         const struct record *record);
    void (*check_count)(const struct reading *reading, const struct field *declared);
    void (*check_fault)(const struct reading *reading, const struct fault *fault);
};

/* Reads the document; the document and the options must outlive the result. */
struct reading *reading_of(const struct document *document, const struct reading_options *options);
void reading_free(struct reading *reading);

/* Asserts that two readings gave the same; prints both where they differ. */
void reading_assert_same(const struct reading *one, const struct reading *other);

/* Reads the document whole, in pieces, without the scan of XML, and up to a stop. Asserts that all give the same.
 * Returns the first reading. */
struct reading *reading_all_ways(const struct document *document, const struct reading_options *options);

/* Asserts that text is UTF-8 without control characters, and so one line. */
void assert_printable(const char *text);

#endif
