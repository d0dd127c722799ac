/*
 * Delivering a file to a folder of this machine. Recipients take files out of `out` at the same time.
 */
#include "gateway/drops/local_connection.h"
#include "gateway/drops/publication.h"
#include "spool/disk.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

/* ---- many files made durable by one sync ---- */

/* A batch of this many files is synced with its file system as a whole, which also flushes what others write there.
 * Smaller ones are synced file by file. */
enum { BATCH_WORTH = 8 };

void local_begin_batch(struct connection *connection, size_t n)
{
    const char *out = connection->drop->out;
    struct stat st;

    connection->discards = connection->direction == CONNECTION_IN;
    if (connection->discards || n < BATCH_WORTH || stat(out, &st) != 0 || !disk_fs_can_sync(out))
        return;
    connection->device = st.st_dev;
    connection->fs = disk_fs_open(out, NULL); /* -1: each file is synced by itself */
}

bool local_end_batch(struct connection *connection, GError **error)
{
    int fs = connection->fs;
    GError *cause = NULL;

    if (connection->discards)
        return local_end_discards(connection, error);
    if (fs < 0)
        return true;
    connection->fs = -1;
    bool good = disk_fs_sync(STEP_DELIVERY_SYNCED, fs, connection->drop->out, &cause);
    disk_fs_close(fs);
    return local_on_drop(good, &cause, error);
}

/* True: the end of the batch makes durable what changes in the folder. A recipient's folder may be on another disk. */
static bool synced_later(const struct connection *connection, const char *folder)
{
    struct stat st;

    return connection->fs >= 0 && stat(folder, &st) == 0 && st.st_dev == connection->device;
}

/* ---- uploading ---- */

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
        if (!local_on_drop(disk_file_write(to, buffer, (size_t)n, &cause), &cause, error) ||
            !local_still_running(from->connection, error))
            return false;
    }
    return n == 0 || transport_read_failed(from->path, error);
}

/* The path of a name of an outgoing file; g_free. */
static char *out_path(const struct connection *connection, const char *name)
{
    return g_build_filename(connection->drop->out, name, NULL);
}

/* The bytes are written: they get durable under the temporary name, now or at the end of the batch. */
static bool end_upload(const struct uploading *from, const char *target, struct disk_file *file, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(target);

    return synced_later(from->connection, folder) ? disk_file_upload_unsynced(STEP_DELIVERY_UPLOADED, file, error)
                                                  : disk_file_upload(STEP_DELIVERY_UPLOADED, file, error);
}

static bool upload_bytes(const struct uploading *from, const struct outgoing_file *to, GError **error)
{
    g_autofree char *target = out_path(from->connection, to->name);
    g_autofree char *temporary = out_path(from->connection, to->temporary);
    GError *cause = NULL;
    g_autoptr(disk_file_t) file = disk_file_create_as(target, temporary, (uint64_t)to->content.size, &cause);

    if (!local_on_drop(file != NULL, &cause, error) || !copy_in(from, file, error) ||
        !local_on_drop(disk_file_grant(file, &from->connection->drop->file_rights, &cause), &cause, error) ||
        !local_on_drop(end_upload(from, target, file, &cause), &cause, error))
        return false;
    if (strcmp(disk_file_sha256(file), to->content.sha256) == 0)
        return true;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                "%s is not what was stored: its SHA-256 differs; restore it from a backup", from->path);
    return false;
}

/* Makes a folder in `out`. */
static bool make_folder(const struct connection *connection, const char *path, GError **error)
{
    const char *out = connection->drop->out;
    GError *cause = NULL;

    bool later = synced_later(connection, out);
    bool made = later ? disk_make_dir_unsynced(STEP_DELIVERY_FOLDER, path, &cause)
                      : disk_make_dir(STEP_DELIVERY_FOLDER, path, &cause);
    if (made || !g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS))
        return local_on_drop(made, &cause, error);
    g_clear_error(&cause);
    /* A crash may have come between making and sync. */
    return later || local_on_drop(disk_sync_dir(out, &cause), &cause, error);
}

/* Sees to the folder that a name stands in, below `out`. `out` itself is never made: without it the drop is down. A
 * crash may have come before the folder got its rights, so that one which is there gets them, too. */
