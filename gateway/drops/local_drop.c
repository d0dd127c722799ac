#include "gateway/drops/local_drop.h"

#include "formats/filename.h"
#include "formats/text.h"
#include "spool/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 };

struct connection {
    const struct drop *drop;
    gint interrupted; /* atomic */
};

static struct connection *local_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);

    (void)direction; /* each function knows its folder */
    connection->drop = drop;
    return connection;
}

static void local_interrupt(struct connection *connection)
{
    g_atomic_int_set(&connection->interrupted, 1);
}

static void local_close(struct connection *connection)
{
    g_free(connection);
}

/* ---- errors ---- */

static bool down(GError **error, const char *path, int fault)
{
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "%s: %s", path, g_strerror(fault));
    return false;
}

static bool changed(GError **error, const char *name, const char *how)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s %s; left for the next look", shown, how);
    return false;
}

static bool still_running(struct connection *connection, GError **error)
{
    if (!g_atomic_int_get(&connection->interrupted))
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "drop %s: stopped", connection->drop->name);
    return false;
}

/* What failed on the drop's disk is the drop's outage, not ours. */
static bool on_drop(bool good, GError **fault, GError **error)
{
    if (good)
        return true;
    if (g_error_matches(*fault, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, (*fault)->message);
        g_clear_error(fault);
    } else {
        g_propagate_error(error, *fault);
    }
    return false;
}

/* ---- looking ---- */

static struct source_identity identity_of(const struct stat *st)
{
    return (struct source_identity){
        .set = true,
        .dev = (int64_t)st->st_dev,
        .ino = (int64_t)st->st_ino,
        .ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
        .size = st->st_size,
    };
}

/* Nothing is opened before it is known to be a file: opening a pipe or a device can do harm. -1: errno says why,
 * ENOENT for what is no file or is gone. */
static int open_regular(const char *path, struct stat *st)
{
    int fd;

    errno = ENOENT;
    if (lstat(path, st) != 0 || !S_ISREG(st->st_mode))
        return -1;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        errno = ENOENT;
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
        (void)close(fd); /* not even read from */
        errno = ENOENT;
        fd = -1;
    }
    return fd;
}

/* A read lease is given only when nobody has the file open for writing. */
static void ask_for_writers(int fd, bool *written, bool *unsure)
{
    *written = *unsure = false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK); /* closing would release it too */
    else if (errno == EAGAIN)
        *written = true;
    else
        *unsure = true;
}

static bool look_at(const struct connection *connection, const char *name, struct drop_entry *entry)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    struct stat st;

    *entry = (struct drop_entry){.name = name};
    if (lstat(path, &st) != 0)
        return false; /* gone again */
    entry->regular = S_ISREG(st.st_mode);
    entry->identity = identity_of(&st);
    entry->modified = (int64_t)st.st_mtim.tv_sec;
    if (connection->drop->complete != COMPLETE_CLOSED || !entry->regular || filename_is_temporary(name))
        return true;
    int fd = open_regular(path, &st);
    if (fd < 0)
        return errno != ENOENT; /* one that may not be opened is told when it is to be taken */
    ask_for_writers(fd, &entry->written, &entry->unsure);
    (void)close(fd); /* only looked at */
    return true;
}

static bool local_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    DIR *dir = opendir(connection->drop->in);
    struct drop_entry entry;
    struct dirent *found;
    bool good = true;

    if (dir == NULL)
        return down(error, connection->drop->in, errno);
    for (errno = 0; good && (found = readdir(dir)) != NULL; errno = 0) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        if (look_at(connection, found->d_name, &entry) && !visit(user, &entry))
            break;
        good = still_running(connection, error);
    }
    if (good && errno != 0)
        good = down(error, connection->drop->in, errno);
    (void)closedir(dir); /* only read from */
    return good;
}

/* ---- fetching and discarding ---- */

static bool same_file(const struct source_identity *a, const struct source_identity *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime_ns == b->ctime_ns && a->size == b->size;
}

static bool is_still(int fd, const struct source_identity *identity)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    struct source_identity now = identity_of(&st);
    return same_file(&now, identity);
}

static bool copy_out(struct connection *connection, int fd, const char *name, transport_bytes *sink, void *user,
                     GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    ssize_t n;

    while ((n = read(fd, buffer, COPY_SIZE)) > 0) {
        if (!sink(user, buffer, (size_t)n, error) || !still_running(connection, error))
            return false;
    }
    return n == 0 || down(error, name, errno);
}

static bool local_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                        transport_bytes *sink, void *user, GError **error)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    struct stat st;
    int fd = open_regular(path, &st);
    bool written = false, unsure, good;

    if (fd < 0)
        return errno == ENOENT ? changed(error, name, "is gone") : down(error, path, errno);
    if (connection->drop->complete == COMPLETE_CLOSED)
        ask_for_writers(fd, &written, &unsure);
    if (written || !is_still(fd, identity))
        good = changed(error, name, "changed since it was looked at");
    else
        good = copy_out(connection, fd, name, sink, user, error) &&
               (is_still(fd, identity) || changed(error, name, "changed while it was read"));
    (void)close(fd); /* only read from */
    return good;
}

