/*
 * Durable changes of names and folders; files that are written: disk_file.c. A folder is synced after the rename.
 * Otherwise a power failure may take the name away again, after the sender's copy was removed because of it.
 *
 * Each change of the disk stands between step_before and step_after, so that the crash test can stop there.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"
#include "spool/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an administrator can do about it; "" where errnum alone does not say. g_free. */
static char *remedy(int errnum, const char *path)
{
    g_autofree char *disk = disk_mount_point(path);

    switch (errnum) {
    case EACCES:
    case EPERM:
        return g_strdup("; give the gateway's user the right to do this");
    case ENOSPC:
        return g_strdup_printf("; free space on the disk %s", disk);
    case EDQUOT:
        return g_strdup_printf("; free space on the disk %s, or raise the quota of the gateway's user there", disk);
    case EROFS:
        return g_strdup_printf("; mount the disk %s for writing", disk);
    case EMLINK:
        return g_strdup_printf("; it has a second name (hard link), under which its content would change, too: remove "
                               "that name, 'find %s -samefile %s' lists both",
                               disk, path);
    default:
        return g_strdup("");
    }
}

bool disk_fail(GError **error, const char *what, const char *path, int errnum)
{
    g_autofree char *advice = remedy(errnum, path);

    g_set_error(error, SPOOL_ERROR, errnum == EEXIST ? SPOOL_ERROR_EXISTS : SPOOL_ERROR_RETRY, "cannot %s %s: %s%s",
                what, path, g_strerror(errnum), advice);
    return false;
}

bool disk_sync_dir(const char *dir, GError **error)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return disk_fail(error, "open folder", dir, errno);
    int result = fsync(fd);
    int errnum = errno;
    (void)close(fd); /* a folder's descriptor holds no data */
    /* Some file systems cannot sync a folder and answer EINVAL: nothing more can be done there. */
    if (result != 0 && errnum != EINVAL)
        return disk_fail(error, "sync folder", dir, errnum);
    return true;
}

bool disk_sync_parent(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    return disk_sync_dir(dir, error);
}

bool disk_sync_parent_now(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    return disk_fs_can_sync(dir) || disk_sync_dir(dir, error);
}

/* For file systems without RENAME_NOREPLACE. A file gets its second name by link(2), which never replaces. A folder
 * cannot be linked: it is looked for and then renamed, which is safe because only the one writer makes folders there.
 * Returns 0 or an errno. */
static int rename_careful(const char *from, const char *to)
{
    struct stat st;
    if (lstat(from, &st) != 0)
        return errno;
    if (S_ISREG(st.st_mode)) {
        if (link(from, to) == 0)
            return unlink(from) == 0 ? 0 : errno;
        if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
            return errno;
    }
    if (lstat(to, &st) == 0)
        return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

bool disk_rename_new(const char *from, const char *to, GError **error)
{
    int errnum = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (errnum == EINVAL || errnum == ENOSYS)
        errnum = rename_careful(from, to);
    return errnum == 0 || disk_fail(error, "rename to", to, errnum);
}

bool disk_rename_unsynced(enum step step, const char *from, const char *to, GError **error)
{
    step_before(step);
    if (!disk_rename_new(from, to, error))
        return false;
    step_after(step);
    return true;
}

bool disk_rename_noreplace(enum step step, const char *from, const char *to, GError **error)
{
    step_before(step);
    if (!disk_rename_new(from, to, error))
        return false;
    /* The new name first: a power failure between the two syncs may then leave both names, but never none. */
    g_autofree char *from_dir = g_path_get_dirname(from);
    g_autofree char *to_dir = g_path_get_dirname(to);
    if (!disk_sync_dir(to_dir, error))
        return false;
    if (strcmp(from_dir, to_dir) != 0 && !disk_sync_dir(from_dir, error))
        return false;
    step_after(step);
    return true;
}

static bool remove_name(const char *path, GError **error)
{
    return unlink(path) == 0 || errno == ENOENT || disk_fail(error, "remove", path, errno);
}

bool disk_unlink_unsynced(enum step step, const char *path, GError **error)
{
    step_before(step);
    if (!remove_name(path, error))
        return false;
    step_after(step);
    return true;
}

bool disk_unlink(enum step step, const char *path, GError **error)
{
    step_before(step);
    if (!remove_name(path, error) || !disk_sync_parent(path, error))
        return false;
    step_after(step);
    return true;
}

/* Removes the named files of a folder. */
static bool empty_dir(const char *path, char **names, GError **error)
{
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *inner = g_build_filename(path, *name, NULL);
        if (unlink(inner) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR)
            return disk_fail(error, "remove", inner, errno);
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "folder %s stands where only files may be; remove it", inner);
        return false;
    }
    return true;
}

