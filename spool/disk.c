/*
 * Durable changes of files and folders. The order of the calls is what makes them safe:
 *
 *   - A file is synced before it is renamed. Otherwise a power failure may leave the name with no bytes behind it.
 *   - The folder is synced after the rename. Otherwise a power failure may take the name away again, after the sender's
 *     copy was removed because of it.
 *   - A file whose write or sync failed once is abandoned. Linux drops the pages that could not be written and reports
 *     it once: a second fsync of the same file may succeed with the bytes lost.
 *
 * Each change of the disk stands between step_before and step_after, so that the crash test can stop there.
 */
#include "spool/disk.h"
#include "spool/disk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that one write(2) carries. With larger ones the kernel takes its pages in large blocks, which a virtual machine
 * may have to get from its host first: that made them three times as dear. */
enum { BUFFER = 32 * 1024 };

/* After so many bytes the disk is told to begin with them, so that the sync at the end finds little left to do. */
enum { EARLY = 8 * 1024 * 1024 };

struct disk_file {
    char *path, *temporary;
    int fd;                  /* -1 once closed */
    uint64_t expected;       /* bytes reserved */
    uint64_t size;           /* bytes that the caller has given */
    uint64_t written, begun; /* bytes given to the kernel, and how many of them the disk was told to begin with */
    bool failed;             /* a write or a sync failed: the file must not get its name */
    bool finished;           /* published, placed or uploaded: the temporary file is no longer ours to remove */
    size_t held;             /* bytes in buffer */
    struct digest *digest;
    char sha256[DIGEST_HEX_SIZE];
    char buffer[BUFFER];
};

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

char *disk_temporary_path(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_strdup_printf(".%s.part", base);
    return g_build_filename(dir, name, NULL);
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

static bool sync_parent(const char *path, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(path);
    return disk_sync_dir(dir, error);
}

/* 0, or the errno of a disk that has no room. A file system that cannot reserve is no error: the writes will tell. */
static int reserve(int fd, uint64_t expected)
{
    if (expected == 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)expected) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR ? 0 : errno;
}

/* O_EXCL and O_NOFOLLOW: in a drop others may write too, and a link that they put in our way must not lead us
 * elsewhere. */
struct disk_file *disk_file_create_as(const char *path, const char *temporary, uint64_t expected_size, GError **error)
{
    if (unlink(temporary) != 0 && errno != ENOENT) {
        (void)disk_fail(error, "replace", temporary, errno);
        return NULL;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        /* EEXIST here is somebody who made the file just now, not a final name that is taken. */
        (void)disk_fail(error, "create", temporary, errno == EEXIST ? EBUSY : errno);
        return NULL;
    }
    int errnum = reserve(fd, expected_size);
    if (errnum != 0) {
        (void)close(fd);         /* empty */
        (void)unlink(temporary); /* if it stays, the next create replaces it */
        (void)disk_fail(error, "reserve space for", temporary, errnum);
        return NULL;
    }
    struct disk_file *file = g_malloc(sizeof *file);
    file->path = g_strdup(path);
    file->temporary = g_strdup(temporary);
    file->fd = fd;
    file->expected = expected_size;
    file->size = file->written = file->begun = 0;
    file->failed = file->finished = false;
    file->held = 0;
    file->digest = digest_new();
    return file;
}

struct disk_file *disk_file_create(const char *path, uint64_t expected_size, GError **error)
{
    g_autofree char *temporary = disk_temporary_path(path);
    return disk_file_create_as(path, temporary, expected_size, error);
}

/* A hint to the disk, whose failure counts for nothing: only the sync at the end tells whether the bytes are safe. */
static void begin_early(struct disk_file *file)
{
    if (file->written - file->begun < EARLY)
        return;
    (void)sync_file_range(file->fd, (off_t)file->begun, (off_t)(file->written - file->begun), SYNC_FILE_RANGE_WRITE);
    file->begun = file->written;
}

/* Writes to the kernel in pieces of BUFFER bytes. */
static bool write_all(struct disk_file *file, const char *data, size_t len, GError **error)
{
    while (len > 0) {
        ssize_t put = write(file->fd, data, MIN(len, BUFFER));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            file->failed = true;
            return disk_fail(error, "write", file->temporary, put < 0 ? errno : EIO);
        }
        file->written += (uint64_t)put;
        data += put;
        len -= (size_t)put;
    }
    begin_early(file);
    return true;
}

static bool flush(struct disk_file *file, GError **error)
{
    size_t held = file->held;
    file->held = 0;
    return write_all(file, file->buffer, held, error);
}

/* Whether the file may still be written; after an error or its end that is a mistake of the caller. */
static bool usable(const struct disk_file *file, GError **error)
{
    if (!file->failed && !file->finished)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BUG, "%s is used after its end: stop the gateway and report this",
                file->temporary);
    return false;
}

