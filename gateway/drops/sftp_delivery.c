/*
 * Delivering a file to an SFTP server. upload: open, writes, and sync, size and close at once. publish: look at both
 * names, rename.
 *
 * The rename is not a promise of the server. Some servers replace an existing name, some refuse and yet rename, some
 * say that they did and did not. So both names are looked at before the rename, and again after one that failed.
 */
#include "gateway/drops/sftp_connection.h"
#include "gateway/drops/write_behind.h"
#include "spool/digest.h"
#include "spool/spool_error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

/* folder/.name.part, the name that a local drop uses too. */
static char *temporary_path(const char *folder, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    g_autofree char *own = g_strndup(name, (gsize)(file - name));
    g_autofree char *hidden = g_strconcat(own, ".", file, ".part", NULL);

    return sftp_path(folder, hidden);
}

/* ---- upload ---- */

static bool read_failed(GError **error, const char *path)
{
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s cannot be read: %s; check the disk of the spool", path,
                g_strerror(errno));
    return false;
}

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

/* Sends the open file at path (a name for errors) and computes its SHA-256 meanwhile. */
static bool send_bytes(int fd, const char *path, struct sftp_upload *to, char hex[DIGEST_HEX_SIZE], GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    g_autoptr(digest_t) digest = digest_new();
    g_autoptr(write_behind_t) write_behind = write_behind_new(add_to_digest, digest);
    ssize_t n;

    while ((n = read(fd, buffer, COPY_SIZE)) > 0) {
        if (!write_behind_write(write_behind, buffer, (size_t)n, error) ||
            !sftp_upload_write(to, buffer, (size_t)n, error))
            return false;
    }
    if (n < 0)
        return read_failed(error, path);
    if (!write_behind_end(write_behind, error))
        return false;
    digest_hex(digest, hex);
    return true;
}

/* Makes the folder that a name stands in, below `out`. If `out` itself is missing, the server refuses. */
static bool make_folder(struct connection *connection, const char *name, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = sftp_path(connection->drop->out, folder);
    struct remote_file file = {.path = path};

    if (strchr(name, '/') == NULL)
        return true;
    if (!sftp_connection_ready(connection, error) || !sftp_connection_look(connection, NULL, &file, error))
        return false;
    if (file.there)
        return true;
    step_before(STEP_DELIVERY_FOLDER);
    if (!sftp_make_folder(connection->sftp, path, error))
        return false;
    step_after(STEP_DELIVERY_FOLDER);
    return true;
}

/* The file of our own spool that is to be sent. */
struct sending {
    int fd;
    const char *path; /* for errors */
    const char *sha256;
};

static bool upload_file(struct connection *connection, const struct sending *from, const char *temporary,
                        GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    if (!sftp_connection_ready(connection, error))
        return false;
    g_autoptr(sftp_upload_t) upload = sftp_upload_begin(connection->sftp, temporary, error);
    if (upload == NULL || !send_bytes(from->fd, from->path, upload, hex, error))
        return false;
    if (strcmp(hex, from->sha256) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT,
                    "%s is not what was stored: its SHA-256 differs; restore it from a backup", from->path);
        return false;
    }
    step_before(STEP_DELIVERY_UPLOADED);
    if (!sftp_upload_finish(upload, NULL, error))
        return false;
    step_after(STEP_DELIVERY_UPLOADED);
    return true;
}

bool sftp_delivery_upload(struct connection *connection, const char *path, const char *name,
                          const struct content *content, GError **error)
{
    g_autofree char *temporary = temporary_path(connection->drop->out, name);
    const struct sending from = {open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path, content->sha256};
    GError *cause = NULL;

    if (from.fd < 0)
        return read_failed(error, path);
    bool good = sftp_connection_pass(
        make_folder(connection, name, &cause) && upload_file(connection, &from, temporary, &cause), &cause, error);
    (void)close(from.fd); /* was only read from */
    return good;
}

/* ---- publish ---- */

struct publishing {
    struct connection *connection;
    struct remote_file temporary, target;
    const struct content *content;
};

/* The name exists. With the same bytes the file is delivered; with others an operator must decide. */
static bool settle_taken(const struct publishing *p, GError **error)
{
    bool same;

    if (!sftp_connection_compare(p->connection, &p->target, p->content, &same, error))
        return false;
    if (same)
        return sftp_connection_remove(p->connection, STEP_DELIVERY_DROPPED, p->temporary.path, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN,
                "%s exists with other bytes and is left alone; move it away, then the delivery goes on",
                p->target.path);
    return false;
}

/* Sets *done if nothing is left to rename: it was renamed before (the recipient may even have taken the file), or the
 * name holds the same bytes. */
static bool settle(struct publishing *p, bool *done, GError **error)
{
    *done = true;
    if (!sftp_connection_look(p->connection, p->connection->drop->out, &p->temporary, error))
        return false;
    if (!p->temporary.there)
        return true;
    if (!sftp_connection_look(p->connection, NULL, &p->target, error))
        return false;
    if (p->target.there)
        return settle_taken(p, error);
    *done = false;
    return true;
}

static bool publish(struct publishing *p, GError **error)
{
    GError *refusal = NULL, *cause = NULL;
    bool done;

    if (!sftp_connection_ready(p->connection, error) || !settle(p, &done, error))
        return false;
    if (done)
        return true;
    step_before(STEP_DELIVERY_PUBLISHED);
    if (sftp_rename(p->connection->sftp, p->temporary.path, p->target.path, &refusal)) {
        step_after(STEP_DELIVERY_PUBLISHED);
        return true;
    }
    /* The server may have renamed all the same, or another program has just taken the name. */
    bool settled = sftp_is_connected(p->connection->sftp) && settle(p, &done, &cause);
    if (settled && done) {
        g_error_free(refusal);
        return true;
    }
    g_propagate_error(error, cause != NULL ? g_steal_pointer(&cause) : g_steal_pointer(&refusal));
    g_clear_error(&refusal);
    return false;
}

bool sftp_delivery_publish(struct connection *connection, const char *name, const struct content *content,
                           GError **error)
{
    g_autofree char *temporary = temporary_path(connection->drop->out, name);
    g_autofree char *target = sftp_path(connection->drop->out, name);
    struct publishing p = {connection, {.path = temporary}, {.path = target}, content};
    GError *cause = NULL;

    return sftp_connection_pass(publish(&p, &cause), &cause, error);
}
