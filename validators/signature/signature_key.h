/*
 * The gateway's own key and certificate, and the detached signatures (CMS, RFC 5652, in DER) that it makes of files
 * that it has the digests of.
 *
 *   struct signature_key *key = signature_key_load(certificate, &error);
 *   signature_key_open(key, path, &error)                once, before the first signature; or
 *   signature_key_give(key, &signer)                     for a key that is not in this process
 *   signature_make(key, sha256, now, &len, &error)       … g_free
 *   signature_key_rest(key)                              after some of them
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
/* Whether such a URI can be used, as far as that is known without its token: its form, and the file with the PIN.
 * False: of G_FILE_ERROR_INVAL. */
bool signature_token_good_uri(const char *uri, GError **error);

enum { SIGNATURE_DIGEST_BYTES = 32, SIGNATURE_VALUE_MOST = 1024 /* bytes: of an RSA key of 8192 bits */ };

/* Who makes the values of signatures where the key is not in this process. What it makes is verified by the
 * certificate. */
struct signature_signer {
    /* As signature_token_sign. */
    bool (*sign)(void *user, const unsigned char sha256[SIGNATURE_DIGEST_BYTES],
                 unsigned char value[SIGNATURE_VALUE_MOST], size_t *len, GError **error);
    void (*rest)(void *user); /* nothing is asked of it for a while */
    void (*free)(void *user);
    void *user;
    const char *name; /* of the key, for errors; lives as long as the signer */
};

/* Reads the private key, PEM without a passphrase. False: it cannot be had, or the certificate is that of another. */
bool signature_key_open(struct signature_key *key, const char *path, GError **error);
/* The key takes over the signer; an earlier one is freed. */
void signature_key_give(struct signature_key *key, const struct signature_signer *signer);
/* Whether the key has one. */
bool signature_key_has_signer(const struct signature_key *key);
/* Whether signatures can be made now: has the signer make one of nothing, and verifies it. False: the signer's error;
 * of G_FILE_ERROR_INVAL if what it made is not of the certificate's key. */
bool signature_key_try(struct signature_key *key, GError **error);
/* Why the signer could not be reached when that was tried last (G_FILE_ERROR_AGAIN); NULL: it could, or it was not
 * tried. */
const char *signature_key_away(const struct signature_key *key);
/* Tells the signer, if there is one, that no signature is made for a while. */
void signature_key_rest(const struct signature_key *key);

/* The first and the last second, UTC, for which the certificate is valid. */
void signature_key_validity(const struct signature_key *key, int64_t *from, int64_t *until);

/* The signature over the bytes with that SHA-256 (lower-case hex), with the signing time `at`, seconds UTC. *len: its
 * bytes. NULL: the key is not open, its signer or libcrypto failed. g_free. */
unsigned char *signature_make(const struct signature_key *key, const char *sha256, int64_t at, size_t *len,
                              GError **error);

/* Whether a signature is one over the bytes with that SHA-256 and made by the key of the certificate that it holds. The
 * text of what is wrong (g_free), or NULL. Asks for no trust. */
char *signature_fault_of(const struct signature_file *file, const char *sha256);

#endif
