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

/* Microseconds that a call takes. */
enum { CALL_TIME = 10, SYNC_TIME = 300 };

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

/* ---- faults ---- */

enum judgement { PASS, FAIL, FAIL_LATE, SHORT, KILL_LATE };

/* Nothing on the machine is in the midst of a transfer: what had begun would be carried out when the machine wakes, and
 * only fencing keeps that away (OPERATIONS.md). */
static bool may_freeze(const struct shared_machine *machine)
{
    for (int i = 0; i < SHARED_SLOTS; i++) {
        const struct shared_slot *slot = &shared->slots[i];
        if (slot != shared_self && slot->number != 0 && &shared->machines[slot->machine] == machine &&
            slot->reason == SHARED_BUSY)
            return false;
    }
    return !worker_runs() && !worker_is_within();
}

/* A freeze is used up. */
static bool freezes(struct shared_machine *machine, int fault)
{
    if (machine->passed[fault] < machine->fault[fault].first || !may_freeze(machine))
        return false;
    machine->fault[fault].calls = 0;
    return true;
}

/* The fault that hits this call; NULL: none. Each counts the call. */
static const struct machine_fault *find_fault(struct shared_machine *machine, unsigned kinds)
{
    const struct machine_fault *hit = NULL;

    for (int i = 0; i < machine->faults; i++) {
        const struct machine_fault *fault = &machine->fault[i];
        if ((fault->calls & kinds) == 0)
            continue;
        uint64_t n = ++machine->passed[i];
        bool lasts = fault->event <= FAULT_SHORT;
        if (fault->event == FAULT_FREEZE || fault->event == FAULT_SUSPEND) {
            hit = freezes(machine, i) ? fault : hit;
            continue;
        }
        if (n >= fault->first &&
            (n == fault->first || (lasts && (fault->count == 0 || n < fault->first + fault->count))))
            hit = hit != NULL ? hit : fault;
    }
    return hit;
}

/* A call that fails is of the first of its kinds; the making of a file opens it, too. */
static void count_failure(const struct machine_fault *fault, unsigned kinds)
{
    static const struct {
        enum machine_call call;
        enum kind kind;
    } calls[] = {{CALL_OPEN, SEEN_FAIL_OPEN}, {CALL_READ, SEEN_FAIL_READ}, {CALL_WRITE, SEEN_FAIL_WRITE},
                 {CALL_SYNC, SEEN_FAIL_SYNC}, {CALL_NAME, SEEN_FAIL_NAME}, {CALL_SPACE, SEEN_FAIL_SPACE}};
    size_t i = 0;

    while (i + 1 < sizeof calls / sizeof calls[0] && (kinds & calls[i].call) == 0)
        i++;
    kinds_seen(calls[i].kind);
    if (fault->event == FAULT_ERROR_LATE)
        kinds_seen(SEEN_FAIL_LATE);
    kinds_seen(fault->errnum == ENOSPC || fault->errnum == EDQUOT   ? SEEN_ERROR_SPACE
               : fault->errnum == EMFILE || fault->errnum == ENFILE ? SEEN_ERROR_FILES
                                                                    : SEEN_ERROR_DISK);
}

/* Power cuts and freezes are counted by those who look at what they leave. */
static void count_fault(const struct machine_fault *fault, unsigned kinds)
{
    if (fault->event == FAULT_KILL_BEFORE || fault->event == FAULT_KILL_AFTER)
        kinds_seen(fault->event == FAULT_KILL_AFTER ? SEEN_KILL_AFTER : SEEN_KILL_BEFORE);
    else if (fault->event == FAULT_SHORT && (kinds & (CALL_READ | CALL_WRITE)) != 0)
        kinds_seen((kinds & CALL_READ) != 0 ? SEEN_SHORT_READ : SEEN_SHORT_WRITE);
    else if (fault->event <= FAULT_SHORT)
        count_failure(fault, kinds);
}

/* Counts a call. On FAIL errno is set. */
static enum judgement judge(unsigned kinds, const char *place)
{
    static const char *const names[] = {"error",      "late error", "half",   "kill before",
                                        "kill after", "power cut",  "freeze", "suspend"};
    struct shared_machine *machine = shared_own_machine();

