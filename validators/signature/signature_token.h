/*
 * A private key in a PKCS#11 token, in a process that does nothing but sign with it (gateway/signer/): the token's
 * library runs there.
 *
 *   token = signature_token_open(uri, &error);
 *   signature_token_sign(token, sha256, value, &len, &error)       once for each signature
 *
 * It is not closed: some libraries do not see a token again that was away while they were loaded. The end of the
 * process is what they all understand.
 */
#ifndef ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_TOKEN_H
#define ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_TOKEN_H

#include "validators/signature/signature_key.h"

struct signature_token;

/* uri: RFC 7512. NULL, with an error of G_FILE_ERROR. Its code is INVAL: a setting or the machine must be mended; PERM:
 * the token refuses the PIN, and the same one must not be tried again, for a token locks after a few; AGAIN: no token
 * that can be reached has the key now. Loads the libraries of all tokens. Once in a process. */
struct signature_token *signature_token_open(const char *uri, GError **error);

/* The value of a signature over what has that SHA-256: PKCS#1 v1.5 of an RSA key, ECDSA in DER of an EC key. False: of
 * AGAIN. */
bool signature_token_sign(const struct signature_token *token, const unsigned char sha256[SIGNATURE_DIGEST_BYTES],
                          unsigned char value[SIGNATURE_VALUE_MOST], size_t *len, GError **error);

#endif
