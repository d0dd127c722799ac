/*
 * Files that are written and then get their name. The order of the calls is what makes them safe:
 *
 *   - A file is synced before it is renamed. Otherwise a power failure may leave the name with no bytes behind it.
 *   - Its folder is synced after the rename (disk.c).
 *   - A file whose write or sync failed once is abandoned. Linux drops the pages that could not be written and reports
 *     it once: a second fsync of the same file may succeed with the bytes lost.
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

char *disk_temporary_path(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_strdup_printf(".%s.part", base);
    return g_build_filename(dir, name, NULL);
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

void disk_file_share(struct disk_file *file)
{
    g_autofree char *dir = g_path_get_dirname(file->path);
    struct stat st;

    /* Who reads the file says so if it cannot. */
    if (stat(dir, &st) != 0 || fchown(file->fd, (uid_t)-1, st.st_gid) != 0)
        errno = 0;
    if (fchmod(file->fd, 0640) != 0)
        errno = 0;
}

bool disk_file_grant(struct disk_file *file, const struct file_rights *rights, GError **error)
{
    return disk_give_rights(file->fd, file->temporary, rights, error);
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
    pulse();
    if (len > BUFFER - file->held && !flush(file, error))
        return false;
    if (len >= BUFFER)
        return write_all(file, data, len, error);
    memcpy(file->buffer + file->held, data, len);
    file->held += len;
    return true;
}

/* Flushes, gives back what was reserved too much, syncs if asked, closes. `failed` is set until all of it succeeded:
 * after a failed sync a second one may lie (see the top of this file). Not asked, it syncs where disk_fs_sync would
 * not. */
static bool seal(struct disk_file *file, bool sync, GError **error)
{
    if (!usable(file, error) || !flush(file, error))
        return false;
    file->failed = true;
    if (file->expected > file->size && ftruncate(file->fd, (off_t)file->size) != 0)
        return disk_fail(error, "trim", file->temporary, errno);
    if ((sync || !disk_fs_can_sync_file(file->fd)) && fsync(file->fd) != 0)
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
    if (!give_name(file, error) || !disk_sync_parent(file->path, error))
        return false;
    step_after(step);
    return true;
}

bool disk_file_place(enum step step, struct disk_file *file, GError **error)
{
    if (!seal(file, false, error))
        return false;
    step_before(step);
    if (!give_name(file, error) || !disk_sync_parent_now(file->path, error))
        return false;
    step_after(step);
    return true;
}

static bool upload(enum step step, struct disk_file *file, bool sync, GError **error)
{
    step_before(step);
    if (!seal(file, sync, error))
        return false;
    if (!(sync ? disk_sync_parent : disk_sync_parent_now)(file->path, error)) {
        file->failed = true;
        return false;
    }
    file->finished = true;
    step_after(step);
    return true;
}

bool disk_file_upload(enum step step, struct disk_file *file, GError **error)
{
    return upload(step, file, true, error);
}

bool disk_file_upload_unsynced(enum step step, struct disk_file *file, GError **error)
{
    return upload(step, file, false, error);
}

bool disk_file_settle(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return disk_fail(error, "open", path, errno);
    bool now = !disk_fs_can_sync_file(fd), good = !now || fsync(fd) == 0 || disk_fail(error, "sync", path, errno);
    (void)close(fd); /* was not written to */
    return good && (!now || disk_sync_parent(path, error));
}

bool disk_file_publish_new(enum step step, struct disk_file *file, const char *path, GError **error)
{
    if (!seal(file, true, error))
        return false;
    step_before(step);
    file->finished = disk_rename_new(file->temporary, path, error);
    if (!file->finished || !disk_sync_parent(path, error))
        return false;
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

/* Where the file system makes no file without a name, the name is one of those that the start removes (ledger.c): a
 * kill may come before the unlink. */
int disk_temporary(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "etilqs_XXXXXX", NULL);
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            (void)unlink(path); /* if it stays, the next start removes it */
    }
    if (fd < 0)
        (void)disk_fail(error, "make a temporary file in", dir, errno);
    return fd;
}
