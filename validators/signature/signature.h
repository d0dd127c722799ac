/*
 * Signatures of inbound files, beside them (CMS, RFC 5652) or within (XML-DSig): whether a file is signed by a
 * certificate that leads to the trust anchors of its sender and names it. signature_trust.c loads anchors and
 * revocation lists, signature_cms.c takes a signature apart, signature_within.c has one looked for in the content,
 * signature.c asks for the rest.
 *
 *   struct signature_trust *trust = signature_trust_load(&files, &error);
 *   struct signature_check check = {0};
 *   if (signature_verify(&request, &check, &error)) … check.fault, check.signer … signature_check_clear(&check);
 *   signature_trust_free(trust);
 *
 * What is refused: README.md of this folder, Signatures. Nothing is fetched from anywhere, and no clock is read. Time
 * is linear in the size of the file; the signature has at most SIGNATURE_MAX_BYTES.
 */
#ifndef ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_H
#define ECOSGATE_VALIDATORS_SIGNATURE_SIGNATURE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a signature is called: the name of its file, followed by this. */
#define SIGNATURE_SUFFIX ".p7s"

enum { SIGNATURE_MAX_BYTES = 64 * 1024 };

/* The setting signature= of a party. */
enum signature_policy {
    SIGNATURE_OFF,      /* signatures are not looked at */
    SIGNATURE_ACCEPTED, /* one that is there must be good */
    SIGNATURE_REQUIRED, /* there must be a good one */
};

/* The setting signature_form= of a party. */
enum signature_form {
    SIGNATURE_FORM_CMS,     /* a file beside each file */
    SIGNATURE_FORM_XMLDSIG, /* within a file in XML; a file in another form has one beside it */
};

/* The setting signer_id= of a party: where the signer's certificate has the party's EUI-64. */
enum signer_id {
    SIGNER_ID_SUBJECT, /* in the serialNumber of its subject; if there is none, in the CN */
    SIGNER_ID_SERIAL,
    SIGNER_ID_CN,
    SIGNER_ID_SAN, /* in its alternative names: a DNS name, a URI that ends with it, a hardware module */
};

/* Whom to believe. */
struct signature_trust;

struct signature_trust_files {
    const char *ca;  /* trust anchors, PEM */
    const char *crl; /* revocation lists of all issuers, PEM, or one in DER; NULL: revocation is not asked for */
    const char *eku; /* the extended key usage that the signer must have, an OID; NULL: any */
    enum signer_id where;
};

/* NULL with an error (G_FILE_ERROR) that says which file is wrong and what to do. */
struct signature_trust *signature_trust_load(const struct signature_trust_files *files, GError **error);
/* When the first of its trust anchors and the first of its revocation lists end, seconds UTC; 0: there is none. */
void signature_trust_ends(const struct signature_trust *trust, int64_t *anchors, int64_t *lists);
/* NULL is allowed. */
void signature_trust_free(struct signature_trust *trust);

/* A signature as it was received. */
struct signature_file {
    const unsigned char *der;
    size_t len;
    int64_t size; /* bytes; above SIGNATURE_MAX_BYTES: der is not there */
};

struct reading_request;
struct readings;

struct signature_request {
    const struct signature_trust *trust;
    const struct signature_file *file; /* NULL where it is within */
    int fd;                            /* the signed bytes: a regular file, open for reading; its position stays */
    /* Of a signature within: how the content is read (formats/reading.h), and by whom. */
    const struct reading_request *content;
    const struct readings *by;
    uint64_t signer;           /* the EUI-64 that the certificate must have; 0: any that has one */
    int64_t now;               /* seconds UTC */
    int64_t tolerance;         /* seconds by which clocks may differ */
    const volatile bool *stop; /* when it becomes true, the reading ends with an error; NULL is allowed */
};

/* What came out. Texts are owned; NULL: not known. */
struct signature_check {
    bool checked; /* false: no signature was looked at */
    bool within;  /* it stands in the file */
    char *fault;  /* what is wrong and what to do; NULL: the signature is good */
    char *signer; /* the subject of the signer's certificate, RFC 2253 */
    char *serial; /* its serial number, hex digits */
    char *chain;  /* SHA-256 of each certificate from the signer's to the anchor, joined by blanks */
    int64_t at;   /* the time for which it was checked, seconds UTC */
};

/* Fills *check, which the caller clears. False: the file cannot be read (G_FILE_ERROR), or *stop was set
 * (JUDGE_ERROR_STOPPED); *check is empty then. */
bool signature_verify(const struct signature_request *request, struct signature_check *check, GError **error);

/* The same of a signature within a file in XML, which request->content says how to read. If none was found, *check is
 * not checked; its fault then says why the content could not be searched, NULL: it was. Errors also of the reading. */
bool signature_verify_within(const struct signature_request *request, struct signature_check *check, GError **error);

/* Whether signatures within files can be verified by readings of that kind: false with an error (READING_ERROR, or
 * G_FILE_ERROR: the library is missing) that says what to do. */
bool signature_within_possible(const struct readings *by, GError **error);

/* Frees the texts and empties it. Allowed on an empty one. */
void signature_check_clear(struct signature_check *check);

#endif
