/*
 * Anchors, revocation lists and the way from a signer's certificate to an anchor. libcrypto's strict mode and its
 * security level 2 refuse what is broken (SHA-1, RSA below 2048 bits) anywhere in the chain.
 */
#include "validators/signature/signature_private.h"

#include "spool/digest.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { MOST_FILE_BYTES = 16 * 1024 * 1024, SECURITY_LEVEL = 2, MOST_DEPTH = 8 };

/* ---- loading ---- */

static bool refuse(GError **error, const char *path, const char *reason)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", path, reason);
    ERR_clear_error();
    return false;
}

/* All PEM blocks of a file; to be freed with sk_X509_INFO_pop_free. NULL: it cannot be read. */
static STACK_OF(X509_INFO) * read_pem(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize len;

    if (!g_file_get_contents(path, &text, &len, error))
        return NULL;
    BIO *bio = len <= MOST_FILE_BYTES ? BIO_new_mem_buf(text, (int)len) : NULL;
    STACK_OF(X509_INFO) *blocks = bio != NULL ? PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
    if (blocks != NULL && sk_X509_INFO_num(blocks) == 0) {
        X509_INFO *der = X509_INFO_new();
        const unsigned char *at = (const unsigned char *)text;
        der->crl = d2i_X509_CRL(NULL, &at, (long)len);
        (void)sk_X509_INFO_push(blocks, der); /* without memory the program ends elsewhere */
    }
    BIO_free(bio);
    if (blocks == NULL)
        (void)refuse(error, path, "is no PEM file that can be read; expected certificates or revocation lists in PEM");
    return blocks;
}

int64_t signature_seconds(const ASN1_TIME *time)
{
    struct tm tm = {0};

    return time != NULL && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void note_end(int64_t *first, const ASN1_TIME *time)
{
    int64_t at = signature_seconds(time);

    if (at != 0 && (*first == 0 || at < *first))
        *first = at;
}

/* Adds the certificates, or the revocation lists, of a file to the store. */
static bool add_file(struct signature_trust *trust, const char *path, bool lists, GError **error)
{
    X509_STORE *store = trust->store;
    STACK_OF(X509_INFO) *blocks = read_pem(path, error);
    int added = 0;

    if (blocks == NULL)
        return false;
    for (int i = 0; i < sk_X509_INFO_num(blocks); i++) {
        X509_INFO *block = sk_X509_INFO_value(blocks, i);
        if (lists && block->crl != NULL) {
            added += X509_STORE_add_crl(store, block->crl);
            note_end(&trust->lists_end, X509_CRL_get0_nextUpdate(block->crl));
        } else if (!lists && block->x509 != NULL) {
            added += X509_STORE_add_cert(store, block->x509);
            note_end(&trust->anchors_end, X509_get0_notAfter(block->x509));
        }
    }
    sk_X509_INFO_pop_free(blocks, X509_INFO_free);
    return added > 0 || refuse(error, path,
                               lists ? "holds no revocation list; expected one or more (PEM), or one (DER)"
                                     : "holds no certificate; expected the trust anchors in PEM");
}

static bool load(struct signature_trust *trust, const struct signature_trust_files *files, GError **error)
{
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(trust->store);
    unsigned long flags = X509_V_FLAG_X509_STRICT;

    if (!add_file(trust, files->ca, false, error) || (files->crl != NULL && !add_file(trust, files->crl, true, error)))
        return false;
    if (files->crl != NULL)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    (void)X509_VERIFY_PARAM_set_flags(param, flags); /* cannot fail */
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, MOST_DEPTH);
    if (files->eku == NULL)
        return true;
    trust->eku = OBJ_txt2obj(files->eku, 1);
    return trust->eku != NULL || refuse(error, files->eku, "is no OID; expected numbers joined by dots");
}

struct signature_trust *signature_trust_load(const struct signature_trust_files *files, GError **error)
{
    struct signature_trust *trust = g_new0(struct signature_trust, 1);

    trust->where = files->where;
    trust->store = X509_STORE_new();
    if (trust->store == NULL)
        g_error("libcrypto cannot make a store of certificates"); /* out of memory: ends the program */
    if (load(trust, files, error))
        return trust;
    signature_trust_free(trust);
    return NULL;
}

void signature_trust_ends(const struct signature_trust *trust, int64_t *anchors, int64_t *lists)
{
    *anchors = trust->anchors_end;
    *lists = trust->lists_end;
}

