/*
 * A preloaded library that makes calls fail: the disk as it is on a bad day. For tests only.
 *
 * Calls on paths and descriptors under one folder are counted by kind; others go through untouched, so that
 * loading libraries is not hit. The environment says what happens:
 *
 *   FAULT_UNDER=DIR                     the folder, absolute
 *   FAULT=KIND:FIRST:COUNT:WHAT         KIND one of the names below or "any"; calls FIRST … FIRST + COUNT - 1
 *                                       (COUNT 0: all from FIRST on) fail
 *   FAULT_KILL_AFTER=N                  the Nth call of any kind after the first failing one ends the process
 *   FAULT_NO_RENAMEAT2=1                renameat2 is refused with EINVAL, as on file systems without flags
 *   FAULT_LOG=FILE                      what calls changed and which one was made to fail, a line each
 *   FAULT_CALLS=1                       and every call that is counted
 *
 * WHAT: ENOSPC or EIO (nothing was done), EIO-LATE (it was done, and fails all the same), KILL (the process ends
 * before the call), HANG (the call never returns). close always closes: what fails is the news of an earlier write. A
 * sync is only counted and noted: no power is cut here, and thousands of real ones would take hours.
 *
 * Lines of the log (fields by tabs; inodes are device:inode; control characters of paths are shown as '?'):
 *   call KIND PATH          it is counted
 *   fault KIND PATH         it is made to fail
 *   bytes INODE PATH        a file's content or size changed
 *   synced INODE PATH       unsynced INODE PATH      what fsync or fdatasync came to
 *   allsynced INODE PATH    allunsynced INODE PATH   what syncfs came to
 *   made DIR-INODE NAME     gone DIR-INODE NAME      an entry of a folder
 *   removed INODE PATH      a file or folder lost a name (before the entry is gone)
 *
 * It has over 600 lines, for a preloaded library is one object, and all its calls count by the same numbers.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, OPEN, SPACE, LINK, UNLINK, MKDIR, CLOSE, KINDS };
enum what { ONLY_ERRNO, LATE, KILL, HANG };
enum verdict { PASS, FAIL, FAIL_LATE };

static const char *const names[KINDS] = {"write", "sync",   "rename", "open", "space",
                                         "link",  "unlink", "mkdir",  "close"};

static struct {
    bool ready;
    char under[PATH_MAX];
    size_t len;
    int log;
    int kind; /* KINDS: any; -1: none */
    long first, count;
    enum what what;
    int error;
    bool no_renameat2;
    bool calls;      /* each is written to the log */
    long passed;     /* calls of the kind so far */
    long kill_after; /* calls of any kind that may still pass behind the first fault; 0: all */
    bool hit;
} plan = {.log = -1, .kind = -1};

/* ---- what is asked for ---- */

static void read_what(const char *text)
{
    plan.error = strcmp(text, "ENOSPC") == 0 ? ENOSPC : EIO;
    plan.what = strcmp(text, "KILL") == 0       ? KILL
                : strcmp(text, "HANG") == 0     ? HANG
                : strcmp(text, "EIO-LATE") == 0 ? LATE
                                                : ONLY_ERRNO;
}

static void read_fault(const char *text)
{
    char kind[16], what[16];

    if (sscanf(text, "%15[a-z]:%ld:%ld:%15[A-Z-]", kind, &plan.first, &plan.count, what) != 4)
        abort(); /* a test that asks for nonsense must not pass */
    plan.kind = KINDS;
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kind, names[i]) == 0)
            plan.kind = i;
    read_what(what);
}

static bool wanted(void)
{
    if (plan.ready)
        return plan.len > 0;
    plan.ready = true;
    const char *under = getenv("FAULT_UNDER"), *fault = getenv("FAULT"), *log = getenv("FAULT_LOG");
    const char *kill_after = getenv("FAULT_KILL_AFTER");
    if (under == NULL || strlen(under) >= sizeof plan.under)
        return false;
    strcpy(plan.under, under);
    plan.len = strlen(under);
    plan.no_renameat2 = getenv("FAULT_NO_RENAMEAT2") != NULL;
    plan.calls = getenv("FAULT_CALLS") != NULL;
    plan.kill_after = kill_after != NULL ? strtol(kill_after, NULL, 10) : 0;
    if (fault != NULL)
        read_fault(fault);
    if (log != NULL)
        plan.log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return true;
}

