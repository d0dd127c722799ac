/* What signature.c, signature_cms.c and signature_trust.c share. */
#ifndef ECOSGATE_VALIDATORS_SIGNATURE_PRIVATE_H
#define ECOSGATE_VALIDATORS_SIGNATURE_PRIVATE_H

#include "validators/signature.h"

#include <openssl/cms.h>
#include <openssl/x509.h>

struct signature_trust {
    X509_STORE *store;
    ASN1_OBJECT *eku; /* NULL: any */
    enum signer_id where;
    int64_t anchors_end, lists_end; /* the first of them, seconds UTC; 0: there is none */
};

/* A signature that was taken apart. All but cms and certs borrow from cms. */
struct signature_parts {
    CMS_ContentInfo *cms;
    STACK_OF(X509) * certs; /* that it holds */
    CMS_SignerInfo *info;   /* the only one */
    X509 *signer;
    const EVP_MD *digest;
    const ASN1_OCTET_STRING *message_digest;
};

/* Seconds UTC; 0: it is no time. */
int64_t signature_seconds(const ASN1_TIME *time);

/* The private key of a token. NULL: it cannot be had. EVP_PKEY_free. (signature_token.c) */
EVP_PKEY *signature_token_key(const char *uri, GError **error);

/* Takes a signature apart. The text of what is wrong (g_free), or NULL. parts is to be cleared in either case. */
char *signature_parts_read(struct signature_parts *parts, const struct signature_file *file);
/* Frees what it holds and empties it. */
void signature_parts_clear(struct signature_parts *parts);

/* Looks for a chain from the signer to an anchor, and fills check->chain. The text of what is wrong (g_free), or NULL.
 */
char *signature_trust_check(const struct signature_trust *trust, const struct signature_parts *parts,
                            const struct signature_request *request, struct signature_check *check);

/* The text of what is wrong with who the certificate names, or with what it is for (g_free), or NULL. */
char *signature_signer_check(const struct signature_trust *trust, X509 *signer, uint64_t expected);

#endif
