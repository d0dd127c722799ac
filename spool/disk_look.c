#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

bool disk_exists(const char *path, bool *exists, GError **error)
{
    struct stat st;
    if (lstat(path, &st) == 0)
        *exists = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
    else if (errno == ENOENT || errno == ENOTDIR)
        *exists = false;
    else
        return disk_fail(error, "look at", path, errno);
    return true;
}

bool disk_same_bytes(const char *path, uint64_t size, const char *sha256, bool *same, GError **error)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno != ENOENT && errno != ENOTDIR)
        return disk_fail(error, "look at", path, errno);
    bool there = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    char hex[DIGEST_HEX_SIZE] = "";
    if (there && !digest_file(path, hex, NULL, error))
        return false;
    *same = there && sha256 != NULL && strcmp(hex, sha256) == 0;
    return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **disk_names(const char *path, GError **error)
{
    g_autoptr(GError) fault = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &fault);
    if (dir == NULL) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s", fault->message);
        return NULL;
    }
    GPtrArray *names = g_ptr_array_new();
    errno = 0;
    for (const char *name; (name = g_dir_read_name(dir)) != NULL; errno = 0)
        g_ptr_array_add(names, g_strdup(name));
    int broken = errno;
    g_ptr_array_sort(names, by_name);
    g_ptr_array_add(names, NULL);
    char **list = (char **)g_ptr_array_free(names, FALSE);
    if (broken == 0)
        return list;
    g_strfreev(list);
    (void)disk_fail(error, "list", path, broken);
    return NULL;
}

bool disk_free_bytes(const char *path, uint64_t *bytes, GError **error)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return disk_fail(error, "ask for the free space at", path, errno);
    *bytes = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    return true;
}

bool disk_is_network_fs(const char *path, bool *network, GError **error)
{
    /* NFS, SMB, SMB2, CIFS, AFS, AFS (Linux), CODA, NCP, Ceph, 9P: <linux/magic.h>, statfs(2). */
    static const uint32_t magics[] = {0x6969,     0x517b,     0xfe534d42, 0xff534d42, 0x5346414f,
                                      0x6b414653, 0x73757245, 0x564c,     0x00c36400, 0x01021997};
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return disk_fail(error, "ask for the file system of", path, errno);
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
        found = found || (uint32_t)fs.f_type == magics[i];
    *network = found;
    return true;
}

static void read_pid(int fd, char pid[24])
{
    ssize_t got = pread(fd, pid, 23, 0);
    pid[got > 0 ? got : 0] = '\0';
    g_strchomp(pid);
}

static void locked_by(int fd, const char *path, GError **error)
{
    char pid[24];
    read_pid(fd, pid);
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
                "%s is locked by process %s: another gateway runs on this spool; stop that one first", path,
                pid[0] != '\0' ? pid : "(unknown)");
}

/* disk_lock_holder of another process may hold the lock for an instant: that is no reason to give up. */
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

int disk_lock(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        (void)disk_fail(error, "open", path, errno);
        return -1;
    }
    if (lock_patiently(fd) != 0) {
        if (errno == EWOULDBLOCK)
            locked_by(fd, path, error);
        else
            (void)disk_fail(error, "lock", path, errno);
        (void)close(fd); /* nothing was written */
        return -1;
    }
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* The pid is for people; the lock holds without it. */
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
    /* flock has no question that takes nothing; a shared lock is given back at once by close. */
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0) {
        char text[24];
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
