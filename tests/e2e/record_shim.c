/*
 * A preloaded library that writes down what a program changes on its disk, for power.py. For tests only.
 *
 *   RECORD_UNDER=DIR    the folder, absolute; calls on other paths go through unseen
 *   RECORD_TO=FILE      where the record is appended
 *
 * Each call that succeeded is one entry, in the order of the calls; a lock makes those of several threads follow each
 * other. An entry is a line, then bytes:
 *
 *   KIND INODE NUMBER SIZE1 SIZE2 '\n', then SIZE1 bytes of a path, then SIZE2 bytes of data or of a second path
 *
 *   create    INODE, path                  rename, link   path, second path
 *   write     INODE, NUMBER the offset,    unlink, rmdir  path
 *             data                         mkdir          INODE, path
 *   truncate  INODE, NUMBER the size       sync, syncfs   INODE
 *
 * Shared memory (mmap) is not seen: SQLite's -shm holds nothing that has to survive. Syncs are written down and not
 * made: the disk that forgets is power_disk.py.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char under[PATH_MAX];
static size_t under_len;
static int record = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *dir = getenv("RECORD_UNDER"), *file = getenv("RECORD_TO");

    if (dir == NULL || file == NULL || strlen(dir) >= sizeof under)
        return;
    strcpy(under, dir);
    under_len = strlen(dir);
    record = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void enter(void)
{
    pthread_mutex_lock(&lock);
}

static void leave(void)
{
    int kept = errno;

    pthread_mutex_unlock(&lock);
    errno = kept;
}

static bool is_ours(const char *path)
{
    return record >= 0 && strncmp(path, under, under_len) == 0 && (path[under_len] == '/' || path[under_len] == '\0');
}

/* The path of an open file or folder; false if it is none of ours. */
static bool path_of(int fd, char path[PATH_MAX])
{
    char link[64];

    if (record < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    path[n > 0 ? n : 0] = '\0';
    return is_ours(path);
}

/* The program gives absolute paths, or paths in its own folder. */
static void absolute(int dir, const char *path, char full[PATH_MAX])
{
    char base[PATH_MAX];
    ssize_t n = 0;

    if (path[0] != '/') {
        char link[64];
        snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
        n = readlink(link, base, sizeof base - 2);
    }
    if (n > 0)
        base[n++] = '/';
    snprintf(full, PATH_MAX, "%.*s%s", (int)(n > 0 ? n : 0), base, path);
}

struct entry {
    const char *kind;
    unsigned long inode;
    long number;
    const char *path;
    const void *data;
    size_t size;
};

static void put(const struct entry *entry)
{
    char head[128];
    size_t len = entry->path != NULL ? strlen(entry->path) : 0;
    int n =
        snprintf(head, sizeof head, "%s %lu %ld %zu %zu\n", entry->kind, entry->inode, entry->number, len, entry->size);
    struct iovec pieces[] = {{head, (size_t)n}, {(void *)entry->path, len}, {(void *)entry->data, entry->size}};

    if (syscall(SYS_writev, record, pieces, 3) != (long)((size_t)n + len + entry->size))
        abort(); /* the test must not go on with half a record */
}

static unsigned long inode_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? (unsigned long)st.st_ino : 0;
}

static int open_at(int dir, const char *path, int flags, int mode)
{
    char full[PATH_MAX];

    absolute(dir, path, full);
    if (!is_ours(full) || (flags & (O_CREAT | O_TRUNC)) == 0)
        return (int)syscall(SYS_openat, dir, path, flags, mode);
    enter();
    bool there = faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && !there)
        put(&(struct entry){.kind = "create", .inode = inode_of(fd), .path = full});
    else if (fd >= 0 && (flags & O_TRUNC) != 0)
        put(&(struct entry){.kind = "truncate", .inode = inode_of(fd)});
    leave();
    return fd;
}

