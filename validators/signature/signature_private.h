/* What signature.c, signature_cms.c, signature_within.c and signature_trust.c share. */
#ifndef ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_PRIVATE_H
#define ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_PRIVATE_H

#include "validators/signature/signature.h"

#include <openssl/cms.h>
#include <openssl/x509.h>

struct signature_trust {
    X509_STORE *store;
    ASN1_OBJECT *eku; /* NULL: any */
    enum signer_id where;
    int64_t anchors_end, lists_end; /* the first of them, seconds UTC; 0: there is none */
};

/* A signature that was taken apart. All but cms and certs borrow from these two. Of one within a file there are certs
 * and signer alone. */
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

/* Takes a signature apart. The text of what is wrong (g_free), or NULL. parts is to be cleared in either case. */
char *signature_parts_read(struct signature_parts *parts, const struct signature_file *file);
/* Frees what it holds and empties it. */
void signature_parts_clear(struct signature_parts *parts);

/* Looks for a chain from the signer to an anchor, and fills check->chain. The text of what is wrong (g_free), or NULL.
 */
char *signature_trust_check(const struct signature_trust *trust, const struct signature_parts *parts,
                            const struct signature_request *request, struct signature_check *check);

/* Describes the signer in *check and asks whether he is the one to believe: the chain, what his certificate is for, and
 * whom it names. Of parts, signer and certs are needed. The text of what is wrong (g_free), or NULL. */
char *signature_judge_signer(const struct signature_request *request, const struct signature_parts *parts,
                             struct signature_check *check);

/* False once the caller wants to stop (JUDGE_ERROR_STOPPED). */
bool signature_may_go_on(const struct signature_request *request, GError **error);

#endif
