/*
 * From cheap to dear: the form of the signature, the chain, who signed and what for, the signature itself, and last the
 * bytes of the file. The first fault is the only one that is told. The digest is taken here and not by CMS_verify, for
 * a large file must stop when the gateway stops, and "the file was changed" is another fault than "the signature is
 * wrong".
 */
#include "validators/signature/signature_private.h"

#include "formats/eui64.h"
#include "validators/judge.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024, MOST_TEXT = 256, HARDWARE_SERIAL_BYTES = 8 };
#define HARDWARE_MODULE_NAME "1.3.6.1.5.5.7.8.4" /* RFC 4108 */

/* ---- who signed ---- */

/* The only entry of that kind in the subject. Of two nobody knows which one counts. */
static bool of_subject(X509 *cert, int nid, uint64_t *id, bool *there)
{
    const X509_NAME *name = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(name, nid, -1);

    *there = at >= 0;
    if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
        return false;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return eui64_parse((const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), id);
}

/* HardwareModuleName ::= SEQUENCE { hwType OID, hwSerialNum OCTET STRING }, whose serial number is the EUI-64. */
static bool of_hardware(const OTHERNAME *other, uint64_t *id)
{
    char oid[sizeof HARDWARE_MODULE_NAME + 1];

    if (OBJ_obj2txt(oid, sizeof oid, other->type_id, 1) != (int)strlen(HARDWARE_MODULE_NAME) ||
        strcmp(oid, HARDWARE_MODULE_NAME) != 0 || ASN1_TYPE_get(other->value) != V_ASN1_SEQUENCE)
        return false;
    const ASN1_STRING *sequence = other->value->value.sequence;
    const unsigned char *bytes = ASN1_STRING_get0_data(sequence);
    int len = ASN1_STRING_length(sequence);
    /* The octet string is the last member: its tag and length stand before its eight bytes. */
    if (len < HARDWARE_SERIAL_BYTES + 2 || bytes[len - HARDWARE_SERIAL_BYTES - 2] != V_ASN1_OCTET_STRING ||
        bytes[len - HARDWARE_SERIAL_BYTES - 1] != HARDWARE_SERIAL_BYTES)
        return false;
    *id = 0;
    for (int i = len - HARDWARE_SERIAL_BYTES; i < len; i++)
        *id = *id << 8 | bytes[i];
    return true;
}

static bool of_name(const GENERAL_NAME *name, uint64_t *id)
{
    int kind;
    const void *value = GENERAL_NAME_get0_value(name, &kind);

    if (kind == GEN_OTHERNAME)
        return of_hardware(value, id);
    if (kind != GEN_DNS && kind != GEN_URI)
        return false;
    const char *text = (const char *)ASN1_STRING_get0_data(value);
    size_t len = (size_t)ASN1_STRING_length(value);
    size_t begin = kind == GEN_URI && len > EUI64_TEXT_LENGTH ? len - EUI64_TEXT_LENGTH : 0;
    return eui64_parse(text + begin, len - begin, id);
}

static bool of_alternative(X509 *cert, uint64_t *id)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int found = 0;

    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++)
        found += of_name(sk_GENERAL_NAME_value(names, i), id);
    GENERAL_NAMES_free(names);
    return found == 1;
}

static bool signer_id_of(X509 *cert, enum signer_id where, uint64_t *id)
{
    bool there;

    switch (where) {
    case SIGNER_ID_SAN:
        return of_alternative(cert, id);
    case SIGNER_ID_CN:
        return of_subject(cert, NID_commonName, id, &there);
    case SIGNER_ID_SERIAL:
        return of_subject(cert, NID_serialNumber, id, &there);
    case SIGNER_ID_SUBJECT:
        break;
    }
    return of_subject(cert, NID_serialNumber, id, &there) || (!there && of_subject(cert, NID_commonName, id, &there));
}

