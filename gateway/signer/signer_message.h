/*
 * Between the gateway (signer.c) and the process that signs (signer_serve.c), over a socket of packets: the gateway
 * sends the URI, and then digest by digest; each digest has one answer. An answer is a byte and what it is about.
 */
#ifndef ECOSGATE_GATEWAY_SIGNER_SIGNER_MESSAGE_H
#define ECOSGATE_GATEWAY_SIGNER_SIGNER_MESSAGE_H

#include "validators/signature/signature_key.h"

enum {
    SIGNER_VALUE = 'V', /* the value of the signature */
    SIGNER_AWAY = 'A',  /* why there is none now; after it the process ends */
    SIGNER_WRONG = 'W', /* the same: a setting or the machine must be mended */
    SIGNER_PIN = 'P',   /* the same: the token refuses the PIN */

    SIGNER_URI_MOST = 8192, /* bytes */
    SIGNER_TEXT_MOST = 16384,
};

/* The argument of this program that makes it the process. */
#define SIGNER_PROCESS "--signer"

#endif
