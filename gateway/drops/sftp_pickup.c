/*
 * Fetching a file from an SFTP server, and removing or moving the server's copy afterwards. A small file costs three
 * round trips: look and open, read (with its end and its attributes, sftp_stream.c), and later look and remove.
 */
#include "formats/text.h"
#include "gateway/drops/sftp_connection.h"

#include <string.h>

enum { SHORT_DIGEST = 12 }; /* hex digits of a SHA-256 in a name */

/* ---- fetch ---- */

static bool changed(GError **error, const char *name, const char *how)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s %s; the gateway looks at it again", shown, how);
    return false;
}

/* True if these attributes are those of a file of that identity. A server that tells no types was asked what the entry
 * is when it was listed; with this size it was no pipe. */
static bool is_still(const struct sftp_attributes *attributes, const struct source_identity *identity)
{
    const struct source_identity now = sftp_connection_identity(attributes);

    return (attributes->regular || !attributes->typed) && attributes->sized && now.ctime_ns == identity->ctime_ns &&
           now.size == identity->size;
}

/* Remembers that this connection has read all bytes of the file: then discard need not compare them again. */
static void remember(struct connection *connection, const char *name, const struct source_identity *identity)
{
    if (g_hash_table_size(connection->fetched) >= SFTP_MOST_REMEMBERED)
        g_hash_table_remove_all(connection->fetched); /* costs only that their bytes are compared */
    g_hash_table_insert(connection->fetched, g_strdup(name), g_memdup2(identity, sizeof *identity));
}

/* One name is enough: the folder can be listed. */
static bool first_name(void *user, const char *name, const struct sftp_attributes *attributes)
{
    (void)user;
    (void)name;
    (void)attributes;
    return false;
}

/* What the server refuses for one entry is a fault of that entry if it still lists the folder; else the drop is down.
 * Frees cause, returns false. */
static bool entry_failed(struct connection *connection, GError *cause, GError **error)
{
    bool refused = sftp_connection_failed_by(cause, SFTP_ERROR_REFUSED) && sftp_is_connected(connection->sftp);

    if (!refused || !sftp_list(connection->sftp, connection->drop->in, first_name, NULL, NULL))
        return sftp_connection_pass(false, &cause, error);
    g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY, cause->message);
    g_error_free(cause);
    return false;
}

/* A file that is fetched, and how many bytes of it have come. */
struct fetching {
    struct connection *connection;
    const char *name;
    const struct source_identity *identity;
    const struct byte_sink *sink;
    int64_t bytes;
};

static bool count_bytes(void *user, const char *data, size_t len, GError **error)
{
    struct fetching *f = user;

    f->bytes += (int64_t)len;
    return f->sink->write(f->sink->user, data, len, error);
}

/* Looks again at a file that was read. *same: the server still tells the same of its name. */
static bool look_again(const struct fetching *f, const char *path, bool *same, GError **error)
{
    struct sftp_attributes now;

    *same = false;
    if (!sftp_lstat(f->connection->sftp, path, &now, error))
        return false;
    *same = is_still(&now, f->identity);
    return true;
}

/* The file ended before or after the size that the server tells. If it still tells that size, it did not grow while it
 * was read: the server tells it wrongly. */
static bool size_failed(const struct fetching *f, const char *path, GError **error)
{
    g_autofree char *shown = text_escape(path, strlen(path), 0);
    GError *cause = NULL;
    bool same;

    if (!look_again(f, path, &same, &cause) && !sftp_connection_failed_by(cause, SFTP_ERROR_MISSING))
        return sftp_connection_pass(false, &cause, error);
    g_clear_error(&cause);
    if (!same)
        return changed(error, f->name, "changed while it was read");
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "the server says that %s has %" G_GINT64_FORMAT " bytes, but %s%" G_GINT64_FORMAT
                " could be read; ask the server's owner to find out why",
                shown, f->identity->size, f->bytes == f->identity->size ? "more than " : "", f->bytes);
    return false;
}

static bool fetch_failed(const struct fetching *f, const char *path, GError *cause, GError **error)
{
    if (sftp_connection_failed_by(cause, SFTP_ERROR_CHANGED)) {
        g_error_free(cause);
        return size_failed(f, path, error);
    }
    if (!sftp_connection_failed_by(cause, SFTP_ERROR_MISSING))
        return entry_failed(f->connection, cause, error);
    g_error_free(cause);
    return changed(error, f->name, "is gone");
}

