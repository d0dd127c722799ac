/*
 * Drops on a disk of this machine. Others write to these folders at the same time: senders put files into `in`,
 * recipients take them out of `out`, and either may do something harmful by mistake. So each entry is looked at before
 * it is opened, opened without following links, and looked at again. What changes a folder goes through spool/disk.h,
 * as everywhere.
 */
#include "gateway/drops/local_drop.h"

#include "formats/filename.h"
#include "formats/text.h"
#include "gateway/config_file.h"
#include "spool/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

struct connection {
    const struct drop *drop;
    gint interrupted; /* atomic: set from any thread */
};

/* ---- settings, life ---- */

static void local_load(struct config_loading *l, const char *group, struct drop *drop)
{
    drop->in = config_path_value(l, group, "in", NULL);
    drop->out = config_path_value(l, group, "out", NULL);
}

/* Device and inode, which every path, link and mount of a folder share. A folder that is not there yet is named after
 * the one that it would stand in. */
static char *local_folder_key(const struct drop *drop, const char *folder)
{
    g_autofree char *path = g_canonicalize_filename(folder, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    struct stat st;

    if (stat(folder, &st) == 0 || stat(path, &st) == 0)
        return g_strdup_printf("local %ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    if (strcmp(dir, path) == 0)
        return g_strdup("local /");
    g_autofree char *parent = local_folder_key(drop, dir);
    return g_strconcat(parent, "/", name, NULL);
}

static struct connection *local_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);

    (void)direction; /* each function knows its folder by itself */
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

static bool down(GError **error, const char *path, const char *what, int errnum)
{
    bool full = errnum == EMFILE || errnum == ENFILE;

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "%s cannot be %s: %s; %s", path, what, g_strerror(errnum),
                full ? "raise the limit of open files of the gateway's user (ulimit -n)"
                     : "check that the folder is there and that the gateway's user may use it");
    return false;
}

/* What cannot be done with one entry is a fault of that entry if its folder can still be listed, and if we did not lack
 * descriptors or memory ourselves. */
static bool entry_failed(const struct connection *connection, const char *path, const char *what, GError **error)
{
    int errnum = errno;
    bool ours = errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM;
    DIR *dir = ours ? NULL : opendir(connection->drop->in);
    bool works = false;

    if (dir != NULL) {
        works = readdir(dir) != NULL && faccessat(AT_FDCWD, connection->drop->in, X_OK, AT_EACCESS) == 0;
        (void)closedir(dir); /* was only read from */
    }
    if (!works)
        return down(error, path, what, errnum);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "%s cannot be %s: %s; give the gateway's user the right to read and to remove it, or move it away",
                path, what, g_strerror(errnum));
    return false;
}

static bool changed(GError **error, const char *name, const char *how)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s %s; the gateway looks at it again", shown, how);
    return false;
}

static bool still_running(struct connection *connection, GError **error)
{
    if (!g_atomic_int_get(&connection->interrupted))
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "drop %s: stopped", connection->drop->name);
    return false;
}

/* Passes a failure on. What failed on the drop's disk is an outage of the drop, not a failure of our spool. */
static bool on_drop(bool good, GError **cause, GError **error)
{
    if (good)
        return true;
    if (g_error_matches(*cause, SPOOL_ERROR, SPOOL_ERROR_RETRY)) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, (*cause)->message);
        g_clear_error(cause);
    } else {
        g_propagate_error(error, *cause);
    }
    return false;
}

/* ---- listing ---- */

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

/* Opens a file, after it is known to be one: opening a pipe would block, opening a device may act on it. -1 on failure:
 * errno says why, ENOENT if it is gone or no regular file. */
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
        (void)close(fd); /* nothing was read */
        errno = ENOENT;
        fd = -1;
    }
    return fd;
}

/* Asks whether a process has the file open for writing: then the kernel grants no read lease (fcntl(2)). File systems
 * of other machines grant none at all. */
static void ask_for_writers(int fd, bool *written, bool *unsure)
{
    *written = *unsure = false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK); /* if it fails: closing releases it too */
    else if (errno == EAGAIN)
        *written = true;
    else
        *unsure = true;
}

/* An entry that cannot be looked at although its folder can be searched, as on a disk that is damaged. */
static bool look_failed(struct drop_entry *entry)
{
    g_autofree char *fault = g_strdup_printf("it cannot be looked at: %s; check the disk", g_strerror(errno));

    if (errno == ENOENT)
        return false;
    entry->fault = g_intern_string(fault); /* one for each errno */
    return true;
}

