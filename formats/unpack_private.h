/*
 * Between the packings: what is known of a file while it is unpacked. unpack.c reads, counts and sets the limits;
 * each packing is one const table in a file of its own.
 */
#ifndef ECOSGATE_FORMATS_UNPACK_PRIVATE_H
#define ECOSGATE_FORMATS_UNPACK_PRIVATE_H

#include "formats/unpack.h"

#include <zlib.h>

enum { UNPACK_INPUT_SIZE = 64 * 1024 };

struct unpack_packing {
    bool (*open)(struct unpack *u); /* false: refused or failed */
    /* More than 0 plain bytes, 0 at a sound end, else UNPACK_REFUSED or UNPACK_ERROR. */
    ssize_t (*pull)(struct unpack *u, char *buffer, size_t size);
    void (*close)(struct unpack *u); /* after any open, or none; NULL: nothing to do */
};

extern const struct unpack_packing unpack_gzip, unpack_zip;

struct unpack {
    int fd;
    const struct unpack_packing *packing;
    char *stem;
    size_t stem_len;
    struct unpack_limits limits;
    bool opened, ended, refused;
    uint64_t file_size, offset, total; /* packed, read so far, unpacked so far */
    int io_errno;
    struct fault fault;
    char *fault_text, *fault_value;

    /* gzip */
    z_stream stream;
    bool inflating; /* stream must be ended */
    bool in_member;

    /* zip */
    struct archive *archive;
    uint32_t crc, expected_crc; /* found, and what the central directory says */
    uint32_t expected_size;

    char input[UNPACK_INPUT_SIZE];
};

/* What the sender did wrong; only the first time counts. Returns UNPACK_REFUSED. */
ssize_t unpack_refuse(struct unpack *u, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads len bytes at offset, fewer at the end of the file; -1 after an error of the disk, which is noted. */
ssize_t unpack_read_at(struct unpack *u, void *buffer, size_t len, uint64_t offset);

#endif
