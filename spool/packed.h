/*
 * Stored files in two forms: plain, under the file's name, or packed (gzip), under that name and PACKED_SUFFIX. Size
 * and SHA-256 in the ledger are those of the plain bytes. Every reader of a job's files asks this header, which gives
 * the plain bytes whatever the form.
 *
 *   packed_open → packed_read until *got is 0 → packed_close
 *   packer_begin → packer_step until *done → packer_finish → packer_free
 *
 * At each moment one of the two is whole: the packed file is synced and has its name before the plain one is removed
 * (packed_batch.h), and the other way round. A stop in between leaves both; the plain one counts. A reader looks for
 * the plain file, then for the packed one, then for the plain one again: so a change between two looks is not seen as a
 * missing file.
 *
 * Rejected: to record the form in the ledger (a crash between its commit and the disk would make it wrong; the name
 * cannot be); to unpack into a temporary file for each reader (a payload may have a gigabyte).
 *
 * Errors are those of disk.h; SPOOL_ERROR_CORRUPT means damaged bytes.
 */
#ifndef ECOSGATE_SPOOL_PACKED_H
#define ECOSGATE_SPOOL_PACKED_H

#include "spool/packed_batch.h"

#define PACKED_SUFFIX ".gz"

/* ---- reading ---- */

struct packed_reader;
typedef struct packed_reader packed_reader_t;

/* Opens the file at path in the form that it has; follows no links. NULL without an error: there is no regular file in
 * either form. */
struct packed_reader *packed_open(const char *path, GError **error);
/* Reads the next plain bytes, at most `size`. *got is 0 at the end. */
bool packed_read(struct packed_reader *reader, char *buffer, size_t size, size_t *got, GError **error);
/* NULL is allowed. */
void packed_close(struct packed_reader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(packed_reader_t, packed_close)

/* digest_file of the plain bytes. */
bool packed_digest(const char *path, char hex[DIGEST_HEX_SIZE], uint64_t *size, GError **error);
/* disk_same_bytes of the plain bytes. */
bool packed_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error);
/* Writes the plain bytes of `from` to a file that is written and not published yet. */
bool packed_copy(const char *from, struct disk_file *to, GError **error);
/* The file's name without PACKED_SUFFIX, if it ends in that; g_free. */
char *packed_plain_name(const char *name);

/* ---- bytes that come from elsewhere ---- */

/* What the plain bytes of a stored file are that arrives in pieces, packed or not. */
struct packed_proof;
typedef struct packed_proof packed_proof_t;

/* most: plain bytes after which it gives up. */
struct packed_proof *packed_proof_new(bool packed, uint64_t most);
/* Adds the next bytes. */
void packed_proof_add(struct packed_proof *proof, const void *data, size_t len);
/* Ends it: true if the bytes are whole and are these. */
bool packed_proof_is(struct packed_proof *proof, uint64_t size, const char *sha256);
/* NULL is allowed. */
void packed_proof_free(struct packed_proof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(packed_proof_t, packed_proof_free)

/* ---- changing the form ---- */

/* A file that is being packed, a piece at a time, so that a large one holds nobody up. */
struct packer;
typedef struct packer packer_t;

/* Begins. size, sha256: what the ledger says of the plain bytes. NULL without an error: there is nothing to do, because
 * the file is packed already, has so few bytes that packing saves no block of the disk, or is not there. A plain file
 * beside a packed one is packed again. batch: as for packer_finish. */
struct packer *packer_begin(const char *path, uint64_t size, const char *sha256, struct packed_batch *batch,
                            GError **error);
/* Packs the next 256 KiB. */
bool packer_step(struct packer *packer, bool *done, GError **error);
/* Adds the packed file to the batch, which puts it in the place of the plain one, if that saves a block.
 * SPOOL_ERROR_CORRUPT if the plain bytes are not those of the ledger: nothing is changed then. */
bool packer_finish(struct packer *packer, struct packed_batch *batch, GError **error);
/* Frees it, and removes what is not finished. NULL is allowed. */
void packer_free(struct packer *packer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(packer_t, packer_free)

/* Makes a packed file plain again; one that is plain stays. A file that is not there is no error. */
bool packed_unpack(const char *path, GError **error);
/* Removes the file in both forms, and a packed one that a stop has left unfinished.
 * *freed, if not NULL, is raised by its bytes on the disk. */
bool packed_remove(enum step step, const char *path, int64_t *freed, GError **error);

/* The version of zlib that is loaded, "1.2.13". */
const char *packed_library_version(void);

#endif
