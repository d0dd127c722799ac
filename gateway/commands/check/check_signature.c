/* No more than SIGNATURE_MAX_BYTES are read: of a larger one the size is enough. */
#include "gateway/commands/check/check_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(GError **error, const char *path, const char *reason)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "its signature %s cannot be read: %s", path, reason);
    return false;
}

static bool read_open(struct check_signature *signature, int fd, const char *path, GError **error)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return cannot(error, path, g_strerror(errno));
    if (!S_ISREG(st.st_mode))
        return cannot(error, path, "it is no regular file");
    signature->there = true;
    signature->file.size = st.st_size;
    if (st.st_size > SIGNATURE_MAX_BYTES)
        return true;
    signature->bytes = g_malloc(SIGNATURE_MAX_BYTES);
    ssize_t n = pread(fd, signature->bytes, SIGNATURE_MAX_BYTES, 0);
    if (n < 0)
        return cannot(error, path, g_strerror(errno));
    signature->file.der = (const unsigned char *)signature->bytes;
    signature->file.len = (size_t)n;
    return true;
}

bool check_signature_read(struct check_signature *signature, const char *path, const char *given, GError **error)
{
    g_autofree char *beside = g_strconcat(path, SIGNATURE_SUFFIX, NULL);
    const char *name = given != NULL ? given : beside;
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    *signature = (struct check_signature){.there = false};
    /* A file whose name leaves no room for the ending has none. */
    if (fd < 0 && given == NULL && (errno == ENOENT || errno == ENAMETOOLONG))
        return true;
    if (fd < 0)
        return cannot(error, name, g_strerror(errno));
    bool good = read_open(signature, fd, name, error);
    (void)close(fd); /* only read from */
    return good;
}

void check_signature_clear(struct check_signature *signature)
{
    g_free(signature->bytes);
    *signature = (struct check_signature){.there = false};
}
