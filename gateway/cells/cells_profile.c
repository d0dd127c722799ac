/*
 * A profile on its way to a helper that does not know it: after a reload, or when the helper was started anew. Its
 * files are in the gateway's memory; the folder may have changed since. Name, length and text of each, one behind the
 * other, in a file without a name.
 */
#include "gateway/cells/cells_private.h"

#include "formats/profile/profile_files.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_BYTES = 80 << 20 }; /* PROFILE_MAX_FILES of PROFILE_MAX_FILE_BYTES, and their names */

static bool put(int fd, const void *bytes, size_t len)
{
    return len == 0 || write(fd, bytes, len) == (ssize_t)len; /* memory takes all or nothing */
}

int cells_profile_pack(const struct profile *profile)
{
    int fd = memfd_create("profile", MFD_CLOEXEC);
    bool good = fd >= 0;

    for (size_t i = 0; good && i < profile_files_count(profile->files); i++) {
        const struct profile_file *file = profile_files_at(profile->files, i);
        good = put(fd, file->name, strlen(file->name) + 1) && put(fd, &file->len, sizeof file->len) &&
               put(fd, file->text, file->len);
    }
    if (good || fd < 0)
        return fd;
    (void)close(fd); /* memory */
    return -1;
}

static void no_fault(void *user, const struct profile_fault *fault)
{
    (void)user;
    (void)fault; /* the gateway has loaded the very same files */
}

struct profile *cells_profile_unpack(int fd)
{
    struct profile_files *files = profile_files_new();
    off_t end = lseek(fd, 0, SEEK_END);
    g_autofree char *bytes = g_malloc(MOST_BYTES);
    ssize_t n = end > 0 && end < MOST_BYTES ? pread(fd, bytes, (size_t)end, 0) : 0;
    const char *at = bytes, *last = bytes + MAX(n, 0);
    size_t len;

    while (at < last) {
        const char *name = at;
        at += strlen(name) + 1;
        memcpy(&len, at, sizeof len);
        at += sizeof len;
        profile_files_add(files, name, at, len);
        at += len;
    }
    return profile_load_files(files, no_fault, NULL);
}
