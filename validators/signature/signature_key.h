/*
 * The gateway's own key and certificate, and the detached signatures (CMS, RFC 5652, in DER) that it makes of files
 * that it has the digests of.
 *
 *   struct signature_key *key = signature_key_load(certificate, &error);
 *   signature_key_open(key, path, &error)                once, before the first signature
 *   signature_make(key, sha256, now, &len, &error)       … g_free
 *   signature_key_free(key);
 *
 * Whoever loads a certificate needs no right to read the key. Errors are of G_FILE_ERROR and say what to do. With an
 * EC key each signature has other bytes, so the bytes are to be kept.
 */
#ifndef ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_KEY_H
#define ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_KEY_H

#include "validators/signature/signature.h"

struct signature_key;

/* path: PEM, the certificate first, then those between it and its recipients' anchors, which each signature holds.
 * NULL: it cannot be used. */
struct signature_key *signature_key_load(const char *path, GError **error);
/* NULL is allowed. */
void signature_key_free(struct signature_key *key);

/* The beginning of a URI (RFC 7512) that names a private key in a token. */
#define SIGNATURE_TOKEN "pkcs11:"
/* The file with the PIN of such a URI; NULL: it names none. g_free. */
char *signature_token_pin(const char *uri);

/* Reads the private key, PEM without a passphrase; or finds it in its token, if path is such a URI. False: it cannot be
 * had, or the certificate is that of another. */
bool signature_key_open(struct signature_key *key, const char *path, GError **error);

/* The first and the last second, UTC, for which the certificate is valid. */
void signature_key_validity(const struct signature_key *key, int64_t *from, int64_t *until);

/* The signature over the bytes with that SHA-256 (lower-case hex), with the signing time `at`, seconds UTC. *len: its
 * bytes. NULL: the key is not open, or libcrypto failed. g_free. */
unsigned char *signature_make(const struct signature_key *key, const char *sha256, int64_t at, size_t *len,
                              GError **error);

/* Whether a signature is one over the bytes with that SHA-256 and made by the key of the certificate that it holds. The
 * text of what is wrong (g_free), or NULL. Asks for no trust. */
char *signature_fault_of(const struct signature_file *file, const char *sha256);

#endif
