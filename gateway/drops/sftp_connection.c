/*
 * One connection to an SFTP server, and what the other files ask about paths there.
 */
#include "gateway/drops/sftp_connection.h"

#include "spool/digest.h"

#include <string.h>

/* Microseconds without an answer after which a connection counts as idle. The check costs one round trip. */
enum { IDLE = 500000 };

char *sftp_path(const char *folder, const char *name)
{
    return g_strconcat(folder, g_str_has_suffix(folder, "/") ? "" : "/", name, NULL);
}

/* ---- errors ---- */

bool sftp_connection_failed_by(const GError *cause, enum sftp_error code)
{
    return g_error_matches(cause, SFTP_ERROR, (int)code);
}

bool sftp_connection_pass(bool good, GError **cause, GError **error)
{
    if (good)
        return true;
    if ((*cause)->domain == SFTP_ERROR) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, (*cause)->message);
        g_clear_error(cause);
    } else {
        g_propagate_error(error, g_steal_pointer(cause));
    }
    return false;
}

/* ---- the connection ---- */

/* A connection that was idle may be dead without our knowing: a firewall has forgotten it, or the server was restored
 * from a snapshot. So the first request on it changes nothing, and if it is not answered, nothing is said about it: the
 * real request comes on a new connection.
 *
 * Keepalive was the other design. It needs a thread that sends on idle connections, keeps sessions at servers that end
 * them on purpose, and a connection may still die after the last of them. Repeating the real request was another: a
 * request that changes something must not be repeated when nobody knows whether it was carried out. */
static bool still_answers(struct sftp *sftp)
{
    struct sftp_attributes ignored;

    if (sftp_is_connected(sftp) && sftp_idle(sftp) >= IDLE)
        (void)sftp_lstat(sftp, ".", &ignored, NULL); /* a refusal is an answer, too */
    return sftp_is_connected(sftp);
}

bool sftp_connection_ready(struct connection *connection, GError **error)
{
    if (still_answers(connection->sftp))
        return true;
    /* Another machine may answer now, as in a cluster: what was fetched before proves nothing about its files. */
    g_hash_table_remove_all(connection->fetched);
    g_hash_table_remove_all(connection->types);
    return sftp_connect(connection->sftp, error);
}

struct source_identity sftp_connection_identity(const struct sftp_attributes *attributes)
{
    return (struct source_identity){
        .set = true, .ctime_ns = attributes->modified * 1000000000, .size = attributes->size};
}

bool sftp_connection_look(struct connection *connection, const char *folder, struct remote_file *file, GError **error)
{
    struct sftp_attributes of_folder;
    GError *cause = NULL;

    file->there = sftp_lstat(connection->sftp, file->path, &file->attributes, &cause);
    if (file->there)
        return true;
    if (!sftp_connection_failed_by(cause, SFTP_ERROR_MISSING)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause);
    return folder == NULL || sftp_lstat(connection->sftp, folder, &of_folder, error);
}

static bool add_to_digest(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* cannot fail */
    digest_update(user, data, len);
    return true;
}

bool sftp_connection_compare(struct connection *connection, const struct remote_file *file,
                             const struct content *content, bool *same, GError **error)
{
    const struct sftp_attributes *attributes = &file->attributes;
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];
    GError *cause = NULL;

    *same = false;
    if (!(attributes->typed ? attributes->regular : attributes->size > 0) || !attributes->sized ||
        attributes->size != content->size)
        return true;
    struct sftp_fetch fetch = {.path = file->path, .size = content->size, .sink = add_to_digest, .user = digest};
    if (!sftp_read(connection->sftp, &fetch, &cause)) {
        if (sftp_connection_failed_by(cause, SFTP_ERROR_CHANGED) ||
            sftp_connection_failed_by(cause, SFTP_ERROR_MISSING)) {
            g_error_free(cause);
            return true;
        }
        g_propagate_error(error, cause);
        return false;
    }
    digest_hex(digest, hex);
    *same = strcmp(hex, content->sha256) == 0;
    return true;
}

bool sftp_connection_remove(struct connection *connection, enum step step, const char *path, GError **error)
{
    GError *cause = NULL;

    step_before(step);
    if (!sftp_remove(connection->sftp, path, &cause)) {
        if (!sftp_connection_failed_by(cause, SFTP_ERROR_MISSING)) {
            g_propagate_error(error, cause);
            return false;
        }
        g_error_free(cause);
    }
    step_after(step);
    return true;
}
