/*
 * What a reader told about a document, event by event. What must hold for either form is asserted while it is told:
 * texts are UTF-8 within their limits, places lie in the document, ordinals grow by one, counts agree.
 *
 *   struct heard *h = hear(document, &listening);
 *   h->events …
 *   heard_free(h);
 */
#ifndef ECOSGATE_TESTS_FUZZ_HEARD_H
#define ECOSGATE_TESTS_FUZZ_HEARD_H

#include "tests/fuzz/document.h"

enum { HEARD_MAX_RECORDS = 100, HEARD_MAX_EVENTS = 300, HEARD_LONG_EVENTS = 20 };

struct heard {
    const struct document *document;
    const struct listening *listening;
    const struct file_type *type;
    struct reader *reader;
    GString *events;
    GArray *ends; /* size_t: events->len behind each event */
    unsigned headers, records, counts, faults;
    unsigned kinds;    /* bit (1 << kind) of each fault */
    uint32_t ordinal;  /* the greatest told */
    uint32_t found;    /* reader_records at the end */
    struct place last; /* of the record told last */
    GPtrArray *texts;  /* char *, of all fields as told: NULL where left out */
    bool whole;        /* reader_finish: the end was reached */
    bool stopped;      /* by ourselves */
};

struct listening {
    enum form form;
    const struct file_type *type; /* NULL: what the document says */
    bool in_pieces;
    unsigned stop_after; /* reader_stop after that many events; 0: HEARD_MAX_EVENTS, fewer in a long document */
    /* A document that begins with lines more is compared with one without: its places are told as if they were not
     * there. Lines are taken away from places behind pad_at. */
    struct place pad_at;
    uint32_t pad_lines;
    /* The form's own properties; may be NULL. column is the layout's name of a field. */
    void (*look_at_record)(const struct heard *heard, const struct layout_record *layout, const struct record *record);
    void (*look_at_count)(const struct heard *heard, const struct field *declared);
    void (*look_at_fault)(const struct heard *heard, const struct fault *fault);
};

struct heard *hear(const struct document *document, const struct listening *listening);
void heard_free(struct heard *heard);

/* Both were told the same; prints both where they differ. */
void heard_assert_same(const struct heard *one, const struct heard *other);

/* The same document read whole, in pieces, and up to a stop: one and the same story. The first is returned. */
struct heard *hear_all_ways(const struct document *document, const struct listening *listening);

/* One line of text without control characters. */
void heard_assert_printable(const char *text);

#endif