static bool prepare_folder(const struct connection *connection, const char *name, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = g_build_filename(connection->drop->out, folder, NULL);
    GError *cause = NULL;

    if (strchr(name, '/') == NULL)
        return true;
    return make_folder(connection, path, error) &&
           local_on_drop(disk_grant(path, &connection->drop->folder_rights, &cause), &cause, error);
}

bool local_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
                  enum publication_state *state, GError **error)
{
    g_autofree char *temporary = out_path(connection, file->temporary);
    GError *cause = NULL;
    bool there;

    if (!prepare_folder(connection, file->name, error))
        return false;
    const struct uploading from = {connection, open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path};
    if (from.fd < 0)
        return transport_read_failed(path, error);
    bool good = upload_bytes(&from, file, error);
    (void)close(from.fd); /* was only read from */
    if (!good || !local_on_drop(disk_exists(temporary, &there, &cause), &cause, error))
        return false;
    *state = there ? PUBLICATION_READY : PUBLICATION_MISSING;
    return true;
}

/* ---- publishing ---- */

/* One file. */
struct names {
    const char *folder; /* that both names stand in, or `out` if the recipient removed that folder with its file */
    bool later;         /* the end of the batch syncs that folder */
    const char *temporary, *target;
    const struct content *content;
};

static bool find_target(void *user, bool *there, GError **error)
{
    return disk_exists(((struct names *)user)->target, there, error);
}

static bool find_temporary(void *user, bool *there, GError **error)
{
    return disk_exists(((struct names *)user)->temporary, there, error);
}

static bool compare_target(void *user, bool *same, GError **error)
{
    const struct names *names = user;

    return disk_same_bytes(names->target, (uint64_t)names->content->size, names->content->sha256, same, error);
}

static bool remove_temporary(void *user, GError **error)
{
    return disk_unlink(STEP_DELIVERY_DROPPED, ((struct names *)user)->temporary, error);
}

/* Syncing the folder makes up for a rename before a crash; it also fails, as it should, if the whole folder is missing.
 */
static bool settle_gone(void *user, enum publication_state state, GError **error)
{
    (void)state;
    return disk_sync_dir(((struct names *)user)->folder, error);
}

static const struct publishing_calls calls = {find_target, find_temporary, compare_target, remove_temporary,
                                              settle_gone};

/* A rename counts once its folder is synced, here or at the end of the batch: a power cut may take it back before. */
static bool publish(const struct publishing *p, const struct names *names, GError **error)
{
    GError *refusal = NULL;

    if (!disk_rename_unsynced(STEP_DELIVERY_PUBLISHED, names->temporary, names->target, &refusal))
        return publication_refused(p, refusal, error);
    p->publication->open = true;
    return (names->later || disk_sync_dir(names->folder, error)) && publication_renamed(p, false, error);
}

static bool look(const struct publishing *p, const struct names *names, GError **error)
{
    (void)names; /* p has them */
    return publication_look(p, error);
}

static bool withdraw(const struct publishing *p, const struct names *names, GError **error)
{
    (void)names; /* p has them */
    return publication_withdraw(p, error);
}

typedef bool publication_call(const struct publishing *p, const struct names *names, GError **error);

/* Calls look, publish or withdraw for a file. */
static bool with_names(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                       publication_call *call, GError **error)
{
    g_autofree char *temporary = out_path(connection, file->temporary);
    g_autofree char *target = out_path(connection, file->name);
    g_autofree char *folder = g_path_get_dirname(target);
    bool there = g_file_test(folder, G_FILE_TEST_IS_DIR);
    const char *stands_in = there ? folder : connection->drop->out;
    struct names names = {.folder = stands_in,
                          .later = synced_later(connection, stands_in),
                          .temporary = temporary,
                          .target = target,
                          .content = &file->content};
    const struct publishing p = {.calls = &calls,
                                 .user = &names,
                                 .temporary = temporary,
                                 .target = target,
                                 .renamer = "the file system",
                                 .advice = "check the disk",
                                 .publication = publication};
    GError *cause = NULL;

    return local_on_drop(call(&p, &names, &cause), &cause, error);
}

bool local_look(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                GError **error)
{
    return with_names(connection, file, publication, look, error);
}

bool local_publish(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                   GError **error)
{
    return with_names(connection, file, publication, publish, error);
}

bool local_withdraw(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                    GError **error)
{
    return with_names(connection, file, publication, withdraw, error);
}