static char *check_usage(const struct signature_trust *trust, X509 *signer)
{
    EXTENDED_KEY_USAGE *usages;
    bool found = trust->eku == NULL;
    char oid[MOST_TEXT];

    if ((X509_get_key_usage(signer) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
        return g_strdup("the signer's certificate is not for signing (key usage); expected digitalSignature or "
                        "nonRepudiation");
    if (found)
        return NULL;
    usages = X509_get_ext_d2i(signer, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; usages != NULL && i < sk_ASN1_OBJECT_num(usages); i++)
        found = found || OBJ_cmp(sk_ASN1_OBJECT_value(usages, i), trust->eku) == 0;
    EXTENDED_KEY_USAGE_free(usages);
    if (found)
        return NULL;
    (void)OBJ_obj2txt(oid, sizeof oid, trust->eku, 1); /* the setting, as it was read */
    return g_strdup_printf("the signer's certificate lacks the extended key usage %s", oid);
}

static char *check_signer(const struct signature_trust *trust, X509 *signer, uint64_t expected)
{
    static const char *const places[] = {"its subject (serialNumber, or CN without one)",
                                         "the serialNumber of its "
                                         "subject",
                                         "the CN of its subject", "its alternative names"};
    char *fault = check_usage(trust, signer);
    char found_text[EUI64_TEXT_SIZE], expected_text[EUI64_TEXT_SIZE];
    uint64_t found;

    if (fault != NULL)
        return fault;
    eui64_print(expected, expected_text);
    if (!signer_id_of(signer, trust->where, &found))
        return g_strdup_printf("the signer's certificate names no party; expected one EUI-64 in %s%s%s",
                               places[trust->where], expected != 0 ? ", " : "", expected != 0 ? expected_text : "");
    if (expected == 0 || found == expected)
        return NULL;
    eui64_print(found, found_text);
    return g_strdup_printf("the signer's certificate is that of another party, %s; expected %s", found_text,
                           expected_text);
}

/* ---- the bytes ---- */

bool signature_may_go_on(const struct signature_request *request, GError **error)
{
    return request->stop == NULL || !*request->stop || judge_stopped(error);
}

static bool digest_bytes(const struct signature_request *request, EVP_MD_CTX *context, GError **error)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);
    off_t at = 0;
    ssize_t n;

    while ((n = pread(request->fd, buffer, READ_SIZE, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "the file cannot be read: %s",
                        g_strerror(errno));
            return false;
        }
        if (!signature_may_go_on(request, error))
            return false;
        if (EVP_DigestUpdate(context, buffer, (size_t)n) != 1)
            g_error("libcrypto cannot add to a digest");
        at += n;
    }
    return true;
}

/* *same: the digest of the bytes is the one that was signed. */
static bool compare_bytes(const struct signature_request *request, const struct signature_parts *parts, bool *same,
                          GError **error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL || EVP_DigestInit_ex(context, parts->digest, NULL) != 1)
        g_error("libcrypto cannot make a digest"); /* out of memory: ends the program */
    bool good = digest_bytes(request, context, error);
    if (good && EVP_DigestFinal_ex(context, digest, &len) != 1)
        g_error("libcrypto cannot finish a digest");
    EVP_MD_CTX_free(context);
    *same = good && ASN1_STRING_length(parts->message_digest) == (int)len &&
            CRYPTO_memcmp(ASN1_STRING_get0_data(parts->message_digest), digest, len) == 0;
    return good;
}

/* ---- all of it ---- */

/* What is known of the signer, whether he can be trusted or not. */
static void describe(X509 *signer, struct signature_check *check)
{
    BIO *bio = BIO_new(BIO_s_mem());
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(signer), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL, *text = NULL;
    long len = 0;

    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(signer), 0, XN_FLAG_RFC2253) >= 0)
        len = BIO_get_mem_data(bio, &text);
    check->signer = g_strndup(text != NULL ? text : "", (size_t)CLAMP(len, 0, MOST_TEXT));
    check->serial = g_strndup(hex != NULL ? hex : "", MOST_TEXT);
    OPENSSL_free(hex);
    BN_free(number);
    BIO_free(bio);
}

char *signature_judge_signer(const struct signature_request *request, const struct signature_parts *parts,
                             struct signature_check *check)
{
    describe(parts->signer, check);
    char *fault = signature_trust_check(request->trust, parts, request, check);
    return fault != NULL ? fault : check_signer(request->trust, parts->signer, request->signer);
}

static char *check_signature(const struct signature_request *request, struct signature_parts *parts,
                             struct signature_check *check)
{
    char *fault = signature_parts_read(parts, request->file);

    if (fault == NULL)
        fault = signature_judge_signer(request, parts, check);
    if (fault == NULL && CMS_SignerInfo_verify(parts->info) != 1)
        fault = g_strdup("the signature is wrong: the signer's key did not make it; sign the file again");
    return fault;
}

bool signature_verify(const struct signature_request *request, struct signature_check *check, GError **error)
{
    struct signature_parts parts = {0};
    bool good = true, same = false;

    *check = (struct signature_check){.checked = true, .at = request->now};
    check->fault = check_signature(request, &parts, check);
    if (check->fault == NULL) {
        good = compare_bytes(request, &parts, &same, error);
        if (good && !same)
            check->fault = g_strdup("the signature is of other bytes: file and signature do not belong together, or "
                                    "one was changed; sign the file as it is sent");
    }
    signature_parts_clear(&parts);
    ERR_clear_error();
    if (!good)
        signature_check_clear(check);
    return good;
}

void signature_check_clear(struct signature_check *check)
{
    g_free(check->fault);
    g_free(check->signer);
    g_free(check->serial);
    g_free(check->chain);
    *check = (struct signature_check){0};
}
