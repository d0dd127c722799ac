/*
 * The content of a file from its packed bytes to header, records and faults: unpack.h and reader.h in one, piece by
 * piece. Where the bytes are parsed is the business of an implementation: in this address space (reading.c), or in a
 * cell, a process of its own that has nothing to lose (gateway/cells/). Callers see no difference.
 *
 *   struct reading *r = reading_open(by, &request);
 *   while ((state = reading_step(r, &error)) == READING_MORE || state == READING_WAITS) …
 *   reading_close(r);
 *
 * What a sender did wrong is a fault that the sink gets. An error is one of the disk, or of the process that reads.
 */
#ifndef ECOSGATE_FORMATS_READING_H
#define ECOSGATE_FORMATS_READING_H

#include "formats/reader.h"
#include "formats/unpack/unpack.h"

#include <glib.h>

#define READING_ERROR (reading_error_quark())
enum reading_error {
    READING_ERROR_DIED,   /* the content has ended the process that read it, or made it say nonsense */
    READING_ERROR_LOST,   /* that process was ended from outside; the same file may be read again at once */
    READING_ERROR_UNABLE, /* there is none to be had for the moment */
};
/* The GError domain of this file. */
GQuark reading_error_quark(void);

/* What to do about a signature within a document (xml_signature.h). */
enum reading_signature {
    READING_SIGNATURE_NONE,    /* it is an element like any other; no layout has one */
    READING_SIGNATURE_SKIPPED, /* it was found good: one may be a child of the root, and is not read */
    READING_SIGNATURE_WANTED,  /* it is verified, and nothing else is read */
};

/* What to read. All pointers are borrowed until reading_close, but for the sink, which is copied. */
struct reading_request {
    int fd; /* a regular file, open for reading; its position stays */
    enum filename_pack pack;
    const char *stem; /* as in unpack_new */
    size_t stem_len;
    const struct unpack_limits *unpack;
    enum form form;               /* as in reader_new */
    const struct file_type *type; /* NULL: the plain bytes are wanted; then the sink has on_bytes alone */
    uint32_t max_records;
    /* Plain bytes after which the text counts as ended; 0: all. If it is set, a packing that is damaged ends the text,
     * too, and is no fault. */
    uint64_t head;
    enum reading_signature signature; /* WANTED: type is NULL, and the sink has on_bytes and on_fault */
    struct reader_sink sink;
    void (*on_bytes)(void *user, const char *bytes, size_t len); /* user: of the sink */
    /* NULL, or what gets plain rows in the place of on_record (reader_give_rows), where the bytes are parsed in this
     * address space. user: of the sink. */
    void (*on_rows)(void *user, const struct rows *rows);
    /* NULL, or what is called, where that costs nothing, with the record that follows the one which is given next: its
     * sink may have the memory fetched that it will ask for. The record keeps what it returns as `ahead`. user: of the
     * sink. */
    uint64_t (*on_ahead)(void *user, const struct record *record);
};

enum reading_state {
    READING_MORE,   /* a piece was read, and there may be more */
    READING_WAITS,  /* nothing has come yet: the caller may look whether it has to stop */
    READING_WHOLE,  /* the text was read to its end */
    READING_CUT,    /* the reading has stopped before: a fault has said why, or reading_stop was called */
    READING_FAILED, /* see the error: READING_ERROR, or G_FILE_ERROR of the disk */
};

struct reading;

/* What an implementation does. */
struct reading_calls {
    enum reading_state (*step)(struct reading *reading, GError **error);
    void (*stop)(struct reading *reading);
    void (*close)(struct reading *reading);
};

/* What all have in common. */
struct reading {
    const struct reading_calls *calls;
    uint32_t records; /* so far, faulty ones included */
    uint64_t packed;  /* bytes of the file read so far, to show progress */
    bool stopped;     /* the sink is not called any more */
};

/* Who opens readings. The first member of an implementation's own struct. */
struct readings {
    struct reading *(*open)(const struct readings *by, const struct reading_request *request);
};

/* by NULL: in this address space. *request is copied. Never returns NULL; whatever is wrong shows in reading_step. */
struct reading *reading_open(const struct readings *by, const struct reading_request *request);

/* Reads the next piece and calls the sink. After any state but MORE and WAITS it is not to be called again. */
enum reading_state reading_step(struct reading *reading, GError **error);

/* Stops the reading: the sink is not called any more. May be called from the sink. */
void reading_stop(struct reading *reading);

/* NULL is allowed. */
void reading_close(struct reading *reading);

#endif
