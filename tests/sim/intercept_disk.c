/*
 * Functions of libc that open files and change the disk, defined here so that the linker takes these; SQLite and GLib
 * find them too. Calls on paths in the run's folder are counted, take time, fail by plan and are recorded for a power
 * cut. Calls of the simulator itself, which acts for partners, are only recorded as durable.
 *
 * Nothing is synced: a kill takes nothing from a file system, and a power cut is played (power.h).
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "tests/sim/disk_calls.h"
#include "tests/sim/disk_faults.h"
#include "tests/sim/power_log.h"
#include "tests/sim/shared.h"
#include "tests/sim/worker.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- which calls are ours ---- */

enum { DESCRIPTORS = 1024 };
static char *opened[DESCRIPTORS]; /* paths of open files of the run's folder */
static bool written[DESCRIPTORS];
static bool elsewhere;

void disk_elsewhere(bool begin)
{
    elsewhere = begin;
}

bool disk_is_ours(const char *path)
{
    if (shared == NULL || elsewhere)
        return false;
    size_t len = strlen(shared->folder);
    return strncmp(path, shared->folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The absolute path, or "" when the call is none of ours. */
static void locate(int dir, const char *path, char place[PATH_MAX])
{
    place[0] = '\0';
    if (shared == NULL || path == NULL)
        return;
    if (path[0] == '/')
        (void)snprintf(place, PATH_MAX, "%s", path);
    else if (dir != AT_FDCWD && dir < DESCRIPTORS && opened[dir] != NULL)
        (void)snprintf(place, PATH_MAX, "%s/%s", opened[dir], path);
    else if (dir == AT_FDCWD && shared_self != NULL)
        (void)snprintf(place, PATH_MAX, "%s/%s", shared_own_machine()->home,
                       strncmp(path, "./", 2) == 0 ? path + 2 : path);
    if (!disk_is_ours(place))
        place[0] = '\0';
}

const char *disk_path(int fd)
{
    return shared != NULL && fd >= 0 && fd < DESCRIPTORS && opened[fd] != NULL ? opened[fd] : "";
}

void disk_forget(void)
{
    memset(opened, 0, sizeof opened);
    memset(written, 0, sizeof written);
}

/* What a folder watch may see. */
static bool is_watched(const char *path)
{
    return strstr(path, "/drops/") != NULL || strstr(path, "/orders/") != NULL;
}

void disk_changed(const char *path)
{
    if (!is_watched(path))
        return;
    shared->changes++;
    if (shared_self != NULL && strstr(path, "/drops/") != NULL)
        shared_own_machine()->drop_changes++;
}

/* A file of a drop gets the time of its machine. The kernel's is not that of the run. */
static void stamp(int fd, const char *path)
{
    struct timespec now[2];

    if (path[0] == '\0' || (!is_watched(path) && shared_self != NULL))
        return;
    int64_t wall = shared_wall();
    now[0] = now[1] = (struct timespec){wall / SIM_SECOND, wall % SIM_SECOND * 1000};
    (void)syscall(SYS_utimensat, fd, fd == AT_FDCWD ? path : NULL, now, 0);
}

/* ---- opening ---- */

/* What SQLite draws its random numbers from. */
static int random_file(void)
{
    uint64_t bits[32];
    int fd = (int)syscall(SYS_memfd_create, "random", MFD_CLOEXEC);

    for (int i = 0; i < 32; i++)
        bits[i] = random_bits(shared_random("program"));
    if (syscall(SYS_write, fd, bits, sizeof bits) != sizeof bits || syscall(SYS_lseek, fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

static void remember(int fd, const char *place)
{
    if (fd < 0 || fd >= DESCRIPTORS || place[0] == '\0')
        return;
    free(opened[fd]);
    opened[fd] = strdup(place);
    written[fd] = false;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    char place[PATH_MAX];

    if (shared_self != NULL && strcmp(path, "/dev/urandom") == 0)
        return random_file();
    locate(dir, path, place);
    if (place[0] == '\0')
        return (int)syscall(SYS_openat, dir, path, flags, mode);
    bool made = (flags & O_CREAT) != 0 && syscall(SYS_faccessat, AT_FDCWD, place, F_OK) != 0;
    enum disk_judgement judgement = disk_judge(made ? CALL_OPEN | CALL_NAME : CALL_OPEN, place);
    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno, fd = (int)syscall(SYS_openat, dir, path, flags & ~O_TRUNC, mode);
    if (fd >= 0) {
        remember(fd, place);
        if (made) {
            power_log_made(place);
            stamp(fd, place);
            disk_changed(place);
        } else if ((flags & O_TRUNC) != 0 && ftruncate(fd, 0) != 0) {
            (void)close(fd);
            return -1;
        }
    }
    if (judgement != DISK_PASS && fd >= 0)
        (void)syscall(SYS_close, fd);
    return judgement == DISK_PASS ? fd : disk_outcome(judgement, 0, fault);
}

#define OPENING(dir_, path_, flags_)                                                                                   \
    mode_t mode = 0;                                                                                                   \
    if (((flags_)&O_CREAT) != 0) {                                                                                     \
        va_list list;                                                                                                  \
        va_start(list, flags_);                                                                                        \
        mode = (mode_t)va_arg(list, unsigned);                                                                         \
        va_end(list);                                                                                                  \
    }                                                                                                                  \
    return open_at(dir_, path_, flags_, mode)

int open(const char *path, int flags, ...)
{
    OPENING(AT_FDCWD, path, flags);
}

int open64(const char *path, int flags, ...)
{
    OPENING(AT_FDCWD, path, flags);
}

int openat(int dir, const char *path, int flags, ...)
{
    OPENING(dir, path, flags);
}

int openat64(int dir, const char *path, int flags, ...)
{
    OPENING(dir, path, flags);
}

/* What a fortified open becomes. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

DIR *opendir(const char *path)
{
    static DIR *(*real)(const char *);
    char place[PATH_MAX];

    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "opendir");
        memcpy(&real, &found, sizeof real);
    }
    locate(AT_FDCWD, path, place);
    enum disk_judgement judgement = disk_judge(CALL_OPEN, place);
    if (judgement == DISK_FAIL || judgement == DISK_FAIL_LATE)
        return NULL;
    DIR *dir = real(path);
    if (judgement == DISK_KILL_LATE)
        shared_die(false);
    return dir;
}

int close(int fd)
{
    int result = (int)syscall(SYS_close, fd);

    if (fd >= 0 && fd < DESCRIPTORS && opened[fd] != NULL) {
        if (written[fd] && shared != NULL)
            disk_changed(opened[fd]);
        free(opened[fd]);
        opened[fd] = NULL;
    }
    return result;
}

/* ---- bytes ---- */

/* at < 0: where the descriptor stands. */
static ssize_t write_at(int fd, const void *data, size_t len, off_t at)
{
    const char *place = disk_path(fd);
    enum disk_judgement judgement = disk_judge(CALL_WRITE, place);

    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno;
    if (judgement == DISK_SHORT && len > 1)
        len /= 2;
    if (place[0] != '\0')
        power_log_write(fd, at, len);
    ssize_t done = at < 0 ? syscall(SYS_write, fd, data, len) : syscall(SYS_pwrite64, fd, data, len, at);
    if (place[0] != '\0' && done > 0) {
        written[fd] = true;
        stamp(fd, place);
    }
    return judgement == DISK_PASS || judgement == DISK_SHORT ? done : disk_outcome(judgement, 0, fault);
}

/* at < 0: where the descriptor stands. */
static ssize_t read_at(int fd, void *data, size_t len, off_t at)
{
    enum disk_judgement judgement = disk_judge(CALL_READ, disk_path(fd));

    if (judgement == DISK_FAIL || judgement == DISK_FAIL_LATE)
        return -1;
    if (judgement == DISK_KILL_LATE)
        shared_die(false);
    if (judgement == DISK_SHORT && len > 1)
        len /= 2;
    return at < 0 ? syscall(SYS_read, fd, data, len) : syscall(SYS_pread64, fd, data, len, at);
}

ssize_t read(int fd, void *data, size_t len)
{
    return read_at(fd, data, len, -1);
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
    return read_at(fd, data, len, at);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t at)
{
    return read_at(fd, data, len, at);
}

ssize_t write(int fd, const void *data, size_t len)
{
    return write_at(fd, data, len, -1);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_at(fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return write_at(fd, data, len, at);
}

int ftruncate64(int fd, off64_t size)
{
    const char *place = disk_path(fd);
    enum disk_judgement judgement = disk_judge(CALL_SPACE, place);

    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno;
    if (place[0] != '\0')
        power_log_truncate(fd, size);
    return disk_outcome(judgement, (int)syscall(SYS_ftruncate, fd, size), fault);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    enum disk_judgement judgement = disk_judge(CALL_SPACE, disk_path(fd));

    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno;
    return disk_outcome(judgement, (int)syscall(SYS_fallocate, fd, mode, at, len), fault);
}

static int sync_with(int fd, bool all)
{
    const char *place = disk_path(fd);
    enum disk_judgement judgement = disk_judge(CALL_SYNC, place);

    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno;
    if (place[0] != '\0' && all)
        power_log_all_synced();
    else if (place[0] != '\0')
        power_log_synced(fd);
    return disk_outcome(judgement, 0, fault);
}

int fsync(int fd)
{
    return sync_with(fd, false);
}

int fdatasync(int fd)
{
    return sync_with(fd, false);
}

int syncfs(int fd)
{
    return sync_with(fd, true);
}

/* ---- names ---- */

static int rename_at(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    char old[PATH_MAX], new[PATH_MAX];

    locate(from_dir, from, old);
    locate(to_dir, to, new);
    enum disk_judgement judgement = disk_judge(CALL_NAME, new);
    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno;
    if (shared_self == NULL)
        stamp(AT_FDCWD, old);
    struct power_rename logged;
    power_log_rename_begin(&logged, old, new);
    int result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
    power_log_rename_end(&logged, result == 0);
    if (result == 0 && new[0] != '\0')
        disk_changed(new);
    return disk_outcome(judgement, result, fault);
}

int rename(const char *from, const char *to)
{
    return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return rename_at(from_dir, from, to_dir, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return rename_at(from_dir, from, to_dir, to, flags);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    char place[PATH_MAX];

    locate(to_dir, to, place);
    enum disk_judgement judgement = disk_judge(CALL_NAME, place);
    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno, result = (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
    if (result == 0 && place[0] != '\0') {
        power_log_made(place);
        disk_changed(place);
    }
    return disk_outcome(judgement, result, fault);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
    char place[PATH_MAX];

    locate(dir, path, place);
    enum disk_judgement judgement = disk_judge(CALL_NAME, place);
    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno, result = 0;
    if (!power_log_remove(place, flags, &result))
        result = (int)syscall(SYS_unlinkat, dir, path, flags);
    return disk_outcome(judgement, result, fault);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    char place[PATH_MAX];

    locate(dir, path, place);
    enum disk_judgement judgement = disk_judge(CALL_NAME, place);
    if (judgement == DISK_FAIL)
        return -1;
    int fault = errno, result = (int)syscall(SYS_mkdirat, dir, path, mode);
    if (result == 0 && place[0] != '\0') {
        power_log_made(place);
        disk_changed(place);
    }
    return disk_outcome(judgement, result, fault);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* ---- room ---- */

/* The machine's own disk, not the one that the run is on. */
int statvfs(const char *path, struct statvfs *st)
{
    enum { BLOCK = 4096, NAMES = 1000000, SMALL = 256 << 20 };
    const struct shared_machine *machine = shared_own_machine();
    char place[PATH_MAX];

    locate(AT_FDCWD, path, place);
    if (machine == NULL || place[0] == '\0') {
        static int (*real)(const char *, struct statvfs *);
        void *found = real == NULL ? dlsym(RTLD_NEXT, "statvfs") : NULL;
        if (found != NULL)
            memcpy(&real, &found, sizeof real);
        return real(path, st);
    }
    if (machine->room < SMALL)
        kinds_seen(SEEN_DISK_FULL);
    *st = (struct statvfs){.f_bsize = BLOCK, .f_frsize = BLOCK, .f_namemax = NAME_MAX};
    st->f_bfree = st->f_bavail = machine->room / BLOCK;
    st->f_blocks = st->f_bfree + NAMES;
    st->f_files = st->f_ffree = st->f_favail = NAMES;
    return 0;
}
