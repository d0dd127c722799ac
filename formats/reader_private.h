/*
 * Between reader.c and the readers of the two forms. reader.c looks at the first bytes (byte order mark, form), counts
 * and limits records and faults, and passes everything else on. A form is one const table of functions.
 */
#ifndef ECOSGATE_FORMATS_READER_PRIVATE_H
#define ECOSGATE_FORMATS_READER_PRIVATE_H

#include "formats/reader.h"

enum { READER_MAX_CHARACTER_BYTES = 4 };

struct reader_form {
    void *(*open)(struct reader *reader, const struct file_type *type); /* returns the form's state, never NULL */
    bool (*push)(void *state, const char *data, size_t len);            /* false: nothing more can be read */
    void (*finish)(void *state);                                        /* the text has ended */
    void (*close)(void *state);                                         /* frees the state */
};

extern const struct reader_form reader_form_csv;
extern const struct reader_form reader_form_xml;

/* Counts a record and returns its ordinal. To be called before anything is found wrong with it, so that a faulty record
 * does not change the ordinals of later ones. Returns 0 when the limit is exceeded; the reading has then stopped. */
uint32_t reader_count_record(struct reader *reader, struct place at);

/* How many records more the file may have; 0 too where the reading has stopped. */
uint32_t reader_room(const struct reader *reader);

/* Whether on_rows is given plain rows. */
bool reader_gives_rows(const struct reader *reader);

/* Counts the rows, which reader_room must allow, and gives them; sets their first number. */
void reader_emit_rows(struct reader *reader, struct rows *rows);

/* Gives the header to the sink. Like the functions below it does nothing once the reading has stopped. */
void reader_emit_header(struct reader *reader, const struct record *header);

/* Gives a record that has all its fields. */
void reader_emit_record(struct reader *reader, const struct record *record);

/* Gives the number of records that the file declares. */
void reader_emit_count(struct reader *reader, const struct field *declared);

/* Gives a fault, which must have a text. Stops the reading when the file has given too many. */
void reader_emit_fault(struct reader *reader, const struct fault *fault);

/* Gives a fault that has a kind, a place and a text (printf). */
void reader_fault(struct reader *reader, enum fault_kind kind, struct place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Gives *fault with a text (printf). fault->text is NULL afterwards. */
void reader_fault_with(struct reader *reader, struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether one signature may be a child of the root. */
bool reader_skips_signature(const struct reader *reader);

/* Whether plain records may be read without the parser. */
bool reader_scans(const struct reader *reader);

/* True when the reading has stopped, for whatever reason. */
bool reader_stopped(const struct reader *reader);

#endif
