/*
 * Delivering a file to a folder of this machine. Recipients take files out of `out` at the same time.
 */
#include "gateway/drops/local_connection.h"
#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

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
        if (!local_on_drop(disk_file_write(to, buffer, (size_t)n, &cause), &cause, error) ||
            !local_still_running(from->connection, error))
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

    if (!local_on_drop(file != NULL, &cause, error) || !copy_in(from, file, error) ||
        !local_on_drop(disk_file_upload(STEP_DELIVERY_UPLOADED, file, &cause), &cause, error))
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
        return local_on_drop(false, &cause, error);
    g_clear_error(&cause);
    return local_on_drop(disk_sync_dir(out, &cause), &cause, error); /* a crash may have come between making and sync */
}

bool local_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
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
    if (!good || !local_on_drop(disk_exists(temporary, &there, &cause), &cause, error))
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
    return local_on_drop(call(&p, &cause), &cause, error);
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