bool disk_remove_dir(enum step step, const char *path, GError **error)
{
    step_before(step);
    bool exists = false;
    if (!disk_exists(path, &exists, error))
        return false;
    if (exists) {
        g_auto(GStrv) names = disk_names(path, error);
        if (names == NULL || !empty_dir(path, names, error))
            return false;
        if (rmdir(path) != 0 && errno != ENOENT)
            return disk_fail(error, "remove folder", path, errno);
        if (!disk_sync_parent(path, error))
            return false;
    }
    step_after(step);
    return true;
}

static bool make_dir(enum step step, const char *path, bool (*sync)(const char *, GError **), GError **error)
{
    step_before(step);
    if (mkdir(path, 0750) != 0)
        return disk_fail(error, "make folder", path, errno);
    if (!sync(path, error)) {
        (void)rmdir(path); /* so that the next attempt makes it again, and syncs that */
        return false;
    }
    step_after(step);
    return true;
}

bool disk_make_dir_unsynced(enum step step, const char *path, GError **error)
{
    return make_dir(step, path, disk_sync_parent_now, error);
}

int disk_fs_open(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        (void)disk_fail(error, "open folder", path, errno);
    return fd;
}

bool disk_fs_sync(enum step step, int fs, const char *path, GError **error)
{
    step_before(step);
    pulse();
    if (syncfs(fs) != 0)
        return disk_fail(error, "sync the file system of", path, errno);
    pulse();
    step_after(step);
    return true;
}

void disk_fs_close(int fs)
{
    if (fs >= 0)
        (void)close(fs); /* a folder's descriptor holds no data */
}

bool disk_make_dir(enum step step, const char *path, GError **error)
{
    return make_dir(step, path, disk_sync_parent, error);
}

/* Makes the name of a folder that exists durable: an earlier process may have been stopped between mkdir and sync. A
 * parent that we may not read is not one in which we made folders, so there is nothing to make up for. */
static bool settle_dir(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    return access(parent, R_OK) != 0 || disk_sync_dir(parent, error);
}

bool disk_make_dirs(enum step step, const char *path, GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return settle_dir(path, error);
    g_autofree char *parent = g_path_get_dirname(path);
    if (strcmp(parent, path) != 0 && !disk_make_dirs(step, parent, error))
        return false;
    g_autoptr(GError) cause = NULL;
    if (disk_make_dir(step, path, &cause))
        return true;
    if (g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS) && g_file_test(path, G_FILE_TEST_IS_DIR))
        return settle_dir(path, error); /* another process made it just now */
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* ---- in place ---- */

/* Writes all bytes at that offset. */
static bool write_at(int fd, const char *data, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t put = pwrite(fd, data, len, at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        data += put;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

/* Writes over the open file. 0, or an errno: EPERM for what is no plain file of one name, which others may have put
 * there to have us write elsewhere. */
static int overwrite(int fd, const char *text, size_t len)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode))
        return EPERM;
    if (st.st_nlink > 1)
        return EMLINK;
    size_t rest = (uint64_t)st.st_size > len ? (size_t)st.st_size - len : 0;
    g_autofree char *fill = g_strnfill(rest, '\n');
    return write_at(fd, text, len, 0) && write_at(fd, fill, rest, (off_t)len) && fdatasync(fd) == 0 ? 0 : errno;
}

bool disk_overwrite(enum step step, const char *path, const char *text, bool *gone, GError **error)
{
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int errnum = fd < 0 ? errno : 0;

    *gone = errnum == ENOENT;
    if (*gone)
        return true;
    if (fd < 0)
        return disk_fail(error, "write", path, errnum);
    step_before(step);
    errnum = overwrite(fd, text, strlen(text));
    if (close(fd) != 0 && errnum == 0)
        errnum = errno;
    if (errnum != 0)
        return disk_fail(error, "write", path, errnum);
    step_after(step);
    return true;
}