static bool remove_file(const struct connection *connection, const char *path, GError **error)
{
    g_autofree char *marker = g_strconcat(path, DROP_MARKER, NULL);

    /* The marker first: left alone it would make the next file of that name count as whole too early. */
    if (connection->drop->complete == COMPLETE_MARKER && !disk_unlink(STEP_SOURCE_REMOVED, marker, error))
        return false;
    return disk_unlink(STEP_SOURCE_REMOVED, path, error);
}

/* Device, inode and the time of change prove that it is the same file: its bytes need not be compared. */
static bool local_discard(struct connection *connection, const char *name, const struct source_identity *identity,
                          const char *sha256, GError **error)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    GError *fault = NULL;
    struct stat st;
    bool exists = lstat(path, &st) == 0;

    (void)sha256;
    if (!exists && errno != ENOENT)
        return down(error, path, errno);
    struct source_identity there = exists ? identity_of(&st) : (struct source_identity){0};
    /* Removed before a stop, perhaps not durably. This fails, too, where the whole folder is away. */
    if (!exists || !same_file(&there, identity))
        return on_drop(disk_sync_dir(connection->drop->in, &fault), &fault, error);
    return on_drop(remove_file(connection, path, &fault), &fault, error);
}

/* ---- uploading and publishing ---- */

static bool read_failed(GError **error, const char *path)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, g_strerror(errno));
    return false;
}

static bool copy_in(struct connection *connection, int fd, const char *path, struct disk_file *to, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    GError *fault = NULL;
    ssize_t n;

    while ((n = read(fd, buffer, COPY_SIZE)) > 0) {
        if (!on_drop(disk_file_write(to, buffer, (size_t)n, &fault), &fault, error) ||
            !still_running(connection, error))
            return false;
    }
    return n == 0 || read_failed(error, path);
}

static bool upload_bytes(struct connection *connection, int fd, const char *path, const char *target, int64_t size,
                         const char *sha256, GError **error)
{
    GError *fault = NULL;
    g_autoptr(disk_file_t) file = disk_file_create(target, (uint64_t)size, &fault);

    if (!on_drop(file != NULL, &fault, error) || !copy_in(connection, fd, path, file, error) ||
        !on_drop(disk_file_upload(STEP_DELIVERY_UPLOADED, file, &fault), &fault, error))
        return false;
    if (strcmp(disk_file_sha256(file), sha256) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s is not what was stored: its SHA-256 differs", path);
    return false;
}

/* The folder that a name stands in is made below `out`, never `out` itself: where that is away the drop is down. */
static bool make_folder(const struct connection *connection, const char *name, GError **error)
{
    const char *out = connection->drop->out;
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = g_build_filename(out, folder, NULL);
    GError *fault = NULL;

    if (strchr(name, '/') == NULL || disk_make_dir(STEP_DELIVERY_FOLDER, path, &fault))
        return true;
    if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS))
        return on_drop(false, &fault, error);
    g_clear_error(&fault);
    return on_drop(disk_sync_dir(out, &fault), &fault, error); /* a stop may have come before that */
}

static bool local_upload(struct connection *connection, const char *path, const char *name, int64_t size,
                         const char *sha256, GError **error)
{
    g_autofree char *target = g_build_filename(connection->drop->out, name, NULL);

    if (!make_folder(connection, name, error))
        return false;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return read_failed(error, path);
    bool good = upload_bytes(connection, fd, path, target, size, sha256, error);
    (void)close(fd); /* only read from */
    return good;
}

/* The name is taken: by the same bytes, then it is delivered; by others, then an operator must look. */
static bool settle_taken(const char *target, int64_t size, const char *sha256, GError **error)
{
    g_autofree char *temporary = disk_temporary_path(target);
    bool same;

    if (!disk_same_bytes(target, (uint64_t)size, sha256, &same, error))
        return false;
    if (same)
        return disk_unlink(STEP_DELIVERY_DROPPED, temporary, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN,
                "%s is there with other bytes and is left alone; move it away and the delivery goes on", target);
    return false;
}

static bool publish(const char *folder, const char *target, int64_t size, const char *sha256, GError **error)
{
    g_autofree char *temporary = disk_temporary_path(target);
    GError *fault = NULL;
    bool exists;

    if (!disk_exists(temporary, &exists, error))
        return false;
    /* Renamed before a stop, perhaps not durably; the recipient may even have taken it already. This fails, too,
     * where the whole folder is away. */
    if (!exists)
        return disk_sync_dir(folder, error);
    if (disk_publish_temporary(STEP_DELIVERY_PUBLISHED, target, &fault))
        return true;
    if (!g_error_matches(fault, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_propagate_error(error, fault);
        return false;
    }
    g_clear_error(&fault);
    return settle_taken(target, size, sha256, error);
}

static bool local_publish(struct connection *connection, const char *name, int64_t size, const char *sha256,
                          GError **error)
{
    g_autofree char *target = g_build_filename(connection->drop->out, name, NULL);
    g_autofree char *folder = g_path_get_dirname(target);
    GError *fault = NULL;

    /* A recipient that took its file may have removed its folder as well. */
    bool there = g_file_test(folder, G_FILE_TEST_IS_DIR);
    return on_drop(publish(there ? folder : connection->drop->out, target, size, sha256, &fault), &fault, error);
}

const struct transport local_transport = {
    .name = "local",
    .open = local_open,
    .list = local_list,
    .fetch = local_fetch,
    .discard = local_discard,
    .upload = local_upload,
    .publish = local_publish,
    .interrupt = local_interrupt,
    .close = local_close,
};
