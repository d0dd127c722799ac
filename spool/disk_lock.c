/*
 * The lock file of the one writer (`lock` in the spool): flock(2), which the kernel gives up when the process ends in
 * any way. The pid in the file is only for people.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PID_SIZE = 24 };

static void read_pid(int fd, char pid[PID_SIZE])
{
    ssize_t got = pread(fd, pid, PID_SIZE - 1, 0);
    pid[got > 0 ? got : 0] = '\0';
    g_strchomp(pid);
}

static void locked_by(int fd, const char *path, GError **error)
{
    char pid[PID_SIZE];
    read_pid(fd, pid);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
                "%s is locked by process %s: another gateway runs on this spool; stop that one first", path,
                pid[0] != '\0' ? pid : "(unknown)");
}

/* disk_lock_holder() of another process takes the lock for an instant; that must not keep the writer from starting. */
static int lock_patiently(int fd)
{
    for (int tries = 0; tries < 5; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK)
            return -1;
        g_usleep(2000);
    }
    errno = EWOULDBLOCK;
    return -1;
}

static int open_locked(const char *path, int flags, GError **error)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        (void)disk_fail(error, "open", path, errno);
        return -1;
    }
    if (lock_patiently(fd) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        locked_by(fd, path, error);
    else
        (void)disk_fail(error, "lock", path, errno);
    (void)close(fd); /* nothing was written */
    return -1;
}

int disk_lock_dir(const char *path, GError **error)
{
    return open_locked(path, O_RDONLY | O_DIRECTORY, error);
}

int disk_lock(const char *path, GError **error)
{
    int fd = open_locked(path, O_RDWR | O_CREAT, error);
    if (fd < 0)
        return -1;
    char pid[PID_SIZE];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* A pid that cannot be written is no error: the lock holds without it. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)len, 0) < 0)
        (void)0;
    return fd;
}

bool disk_lock_holder(const char *path, int64_t *pid, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        return disk_fail(error, "open", path, errno);
    *pid = 0;
    /* flock cannot ask without taking: a shared lock is taken and given back at once by close. */
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0) {
        char text[PID_SIZE];
        read_pid(fd, text);
        *pid = g_ascii_strtoll(text, NULL, 10);
        if (*pid <= 0)
            *pid = -1;
    }
    if (fd >= 0)
        (void)close(fd); /* nothing was written */
    return true;
}

void disk_unlock(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* gives up the lock */
}

/* Locks that are looked for. */
struct wanted {
    struct stat st;
    const char *access;  /* "READ", "WRITE" */
    int64_t first, last; /* on some of these bytes */
};

/* The process that has the lock of this line of /proc/locks, if it is such a lock; 0: it is not. In a line of a process
 * that waits for a lock "->" stands before the kind, so its fields do not match. Where the lock has no end, EOF stands,
 * which is no number. */
static long owner_of_line(const char *line, const struct wanted *wanted)
{
    char access[8];
    unsigned int major_id, minor_id;
    unsigned long long inode;
    long long from = 0, to = G_MAXINT64;
    long pid;

    if (sscanf(line, "%*u: %*31s %*31s %7s %ld %x:%x:%llu %lld %lld", access, &pid, &major_id, &minor_id, &inode, &from,
               &to) < 5 ||
        strcmp(access, wanted->access) != 0 || inode != wanted->st.st_ino || major_id != major(wanted->st.st_dev) ||
        minor_id != minor(wanted->st.st_dev) || from > wanted->last || to < wanted->first)
        return 0;
    return pid;
}

/* A process may call itself anything: a line end would begin another line of the log, an escape reach a terminal. */
static void make_harmless(char *name)
{
    for (; *name != '\0'; name++)
        if (!g_ascii_isprint(*name))
            *name = '?';
}

static void add_owner(GPtrArray *owners, long pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/comm", pid), *name = NULL;

    if (g_file_get_contents(path, &name, NULL, NULL))
        make_harmless(g_strchomp(name));
    g_autofree char *owner = g_strdup_printf("process %ld (%s)", pid, name != NULL ? name : "which has ended");
    if (!g_ptr_array_find_with_equal_func(owners, owner, g_str_equal, NULL))
        g_ptr_array_add(owners, g_steal_pointer(&owner));
}

/* "A", "A and B", "A, B and C"; NULL: none. */
static char *enumerate(const GPtrArray *names)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0               ? ""
                               : i + 1 < names->len ? ", "
                                                    : " and ",
                               (const char *)names->pdata[i]);
    return g_string_free(text, names->len == 0);
}

/* All but `besides` and this process; *own: it has one. *n: how many they are. */
static char *owners_of(const char *path, struct wanted *wanted, int64_t besides, bool *own, unsigned *n)
{
    g_autoptr(GPtrArray) owners = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = NULL;

    *own = false;
    *n = 0;
    if (stat(path, &wanted->st) != 0 || !g_file_get_contents("/proc/locks", &text, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        long pid = owner_of_line(*line, wanted);
        *own |= pid == (long)getpid();
        if (pid > 0 && pid != (long)getpid() && pid != besides)
            add_owner(owners, pid);
    }
    *n = owners->len;
    return enumerate(owners);
}

char *disk_lock_owners(const char *path, bool *own, unsigned *n)
{
    struct wanted wanted = {.access = "WRITE", .last = G_MAXINT64};

    return owners_of(path, &wanted, 0, own, n);
}

char *disk_lock_readers(const char *path, int64_t first, int64_t last, int64_t besides, unsigned *n)
{
    struct wanted wanted = {.access = "READ", .first = first, .last = last};
    bool own;

    return owners_of(path, &wanted, besides, &own, n);
}
