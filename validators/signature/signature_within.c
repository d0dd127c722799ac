/*
 * The signature within a file (enveloped XML-DSig). Whether it is that of the content is found out where the content is
 * parsed (formats/xml/xml_signature.h), which may be a cell; whom to believe is asked here, by the certificates that
 * come back, and by the same functions as for a signature beside a file.
 */
#include "validators/signature/signature_private.h"

#include "formats/xml/xml_signature.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the reading has said. */
struct found {
    GByteArray *chain; /* certificates, DER */
    char *fault;       /* of the signature; owned */
    char *unreadable;  /* why nobody knows whether there is one; owned */
};

static void on_bytes(void *user, const char *bytes, size_t len)
{
    struct found *found = user;

    if (found->chain->len + len <= XML_SIGNATURE_MAX_CHAIN) /* a reading gives no more */
        g_byte_array_append(found->chain, (const guint8 *)bytes, (guint)len);
}

static void on_fault(void *user, const struct fault *fault)
{
    struct found *found = user;
    char **text = fault->kind == FAULT_SIGNATURE ? &found->fault : &found->unreadable;

    g_free(*text);
    *text = g_strdup(fault->text);
}

static bool read_through(const struct signature_request *request, struct found *found, GError **error)
{
    struct reading_request content = *request->content;

    content.signature = READING_SIGNATURE_WANTED;
    content.sink = (struct reader_sink){.user = found, .on_fault = on_fault};
    content.on_bytes = on_bytes;
    struct reading *reading = reading_open(request->by, &content);
    enum reading_state state;
    do
        state = signature_may_go_on(request, error) ? reading_step(reading, error) : READING_FAILED;
    while (state == READING_MORE || state == READING_WAITS);
    reading_close(reading);
    return state != READING_FAILED;
}

/* The text of what is wrong (g_free), or NULL. */
static char *take_chain(struct signature_parts *parts, const GByteArray *chain)
{
    const unsigned char *at = chain->data, *end = chain->data + chain->len;

    parts->certs = sk_X509_new_null();
    while (at < end) {
        X509 *certificate = d2i_X509(NULL, &at, (long)(end - at));
        if (certificate == NULL || sk_X509_num(parts->certs) == XML_SIGNATURE_MAX_CERTIFICATES ||
            sk_X509_push(parts->certs, certificate) == 0) {
            X509_free(certificate);
            return g_strdup("the certificates of the signature cannot be read");
        }
    }
    parts->signer = sk_X509_value(parts->certs, 0);
    return NULL;
}

/* Who signed comes first, as with a signature beside a file. */
static char *judge(const struct signature_request *request, const struct found *found, struct signature_check *check)
{
    struct signature_parts parts = {0};
    char *fault = NULL;

    if (found->chain->len > 0) {
        fault = take_chain(&parts, found->chain);
        if (fault == NULL)
            fault = signature_judge_signer(request, &parts, check);
        signature_parts_clear(&parts);
        ERR_clear_error();
    }
    return fault != NULL ? fault : g_strdup(found->fault);
}

bool signature_verify_within(const struct signature_request *request, struct signature_check *check, GError **error)
{
    struct found found = {.chain = g_byte_array_new()};
    bool good = read_through(request, &found, error);

    *check = (struct signature_check){0};
    if (good && (found.chain->len > 0 || found.fault != NULL)) {
        *check = (struct signature_check){.checked = true, .within = true, .at = request->now};
        check->fault = judge(request, &found, check);
    } else if (good) {
        check->fault = g_steal_pointer(&found.unreadable);
    }
    g_byte_array_unref(found.chain);
    g_free(found.fault);
    g_free(found.unreadable);
    return good;
}

/* ---- whether it can be done at all ---- */

static void ignore_bytes(void *user, const char *bytes, size_t len)
{
    (void)user, (void)bytes, (void)len;
}

static void ignore_fault(void *user, const struct fault *fault)
{
    (void)user, (void)fault;
}

bool signature_within_possible(const struct readings *by, GError **error)
{
    static const char text[] = "<a><Signature xmlns=\"" XML_SIGNATURE_NAMESPACE "\"/></a>\n";
    const struct unpack_limits limits = {.max_bytes = sizeof text, .max_ratio = 1};
    int fd = memfd_create("signed", MFD_CLOEXEC);
    const struct reading_request request = {.fd = fd,
                                            .unpack = &limits,
                                            .form = FORM_XML,
                                            .signature = READING_SIGNATURE_WANTED,
                                            .sink = {.on_fault = ignore_fault},
                                            .on_bytes = ignore_bytes};
    enum reading_state state = READING_MORE;

    if (fd < 0 || write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "no memory for a file: %s", g_strerror(errno));
        state = READING_FAILED;
    } else {
        struct reading *reading = reading_open(by, &request);
        while (state == READING_MORE || state == READING_WAITS)
            state = reading_step(reading, error);
        reading_close(reading);
    }
    if (fd >= 0)
        (void)close(fd); /* it is in memory */
    return state != READING_FAILED;
}
