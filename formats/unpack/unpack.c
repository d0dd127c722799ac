/*
 * Chooses the packing, reads the file, and applies the limits: all unpacked bytes go through count, whatever they were
 * packed in. Sizes that a packed file declares are not believed: they may be missing or false.
 */
#include "formats/unpack/unpack_private.h"

#include "formats/content.h"
#include "formats/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t unpack_refuse(struct unpack *u, enum fault_kind kind, const char *format, ...)
{
    va_list args;

    if (u->refused)
        return UNPACK_REFUSED;
    va_start(args, format);
    u->fault_text = g_strdup_vprintf(format, args);
    va_end(args);
    if (kind == FAULT_TRUNCATED) {
        char *text = g_strconcat(u->fault_text, "; pack the whole file again, and send that", NULL);
        g_free(u->fault_text);
        u->fault_text = text;
    }
    u->fault.kind = kind;
    u->fault.text = u->fault_text;
    u->refused = true;
    return UNPACK_REFUSED;
}

ssize_t unpack_read_at(struct unpack *u, void *buffer, size_t len, uint64_t offset)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = pread(u->fd, (char *)buffer + have, len - have, (off_t)(offset + have));

        if (n == 0)
            break;
        if (n > 0)
            have += (size_t)n;
        else if (errno != EINTR) {
            u->io_errno = errno;
            return -1;
        }
    }
    return (ssize_t)have;
}

ssize_t unpack_refuse_form(struct unpack *u, const char *expected)
{
    enum { SHOWN_BYTES = 4 };
    char head[CONTENT_HEAD_BYTES];
    ssize_t n = unpack_read_at(u, head, sizeof head, 0);
    const char *found = n > 0 ? content_name(head, (size_t)n) : NULL;
    g_autofree char *shown = n > 0 ? text_escape(head, (size_t)MIN(n, SHOWN_BYTES), 0) : NULL;

    if (n < 0)
        return UNPACK_ERROR;
    return unpack_refuse(u, FAULT_FORM, "expected %s, found %s, which begins with \"%s\"", expected,
                         found ? found : "something else", shown ? shown : "");
}

/* --- Plain ---------------------------------------------------------------------------------- */

static bool plain_open(struct unpack *u)
{
    (void)u;
    return true;
}

static ssize_t plain_pull(struct unpack *u, char *buffer, size_t size)
{
    ssize_t n = unpack_read_at(u, buffer, size, u->offset);

    if (n > 0)
        u->offset += (uint64_t)n;
    return n < 0 ? UNPACK_ERROR : n;
}

/* --- All ------------------------------------------------------------------------------------ */

static const struct unpack_packing plain = {plain_open, plain_pull, NULL};

static const struct unpack_packing *const packings[] = {
    [FILENAME_PLAIN] = &plain,
    [FILENAME_GZ] = &unpack_gzip,
    [FILENAME_ZIP] = &unpack_zip,
};

struct unpack *unpack_new(int fd, enum filename_pack pack, const char *stem, size_t stem_len,
                          const struct unpack_limits *limits)
{
    struct unpack *u = g_new(struct unpack, 1);

    memset(u, 0, offsetof(struct unpack, input)); /* that is large, and written before it is read */
    u->fd = fd;
    u->packing = packings[pack];
    u->stem = stem ? g_strndup(stem, stem_len) : NULL;
    u->stem_len = stem_len;
    u->limits = *limits;
    return u;
}

static bool open_file(struct unpack *u)
{
    struct stat status;

    u->opened = true;
    if (fstat(u->fd, &status) != 0) {
        u->io_errno = errno;
        return false;
    }
    u->file_size = (uint64_t)status.st_size;
    if (u->file_size == 0) {
        unpack_refuse(u, FAULT_EMPTY, "expected content, found an empty file");
        return false;
    }
    return u->packing->open(u);
}

/* Applies the limits to n bytes more. */
static ssize_t count(struct unpack *u, ssize_t n)
{
    u->total += (uint64_t)n;
    if (u->total > u->limits.max_bytes)
        return unpack_refuse(u, FAULT_LIMIT, "expected at most %" PRIu64 " bytes, found more", u->limits.max_bytes);
    /* A division, because the product could overflow. */
    if (u->packing != &plain && (u->total - 1) / MAX(u->limits.max_ratio, 1U) >= u->file_size)
        return unpack_refuse(u, FAULT_LIMIT,
                             "expected at most %u times the packed size of %" PRIu64 " bytes, found more than %" PRIu64
                             " bytes after unpacking",
                             u->limits.max_ratio, u->file_size, u->limits.max_ratio * u->file_size);
    return n;
}

/* Sets *error from io_errno. */
static ssize_t fail(struct unpack *u, GError **error)
{
    int errnum = u->io_errno;

    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errnum), "cannot read the file: %s", g_strerror(errnum));
    return UNPACK_ERROR;
}

ssize_t unpack_read(struct unpack *u, char *buffer, size_t size, GError **error)
{
    ssize_t n;

    if (!u->opened)
        open_file(u);
    if (u->io_errno)
        return fail(u, error);
    if (u->refused)
        return UNPACK_REFUSED;
    if (u->ended || size == 0)
        return 0;
    n = u->packing->pull(u, buffer, size);
    if (u->io_errno)
        return fail(u, error);
    u->ended = n == 0;
    return n > 0 ? count(u, n) : n;
}

const struct fault *unpack_fault(const struct unpack *u)
{
    return &u->fault;
}

uint64_t unpack_packed_bytes_read(const struct unpack *u)
{
    return u->offset;
}

void unpack_free(struct unpack *u)
{
    if (!u)
        return;
    if (u->packing->close != NULL)
        u->packing->close(u);
    g_free(u->stem);
    g_free(u->fault_text);
    g_free(u->fault_value);
    g_free(u);
}