bool disk_file_write(void *user, const char *data, size_t len, GError **error)
{
    struct disk_file *file = user;
    if (!usable(file, error))
        return false;
    digest_update(file->digest, data, len);
    file->size += len;
    if (len > BUFFER - file->held && !flush(file, error))
        return false;
    if (len >= BUFFER)
        return write_all(file, data, len, error);
    memcpy(file->buffer + file->held, data, len);
    file->held += len;
    return true;
}

/* Flushes, gives back what was reserved too much, syncs if asked, closes. `failed` is set until all of it succeeded:
 * after a failed sync a second one may lie (see the top of this file). */
static bool seal(struct disk_file *file, bool sync, GError **error)
{
    if (!usable(file, error) || !flush(file, error))
        return false;
    file->failed = true;
    if (file->expected > file->size && ftruncate(file->fd, (off_t)file->size) != 0)
        return disk_fail(error, "trim", file->temporary, errno);
    if (sync && fsync(file->fd) != 0)
        return disk_fail(error, "sync", file->temporary, errno);
    int fd = file->fd;
    file->fd = -1;
    if (close(fd) != 0)
        return disk_fail(error, "close", file->temporary, errno);
    file->failed = false;
    digest_hex(file->digest, file->sha256);
    return true;
}

/* The rename. Once it succeeded, the temporary file no longer exists and must not be removed. */
static bool give_name(struct disk_file *file, GError **error)
{
    file->finished = rename(file->temporary, file->path) == 0;
    file->failed = !file->finished;
    return file->finished || disk_fail(error, "publish", file->path, errno);
}

bool disk_file_publish(enum step step, struct disk_file *file, GError **error)
{
    if (!seal(file, true, error))
        return false;
    step_before(step);
    if (!give_name(file, error) || !sync_parent(file->path, error))
        return false;
    step_after(step);
    return true;
}

bool disk_file_place(enum step step, struct disk_file *file, GError **error)
{
    if (!seal(file, false, error))
        return false;
    step_before(step);
    if (!give_name(file, error))
        return false;
    step_after(step);
    return true;
}

bool disk_file_upload(enum step step, struct disk_file *file, GError **error)
{
    step_before(step);
    if (!seal(file, true, error))
        return false;
    if (!sync_parent(file->path, error)) {
        file->failed = true;
        return false;
    }
    file->finished = true;
    step_after(step);
    return true;
}

bool disk_file_upload_unsynced(enum step step, struct disk_file *file, GError **error)
{
    step_before(step);
    if (!seal(file, false, error))
        return false;
    file->finished = true;
    step_after(step);
    return true;
}

uint64_t disk_file_size(const struct disk_file *file)
{
    return file->size;
}

const char *disk_file_sha256(const struct disk_file *file)
{
    return file->finished ? file->sha256 : NULL;
}

void disk_file_free(struct disk_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        (void)close(file->fd); /* abandoned */
    if (!file->finished)
        (void)unlink(file->temporary); /* if it stays, the next create replaces it */
    digest_free(file->digest);
    g_free(file->path);
    g_free(file->temporary);
    g_free(file);
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

static bool rename_noreplace(const char *from, const char *to, GError **error)
{
    int errnum = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    if (errnum == EINVAL || errnum == ENOSYS)
        errnum = rename_careful(from, to);
    return errnum == 0 || disk_fail(error, "rename to", to, errnum);
}

bool disk_file_publish_new(enum step step, struct disk_file *file, const char *path, GError **error)
{
    if (!seal(file, true, error))
        return false;
    step_before(step);
    file->finished = rename_noreplace(file->temporary, path, error);
    if (!file->finished || !sync_parent(path, error))
        return false;
    step_after(step);
    return true;
}

bool disk_rename_unsynced(enum step step, const char *from, const char *to, GError **error)
{
    step_before(step);
    if (!rename_noreplace(from, to, error))
        return false;
    step_after(step);
    return true;
}

bool disk_rename_noreplace(enum step step, const char *from, const char *to, GError **error)
{
    step_before(step);
    if (!rename_noreplace(from, to, error))
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

bool disk_unlink(enum step step, const char *path, GError **error)
{
    step_before(step);
    if (unlink(path) != 0 && errno != ENOENT)
        return disk_fail(error, "remove", path, errno);
    if (!sync_parent(path, error))
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
        if (!sync_parent(path, error))
            return false;
    }
    step_after(step);
    return true;
}

bool disk_make_dir_unsynced(enum step step, const char *path, GError **error)
{
    step_before(step);
    if (mkdir(path, 0750) != 0)
        return disk_fail(error, "make folder", path, errno);
    step_after(step);
    return true;
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
    if (syncfs(fs) != 0)
        return disk_fail(error, "sync the file system of", path, errno);
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
    step_before(step);
    if (mkdir(path, 0750) != 0)
        return disk_fail(error, "make folder", path, errno);
    if (!sync_parent(path, error)) {
        (void)rmdir(path); /* so that the next attempt makes it again, and syncs that */
        return false;
    }
    step_after(step);
    return true;
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