/* For fork_server.c: the environment is another one now, that of the run which begins. */
void fault_forget(void);

void fault_forget(void)
{
    memset(&plan, 0, sizeof plan);
    plan.log = -1;
    plan.kind = -1;
}

/* ---- where a call goes ---- */

static bool below(const char *path)
{
    return strncmp(path, plan.under, plan.len) == 0 && (path[plan.len] == '/' || path[plan.len] == '\0');
}

/* The absolute path, or "" when the call is none of ours. */
static void locate(int dir, const char *path, char place[PATH_MAX])
{
    char link[64];
    ssize_t len = 0;

    place[0] = '\0';
    if (!wanted() || path == NULL)
        return;
    if (path[0] == '/') {
        (void)snprintf(place, PATH_MAX, "%s", path);
    } else {
        (void)snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
        len = readlink(link, place, PATH_MAX - 1);
        (void)snprintf(place + (len > 0 ? len : 0), (size_t)(PATH_MAX - (len > 0 ? len : 0)), "/%s", path);
    }
    if (!below(place))
        place[0] = '\0';
}

static void locate_fd(int fd, char place[PATH_MAX])
{
    char link[64];

    place[0] = '\0';
    if (!wanted())
        return;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, place, PATH_MAX - 1);
    place[len > 0 ? len : 0] = '\0';
    if (!below(place))
        place[0] = '\0';
}

/* ---- the log ---- */

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[3 * PATH_MAX];
    va_list args;

    if (plan.log < 0)
        return;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (len < 0 || len >= (int)sizeof line - 1)
        abort();
    for (int i = 0; i < len; i++)
        if ((unsigned char)line[i] < ' ' && line[i] != '\t')
            line[i] = '?';
    line[len] = '\n';
    (void)!syscall(SYS_write, plan.log, line, (size_t)len + 1); /* a test sees what is missing */
}

static void note_inode(const char *event, const struct stat *st, const char *place)
{
    note("%s\t%jx:%ju\t%s", event, (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, place);
}

static void note_fd(const char *event, int fd, const char *place)
{
    struct stat st;

    if (plan.log >= 0 && fstat(fd, &st) == 0)
        note_inode(event, &st, place);
}

static void note_path(const char *event, const char *place)
{
    struct stat st;

    if (plan.log >= 0 && lstat(place, &st) == 0)
        note_inode(event, &st, place);
}

/* An entry of a folder came or went. */
static void note_entry(const char *event, const char *place)
{
    char folder[PATH_MAX];
    struct stat st;
    const char *slash = strrchr(place, '/');

    if (plan.log < 0 || slash == NULL)
        return;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - place), place);
    if (stat(folder, &st) == 0)
        note_inode(event, &st, slash + 1);
}

/* ---- counting ---- */

static bool is_hit(enum kind kind)
{
    if (plan.kind < 0 || (plan.kind != KINDS && plan.kind != (int)kind))
        return false;
    plan.passed++;
    return plan.passed >= plan.first && (plan.count == 0 || plan.passed < plan.first + plan.count);
}

/* Counts a call; on FAIL errno is set. */
static enum verdict judge(enum kind kind, const char *place)
{
    if (place[0] == '\0')
        return PASS;
    if (plan.calls)
        note("call\t%s\t%s", names[kind], place);
    if (plan.hit && plan.kill_after > 0 && --plan.kill_after == 0) {
        note("fault\tkill\t%s", place);
        (void)raise(SIGKILL);
    }
    if (!is_hit(kind))
        return PASS;
    plan.hit = true;
    note("fault\t%s\t%s", names[kind], place);
    if (plan.what == KILL)
        (void)raise(SIGKILL);
    while (plan.what == HANG)
        (void)pause(); /* a signal whose handler returns changes nothing */
    errno = plan.error;
    return plan.what == LATE ? FAIL_LATE : FAIL;
}

/* What the caller is told of a call that was made. */
static int outcome(enum verdict verdict, int result)
{
    if (verdict == PASS)
        return result;
    errno = plan.error;
    return -1;
}

#define REAL(name, type) ((type)real(#name))

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

