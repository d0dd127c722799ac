/*
 * The form of a signature is compared with the one that is accepted before libxmlsec1 sees it, element by element: the
 * library alone would follow other references, transforms and ways to a key. What it does then: both canonical forms,
 * the digest and the signature.
 */
#include "formats/xml/xml_signature_private.h"

#include "formats/text.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define ENVELOPED XML_SIGNATURE_NAMESPACE "enveloped-signature"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SHA_256 "http://www.w3.org/2001/04/xmlenc#sha256"
#define ECDSA_SHA_256 "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define CURVE "prime256v1"

enum { MOST_SHOWN = 80, MOST_CHILDREN = 3, MOST_BASE64 = XML_SIGNATURE_MAX_CHAIN / 3 * 4 };

/* g_free */
static char *shown(const char *text)
{
    return text_escape(text, strlen(text), MOST_SHOWN);
}

/* ---- the form ---- */

static bool is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns != NULL &&
           strcmp((const char *)node->ns->href, XML_SIGNATURE_NAMESPACE) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

static bool is_blank(const xmlNode *node)
{
    return node->type == XML_COMMENT_NODE || xmlIsBlankNode(node) == 1;
}

/* The child elements, if they are these, in this order, with nothing but white space and comments between them. names
 * ends with NULL. */
static bool has_children(const xmlNode *node, const char *const *names, xmlNodePtr *children)
{
    size_t n = 0;

    for (xmlNodePtr at = node->children; at != NULL; at = at->next) {
        if (is_blank(at))
            continue;
        if (names[n] == NULL || !is_element(at, names[n]))
            return false;
        children[n++] = at;
    }
    return names[n] == NULL;
}

/* The text of a node that has nothing but one; "" for none, NULL: it has more. */
static const char *only_text(const xmlNode *children)
{
    if (children == NULL)
        return "";
    return children->next == NULL && children->type == XML_TEXT_NODE && children->content != NULL
               ? (const char *)children->content
               : NULL;
}

/* The only attribute, of that name and no namespace; NULL: there is none, or there are more. */
static const char *only_attribute(const xmlNode *node, const char *name)
{
    const xmlAttr *attribute = node->properties;

    if (attribute == NULL || attribute->next != NULL || attribute->ns != NULL ||
        strcmp((const char *)attribute->name, name) != 0)
        return NULL;
    return only_text(attribute->children);
}

/* The algorithm of an element without content. The text of what is wrong (g_free), or NULL. */
static char *check_algorithm(const xmlNode *node, const char *expected)
{
    static const char *const none[] = {NULL};
    const char *found = only_attribute(node, "Algorithm");
    xmlNodePtr children[MOST_CHILDREN];

    if (found != NULL && strcmp(found, expected) == 0 && has_children(node, none, children))
        return NULL;
    g_autofree char *text = shown(found == NULL ? "missing" : found);
    return g_strdup_printf("the signature's %s is %s%s; expected %s", (const char *)node->name, text,
                           found != NULL && strcmp(found, expected) == 0 ? " with parameters" : "", expected);
}

/* A value is text alone: nobody may read it in two ways. */
static char *check_value(const xmlNode *node)
{
    const char *text = only_text(node->children);

    if (text != NULL && *text != '\0')
        return NULL;
    return g_strdup_printf("the signature's %s is empty, or has other content; expected base64 alone",
                           (const char *)node->name);
}

static char *check_reference(const xmlNode *reference)
{
    static const char *const names[] = {"Transforms", "DigestMethod", "DigestValue", NULL};
    static const char *const transforms[] = {"Transform", "Transform", NULL};
    const char *uri = only_attribute(reference, "URI");
    xmlNodePtr children[MOST_CHILDREN], transform[MOST_CHILDREN];

    if (uri == NULL || *uri != '\0') {
        g_autofree char *text = shown(uri != NULL ? uri : "no URI alone");
        return g_strdup_printf("the signature's Reference has %s; expected URI=\"\", the whole document", text);
    }
    if (!has_children(reference, names, children) || !has_children(children[0], transforms, transform))
        return g_strdup("the signature's Reference has other content; expected two Transforms (enveloped-signature, "
                        "then exclusive C14N), DigestMethod and DigestValue");
    char *fault = check_algorithm(transform[0], ENVELOPED);
    if (fault == NULL)
        fault = check_algorithm(transform[1], EXCLUSIVE);
    if (fault == NULL)
        fault = check_algorithm(children[1], SHA_256);
    return fault != NULL ? fault : check_value(children[2]);
}

