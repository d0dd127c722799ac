/*
 * Listing and fetching. Senders write to `in` at the same time, and may do something harmful by mistake. So each entry
 * is looked at before it is opened, opened without following links, and looked at again.
 */
#include "formats/name/filename.h"
#include "gateway/drops/local_connection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

/* ---- listing ---- */

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

/* The name of a user, or the number if it has none. g_free. */
static char *user_name(uid_t uid)
{
    char text[1024]; /* for the members of user; a longer entry of the user database counts as none */
    struct passwd user, *found = NULL;

    return getpwuid_r(uid, &user, text, sizeof text, &found) == 0 && found != NULL
               ? g_strdup(user.pw_name)
               : g_strdup_printf("%lu", (unsigned long)uid);
}

/* Why the file may not be read; NULL: it may, or something else is wrong, which the fetch tells. */
static const char *forbidden(const char *path, const struct stat *st)
{
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 || errno != EACCES)
        return NULL;
    g_autofree char *owner = user_name(st->st_uid), *own = user_name(geteuid());
    g_autofree char *text = g_strdup_printf(
        "it belongs to user %s, its mode is %04o, and the gateway's user %s may not read it; give that "
        "user read access, or move it away; higher numbers of its sender and type wait, all else goes on",
        owner, (unsigned int)st->st_mode & 07777, own);
    return g_intern_string(text); /* one for each owner and mode */
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
    entry->identity = local_identity(&st);
    entry->modified = (int64_t)st.st_mtim.tv_sec;
    if (entry->regular)
        entry->forbidden = forbidden(path, &st);
    if (connection->drop->complete != COMPLETE_CLOSED || !entry->regular ||
        filename_is_temporary(name, connection->drop->temporary))
        return true;
    int fd = open_regular(path, &st);
    if (fd < 0)
        return errno != ENOENT; /* otherwise forbidden, or its fetch, says why it cannot be opened */
    ask_for_writers(fd, &entry->written, &entry->unsure);
    (void)close(fd); /* nothing was read */
    return true;
}

bool local_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    DIR *dir = opendir(connection->drop->in);
    struct drop_entry entry;
    struct dirent *found;
    bool good = true;

    if (dir == NULL)
        return local_down(error, connection->drop->in, "listed", errno);
    if (faccessat(AT_FDCWD, connection->drop->in, X_OK, AT_EACCESS) != 0) {
        int errnum = errno;
        (void)closedir(dir); /* was only read from */
        return local_down(error, connection->drop->in, "searched", errnum);
    }
    for (errno = 0; good && (found = readdir(dir)) != NULL; errno = 0) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        if (look_at(connection, found->d_name, &entry) && !visit(user, &entry))
            break;
        good = local_still_running(connection, error);
    }
    if (good && errno != 0)
        good = local_down(error, connection->drop->in, "listed", errno);
    (void)closedir(dir); /* was only read from */
    return good;
}

/* ---- fetching ---- */

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
        return local_down(error, path, what, errnum);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "%s cannot be %s: %s; give the gateway's user the right to read and to remove it, or move it away",
                path, what, g_strerror(errnum));
    return false;
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
        if (!sink->write(sink->user, buffer, (size_t)n, error) || !local_still_running(f->connection, error))
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
    if (!local_is_still(f->fd, f->identity))
        return local_changed(error, f->name, "changed while it was read");
    if (bytes == f->identity->size)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "the file system says that %s has %" G_GINT64_FORMAT " bytes, but %" G_GINT64_FORMAT
                " could be read; copy it to another name",
                f->path, f->identity->size, bytes);
    return false;
}

bool local_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                 const struct byte_sink *sink, GError **error)
{
    g_autofree char *path = g_build_filename(connection->drop->in, name, NULL);
    struct stat st;
    int fd = open_regular(path, &st);
    bool written = false, unsure, good;

    if (fd < 0)
        return errno == ENOENT ? local_changed(error, name, "is gone")
                               : entry_failed(connection, path, "opened", error);
    const struct fetching fetching = {connection, fd, path, name, identity};
    if (connection->drop->complete == COMPLETE_CLOSED)
        ask_for_writers(fd, &written, &unsure);
    if (written || !local_is_still(fd, identity))
        good = local_changed(error, name, "changed since it was listed");
    else
        good = fetch(&fetching, sink, error);
    (void)close(fd); /* was only read from */
    return good;
}