/* Fills the entry of a name; false if it is gone again. */
static bool look_at(const struct connection *connection, const char *name, struct drop_entry *entry)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    struct stat st;

    *entry = (struct drop_entry){.name = name};
    if (lstat(path, &st) != 0)
        return look_failed(entry);
    entry->regular = S_ISREG(st.st_mode);
    entry->identity = identity_of(&st);
    entry->modified = (int64_t)st.st_mtim.tv_sec;
    if (connection->drop->complete != COMPLETE_CLOSED || !entry->regular ||
        filename_is_temporary(name, connection->drop->temporary))
        return true;
    int fd = open_regular(path, &st);
    if (fd < 0)
        return errno != ENOENT; /* one that cannot be opened is reported by its fetch */
    ask_for_writers(fd, &entry->written, &entry->unsure);
    (void)close(fd); /* nothing was read */
    return true;
}

static bool local_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    DIR *dir = opendir(connection->drop->in);
    struct drop_entry entry;
    struct dirent *found;
    bool good = true;

    if (dir == NULL)
        return down(error, connection->drop->in, "listed", errno);
    if (faccessat(AT_FDCWD, connection->drop->in, X_OK, AT_EACCESS) != 0) {
        int errnum = errno;
        (void)closedir(dir); /* was only read from */
        return down(error, connection->drop->in, "searched", errnum);
    }
    for (errno = 0; good && (found = readdir(dir)) != NULL; errno = 0) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        if (look_at(connection, found->d_name, &entry) && !visit(user, &entry))
            break;
        good = still_running(connection, error);
    }
    if (good && errno != 0)
        good = down(error, connection->drop->in, "listed", errno);
    (void)closedir(dir); /* was only read from */
    return good;
}

/* ---- fetching ---- */

/* True if the open file still has that identity. */
static bool is_still(int fd, const struct source_identity *identity)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return false;
    struct source_identity now = identity_of(&st);
    return source_identity_same(&now, identity);
}

/* The open file that is fetched. */
struct fetching {
    struct connection *connection;
    int fd;
    const char *path, *name;
    const struct source_identity *identity;
};

/* Reads the file to its end, into the sink. *bytes: how many there were. */
static bool copy_out(const struct fetching *f, const struct byte_sink *sink, int64_t *bytes, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    ssize_t n;

    *bytes = 0;
    while ((n = read(f->fd, buffer, COPY_SIZE)) > 0) {
        if (!sink->write(sink->user, buffer, (size_t)n, error) || !still_running(f->connection, error))
            return false;
        *bytes += n;
    }
    return n == 0 || entry_failed(f->connection, f->path, "read", error);
}

/* Some file systems tell another size than the file has; then nothing proves that it was read to its end. */
static bool fetch(const struct fetching *f, const struct byte_sink *sink, GError **error)
{
    int64_t bytes;

    if (!copy_out(f, sink, &bytes, error))
        return false;
    if (!is_still(f->fd, f->identity))
        return changed(error, f->name, "changed while it was read");
    if (bytes == f->identity->size)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "the file system says that %s has %" G_GINT64_FORMAT " bytes, but %" G_GINT64_FORMAT
                " could be read; copy it to another name",
                f->path, f->identity->size, bytes);
    return false;
}

static bool local_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                        const struct byte_sink *sink, GError **error)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    struct stat st;
    int fd = open_regular(path, &st);
    bool written = false, unsure, good;

    if (fd < 0)
        return errno == ENOENT ? changed(error, name, "is gone") : entry_failed(connection, path, "opened", error);
    const struct fetching fetching = {connection, fd, path, name, identity};
    if (connection->drop->complete == COMPLETE_CLOSED)
        ask_for_writers(fd, &written, &unsure);
    if (written || !is_still(fd, identity))
        good = changed(error, name, "changed since it was listed");
    else
        good = fetch(&fetching, sink, error);
    (void)close(fd); /* was only read from */
    return good;
}

/* ---- discarding ---- */

/* A copy that is to go: paths in `in`. By the rule `marker` the last two are set, else NULL. */
struct discarding {
    const struct connection *connection;
    const struct drop_copy *copy;
    char *path, *taken;
    char *marker, *taken_marker;
};

static void discarding_clear(struct discarding *d)
{
    g_free(d->path);
    g_free(d->taken);
    g_free(d->marker);
    g_free(d->taken_marker);
}

/* Where nothing at all can be removed, the drop is down. Frees cause, returns false. */
static bool remove_failed(const struct connection *connection, GError *cause, GError **error)
{
    bool works = g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_RETRY) &&
                 faccessat(AT_FDCWD, connection->drop->in, R_OK | W_OK | X_OK, AT_EACCESS) == 0;

    if (!works)
        return on_drop(false, &cause, error);
    g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY, cause->message);
    g_error_free(cause);
    return false;
}