/* *key_info: the element. The text of what is wrong (g_free), or NULL. */
static char *check_form(const xmlNode *signature, const xmlNode **key_info)
{
    static const char *const names[] = {"SignedInfo", "SignatureValue", "KeyInfo", NULL};
    static const char *const signed_names[] = {"CanonicalizationMethod", "SignatureMethod", "Reference", NULL};
    xmlNodePtr children[MOST_CHILDREN], parts[MOST_CHILDREN];

    if (!has_children(signature, names, children))
        return g_strdup("the signature has other content; expected SignedInfo, SignatureValue and KeyInfo alone");
    if (!has_children(children[0], signed_names, parts))
        return g_strdup("the signature's SignedInfo has other content; expected CanonicalizationMethod, "
                        "SignatureMethod and one Reference");
    *key_info = children[2];
    char *fault = check_algorithm(parts[0], EXCLUSIVE);
    if (fault == NULL)
        fault = check_algorithm(parts[1], ECDSA_SHA_256);
    if (fault == NULL)
        fault = check_reference(parts[2]);
    return fault != NULL ? fault : check_value(children[1]);
}

/* ---- the certificates ---- */

struct certificates {
    const struct reading_request *request;
    size_t n, bytes;
    EVP_PKEY *key; /* of the first */
};

static char *take_certificate(struct certificates *certificates, const xmlNode *node)
{
    const char *text = only_text(node->children);
    size_t len = text != NULL ? strlen(text) : 0;
    gsize bytes = 0;

    if (++certificates->n > XML_SIGNATURE_MAX_CERTIFICATES)
        return g_strdup_printf("the signature has more than %d certificates", XML_SIGNATURE_MAX_CERTIFICATES);
    g_autofree unsigned char *der = len > 0 && len <= MOST_BASE64 ? g_base64_decode(text, &bytes) : NULL;
    const unsigned char *at = der;
    X509 *certificate = bytes > 0 ? d2i_X509(NULL, &at, (long)bytes) : NULL;
    bool good = certificate != NULL && at == der + bytes;
    if (good && certificates->n == 1)
        certificates->key = X509_get_pubkey(certificate);
    X509_free(certificate);
    certificates->bytes += bytes;
    if (!good || certificates->bytes > XML_SIGNATURE_MAX_CHAIN)
        return g_strdup("the signature's X509Certificate is none, or is too long; expected a certificate in DER, in "
                        "base64");
    certificates->request->on_bytes(certificates->request->sink.user, (const char *)der, bytes);
    return NULL;
}

static char *take_certificates(struct certificates *certificates, const xmlNode *key_info)
{
    static const char *const data[] = {"X509Data", NULL};
    xmlNodePtr children[MOST_CHILDREN];
    char *fault = NULL;

    if (!has_children(key_info, data, children))
        return g_strdup("the signature's KeyInfo names its key in another way; expected one X509Data with the signer's "
                        "certificate");
    for (const xmlNode *at = children[0]->children; at != NULL && fault == NULL; at = at->next) {
        if (is_element(at, "X509Certificate"))
            fault = take_certificate(certificates, at);
        else if (!is_blank(at) && !is_element(at, "X509IssuerSerial") && !is_element(at, "X509SubjectName") &&
                 !is_element(at, "X509SKI")) /* these three only repeat what certificates say */
            fault = g_strdup("the signature's X509Data has other content; expected certificates");
    }
    if (fault == NULL && certificates->n == 0)
        fault = g_strdup("the signature does not hold its signer's certificate; expected X509Certificate within "
                         "X509Data");
    return fault;
}

