/*
 * Signing with a key in a PKCS#11 token, in a process of its own (`ecosgate-sign`). The token's library runs there, and
 * neither keys, ledger nor profiles are in that memory: it is this program started anew.
 *
 *   signer_give(key, uri);                         the key asks it from now on (signature_key.h)
 *
 * The process is started for the first signature and ends with signature_key_rest, so each batch of signatures has a
 * new one. Some libraries do not see a token again that was away, or a service behind it that was restarted, until
 * their process ends. One that gives no answer for 10 s is ended. After a failure the next process is started only
 * after 1 s, after the following ones 2, 4 … 60 s; until then each signature fails by the same cause. If the token
 * refuses the PIN, it is asked no more: it locks after a few wrong ones.
 */
#ifndef ECOSGATE_GATEWAY_SIGNER_SIGNER_H
#define ECOSGATE_GATEWAY_SIGNER_SIGNER_H

#include "validators/signature/signature_key.h"

/* uri: of the key in its token (RFC 7512). Starts nothing. One thread uses the key. Errors of its signatures are of
 * G_FILE_ERROR, as those of signature_token_open; a process that ends, hangs or cannot be started is AGAIN. */
void signer_give(struct signature_key *key, const char *uri);

/* In main, before all else: if this program was started as such a process, does its work and ends it. */
void signer_serve_if_asked(int argc, char **argv);

#endif
