/*
 * Signatures within files in XML (enveloped XML-DSig, W3C xmldsig-core), as a reading (reading.h) of the kind
 * READING_SIGNATURE_WANTED. on_bytes gets the certificates that the signature holds: the signer's first, then those
 * between it and an anchor; each in DER, one behind the other. Nothing is asked about them: whom to believe is for
 * validators/signature/signature.h. on_fault gets one fault at most:
 *
 *   FAULT_SIGNATURE   there is a signature, and it is not good
 *   any other kind    the content cannot be read as far as a signature; so nobody knows whether it holds one
 *
 * Neither bytes nor a fault: the content holds no signature.
 *
 * What is accepted: one signature, the last child of the root, over all of the document (URI=""); the transforms
 * enveloped-signature and exclusive C14N; SHA-256; ECDSA with P-256. Keys come from the certificates within alone, and
 * nothing is fetched from anywhere. The content is read twice: the first time streams, and finds signatures and what is
 * wrong with their place; only a content that has one, within the limits below, is made a tree, which takes about ten
 * times its bytes.
 */
#ifndef ECOSGATE_FORMATS_XML_XML_SIGNATURE_H
#define ECOSGATE_FORMATS_XML_XML_SIGNATURE_H

#include "formats/reading.h"

#define XML_SIGNATURE_NAMESPACE "http://www.w3.org/2000/09/xmldsig#"
#define XML_SIGNATURE_ELEMENT "Signature"

enum {
    XML_SIGNATURE_MAX_BYTES = 64 * 1024 * 1024, /* plain bytes of a content that has a signature */
    XML_SIGNATURE_MAX_NODES = 5 * 1000 * 1000,  /* elements, attributes, texts, comments and instructions of it */
    XML_SIGNATURE_MAX_CERTIFICATES = 16,
    XML_SIGNATURE_MAX_CHAIN = 64 * 1024, /* bytes of all certificates */
};

/* Loads the library that verifies, which opens files. To be called before a filter of system calls is in force; without
 * it the first reading does so. */
void xml_signature_prepare(void);

/* Opens such a reading in this address space. */
struct reading *xml_signature_open(const struct reading_request *request);

#endif