#define MODE_OF(flags_)                                                                                                \
    int mode = 0;                                                                                                      \
    if (((flags_)&O_CREAT) != 0) {                                                                                     \
        va_list list;                                                                                                  \
        va_start(list, flags_);                                                                                        \
        mode = va_arg(list, int);                                                                                      \
        va_end(list);                                                                                                  \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(dir, path, flags, mode);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    char path[PATH_MAX];

    if (!path_of(fd, path))
        return syscall(SYS_pwrite64, fd, data, size, at);
    enter();
    ssize_t n = syscall(SYS_pwrite64, fd, data, size, at);
    if (n > 0)
        put(&(struct entry){"write", inode_of(fd), (long)at, NULL, data, (size_t)n});
    leave();
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return pwrite64(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    char path[PATH_MAX];

    if (!path_of(fd, path))
        return syscall(SYS_write, fd, data, size);
    enter();
    /* With O_APPEND the end is where it goes. */
    off_t at = lseek(fd, 0, (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
    ssize_t n = syscall(SYS_write, fd, data, size);
    if (n > 0)
        put(&(struct entry){"write", inode_of(fd), (long)at, NULL, data, (size_t)n});
    leave();
    return n;
}

int ftruncate64(int fd, off64_t size)
{
    char path[PATH_MAX];

    if (!path_of(fd, path))
        return (int)syscall(SYS_ftruncate, fd, size);
    enter();
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0)
        put(&(struct entry){.kind = "truncate", .inode = inode_of(fd), .number = (long)size});
    leave();
    return result;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

static int sync_fd(int fd, const char *kind, long number)
{
    char path[PATH_MAX];

    if (!path_of(fd, path))
        return (int)syscall(number, fd);
    enter();
    put(&(struct entry){.kind = kind, .inode = inode_of(fd)});
    leave();
    return 0;
}

int fsync(int fd)
{
    return sync_fd(fd, "sync", SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_fd(fd, "sync", SYS_fdatasync);
}

int syncfs(int fd)
{
    return sync_fd(fd, "syncfs", SYS_syncfs);
}

/* A call with two paths. Both are ours or neither is. */
static int two_paths(const char *kind, long number, const char *from, const char *to, unsigned flags)
{
    char old[PATH_MAX], new[PATH_MAX];

    absolute(AT_FDCWD, from, old);
    absolute(AT_FDCWD, to, new);
    enter();
    int result = (int)syscall(number, AT_FDCWD, from, AT_FDCWD, to, flags);
    if (result == 0 && is_ours(old))
        put(&(struct entry){.kind = kind, .path = old, .data = new, .size = strlen(new)});
    leave();
    return result;
}

int rename(const char *from, const char *to)
{
    return two_paths("rename", SYS_renameat2, from, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (from_dir != AT_FDCWD || to_dir != AT_FDCWD)
        abort(); /* the program does not do that; a record without it would be wrong */
    return two_paths("rename", SYS_renameat2, from, to, flags);
}

int link(const char *from, const char *to)
{
    return two_paths("link", SYS_linkat, from, to, 0);
}

static int one_path(const char *kind, const char *path, int flags)
{
    char full[PATH_MAX];

    absolute(AT_FDCWD, path, full);
    enter();
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (result == 0 && is_ours(full))
        put(&(struct entry){.kind = kind, .path = full});
    leave();
    return result;
}

int unlink(const char *path)
{
    return one_path("unlink", path, 0);
}

int rmdir(const char *path)
{
    return one_path("rmdir", path, AT_REMOVEDIR);
}

int unlinkat(int dir, const char *path, int flags)
{
    if (dir != AT_FDCWD)
        abort(); /* as in renameat2 */
    return one_path((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", path, flags);
}

int mkdir(const char *path, mode_t mode)
{
    char full[PATH_MAX];
    struct stat st;

    absolute(AT_FDCWD, path, full);
    enter();
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && is_ours(full) && stat(path, &st) == 0)
        put(&(struct entry){.kind = "mkdir", .inode = (unsigned long)st.st_ino, .path = full});
    leave();
    return result;
}
