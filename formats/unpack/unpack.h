/*
 * The plain bytes of an inbound file, whatever it is packed in: nothing, gzip (any number of members) or zip (exactly
 * one member, named like the file). Streamed; nothing is ever written to a file or used as a path. The limits hold for
 * every packing. Only unpack*.[ch] include zlib and libarchive.
 *
 *   struct unpack *u = unpack_new(fd, FILENAME_GZ, NULL, 0, &limits);
 *   while ((n = unpack_read(u, buffer, size, &error)) > 0) …
 *   unpack_free(u);
 *
 * The bytes may be used before the end is known to be sound: whoever does so must be able to undo it, since damage may
 * show at the end only.
 */
#ifndef ECOSGATE_FORMATS_UNPACK_UNPACK_H
#define ECOSGATE_FORMATS_UNPACK_UNPACK_H

#include "formats/name/filename.h"
#include "formats/reader.h"

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

struct unpack_limits {
    uint64_t max_bytes; /* unpacked */
    uint32_t max_ratio; /* unpacked bytes for each packed one, over the whole file */
};

enum {
    UNPACK_REFUSED = -1, /* the sender did something wrong: see unpack_fault */
    UNPACK_ERROR = -2,   /* our disk or memory failed: see the GError */
};

struct unpack;

/* fd must be a regular file. It is read from its beginning with pread, so its position stays, and it stays the
 * caller's. stem is the name that a zip's member must have (stem_len bytes; copied); NULL: any name that is no path.
 * *limits is copied. Never returns NULL; whatever is wrong shows in unpack_read. */
struct unpack *unpack_new(int fd, enum filename_pack pack, const char *stem, size_t stem_len,
                          const struct unpack_limits *limits);

/* The next plain bytes, at most size. Returns how many; 0 at the end, with all checksums and sizes found right; else
 * UNPACK_REFUSED or UNPACK_ERROR (G_FILE_ERROR). An end or a refusal is returned by later calls too. */
ssize_t unpack_read(struct unpack *unpack, char *buffer, size_t size, GError **error);

/* After UNPACK_REFUSED: what the sender did wrong (FAULT_FORM, FAULT_TRUNCATED, FAULT_EMPTY or FAULT_LIMIT), without a
 * place. It and its texts live as long as the handle. */
const struct fault *unpack_fault(const struct unpack *unpack);

/* Bytes of the packed file read so far, to show progress. */
uint64_t unpack_packed_bytes_read(const struct unpack *unpack);

/* NULL is allowed. */
void unpack_free(struct unpack *unpack);

/* The version of libarchive that is loaded, "3.6.2". */
const char *unpack_library_version(void);

#endif