void signature_trust_free(struct signature_trust *trust)
{
    if (trust == NULL)
        return;
    X509_STORE_free(trust->store);
    ASN1_OBJECT_free(trust->eku);
    g_free(trust);
}

/* ---- the chain ---- */

/* What an error of libcrypto means for the sender, and who has to act. */
static const struct {
    int error;
    const char *text;
} faults[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "no path leads from the signer to a trust anchor; expected a signer "
                                                   "that the gateway knows, with all certificates between"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "a certificate has expired; sign with a newer one"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "a certificate is not valid yet; send the file once it is"},
    {X509_V_ERR_CERT_REVOKED, "a certificate is revoked; sign with another one"},
    {X509_V_ERR_CRL_HAS_EXPIRED, "the gateway's revocation list is out of date; the gateway's operator has to renew "
                                 "it; send the file again then"},
    {X509_V_ERR_CRL_NOT_YET_VALID, "the gateway's revocation list is not valid yet; its operator has to look at it"},
    {X509_V_ERR_UNABLE_TO_GET_CRL, "the gateway has no revocation list of an issuer; its operator has to add it"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "the path to the trust anchor is longer than a certificate on it allows"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, "the path to the trust anchor is longer than 8 certificates"},
    {X509_V_ERR_PERMITTED_VIOLATION, "a certificate on the path does not permit the signer's name (name constraints)"},
    {X509_V_ERR_EXCLUDED_VIOLATION, "a certificate on the path excludes the signer's name (name constraints)"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "the signer's key is too weak; expected RSA of 2048 bits or more, or ECDSA of 224"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "the key of a certificate on the path is too weak; expected RSA of 2048 bits or "
                                  "more, or ECDSA of 224"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "a certificate on the path is signed with MD5 or SHA-1; expected SHA-256 or longer"},
};

/* Several errors of libcrypto mean that there is no path. */
static int kind_of(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    default:
        return error;
    }
}

static char *fault_text(int error, X509 *at)
{
    char subject[200] = "";

    if (at != NULL)
        (void)X509_NAME_oneline(X509_get_subject_name(at), subject, sizeof subject); /* it cuts a longer one */
    const char *text = X509_verify_cert_error_string(error);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (faults[i].error == kind_of(error))
            text = faults[i].text;
    }
    return g_strdup_printf("%s: %s", subject, text);
}

static char *chain_digests(X509_STORE_CTX *context)
{
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    GString *text = g_string_new(NULL);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len;

    for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
        if (text->len > 0)
            g_string_append_c(text, ' ');
        if (X509_digest(sk_X509_value(chain, i), EVP_sha256(), digest, &len) != 1)
            len = 0;
        for (unsigned int k = 0; k < len; k++)
            g_string_append_printf(text, "%02x", digest[k]);
    }
    return g_string_free(text, FALSE);
}

/* *error: of libcrypto, X509_V_OK if there is a path for that time. The text of it (g_free), or NULL. */
static char *check_at(const struct signature_trust *trust, const struct signature_parts *parts, int64_t at,
                      struct signature_check *check, int *error)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    char *fault = NULL;

    *error = X509_V_ERR_UNSPECIFIED;
    if (context == NULL || X509_STORE_CTX_init(context, trust->store, parts->signer, parts->certs) != 1)
        g_error("libcrypto cannot check a chain of certificates"); /* out of memory: ends the program */
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)at);
    if (X509_verify_cert(context) == 1) {
        *error = X509_V_OK;
        check->chain = chain_digests(context);
    } else {
        *error = X509_STORE_CTX_get_error(context);
        fault = fault_text(*error, X509_STORE_CTX_get_current_cert(context));
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return fault;
}

char *signature_trust_check(const struct signature_trust *trust, const struct signature_parts *parts,
                            const struct signature_request *request, struct signature_check *check)
{
    int error, ignored;
    char *fault = check_at(trust, parts, request->now, check, &error);
    int64_t other = request->now;

    /* A clock may be wrong by the tolerance, ours or the issuer's. */
    if (error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CRL_NOT_YET_VALID)
        other += request->tolerance;
    else if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CRL_HAS_EXPIRED)
        other -= request->tolerance;
    if (other == request->now)
        return fault;
    g_autofree char *second = check_at(trust, parts, other, check, &ignored);
    if (second == NULL)
        g_clear_pointer(&fault, g_free);
    return fault;
}
