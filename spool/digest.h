/*
 * SHA-256, by libcrypto. spool/digest.c is the only file here that includes libcrypto.
 *
 *     digest_new → digest_update* → digest_hex (once, ends it) → digest_free
 *                → digest_again → digest_update* → …             the next one, in the same memory
 *
 * Nothing but digest_file can fail: when memory runs out the program ends, as everywhere with GLib.
 */
#ifndef ECOSGATE_SPOOL_DIGEST_H
#define ECOSGATE_SPOOL_DIGEST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 64 lower-case hex digits and NUL. */
#define DIGEST_HEX_SIZE 65

struct digest;

/* A digest of no bytes yet; digest_free. */
struct digest *digest_new(void);

/* Adds len bytes. */
void digest_update(struct digest *digest, const void *data, size_t len);

/* Writes the digest of all bytes added. Nothing may be added afterwards but behind digest_again. */
void digest_hex(struct digest *digest, char hex[DIGEST_HEX_SIZE]);

/* It is one of no bytes again. For many short ones: memory for each costs more than its bytes do. */
void digest_again(struct digest *digest);

/* NULL is allowed. */
void digest_free(struct digest *digest);
typedef struct digest digest_t;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(digest_t, digest_free)

/* The digest and the size in bytes of a regular file; symbolic links are not followed. size may be NULL.
 * SPOOL_ERROR_RETRY when the file cannot be read; hex and *size are unchanged then. */
bool digest_file(const char *path, char hex[DIGEST_HEX_SIZE], uint64_t *size, GError **error);

/* The digest of the characters of a string, without its NUL. For short ones. */
void digest_text(const char *text, char hex[DIGEST_HEX_SIZE]);

/* The version of OpenSSL's libcrypto that is loaded, "3.0.17". */
const char *digest_library_version(void);

#endif
