/*
 * Between reader.c and the two forms. A form is one const table; reader.c looks at the first bytes
 * (byte order marks, form), counts and caps records, and passes everything else on.
 */
#ifndef ECOSGATE_FORMATS_READER_PRIVATE_H
#define ECOSGATE_FORMATS_READER_PRIVATE_H

#include "formats/reader.h"

struct reader_form {
    void *(*open)(struct reader *reader, const struct file_type *type);
    bool (*push)(void *state, const char *data, size_t len);
    void (*finish)(void *state);
    void (*close)(void *state);
};

extern const struct reader_form reader_form_csv;
extern const struct reader_form reader_form_xml;

/* What the forms report through. emit_record counts ordinals and returns false past the limit, after
 * having reported FAULT_LIMIT. */
void reader_emit_header(struct reader *reader, const struct record *header);
bool reader_emit_record(struct reader *reader, const struct record *record);
void reader_emit_count(struct reader *reader, const struct field *declared);
void reader_emit_fault(struct reader *reader, const struct fault *fault);
bool reader_stopped(const struct reader *reader);

#endif
