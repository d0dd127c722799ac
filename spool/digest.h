/*
 * SHA-256, by libcrypto.
 *
 *     digest_new → digest_update* → digest_hex (once, ends it) → digest_free
 *
 * Running out of memory aborts, as everywhere with GLib.
 */
#ifndef ECOSGATE_SPOOL_DIGEST_H
#define ECOSGATE_SPOOL_DIGEST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case hex and NUL. */
#define DIGEST_HEX_SIZE 65

struct digest;

struct digest *digest_new(void);
void digest_update(struct digest *digest, const void *data, size_t len);
/* Writes the digest of all that was given. Nothing may be added afterwards. */
void digest_hex(struct digest *digest, char hex[DIGEST_HEX_SIZE]);
/* NULL is fine. */
void digest_free(struct digest *digest);
typedef struct digest digest_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(digest_t, digest_free)

/* Digest and size of a regular file, links not followed; size may be NULL. SPOOL_ERROR_RETRY when it
 * cannot be read, outputs untouched then. */
bool digest_file(const char *path, char hex[DIGEST_HEX_SIZE], uint64_t *size, GError **error);

/* Digest of the characters of a string. */
void digest_text(const char *text, char hex[DIGEST_HEX_SIZE]);

#endif