/* ---- bytes ---- */

typedef ssize_t (*write_type)(int, const void *, size_t);
typedef ssize_t (*pwrite_type)(int, const void *, size_t, off_t);
typedef ssize_t (*pwrite64_type)(int, const void *, size_t, off64_t);
typedef ssize_t (*writev_type)(int, const struct iovec *, int);

#define WRITING(call)                                                                                                  \
    char place[PATH_MAX];                                                                                              \
    locate_fd(fd, place);                                                                                              \
    enum verdict verdict = judge(WRITE, place);                                                                        \
    if (verdict == FAIL)                                                                                               \
        return -1;                                                                                                     \
    ssize_t done = call;                                                                                               \
    if (place[0] != '\0' && done > 0) {                                                                                \
        int fault = errno;                                                                                             \
        note_fd("bytes", fd, place);                                                                                   \
        errno = fault;                                                                                                 \
    }                                                                                                                  \
    return verdict == PASS ? done : outcome(verdict, 0)

ssize_t write(int fd, const void *data, size_t len)
{
    WRITING(REAL(write, write_type)(fd, data, len));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    WRITING(REAL(pwrite, pwrite_type)(fd, data, len, at));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    WRITING(REAL(pwrite64, pwrite64_type)(fd, data, len, at));
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    WRITING(REAL(writev, writev_type)(fd, parts, n));
}

/* ---- sync ---- */

typedef int (*fd_type)(int);

static int sync_with(fd_type sync, int fd, const char *good, const char *bad)
{
    char place[PATH_MAX];

    locate_fd(fd, place);
    if (place[0] == '\0')
        return sync(fd);
    enum verdict verdict = judge(SYNC, place);
    note_fd(verdict == PASS ? good : bad, fd, place);
    return outcome(verdict, 0);
}

int fsync(int fd)
{
    return sync_with(REAL(fsync, fd_type), fd, "synced", "unsynced");
}

int syncfs(int fd)
{
    return sync_with(REAL(syncfs, fd_type), fd, "allsynced", "allunsynced");
}

int fdatasync(int fd)
{
    return sync_with(REAL(fdatasync, fd_type), fd, "synced", "unsynced");
}

int close(int fd)
{
    char place[PATH_MAX];
    int flags = wanted() ? fcntl(fd, F_GETFL) : -1;

    place[0] = '\0';
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
        locate_fd(fd, place);
    enum verdict verdict = judge(CLOSE, place);
    return outcome(verdict, REAL(close, fd_type)(fd));
}

/* ---- names ---- */

typedef int (*rename_type)(const char *, const char *);
typedef int (*renameat2_type)(int, const char *, int, const char *, unsigned);

static int rename_with(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    char old[PATH_MAX], new[PATH_MAX];

    locate(from_dir, from, old);
    locate(to_dir, to, new);
    if (plan.no_renameat2 && flags != 0 && new[0] != '\0') {
        errno = EINVAL;
        return -1;
    }
    enum verdict verdict = judge(RENAME, new[0] != '\0' ? new : old);
    if (verdict == FAIL)
        return -1;
    int result = flags != 0 ? REAL(renameat2, renameat2_type)(from_dir, from, to_dir, to, flags)
                            : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
    int fault = errno;
    if (result == 0) {
        note_entry("gone", old);
        note_entry("made", new);
    }
    errno = fault;
    return outcome(verdict, result);
}

