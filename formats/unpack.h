/*
 * The plain bytes of an inbound file, whatever it is packed in: nothing, gzip (any number of members)
 * or zip (exactly one member, named like the stem). Streamed, under limits that hold on every path.
 * Only unpack*.[ch] include zlib and libarchive.
 *
 *   struct unpack *u = unpack_new(fd, FILENAME_GZ, NULL, &limits);
 *   while ((n = unpack_read(u, buffer, size)) > 0) …
 *   n == 0: the end, all checksums good;  n == UNPACK_REFUSED: see unpack_fault();
 *   n == UNPACK_ERROR: the disk failed, see *error
 */
#ifndef ECOSGATE_FORMATS_UNPACK_H
#define ECOSGATE_FORMATS_UNPACK_H

#include "formats/filename.h"
#include "formats/reader.h"

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

struct unpack_limits {
    uint64_t max_bytes; /* after unpacking */
    uint32_t max_ratio; /* unpacked to packed, whole file */
};

enum { UNPACK_REFUSED = -1, UNPACK_ERROR = -2 };

struct unpack;

/* fd is read from its beginning by pread-like means and stays the caller's; it must be a regular file.
 * stem is the name that a zip's member must bear (len bytes), NULL when any will do. */
struct unpack *unpack_new(int fd, enum filename_pack pack, const char *stem, size_t stem_len,
                          const struct unpack_limits *limits);
ssize_t unpack_read(struct unpack *unpack, char *buffer, size_t size, GError **error);

/* After UNPACK_REFUSED: what the sender did wrong (FAULT_FORM, FAULT_TRUNCATED, FAULT_EMPTY,
 * FAULT_LIMIT). Texts live as long as the handle. */
const struct fault *unpack_fault(const struct unpack *unpack);

uint64_t unpack_packed_bytes_read(const struct unpack *unpack); /* for progress */
void unpack_free(struct unpack *unpack);                        /* NULL is fine */

#endif