/* Gives a name back. A name that is taken again is left alone: *back is false then. */
static bool give_back(const char *taken, const char *path, bool *back, GError **error)
{
    GError *cause = NULL;

    *back = disk_rename_noreplace(STEP_SOURCE_RETURNED, taken, path, &cause);
    if (*back || g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS)) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* The marker belongs to what stands under the name now. If that has a marker already, ours is not needed. */
static bool return_marker(const struct discarding *d, GError **error)
{
    struct stat st;
    bool back;

    if (d->marker == NULL || lstat(d->taken_marker, &st) != 0)
        return true;
    return give_back(d->taken_marker, d->marker, &back, error) &&
           (back || disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error));
}

/* A newer file was taken: it came between the look at the name and the rename, or while the gateway was stopped. */
static bool return_newer(const struct discarding *d, GError **error)
{
    bool back;

    if (!give_back(d->taken, d->path, &back, error))
        return false;
    if (back)
        return return_marker(d, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "a newer file of that name stands as %s, for its own name was taken again meanwhile; it gets its name "
                "once that is free: move the other file away, or rename this one",
                d->taken);
    return false;
}

/* The copy is ours: removes it under the name that it was taken to, the marker first. */
static bool remove_taken(const struct discarding *d, GError **error)
{
    if (d->marker != NULL && !disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error))
        return false;
    return disk_unlink(STEP_SOURCE_REMOVED, d->taken, error);
}

/* A stop came after the copy was taken. Its time of change is that of the rename, and an inode may have been used
 * again: its bytes are compared. */
static bool settle_taken_copy(const struct discarding *d, GError **error)
{
    bool same;

    if (!disk_same_bytes(d->taken, (uint64_t)d->copy->identity->size, d->copy->sha256, &same, error))
        return false;
    return same ? remove_taken(d, error) : return_newer(d, error);
}

/* Takes a file to its new name. *taken is false if it is gone. Where a rename is refused but a removal is not, as on
 * some file systems of other machines, the file has been looked at a moment ago and is removed under its own name. */
static bool take(const struct discarding *d, bool *taken, GError **error)
{
    GError *cause = NULL;
    struct stat st, there;

    *taken = false;
    if (d->marker != NULL && lstat(d->marker, &st) == 0 &&
        !disk_rename_unsynced(STEP_SOURCE_TAKEN, d->marker, d->taken_marker, error))
        return false;
    *taken = disk_rename_unsynced(STEP_SOURCE_TAKEN, d->path, d->taken, &cause);
    if (*taken)
        return true;
    g_error_free(cause);
    /* A rename may fail and yet be done. Where it is a link and a removal, it may be done in part: one file has both
     * names then. Nothing stood under the other name before. */
    bool done = lstat(d->taken, &there) == 0;
    bool left = lstat(d->path, &st) == 0;
    if (!left && errno != ENOENT)
        return down(error, d->path, "looked at", errno);
    *taken = done && (!left || there.st_ino != st.st_ino);
    if (*taken || !left)
        return true;
    return (!done || disk_unlink(STEP_SOURCE_REMOVED, d->taken, error)) &&
           disk_unlink(STEP_SOURCE_REMOVED, d->path, error);
}

/* Takes the file that is open as fd, and looks whether it was that one. Its time of change is another one then. */
static bool take_and_remove(const struct discarding *d, int fd, GError **error)
{
    struct stat before, after;
    bool taken;

    if (fstat(fd, &before) != 0)
        return down(error, d->path, "looked at", errno);
    if (!take(d, &taken, error))
        return false;
    if (!taken)
        return d->marker == NULL || disk_unlink(STEP_SOURCE_REMOVED, d->taken_marker, error);
    if (lstat(d->taken, &after) != 0)
        return down(error, d->taken, "looked at", errno);
    bool ours = after.st_dev == before.st_dev && after.st_ino == before.st_ino && after.st_size == before.st_size &&
                after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec;
    return ours ? remove_taken(d, error) : return_newer(d, error);
}

/* Device, inode and time of change prove that it is the same file, so its bytes need not be compared. The descriptor
 * keeps its inode from being used for another file. */