bool sftp_pickup_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                       const struct byte_sink *sink, GError **error)
{
    g_autofree char *path = sftp_path(connection->drop->in, name);
    struct fetching f = {connection, name, identity, sink, 0};
    struct sftp_fetch fetch = {.path = path, .size = identity->size, .sink = count_bytes, .user = &f};
    struct sftp_attributes before;
    GError *cause = NULL;
    bool same = true;

    /* Looked at before it is opened: opening a pipe would block the server. */
    if (!sftp_connection_ready(connection, &cause) || !sftp_lstat(connection->sftp, path, &before, &cause))
        return fetch_failed(&f, path, cause, error);
    if (!is_still(&before, identity))
        return changed(error, name, "changed since it was listed");
    if (!sftp_read(connection->sftp, &fetch, &cause))
        return fetch_failed(&f, path, cause, error);
    /* Some servers tell less of an open file, or something else, than of its name. */
    if (!is_still(&fetch.after, identity) && !look_again(&f, path, &same, &cause))
        return fetch_failed(&f, path, cause, error);
    if (!same)
        return changed(error, name, "changed while it was read");
    remember(connection, name, identity);
    return true;
}

/* ---- discard ---- */

/* The server's copy that is to go. */
struct discarding {
    struct connection *connection;
    const char *name;
    const struct source_identity *identity;
    struct content content;
    struct remote_file file; /* in the drop's `in` */
};

/* Moves the file to target, if that is free. Sets *done if the file is out of the way; else target holds other bytes.
 */
static bool move_to(const struct discarding *d, const char *target, bool *done, GError **error)
{
    struct remote_file there = {.path = target};

    if (!sftp_connection_look(d->connection, NULL, &there, error))
        return false;
    if (there.there)
        return sftp_connection_compare(d->connection, &there, &d->content, done, error) &&
               (!*done || sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, d->file.path, error));
    step_before(STEP_SOURCE_REMOVED);
    if (!sftp_rename(d->connection->sftp, d->file.path, target, error))
        return false;
    step_after(STEP_SOURCE_REMOVED);
    *done = true;
    return true;
}

/* Moves the file to the folder of taken=. If a file of that name was moved there before, with other bytes, the name
 * gets the beginning of the SHA-256 appended. */
static bool move_away(const struct discarding *d, const char *taken, GError **error)
{
    g_autofree char *plain = sftp_path(taken, d->name);
    g_autofree char *unique = g_strdup_printf("%s.%.*s", plain, SHORT_DIGEST, d->content.sha256);
    bool done = false;

    if (!move_to(d, plain, &done, error) || (!done && !move_to(d, unique, &done, error)))
        return false;
    if (done)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "%s and %s on the server hold other bytes than %s; move them away", plain, unique, d->file.path);
    return false;
}

/* Sets *ours to whether the file there is the one that was fetched. Size and time prove it only if this connection has
 * fetched it; after a restart or a new connection its bytes are compared. */
static bool is_ours(const struct discarding *d, bool *ours, GError **error)
{
    const struct source_identity *fetched = g_hash_table_lookup(d->connection->fetched, d->name);
    bool proved = fetched != NULL && source_identity_same(fetched, d->identity);

    *ours = is_still(&d->file.attributes, d->identity);
    g_hash_table_remove(d->connection->fetched, d->name);
    return !*ours || proved || sftp_connection_compare(d->connection, &d->file, &d->content, ours, error);
}

static bool discard(struct discarding *d, GError **error)
{
    const struct drop *drop = d->connection->drop;
    const char *taken = sftp_settings_of(drop)->taken;
    g_autofree char *marker = g_strconcat(d->file.path, DROP_MARKER, NULL);
    bool ours;

    if (!sftp_connection_ready(d->connection, error) || !sftp_connection_look(d->connection, drop->in, &d->file, error))
        return false;
    if (!d->file.there)
        return true;
    if (!is_ours(d, &ours, error))
        return false;
    if (!ours)
        return true;
    /* The marker first: if it stayed alone, the next file of that name would count as whole too early. */
    if (drop->complete == COMPLETE_MARKER && !sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, marker, error))
        return false;
    if (*taken == '\0')
        return sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, d->file.path, error);
    return move_away(d, taken, error);
}

bool sftp_pickup_discard(struct connection *connection, const char *name, const struct source_identity *identity,
                         const char *sha256, GError **error)
{
    g_autofree char *path = sftp_path(connection->drop->in, name);
    struct discarding d = {connection, name, identity, {identity->size, sha256}, {.path = path}};
    GError *cause = NULL;

    return discard(&d, &cause) || entry_failed(connection, cause, error);
}