int rename(const char *from, const char *to)
{
    return rename_with(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return rename_with(from_dir, from, to_dir, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return rename_with(from_dir, from, to_dir, to, flags);
}

typedef int (*linkat_type)(int, const char *, int, const char *, int);

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    char place[PATH_MAX];

    locate(to_dir, to, place);
    enum verdict verdict = judge(LINK, place);
    if (verdict == FAIL)
        return -1;
    int result = REAL(linkat, linkat_type)(from_dir, from, to_dir, to, flags);
    int fault = errno;
    if (result == 0 && place[0] != '\0')
        note_entry("made", place);
    errno = fault;
    return outcome(verdict, result);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

typedef int (*unlinkat_type)(int, const char *, int);

int unlinkat(int dir, const char *path, int flags)
{
    char place[PATH_MAX];

    locate(dir, path, place);
    enum verdict verdict = judge(UNLINK, place);
    if (verdict == FAIL)
        return -1;
    if (place[0] != '\0')
        note_path("removed", place);
    int result = REAL(unlinkat, unlinkat_type)(dir, path, flags);
    int fault = errno;
    if (result == 0 && place[0] != '\0')
        note_entry("gone", place);
    errno = fault;
    return outcome(verdict, result);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

typedef int (*mkdirat_type)(int, const char *, mode_t);

int mkdirat(int dir, const char *path, mode_t mode)
{
    char place[PATH_MAX];

    locate(dir, path, place);
    enum verdict verdict = judge(MKDIR, place);
    if (verdict == FAIL)
        return -1;
    int result = REAL(mkdirat, mkdirat_type)(dir, path, mode);
    int fault = errno;
    if (result == 0 && place[0] != '\0')
        note_entry("made", place);
    errno = fault;
    return outcome(verdict, result);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* ---- opening ---- */

static int open_with(int dir, const char *path, int flags, mode_t mode)
{
    char place[PATH_MAX];
    struct stat st;

    locate(dir, path, place);
    enum verdict verdict = judge(OPEN, place);
    bool makes = place[0] != '\0' && (flags & O_CREAT) != 0 && lstat(place, &st) != 0;
    if (verdict == FAIL) {
        errno = plan.error;
        return -1;
    }
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    int fault = errno;
    if (fd >= 0 && makes)
        note_entry("made", place);
    if (fd >= 0 && place[0] != '\0' && (flags & O_TRUNC) != 0)
        note_fd("bytes", fd, place);
    errno = fault;
    if (verdict == PASS || fd < 0)
        return fd;
    (void)syscall(SYS_close, fd);
    return outcome(verdict, 0);
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? (mode_t)va_arg(args, unsigned) : 0;
}

#define OPENING(dir)                                                                                                   \
    va_list args;                                                                                                      \
    va_start(args, flags);                                                                                             \
    mode_t mode = mode_of(flags, args);                                                                                \
    va_end(args);                                                                                                      \
    return open_with(dir, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPENING(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    OPENING(AT_FDCWD);
}

int openat(int dir, const char *path, int flags, ...)
{
    OPENING(dir);
}

int openat64(int dir, const char *path, int flags, ...)
{
    OPENING(dir);
}

int creat(const char *path, mode_t mode)
{
    return open_with(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
    return open_with(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* What a fortified open becomes. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_with(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_with(AT_FDCWD, path, flags, 0);
}

typedef DIR *(*opendir_type)(const char *);

DIR *opendir(const char *path)
{
    char place[PATH_MAX];

    locate(AT_FDCWD, path, place);
    return judge(OPEN, place) == PASS ? REAL(opendir, opendir_type)(path) : NULL;
}

/* ---- space ---- */

typedef int (*fallocate_type)(int, int, off_t, off_t);
typedef int (*fallocate64_type)(int, int, off64_t, off64_t);
typedef int (*ftruncate_type)(int, off_t);
typedef int (*ftruncate64_type)(int, off64_t);

#define ALLOCATING(call)                                                                                               \
    char place[PATH_MAX];                                                                                              \
    locate_fd(fd, place);                                                                                              \
    enum verdict verdict = judge(SPACE, place);                                                                        \
    if (verdict == FAIL)                                                                                               \
        return -1;                                                                                                     \
    int result = call;                                                                                                 \
    int fault = errno;                                                                                                 \
    if (result == 0 && place[0] != '\0')                                                                               \
        note_fd("bytes", fd, place);                                                                                   \
    errno = fault;                                                                                                     \
    return outcome(verdict, result)

int fallocate(int fd, int mode, off_t at, off_t len)
{
    ALLOCATING(REAL(fallocate, fallocate_type)(fd, mode, at, len));
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
    ALLOCATING(REAL(fallocate64, fallocate64_type)(fd, mode, at, len));
}

int ftruncate(int fd, off_t len)
{
    ALLOCATING(REAL(ftruncate, ftruncate_type)(fd, len));
}

int ftruncate64(int fd, off64_t len)
{
    ALLOCATING(REAL(ftruncate64, ftruncate64_type)(fd, len));
}
