/*
 * What a cell says: messages, each with its length before it, over a stream. The cell writes them (cell_say_…); the
 * gateway reads them, believes no byte of them, and checks each for kind, length and order before the sink of the
 * reading is called (cell_hear).
 *
 *   HELLO, then HEADER, RECORD, ALIKE, ROWS, COUNT, FAULT, BYTES, PROGRESS in any order, then END or FAILED
 *
 * ALIKE is a record that is written like the one before (cell_shape.h), with the next number: whether its texts are all
 * there and stand apart by one byte; for each field a byte, 0 without a text, else its length and one more; the texts.
 * ROWS are many plain rows of CSV (formats/rows.h): the number of the first, its line, how many, the bytes before and
 * behind the fields of each; a byte for the length of each field; the rows as they stand in the file, all ASCII.
 * Numbers are LEB128. Texts of fields, values and bytes have their length before them; texts that are strings in C have
 * a NUL behind them, too. Both ends are the same program on the same machine, so there is no version.
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELL_MESSAGE_H
#define ECOSGATE_GATEWAY_CELLS_CELL_MESSAGE_H

#include "formats/reading.h"
#include "formats/rows.h"
#include "gateway/cells/cell_shape.h"

enum {
    CELL_HEAD = 4,                   /* bytes: the length of what follows, little endian */
    CELL_MAX_MESSAGE = 512 * 1024,   /* bytes, with CELL_HEAD */
    CELL_MAX_TEXT = 192 * 1024,      /* of one text of a fault */
    CELL_MAX_VALUE = 4096,           /* of the value of a fault: more of it is not shown anywhere */
    CELL_PIECE = 64 * 1024,          /* of BYTES */
    CELL_BATCH = 64 * 1024,          /* bytes that are sent at once */
    CELL_PROGRESS_EVERY = 64 * 1024, /* bytes, packed or plain, after which PROGRESS may be said again */
    CELL_MAX_ALIKE = 254,            /* bytes of a text of ALIKE */
    CELL_AHEAD = 16,                 /* records that wait to be given, so that memory is fetched for them */
};

enum cell_kind {
    CELL_HELLO,
    CELL_HEADER,
    CELL_RECORD,
    CELL_COUNT,
    CELL_FAULT,
    CELL_BYTES,
    CELL_PROGRESS,
    CELL_END,
    CELL_FAILED,
    CELL_ALIKE,
    CELL_ROWS,
    CELL_KINDS,
};

/* ---- the cell's side ---- */

/* Messages that wait to be sent. */
struct cell_out {
    int fd;
    size_t len;   /* of all */
    size_t begin; /* of the message that is being made */
    struct cell_shape shape;
    unsigned char bytes[2 * CELL_MAX_MESSAGE]; /* a batch and the largest message */
};

/* The first message: the guards that are in force (cell_guard.h). Like the others it ends the process if nobody listens
 * any more. */
void cell_say_hello(struct cell_out *out, uint32_t guards);
/* The header. */
void cell_say_header(struct cell_out *out, const struct record *header);
/* A record. */
void cell_say_record(struct cell_out *out, const struct record *record);
/* Plain rows: as many as the reader of CSV gives at once. */
void cell_say_rows(struct cell_out *out, const struct rows *rows);
/* The number of records that the file declares. */
void cell_say_count(struct cell_out *out, const struct field *declared);
/* A fault of the sender. */
void cell_say_fault(struct cell_out *out, const struct fault *fault);
/* Plain bytes, if they are wanted in place of records. */
void cell_say_bytes(struct cell_out *out, const char *bytes, size_t len);
/* How far the reading is. */
void cell_say_progress(struct cell_out *out, const struct reading *reading);
/* state: READING_WHOLE or READING_CUT. */
void cell_say_end(struct cell_out *out, const struct reading *reading, enum reading_state state);
/* The error is one of the disk. */
void cell_say_failed(struct cell_out *out, const GError *error);
/* Sends what waits. */
void cell_flush(struct cell_out *out);

/* ---- the gateway's side ---- */

/* A record that was heard. Its texts stand in the bytes of cell_hear. */
struct cell_record {
    struct record record;
    struct field fields[LAYOUT_MAX_COLUMNS], words[LAYOUT_MAX_COLUMNS];
};

/* What may come next, and who gets it. */
struct cell_ear {
    /* set by the caller: */
    struct reading *reading; /* its records, packed and stopped are kept up to date */
    const struct reading_request *request;
    uint64_t file_size; /* bytes */
    /* kept here; all zero at first: */
    bool hello, over;
    uint32_t guards;
    uint32_t ordinal; /* of the last record */
    struct cell_shape shape;
    struct cell_record heard[CELL_AHEAD];
    size_t first, waiting; /* of heard: those that are not given yet, for on_ahead */
    uint64_t headers, counts, faults, progress, plain;
    enum reading_state end; /* once it is over */
    GError *failure;        /* if that is READING_FAILED; owned */
    char *nonsense;         /* what is wrong with a message; owned */
};

/* Hears the whole messages at the beginning of len bytes. Returns the bytes that it has used, fewer than len where the
 * last message is not whole. Sets ear->nonsense at the first message that is not right: nothing more may be heard. */
size_t cell_hear(struct cell_ear *ear, const unsigned char *bytes, size_t len);

/* Frees what it owns. */
void cell_ear_clear(struct cell_ear *ear);

#endif