static bool discard(const struct discarding *d, GError **error)
{
    struct stat st;
    GError *cause = NULL;

    if (lstat(d->taken, &st) == 0)
        return settle_taken_copy(d, &cause) || remove_failed(d->connection, cause, error);
    int fd = open(d->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return down(error, d->path, "looked at", errno);
    /* It may have been removed before a crash, and perhaps not durably: sync the folder again. That also fails, as it
     * should, if the whole folder is missing. */
    bool ours = fd >= 0 && is_still(fd, d->copy->identity);
    bool good = ours ? take_and_remove(d, fd, &cause)
                     : return_marker(d, &cause) && disk_sync_dir(d->connection->drop->in, &cause);
    if (fd >= 0)
        (void)close(fd); /* nothing was read */
    if (good)
        return true;
    return ours ? remove_failed(d->connection, cause, error) : on_drop(false, &cause, error);
}

static bool local_discard(struct connection *connection, const struct drop_copy *copy, GError **error)
{
    const char *in = connection->drop->in;
    struct discarding d = {.connection = connection, .copy = copy};

    d.path = g_build_filename(in, copy->name, NULL);
    d.taken = g_build_filename(in, copy->taken_name, NULL);
    if (connection->drop->complete == COMPLETE_MARKER) {
        g_autofree char *name = g_strconcat(copy->name, DROP_MARKER, NULL);
        g_autofree char *taken = transport_taken_marker(copy->taken_name);
        d.marker = g_build_filename(in, name, NULL);
        d.taken_marker = g_build_filename(in, taken, NULL);
    }
    bool good = discard(&d, error);
    discarding_clear(&d);
    return good;
}

/* ---- uploading and publishing ---- */

/* The file of our own spool cannot be read. */
static bool read_failed(GError **error, const char *path)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s; check the disk of the spool", path,
                g_strerror(errno));
    return false;
}

/* The file of our own spool that is to be uploaded. */
struct uploading {
    struct connection *connection;
    int fd;
    const char *path; /* for errors */
};

/* Writes the open file to its end, into the drop's temporary file. */
static bool copy_in(const struct uploading *from, struct disk_file *to, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    GError *cause = NULL;
    ssize_t n;

    while ((n = read(from->fd, buffer, COPY_SIZE)) > 0) {
        if (!on_drop(disk_file_write(to, buffer, (size_t)n, &cause), &cause, error) ||
            !still_running(from->connection, error))
            return false;
    }
    return n == 0 || read_failed(error, from->path);
}

/* The path of a name of an outgoing file; g_free. */
static char *out_path(const struct connection *connection, const char *name)
{
    return g_build_filename(connection->drop->out, name, NULL);
}

static bool upload_bytes(const struct uploading *from, const struct outgoing_file *to, GError **error)
{
    g_autofree char *target = out_path(from->connection, to->name);
    g_autofree char *temporary = out_path(from->connection, to->temporary);
    GError *cause = NULL;
    g_autoptr(disk_file_t) file = disk_file_create_as(target, temporary, (uint64_t)to->content.size, &cause);

    if (!on_drop(file != NULL, &cause, error) || !copy_in(from, file, error) ||
        !on_drop(disk_file_upload(STEP_DELIVERY_UPLOADED, file, &cause), &cause, error))
        return false;
    if (strcmp(disk_file_sha256(file), to->content.sha256) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s is not what was stored: its SHA-256 differs; restore it from a backup", from->path);
    return false;
}

/* Makes the folder that a name stands in, below `out`. `out` itself is never made: without it the drop is down. */
static bool make_folder(const struct connection *connection, const char *name, GError **error)
{
    const char *out = connection->drop->out;
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = g_build_filename(out, folder, NULL);
    GError *cause = NULL;

    if (strchr(name, '/') == NULL || disk_make_dir(STEP_DELIVERY_FOLDER, path, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS))
        return on_drop(false, &cause, error);
    g_clear_error(&cause);
    return on_drop(disk_sync_dir(out, &cause), &cause, error); /* a crash may have come between making and sync */
}

static bool local_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
                         enum publication_state *state, GError **error)
{
    g_autofree char *temporary = out_path(connection, file->temporary);
    GError *cause = NULL;
    bool there;

    if (!make_folder(connection, file->name, error))
        return false;
    const struct uploading from = {connection, open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path};
    if (from.fd < 0)
        return read_failed(error, path);
    bool good = upload_bytes(&from, file, error);
    (void)close(from.fd); /* was only read from */
    if (!good || !on_drop(disk_exists(temporary, &there, &cause), &cause, error))
        return false;
    *state = there ? PUBLICATION_READY : PUBLICATION_MISSING;
    return true;
}

struct publishing {
    const char *folder; /* that both names stand in, or `out` if the recipient removed that folder with its file */
    const char *temporary, *target;
    const struct content *content;
    struct publication *publication;
};

