/*
 * A CMS signature (RFC 5652) is taken apart and everything is refused that a signature of one file by one sender does
 * not need: several signers, content within, attributes left out, algorithms that are broken. libcrypto alone would
 * accept most of these.
 */
#include "validators/signature/signature_private.h"

#include <string.h>

/* More certificates than a chain needs only cost time. */
enum { MOST_CERTIFICATES = 16 };
enum { OPEN_LENGTH = 0x80, MOST_NESTING = 32 };

static const int digests[] = {NID_sha256, NID_sha384, NID_sha512};
static const int signatures[] = {
    NID_rsaEncryption, NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption,
    NID_rsassaPss,     NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,       NID_ecdsa_with_SHA512};

static bool is_among(int nid, const int *nids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (nids[i] == nid)
            return true;
    }
    return false;
}

/* What an algorithm is called, for people. */
static const char *name_of(const X509_ALGOR *algorithm, int *nid)
{
    const ASN1_OBJECT *object;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    *nid = OBJ_obj2nid(object);
    return *nid != NID_undef ? OBJ_nid2sn(*nid) : "unknown";
}

/* The length of a value at *at, which moves on to it. False: it is left open, padded, or more than there is. */
static bool read_length(const unsigned char **at, const unsigned char *end, size_t *len)
{
    unsigned int n = *at < end ? *(*at)++ : OPEN_LENGTH;

    *len = n;
    if (n < OPEN_LENGTH)
        return *len <= (size_t)(end - *at);
    n -= OPEN_LENGTH;
    if (n == 0 || n > sizeof(uint32_t) || n > (size_t)(end - *at) || **at == 0)
        return false;
    for (*len = 0; n > 0; n--)
        *len = *len << 8 | *(*at)++;
    return *len >= OPEN_LENGTH && *len <= (size_t)(end - *at);
}

/* Whether all lengths are as DER has them, so that nobody reads the bytes in two ways. Sets need not be sorted: some
 * makers of DER do not. */
static bool is_der(const unsigned char *at, const unsigned char *end, int depth)
{
    enum { CONSTRUCTED = 0x20, LONG_TAG = 0x1f };
    size_t len;

    while (at < end) {
        unsigned char tag = *at++;
        if (depth == 0 || (tag & LONG_TAG) == LONG_TAG || !read_length(&at, end, &len) ||
            ((tag & CONSTRUCTED) != 0 && !is_der(at, at + len, depth - 1)))
            return false;
        at += len;
    }
    return true;
}

static char *read_cms(struct signature_parts *parts, const struct signature_file *file)
{
    const unsigned char *at = file->der;

    if (file->size > SIGNATURE_MAX_BYTES)
        return g_strdup_printf("the signature has %" G_GINT64_FORMAT " bytes; expected at most %d", file->size,
                               SIGNATURE_MAX_BYTES);
    if (file->len > 0 && is_der(at, at + file->len, MOST_NESTING))
        parts->cms = d2i_CMS_ContentInfo(NULL, &at, (long)file->len);
    if (parts->cms == NULL || at != file->der + file->len)
        return g_strdup("the signature is no CMS in DER, or is cut; expected a detached SignedData (RFC 5652), as of "
                        "openssl cms -sign -binary -outform DER");
    if (OBJ_obj2nid(CMS_get0_type(parts->cms)) != NID_pkcs7_signed)
        return g_strdup("the signature's CMS is no SignedData");
    if (OBJ_obj2nid(CMS_get0_eContentType(parts->cms)) != NID_pkcs7_data)
        return g_strdup("the signature is of another content type; expected id-data");
    if (CMS_is_detached(parts->cms) != 1)
        return g_strdup("the signature holds content; expected a detached one, which holds none");
    return NULL;
}

static char *find_signer(struct signature_parts *parts)
{
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(parts->cms);
    int n = infos != NULL ? sk_CMS_SignerInfo_num(infos) : 0;

    if (n != 1)
        return g_strdup_printf("the signature has %d signers; expected one", n);
    parts->info = sk_CMS_SignerInfo_value(infos, 0);
    parts->certs = CMS_get1_certs(parts->cms);
    if (parts->certs != NULL && sk_X509_num(parts->certs) > MOST_CERTIFICATES)
        return g_strdup_printf("the signature has %d certificates; expected at most %d", sk_X509_num(parts->certs),
                               MOST_CERTIFICATES);
    (void)CMS_set1_signers_certs(parts->cms, NULL, 0); /* what it finds is asked next */
    CMS_SignerInfo_get0_algs(parts->info, NULL, &parts->signer, NULL, NULL);
    if (parts->signer == NULL)
        return g_strdup("the signature does not hold its signer's certificate; expected it within");
    return NULL;
}

/* Without signed attributes the signature is over the bytes themselves, and a signature over attributes could be shown
 * as one over a file that looks like them. */
static char *read_attributes(struct signature_parts *parts)
{
    enum { ONE_WITH_ONE_VALUE = -3 };
    const ASN1_OBJECT *type;

    if (CMS_signed_get_attr_count(parts->info) <= 0)
        return g_strdup("the signature has no signed attributes; expected contentType and messageDigest");
    type =
        CMS_signed_get0_data_by_OBJ(parts->info, OBJ_nid2obj(NID_pkcs9_contentType), ONE_WITH_ONE_VALUE, V_ASN1_OBJECT);
    if (type == NULL || OBJ_obj2nid(type) != NID_pkcs7_data)
        return g_strdup("the signature's attribute contentType is missing or wrong; expected id-data, once");
    parts->message_digest = CMS_signed_get0_data_by_OBJ(parts->info, OBJ_nid2obj(NID_pkcs9_messageDigest),
                                                        ONE_WITH_ONE_VALUE, V_ASN1_OCTET_STRING);
    if (parts->message_digest == NULL)
        return g_strdup("the signature's attribute messageDigest is missing; expected it once");
    return NULL;
}

static char *read_algorithms(struct signature_parts *parts)
{
    X509_ALGOR *digest, *signature;
    int nid;

    CMS_SignerInfo_get0_algs(parts->info, NULL, NULL, &digest, &signature);
    const char *name = name_of(digest, &nid);
    if (!is_among(nid, digests, G_N_ELEMENTS(digests)))
        return g_strdup_printf("the signature's digest is %s; expected SHA-256, SHA-384 or SHA-512", name);
    parts->digest = EVP_get_digestbynid(nid);
    name = name_of(signature, &nid);
    if (!is_among(nid, signatures, G_N_ELEMENTS(signatures)))
        return g_strdup_printf("the signature's algorithm is %s; expected RSA or ECDSA with SHA-256 or longer", name);
    return NULL;
}

char *signature_parts_read(struct signature_parts *parts, const struct signature_file *file)
{
    char *fault = read_cms(parts, file);

    if (fault == NULL)
        fault = find_signer(parts);
    if (fault == NULL)
        fault = read_attributes(parts);
    return fault != NULL ? fault : read_algorithms(parts);
}

void signature_parts_clear(struct signature_parts *parts)
{
    sk_X509_pop_free(parts->certs, X509_free);
    CMS_ContentInfo_free(parts->cms);
    *parts = (struct signature_parts){0};
}
