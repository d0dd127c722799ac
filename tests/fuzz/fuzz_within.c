/*
 * Fuzz target: any bytes as a file in XML that may hold its signature (formats/xml/xml_signature.h). The corpus has
 * good ones, whose keys are lost.
 * - What comes back is certificates, at most XML_SIGNATURE_MAX_CHAIN bytes of them, and at most one fault of one line.
 * - Two readings of the same bytes find the same.
 * - A signature that is good is no longer good once a letter of the document was changed.
 */
#include "formats/reading.h"
#include "formats/xml/xml_signature.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_PLAIN = 1 << 20 };

struct found {
    GByteArray *chain;
    char *fault; /* NULL: none */
    enum fault_kind kind;
};

static void on_bytes(void *user, const char *bytes, size_t len)
{
    struct found *found = user;

    g_byte_array_append(found->chain, (const guint8 *)bytes, (guint)len);
    g_assert(found->chain->len <= XML_SIGNATURE_MAX_CHAIN);
}

static void on_fault(void *user, const struct fault *fault)
{
    struct found *found = user;

    g_assert(found->fault == NULL && fault->kind <= FAULT_SIGNATURE);
    g_assert(*fault->text != '\0' && g_utf8_validate(fault->text, -1, NULL));
    for (const char *p = fault->text; *p != '\0'; p++)
        g_assert(!g_ascii_iscntrl(*p));
    found->fault = g_strdup(fault->text);
    found->kind = fault->kind;
}

/* Puts the bytes into a file in memory, which is made once, and looks for their signature. */
static struct found look(const void *data, size_t size)
{
    static int fd = -1;
    const struct unpack_limits limits = {.max_bytes = MAX_PLAIN, .max_ratio = 200};
    struct found found = {.chain = g_byte_array_new()};
    struct reading_request request = {.unpack = &limits,
                                      .form = FORM_XML,
                                      .signature = READING_SIGNATURE_WANTED,
                                      .sink = {.user = &found, .on_fault = on_fault},
                                      .on_bytes = on_bytes};
    enum reading_state state;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    request.fd = fd;
    g_assert(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    struct reading *reading = reading_open(NULL, &request);
    while ((state = reading_step(reading, NULL)) == READING_MORE)
        ;
    g_assert(state == READING_WHOLE || state == READING_CUT); /* the disk is memory, and the library is there */
    g_assert(state == READING_WHOLE || found.fault != NULL);
    reading_close(reading);
    return found;
}

static void found_clear(struct found *found)
{
    g_byte_array_unref(found->chain);
    g_free(found->fault);
}

static bool is_good(const struct found *found)
{
    return found->fault == NULL && found->chain->len > 0;
}

/* A letter or digit before the signature that counts; size: none. Comments, instructions and namespaces that no name
 * uses may be changed. */
static size_t letter_of(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *signature = g_strstr_len(text, (gssize)size, XML_SIGNATURE_ELEMENT);
    size_t len = signature != NULL ? (size_t)(signature - text) : 0;

    if (g_strstr_len(text, (gssize)size, "<!") || g_strstr_len(text, (gssize)size, "<?") ||
        g_strstr_len(text, (gssize)size, "xmlns:"))
        return size;
    for (size_t i = len; i > 0; i--)
        if (g_ascii_isalnum(data[i - 1]))
            return i - 1;
    return size;
}

static void check_changed(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *changed = g_memdup2(data, size);
    size_t at = letter_of(data, size);

    if (at == size)
        return;
    changed[at] = changed[at] == 'z' ? 'y' : changed[at] == 'Z' ? 'Y' : changed[at] == '9' ? '8' : changed[at] + 1;
    struct found found = look(changed, size);
    g_assert(!is_good(&found));
    found_clear(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct found first = look(data, size), second = look(data, size);

    g_assert(g_strcmp0(first.fault, second.fault) == 0 && first.kind == second.kind);
    g_assert(first.chain->len == second.chain->len &&
             (first.chain->len == 0 || memcmp(first.chain->data, second.chain->data, first.chain->len) == 0));
    if (is_good(&first))
        check_changed(data, size);
    found_clear(&first);
    found_clear(&second);
    return 0;
}