    if (machine == NULL || place[0] == '\0')
        return PASS;
    machine->calls++;
    shared_pass(kinds == CALL_SYNC ? SYNC_TIME : CALL_TIME);
    const struct machine_fault *fault = machine->faults > 0 ? find_fault(machine, kinds) : NULL;
    if (fault == NULL)
        return PASS;
    shared_trace("fault: %s %d at call %u of %s", names[fault->event], fault->errnum, kinds,
                 place + strlen(shared->folder));
    count_fault(fault, kinds);
    if (fault->event == FAULT_KILL_BEFORE || fault->event == FAULT_POWER)
        shared_die(fault->event == FAULT_POWER);
    if (fault->event == FAULT_KILL_AFTER)
        return KILL_LATE;
    if (fault->event == FAULT_FREEZE || fault->event == FAULT_SUSPEND) {
        machine->frozen = true;
        machine->suspended = fault->event == FAULT_SUSPEND;
        machine->frozen_at = shared->now;
        shared_yield(SHARED_BUSY, shared->now);
        return PASS;
    }
    if (fault->event == FAULT_SHORT && (kinds & (CALL_READ | CALL_WRITE)) != 0)
        return SHORT;
    errno = fault->errnum;
    return fault->event == FAULT_ERROR_LATE ? FAIL_LATE : FAIL;
}

/* The result of a call that was made. */
static int outcome(enum judgement judgement, int result, int fault)
{
    if (judgement == KILL_LATE)
        shared_die(false);
    if (judgement == PASS)
        return result;
    errno = fault;
    return -1;
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
    enum judgement judgement = judge(made ? CALL_OPEN | CALL_NAME : CALL_OPEN, place);
    if (judgement == FAIL)
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
    if (judgement != PASS && fd >= 0)
        (void)syscall(SYS_close, fd);
    return judgement == PASS ? fd : outcome(judgement, 0, fault);
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
    enum judgement judgement = judge(CALL_OPEN, place);
    if (judgement == FAIL || judgement == FAIL_LATE)
        return NULL;
    DIR *dir = real(path);
    if (judgement == KILL_LATE)
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
    enum judgement judgement = judge(CALL_WRITE, place);

    if (judgement == FAIL)
        return -1;
    int fault = errno;
    if (judgement == SHORT && len > 1)
        len /= 2;
    if (place[0] != '\0')
        power_log_write(fd, at, len);
    ssize_t done = at < 0 ? syscall(SYS_write, fd, data, len) : syscall(SYS_pwrite64, fd, data, len, at);
    if (place[0] != '\0' && done > 0) {
        written[fd] = true;
        stamp(fd, place);
    }
    return judgement == PASS || judgement == SHORT ? done : outcome(judgement, 0, fault);
}

/* at < 0: where the descriptor stands. */
static ssize_t read_at(int fd, void *data, size_t len, off_t at)
{
    enum judgement judgement = judge(CALL_READ, disk_path(fd));

    if (judgement == FAIL || judgement == FAIL_LATE)
        return -1;
    if (judgement == KILL_LATE)
        shared_die(false);
    if (judgement == SHORT && len > 1)
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
    enum judgement judgement = judge(CALL_SPACE, place);

    if (judgement == FAIL)
        return -1;
    int fault = errno;
    if (place[0] != '\0')
        power_log_truncate(fd, size);
    return outcome(judgement, (int)syscall(SYS_ftruncate, fd, size), fault);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    enum judgement judgement = judge(CALL_SPACE, disk_path(fd));

    if (judgement == FAIL)
        return -1;
    int fault = errno;
    return outcome(judgement, (int)syscall(SYS_fallocate, fd, mode, at, len), fault);
}

static int sync_with(int fd, bool all)
{
    const char *place = disk_path(fd);
    enum judgement judgement = judge(CALL_SYNC, place);

    if (judgement == FAIL)
        return -1;
    int fault = errno;
    if (place[0] != '\0' && all)
        power_log_all_synced();
    else if (place[0] != '\0')
        power_log_synced(fd);
    return outcome(judgement, 0, fault);
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
    enum judgement judgement = judge(CALL_NAME, new);
    if (judgement == FAIL)
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
    return outcome(judgement, result, fault);
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
    enum judgement judgement = judge(CALL_NAME, place);
    if (judgement == FAIL)
        return -1;
    int fault = errno, result = (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
    if (result == 0 && place[0] != '\0') {
        power_log_made(place);
        disk_changed(place);
    }
    return outcome(judgement, result, fault);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
    char place[PATH_MAX];

    locate(dir, path, place);
    enum judgement judgement = judge(CALL_NAME, place);
    if (judgement == FAIL)
        return -1;
    int fault = errno, result = 0;
    if (!power_log_remove(place, flags, &result))
        result = (int)syscall(SYS_unlinkat, dir, path, flags);
    return outcome(judgement, result, fault);
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
    enum judgement judgement = judge(CALL_NAME, place);
    if (judgement == FAIL)
        return -1;
    int fault = errno, result = (int)syscall(SYS_mkdirat, dir, path, mode);
    if (result == 0 && place[0] != '\0') {
        power_log_made(place);
        disk_changed(place);
    }
    return outcome(judgement, result, fault);
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
