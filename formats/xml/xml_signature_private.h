/*
 * Shared by the files of signatures within XML:
 *
 *   xml_signature.c          the reading: finds the signature, makes the tree
 *   xml_signature_verify.c   the form of the signature, its certificates, and whether it is that of the tree
 *   xml_signature_library.c  loads libxmlsec1, the only file that calls dlopen
 */
#ifndef ECOSGATE_FORMATS_XML_XML_SIGNATURE_PRIVATE_H
#define ECOSGATE_FORMATS_XML_XML_SIGNATURE_PRIVATE_H

#include "formats/xml/xml_signature.h"

#include <libxml/tree.h>
#include <xmlsec/xmlsec.h>

#include <xmlsec/errors.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>

/* Every function of libxmlsec1 that is called. */
#define XML_SIGNATURE_CALLS(CALL)                                                                                      \
    CALL(xmlSecInit)                                                                                                   \
    CALL(xmlSecCheckVersionExt)                                                                                        \
    CALL(xmlSecErrorsSetCallback)                                                                                      \
    CALL(xmlSecOpenSSLInit)                                                                                            \
    CALL(xmlSecOpenSSLEvpKeyAdopt)                                                                                     \
    CALL(xmlSecKeyCreate)                                                                                              \
    CALL(xmlSecKeySetValue)                                                                                            \
    CALL(xmlSecDSigCtxCreate)                                                                                          \
    CALL(xmlSecDSigCtxDestroy)                                                                                         \
    CALL(xmlSecDSigCtxEnableReferenceTransform)                                                                        \
    CALL(xmlSecDSigCtxEnableSignatureTransform)                                                                        \
    CALL(xmlSecDSigCtxVerify)                                                                                          \
    CALL(xmlSecPtrListGetItem)                                                                                         \
    CALL(xmlSecTransformEnvelopedGetKlass)                                                                             \
    CALL(xmlSecTransformExclC14NGetKlass)                                                                              \
    CALL(xmlSecOpenSSLTransformSha256GetKlass)                                                                         \
    CALL(xmlSecOpenSSLTransformEcdsaSha256GetKlass)

struct xml_signature_library {
#define XML_SIGNATURE_MEMBER(name) __typeof__(name) *name;
    XML_SIGNATURE_CALLS(XML_SIGNATURE_MEMBER)
#undef XML_SIGNATURE_MEMBER
};

/* The library, ready for use. NULL: it cannot be loaded, *why says why (borrowed). */
const struct xml_signature_library *xml_signature_library(const char **why);

/* Verifies the signature that is the last child of the root, and gives its certificates to on_bytes. The text of what
 * is wrong (g_free), or NULL. False: the library cannot be had (G_FILE_ERROR). */
bool xml_signature_verify(xmlDocPtr document, const struct reading_request *request, char **fault, GError **error);

#endif
