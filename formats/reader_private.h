/*
 * Between reader.c and the two forms. A form is one const table; reader.c looks at the first bytes
 * (byte order marks, form), counts and caps records, and passes everything else on.
 */
#ifndef ECOSGATE_FORMATS_READER_PRIVATE_H
#define ECOSGATE_FORMATS_READER_PRIVATE_H

#include "formats/reader.h"

enum { READER_HEADER_MAX_CHARS = 128, READER_MAX_CHARACTER_BYTES = 4 };

struct reader_form {
    void *(*open)(struct reader *reader, const struct file_type *type);
    bool (*push)(void *state, const char *data, size_t len);
    void (*finish)(void *state);
    void (*close)(void *state);
};

extern const struct reader_form reader_form_csv;
extern const struct reader_form reader_form_xml;

/* What the forms report through. Every record is counted before it is looked at, so that faulty ones
 * keep the ordinals of the later ones right: count_record returns the ordinal, or 0 past the limit after
 * having reported FAULT_LIMIT and stopped. emit_record is for the sound ones. */
uint32_t reader_count_record(struct reader *reader, struct place at);
void reader_emit_header(struct reader *reader, const struct record *header);
void reader_emit_record(struct reader *reader, const struct record *record);
void reader_emit_count(struct reader *reader, const struct field *declared);
void reader_emit_fault(struct reader *reader, const struct fault *fault);
/* The same with only a kind, a place and a text (printf). */
void reader_fault(struct reader *reader, enum fault_kind kind, struct place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Fills fault->text from the format and reports it. */
void reader_fault_with(struct reader *reader, struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool reader_stopped(const struct reader *reader);

#endif
