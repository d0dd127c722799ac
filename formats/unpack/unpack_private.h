/*
 * Between unpack.c, which reads, counts and applies the limits, and the packings: each is one const table of functions
 * in a file of its own.
 */
#ifndef ECOSGATE_FORMATS_UNPACK_UNPACK_PRIVATE_H
#define ECOSGATE_FORMATS_UNPACK_UNPACK_PRIVATE_H

#include "formats/unpack/unpack.h"

#include <zlib.h>

enum { UNPACK_INPUT_SIZE = 64 * 1024 }; /* bytes */

struct unpack_packing {
    bool (*open)(struct unpack *u); /* false: refused, or io_errno is set */
    /* As unpack_read, but for the limits; UNPACK_ERROR with io_errno set. */
    ssize_t (*pull)(struct unpack *u, char *buffer, size_t size);
    void (*close)(struct unpack *u); /* also after an open that failed, or none; NULL: nothing to do */
};

extern const struct unpack_packing unpack_gzip, unpack_zip;

struct unpack {
    int fd;
    const struct unpack_packing *packing;
    char *stem;
    size_t stem_len;
    struct unpack_limits limits;
    bool opened, ended, refused;
    uint64_t file_size; /* bytes, packed */
    uint64_t offset;    /* bytes of the file read so far */
    uint64_t total;     /* bytes unpacked so far */
    int io_errno;       /* of the disk or memory; 0: none */
    struct fault fault; /* valid when refused */
    char *fault_text, *fault_value;

    /* gzip */
    z_stream stream;
    bool inflating; /* the stream must be ended */
    bool in_member; /* its data have begun and not ended */

    /* zip */
    struct archive *archive;
    uint32_t crc;           /* of the bytes so far */
    uint32_t expected_crc;  /* by the central directory */
    uint32_t expected_size; /* by the central directory; UINT32_MAX: stands in a zip64 field */

    char input[UNPACK_INPUT_SIZE];
};

/* Sets the fault (printf), unless there is one already; for FAULT_TRUNCATED it adds what the sender can do. Returns
 * UNPACK_REFUSED. */
ssize_t unpack_refuse(struct unpack *u, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuses a file that is not of the packing: says what it is and how it begins. */
ssize_t unpack_refuse_form(struct unpack *u, const char *expected);

/* Reads len bytes at offset, fewer at the end of the file. -1: the disk failed, io_errno is set. */
ssize_t unpack_read_at(struct unpack *u, void *buffer, size_t len, uint64_t offset);

#endif
