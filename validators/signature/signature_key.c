/*
 * CMS_sign reads the bytes of the file once more. The digest of a file that was just written is known, so the signed
 * attributes are made here and CMS_SignerInfo_sign signs them: a signature costs the same for each size of file.
 */
#include "validators/signature/signature_key.h"

#include "spool/digest.h"
#include "validators/signature/signature_private.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

enum { MOST_FILE_BYTES = 1024 * 1024, SMALLEST_RSA = 2048 };

struct signature_key {
    X509 *certificate;
    STACK_OF(X509) * between;       /* those that each signature holds, too */
    EVP_PKEY *key;                  /* NULL: not open yet, or not in this process */
    struct signature_signer signer; /* sign NULL: none */
    char *away;                     /* signature_key_away */
};

/* Signed attributes as they are signed: in DER, which sorts them. */
typedef STACK_OF(X509_ATTRIBUTE) attributes;
DECLARE_ASN1_ITEM(attributes)
ASN1_ITEM_TEMPLATE(attributes) = ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SET_ORDER, 0, attributes, X509_ATTRIBUTE)
    ASN1_ITEM_TEMPLATE_END(attributes)

        static bool refuse(GError * *error, const char *path, const char *reason)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", path, reason);
    ERR_clear_error();
    return false;
}

/* NULL: it cannot be read. BIO_free. *text: its bytes, which outlive the BIO; g_free. */
static BIO *open_file(const char *path, char **text, GError **error)
{
    gsize len;

    if (!g_file_get_contents(path, text, &len, error))
        return NULL;
    BIO *bio = len <= MOST_FILE_BYTES ? BIO_new_mem_buf(*text, (int)len) : NULL;
    if (bio == NULL)
        (void)refuse(error, path, "is larger than 1 MiB; expected a PEM file");
    return bio;
}

static bool good_certificate(const char *path, X509 *certificate, GError **error)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return refuse(error, path,
                      "the certificate is not for signing (key usage); have one made with digitalSignature");
    if (key == NULL || !(EVP_PKEY_is_a(key, "EC") || (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_bits(key) >= SMALLEST_RSA)))
        return refuse(error, path,
                      "the certificate's key is neither EC nor RSA of 2048 bits or more; have one made "
                      "for such a key");
    return true;
}

struct signature_key *signature_key_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    BIO *bio = open_file(path, &text, error);
    X509 *one;

    if (bio == NULL)
        return NULL;
    struct signature_key *key = g_new0(struct signature_key, 1);
    key->between = sk_X509_new_null();
    key->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    while (key->certificate != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        (void)sk_X509_push(key->between, one); /* without memory the program ends elsewhere */
    BIO_free(bio);
    ERR_clear_error();
    if (key->certificate == NULL)
        (void)refuse(error, path,
                     "holds no certificate; expected the gateway's own in PEM, then those between it and "
                     "an anchor");
    if (key->certificate != NULL && good_certificate(path, key->certificate, error))
        return key;
    signature_key_free(key);
    return NULL;
}

void signature_key_free(struct signature_key *key)
{
    if (key == NULL)
        return;
    X509_free(key->certificate);
    sk_X509_pop_free(key->between, X509_free);
    EVP_PKEY_free(key->key);
    if (key->signer.free != NULL)
        key->signer.free(key->signer.user);
    g_free(key->away);
    g_free(key);
}

/* Asks nobody: a daemon has no terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

/* NULL: it cannot be read. EVP_PKEY_free. */
static EVP_PKEY *read_key(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    BIO *bio = open_file(path, &text, error);
    EVP_PKEY *found = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    BIO_free(bio);
    ERR_clear_error();
    if (bio != NULL && found == NULL)
        (void)refuse(error, path, "holds no private key that can be read; expected one in PEM without a passphrase");
    return found;
}

bool signature_key_open(struct signature_key *key, const char *path, GError **error)
{
    EVP_PKEY *found = read_key(path, error);

    if (found == NULL)
        return false;
    if (X509_check_private_key(key->certificate, found) != 1) {
        EVP_PKEY_free(found);
        return refuse(error, path, "is not the key of the certificate beside it; name the two that belong together");
    }
    EVP_PKEY_free(key->key);
    key->key = found;
    return true;
}

void signature_key_validity(const struct signature_key *key, int64_t *from, int64_t *until)
{
    *from = signature_seconds(X509_get0_notBefore(key->certificate));
    *until = signature_seconds(X509_get0_notAfter(key->certificate));
}

/* The 32 bytes of a digest in hex. */
static bool digest_bytes(const char *sha256, unsigned char bytes[SIGNATURE_DIGEST_BYTES])
{
    if (strlen(sha256) != 2 * (size_t)SIGNATURE_DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < SIGNATURE_DIGEST_BYTES; i++)
        bytes[i] = (unsigned char)(g_ascii_xdigit_value(sha256[2 * i]) << 4 | g_ascii_xdigit_value(sha256[2 * i + 1]));
    return true;
}

static bool add_attributes(CMS_SignerInfo *signer, const unsigned char digest[SIGNATURE_DIGEST_BYTES], int64_t at)
{
    ASN1_TIME *time = ASN1_TIME_adj(NULL, (time_t)at, 0, 0);
    bool good = time != NULL &&
                CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data),
                                            -1) == 1 &&
                CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest,
                                            SIGNATURE_DIGEST_BYTES) == 1 &&
                CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime, time->type, time, -1) == 1;

    ASN1_TIME_free(time);
    return good;
}