/* The name exists. With the same bytes the file is delivered; with others an operator must decide. */
static bool settle_taken(const struct publishing *p, GError **error)
{
    bool same;

    if (!disk_same_bytes(p->target, (uint64_t)p->content->size, p->content->sha256, &same, error))
        return false;
    if (same) {
        p->publication->state = PUBLICATION_SEEN;
        return disk_unlink(STEP_DELIVERY_DROPPED, p->temporary, error);
    }
    p->publication->open = false;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN,
                "%s exists with other bytes and is left alone; move it away, then the delivery goes on", p->target);
    return false;
}

/* Syncing the folder makes up for a rename before a crash; it also fails, as it should, if the whole folder is missing.
 */
static bool look(const struct publishing *p, GError **error)
{
    bool temporary, target;

    if (!disk_exists(p->target, &target, error) || (target && !settle_taken(p, error)) ||
        !disk_exists(p->temporary, &temporary, error))
        return false;
    if (target)
        return true;
    if (!temporary && !disk_sync_dir(p->folder, error))
        return false;
    p->publication->state = temporary              ? PUBLICATION_READY
                            : p->publication->open ? PUBLICATION_CONCLUDED
                                                   : PUBLICATION_MISSING;
    if (temporary)
        p->publication->open = false;
    return true;
}

/* After a rename that the file system says it has carried out. */
static bool look_after(const struct publishing *p, GError **error)
{
    bool temporary = false, target;

    p->publication->open = true;
    if (!disk_sync_dir(p->folder, error) || !disk_exists(p->target, &target, error) ||
        (!target && !disk_exists(p->temporary, &temporary, error)))
        return false;
    p->publication->open = false;
    p->publication->state = PUBLICATION_SEEN;
    if (!temporary)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN,
                "the file system says that it renamed %s to %s, and did not; check the disk", p->temporary, p->target);
    return false;
}

static bool publish(const struct publishing *p, GError **error)
{
    g_autoptr(GError) refusal = NULL;

    if (disk_rename_unsynced(STEP_DELIVERY_PUBLISHED, p->temporary, p->target, &refusal))
        return look_after(p, error);
    /* The name may be taken; somebody may have cleared the file away; a file system of another machine may have renamed
     * all the same. */
    if (!look(p, error))
        return false;
    p->publication->open = false;
    if (p->publication->state != PUBLICATION_READY)
        return true;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return false;
}

typedef bool publication_call(const struct publishing *p, GError **error);

/* Calls look or publish for a file. */
static bool with_names(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                       publication_call *call, GError **error)
{
    g_autofree char *temporary = out_path(connection, file->temporary);
    g_autofree char *target = out_path(connection, file->name);
    g_autofree char *folder = g_path_get_dirname(target);
    GError *cause = NULL;

    bool there = g_file_test(folder, G_FILE_TEST_IS_DIR);
    const struct publishing p = {.folder = there ? folder : connection->drop->out,
                                 .temporary = temporary,
                                 .target = target,
                                 .content = &file->content,
                                 .publication = publication};
    return on_drop(call(&p, &cause), &cause, error);
}

static bool local_look(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                       GError **error)
{
    return with_names(connection, file, publication, look, error);
}

static bool local_publish(struct connection *connection, const struct outgoing_file *file,
                          struct publication *publication, GError **error)
{
    return with_names(connection, file, publication, publish, error);
}

/* ---- the claim ---- */

static bool claim_read(struct connection *connection, struct claim_text *claim, GError **error)
{
    return still_running(connection, error) && local_claim_read(connection->drop, claim, error);
}

static bool claim_make(struct connection *connection, const char *text, GError **error)
{
    GError *cause = NULL;

    if (local_claim_make(connection->drop, text, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS))
        return on_drop(false, &cause, error);
    g_error_free(cause);
    return changed(error, CLAIM_NAME, "is there already");
}

static bool claim_write(struct connection *connection, const char *text, GError **error)
{
    GError *cause = NULL;

    return on_drop(local_claim_write(connection->drop, text, &cause), &cause, error);
}

const struct transport local_transport = {
    .name = "local",
    .local_folders = true,
    .first_rule = COMPLETE_CLOSED,
    .load = local_load,
    .folder_key = local_folder_key,
    .probe = local_probe,
    .open = local_open,
    .list = local_list,
    .fetch = local_fetch,
    .discard = local_discard,
    .upload = local_upload,
    .look = local_look,
    .publish = local_publish,
    .claim_read = claim_read,
    .claim_make = claim_make,
    .claim_write = claim_write,
    .interrupt = local_interrupt,
    .close = local_close,
};