/* The curve of ECDSA-SHA256 as the sector uses it. */
static char *check_key(EVP_PKEY *key)
{
    char curve[sizeof CURVE] = "";
    size_t len;

    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(key, curve, sizeof curve, &len) == 1 && strcmp(curve, CURVE) == 0)
        return NULL;
    return g_strdup("the signer's key is none of ECDSA on the curve P-256; expected one");
}

/* ---- the signature ---- */

/* Has the context know the key, and only what a signature of this form needs. False: no memory. */
static bool prepare(const struct xml_signature_library *library, xmlSecDSigCtxPtr context, EVP_PKEY *key)
{
    xmlSecKeyDataPtr data = EVP_PKEY_up_ref(key) == 1 ? library->xmlSecOpenSSLEvpKeyAdopt(key) : NULL;

    context->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    context->signKey = library->xmlSecKeyCreate(); /* KeyInfo is not read then */
    if (data == NULL || context->signKey == NULL || library->xmlSecKeySetValue(context->signKey, data) < 0)
        return false;
    const xmlSecTransformId exclusive = library->xmlSecTransformExclC14NGetKlass();
    const xmlSecTransformId of_reference[] = {library->xmlSecTransformEnvelopedGetKlass(), exclusive,
                                              library->xmlSecOpenSSLTransformSha256GetKlass()};
    const xmlSecTransformId of_signature[] = {exclusive, library->xmlSecOpenSSLTransformEcdsaSha256GetKlass()};
    bool good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(of_reference); i++)
        good = good && library->xmlSecDSigCtxEnableReferenceTransform(context, of_reference[i]) == 0;
    for (size_t i = 0; i < G_N_ELEMENTS(of_signature); i++)
        good = good && library->xmlSecDSigCtxEnableSignatureTransform(context, of_signature[i]) == 0;
    return good;
}

/* Whether the one reference, which is all of the document, has the digest that was signed. */
static bool is_same(const struct xml_signature_library *library, const xmlSecDSigCtx *context)
{
    const xmlSecDSigReferenceCtx *reference =
        library->xmlSecPtrListGetItem((xmlSecPtrListPtr)&context->signedInfoReferences, 0);

    return reference != NULL && reference->status == xmlSecDSigStatusSucceeded;
}

static char *verify(const struct xml_signature_library *library, xmlNodePtr signature, EVP_PKEY *key)
{
    xmlSecDSigCtxPtr context = library->xmlSecDSigCtxCreate(NULL);
    char *fault = NULL;

    if (context == NULL || !prepare(library, context, key))
        fault = g_strdup("the signature cannot be verified: there is not enough memory");
    else if (library->xmlSecDSigCtxVerify(context, signature) < 0)
        fault = g_strdup("the signature cannot be verified: a value in it or a namespace of the file is malformed, or "
                         "the file takes more memory than there is");
    else if (context->status != xmlSecDSigStatusSucceeded)
        fault = g_strdup(is_same(library, context)
                             ? "the signature is not good: the signer's key did not make it"
                             : "the signature is of other content: the file was changed after it was signed; sign the "
                               "file as it is sent");
    if (context != NULL)
        library->xmlSecDSigCtxDestroy(context);
    return fault;
}

bool xml_signature_verify(xmlDocPtr document, const struct reading_request *request, char **fault, GError **error)
{
    xmlNodePtr root = xmlDocGetRootElement(document), signature = root != NULL ? xmlGetLastChild(root) : NULL;
    struct certificates certificates = {.request = request};
    const xmlNode *key_info = NULL;
    const char *why;
    const struct xml_signature_library *library = xml_signature_library(&why);

    if (library == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "a signature within a file cannot be verified: %s", why);
        return false;
    }
    while (signature != NULL && signature->type != XML_ELEMENT_NODE)
        signature = signature->prev;
    if (signature == NULL || !is_element(signature, XML_SIGNATURE_ELEMENT))
        *fault = g_strdup("the signature is not the last element of the root");
    else
        *fault = check_form(signature, &key_info);
    if (*fault == NULL)
        *fault = take_certificates(&certificates, key_info);
    if (*fault == NULL)
        *fault = check_key(certificates.key);
    if (*fault == NULL)
        *fault = verify(library, signature, certificates.key);
    EVP_PKEY_free(certificates.key);
    return true;
}