/* The SHA-256 of the attributes of a signature that is not made yet. */
static bool digest_attributes(CMS_SignerInfo *signer, unsigned char digest[SIGNATURE_DIGEST_BYTES])
{
    attributes *all = sk_X509_ATTRIBUTE_new_null();
    unsigned char *der = NULL;

    for (int i = 0; i < CMS_signed_get_attr_count(signer); i++)
        (void)sk_X509_ATTRIBUTE_push(all,
                                     CMS_signed_get_attr(signer, i)); /* one that is missing: it verifies as false */
    int n = ASN1_item_i2d((const ASN1_VALUE *)all, &der, ASN1_ITEM_rptr(attributes));
    bool good = n > 0 && EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    sk_X509_ATTRIBUTE_free(all);
    return good;
}

/* Has the signer make its value. */
static bool sign_elsewhere(const struct signature_key *key, CMS_SignerInfo *signer, GError **error)
{
    unsigned char digest[SIGNATURE_DIGEST_BYTES], value[SIGNATURE_VALUE_MOST];
    size_t len = 0;

    return digest_attributes(signer, digest) && key->signer.sign(key->signer.user, digest, value, &len, error) &&
           ASN1_OCTET_STRING_set(CMS_SignerInfo_get0_signature(signer), value, (int)len) == 1;
}

/* CMS_ContentInfo_free; NULL: libcrypto failed, or the signer, which sets the error. */
static CMS_ContentInfo *sign(const struct signature_key *key, const unsigned char digest[SIGNATURE_DIGEST_BYTES],
                             int64_t at, GError **error)
{
    const unsigned flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;
    EVP_PKEY *own = key->key != NULL ? key->key : X509_get0_pubkey(key->certificate);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, key->between, NULL, flags);
    CMS_SignerInfo *signer = cms != NULL ? CMS_add1_signer(cms, key->certificate, own, EVP_sha256(), flags) : NULL;

    if (signer != NULL && add_attributes(signer, digest, at) &&
        (key->key != NULL ? CMS_SignerInfo_sign(signer) == 1 : sign_elsewhere(key, signer, error)))
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

/* What a signer has made is not believed. Frees der and sets the error if it is not good. */
static unsigned char *verified(const struct signature_key *key, unsigned char *der, size_t len, const char *sha256,
                               GError **error)
{
    const struct signature_file file = {.der = der, .len = len, .size = (int64_t)len};
    g_autofree char *fault = signature_fault_of(&file, sha256);

    if (fault == NULL)
        return der;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: is not the key of the certificate beside it (%s); name the two that belong together",
                key->signer.name, fault);
    g_free(der);
    return NULL;
}

unsigned char *signature_make(const struct signature_key *key, const char *sha256, int64_t at, size_t *len,
                              GError **error)
{
    unsigned char digest[SIGNATURE_DIGEST_BYTES], *der = NULL;
    const bool elsewhere = key->key == NULL && key->signer.sign != NULL;
    GError *cause = NULL;
    CMS_ContentInfo *cms =
        (key->key != NULL || elsewhere) && digest_bytes(sha256, digest) ? sign(key, digest, at, &cause) : NULL;
    int n = cms != NULL ? i2d_CMS_ContentInfo(cms, &der) : 0;
    unsigned char *copy = n > 0 ? g_memdup2(der, (gsize)n) : NULL;

    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    *len = n > 0 ? (size_t)n : 0;
    if (copy == NULL && cause == NULL)
        g_set_error(&cause, G_FILE_ERROR, G_FILE_ERROR_FAILED, "libcrypto made no signature (%s)",
                    key->key == NULL && !elsewhere ? "the key is not open"
                                                   : ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    if (cause != NULL)
        g_propagate_error(error, cause);
    return copy != NULL && elsewhere ? verified(key, copy, *len, sha256, error) : copy;
}

void signature_key_give(struct signature_key *key, const struct signature_signer *signer)
{
    if (key->signer.free != NULL)
        key->signer.free(key->signer.user);
    key->signer = *signer;
}

bool signature_key_has_signer(const struct signature_key *key)
{
    return key->signer.sign != NULL;
}

bool signature_key_try(struct signature_key *key, GError **error)
{
    static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    size_t len;
    int64_t at = 0;

    GError *cause = NULL;

    g_clear_pointer(&key->away, g_free);
    g_autofree unsigned char *der = signature_make(key, of_nothing, at, &len, &cause);
    if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_AGAIN))
        key->away = g_strdup(cause->message);
    if (cause != NULL)
        g_propagate_error(error, cause);
    return der != NULL;
}

const char *signature_key_away(const struct signature_key *key)
{
    return key->away;
}

void signature_key_rest(const struct signature_key *key)
{
    if (key->signer.rest != NULL)
        key->signer.rest(key->signer.user);
}

char *signature_fault_of(const struct signature_file *file, const char *sha256)
{
    struct signature_parts parts = {0};
    unsigned char digest[SIGNATURE_DIGEST_BYTES];
    char *fault = signature_parts_read(&parts, file);

    if (fault == NULL && CMS_SignerInfo_verify(parts.info) != 1)
        fault = g_strdup("the key of its certificate did not make it");
    if (fault == NULL &&
        (!digest_bytes(sha256, digest) || ASN1_STRING_length(parts.message_digest) != SIGNATURE_DIGEST_BYTES ||
         memcmp(ASN1_STRING_get0_data(parts.message_digest), digest, SIGNATURE_DIGEST_BYTES) != 0))
        fault = g_strdup("it is one of other bytes");
    signature_parts_clear(&parts);
    ERR_clear_error();
    return fault;
}
