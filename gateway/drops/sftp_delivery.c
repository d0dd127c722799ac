/*
 * Delivering a file to an SFTP server. upload: open, writes, and sync, size and close at once. publish: look at both
 * names, rename.
 *
 * The rename is not a promise of the server. Some servers replace an existing name, some refuse and yet rename, some
 * say that they did and did not. So both names are looked at before the rename, and again after it. The look at the new
 * name is sent together with the rename: it costs no round trip.
 */
#include "gateway/drops/publication.h"
#include "gateway/drops/sftp_connection.h"
#include "gateway/drops/write_behind.h"
#include "spool/digest.h"
#include "spool/spool_error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024 }; /* bytes */

/* ---- upload ---- */

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
        return transport_read_failed(path, error);
    if (!write_behind_end(write_behind, error))
        return false;
    digest_hex(digest, hex);
    return true;
}

/* Sees to the folder that a name stands in, below `out`. If `out` itself is missing, the server refuses. */
static bool prepare_folder(struct connection *connection, const char *name, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = sftp_path(connection->drop->out, folder);
    struct remote_file file = {.path = path};

    if (strchr(name, '/') == NULL)
        return true;
    if (!sftp_connection_ready(connection, error) || !sftp_connection_look(connection, NULL, &file, error))
        return false;
    if (!file.there) {
        step_before(STEP_DELIVERY_FOLDER);
        if (!sftp_make_folder(connection->sftp, path, error))
            return false;
        step_after(STEP_DELIVERY_FOLDER);
    }
    /* A crash may have come before the folder got its rights. */
    return sftp_grant(connection->sftp, path, &connection->drop->folder_rights, error);
}

/* The file of our own spool that is to be sent. */
struct sending {
    int fd;
    const char *path; /* for errors */
    const char *sha256;
};

/* A server that works on several requests at once may have looked before the file was closed. */
static bool is_there(struct connection *connection, const struct sftp_upload *upload, const char *path,
                     enum publication_state *state, GError **error)
{
    struct remote_file file = {.path = path, .there = sftp_upload_is_there(upload)};

    if (!file.there && !sftp_connection_look(connection, NULL, &file, error))
        return false;
    *state = file.there ? PUBLICATION_READY : PUBLICATION_MISSING;
    return true;
}

static bool upload_file(struct connection *connection, const struct sending *from, const char *temporary,
                        enum publication_state *state, GError **error)
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
    if (!sftp_upload_grant(upload, &connection->drop->file_rights, error))
        return false;
    step_before(STEP_DELIVERY_UPLOADED);
    if (!sftp_upload_finish(upload, NULL, error))
        return false;
    step_after(STEP_DELIVERY_UPLOADED);
    return is_there(connection, upload, temporary, state, error);
}

bool sftp_delivery_upload(struct connection *connection, const char *path, const struct outgoing_file *file,
                          enum publication_state *state, GError **error)
{
    g_autofree char *temporary = sftp_path(connection->drop->out, file->temporary);
    const struct sending from = {open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), path, file->content.sha256};
    GError *cause = NULL;

    if (from.fd < 0)
        return transport_read_failed(path, error);
    bool good = sftp_connection_pass(prepare_folder(connection, file->name, &cause) &&
                                         upload_file(connection, &from, temporary, state, &cause),
                                     &cause, error);
    (void)close(from.fd); /* was only read from */
    return good;
}

/* ---- publish ---- */

/* One file. */
struct names {
    struct connection *connection;
    struct remote_file temporary, target;
    const struct content *content;
};

/* `out` must be there: else both names would seem to be gone. */
static bool find_target(void *user, bool *there, GError **error)
{
    struct names *names = user;
    bool good = sftp_connection_look(names->connection, names->connection->drop->out, &names->target, error);

    *there = names->target.there;
    return good;
}

static bool find_temporary(void *user, bool *there, GError **error)
{
    struct names *names = user;
    bool good = sftp_connection_look(names->connection, NULL, &names->temporary, error);

    *there = names->temporary.there;
    return good;
}

static bool compare_target(void *user, bool *same, GError **error)
{
    const struct names *names = user;

    return sftp_connection_compare(names->connection, &names->target, names->content, same, error);
}

static bool remove_temporary(void *user, GError **error)
{
    const struct names *names = user;

    return sftp_connection_remove(names->connection, STEP_DELIVERY_DROPPED, names->temporary.path, error);
}

/* A file that is missing may only be hidden: then nothing of it is to stay behind. */
static bool settle_gone(void *user, enum publication_state state, GError **error)
{
    (void)error; /* what cannot be removed stays */
    if (state == PUBLICATION_MISSING)
        (void)remove_temporary(user, NULL);
    return true;
}

static const struct publishing_calls calls = {find_target, find_temporary, compare_target, remove_temporary,
                                              settle_gone};

static bool rename_file(const struct publishing *p, struct names *names, GError **error)
{
    struct sftp *sftp = names->connection->sftp;
    GError *refusal = NULL;
    bool seen;

    step_before(STEP_DELIVERY_PUBLISHED);
    if (sftp_rename_and_look(sftp, names->temporary.path, names->target.path, &seen, &refusal)) {
        step_after(STEP_DELIVERY_PUBLISHED);
        /* A server that works on several requests at once may have looked before it renamed, so one that did not see
         * the name is asked again. */
        return publication_renamed(p, seen, error);
    }
    if (sftp_is_connected(sftp))
        return publication_refused(p, refusal, error);
    p->publication->open = true;
    g_propagate_error(error, refusal);
    return false;
}

/* Looks at the name before the rename: the server may replace what stands there. */
static bool publish(const struct publishing *p, struct names *names, GError **error)
{
    if (!sftp_connection_look(names->connection, NULL, &names->target, error))
        return false;
    return names->target.there ? publication_settle_taken(p, error) : rename_file(p, names, error);
}

static bool look(const struct publishing *p, struct names *names, GError **error)
{
    (void)names; /* p has them */
    return publication_look(p, error);
}

static bool withdraw(const struct publishing *p, struct names *names, GError **error)
{
    (void)names; /* p has them */
    return publication_withdraw(p, error);
}

typedef bool publication_call(const struct publishing *p, struct names *names, GError **error);

/* Calls look, publish or withdraw for a file. */
static bool with_names(struct connection *connection, const struct outgoing_file *file, struct publication *publication,
                       publication_call *call, GError **error)
{
    g_autofree char *temporary = sftp_path(connection->drop->out, file->temporary);
    g_autofree char *target = sftp_path(connection->drop->out, file->name);
    struct names names = {connection, {.path = temporary}, {.path = target}, &file->content};
    const struct publishing p = {.calls = &calls,
                                 .user = &names,
                                 .temporary = temporary,
                                 .target = target,
                                 .renamer = "the server",
                                 .advice = "ask the server's owner",
                                 .publication = publication};
    GError *cause = NULL;

    return sftp_connection_pass(sftp_connection_ready(connection, &cause) && call(&p, &names, &cause), &cause, error);
}

bool sftp_delivery_look(struct connection *connection, const struct outgoing_file *file,
                        struct publication *publication, GError **error)
{
    return with_names(connection, file, publication, look, error);
}

bool sftp_delivery_publish(struct connection *connection, const struct outgoing_file *file,
                           struct publication *publication, GError **error)
{
    return with_names(connection, file, publication, publish, error);
}

bool sftp_delivery_withdraw(struct connection *connection, const struct outgoing_file *file,
                            struct publication *publication, GError **error)
{
    return with_names(connection, file, publication, withdraw, error);
}
