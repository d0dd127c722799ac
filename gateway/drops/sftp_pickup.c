/*
 * Fetching a file from an SFTP server, and removing or moving the server's copy afterwards. A small file costs five
 * round trips: look; open; read, with its end and its attributes (sftp_stream.c); later rename and look together;
 * remove.
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

/* The same for one that may have been fetched at another address of the drop. */
static bool may_be(const struct sftp_attributes *attributes, const struct source_identity *identity)
{
    const struct source_identity now = sftp_connection_identity(attributes);

    return (attributes->regular || !attributes->typed) && attributes->sized &&
           source_identity_may_be(identity, &now, attributes->modified);
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
    const struct drop_copy *copy;
    struct content content;
    const char *path, *taken;          /* in the drop's `in` */
    const char *marker, *taken_marker; /* by the rule `marker`; else NULL */
};

/* ---- where it goes ---- */

/* Moves the copy, which stands at `from`, to target, if that is free. Sets *done if it is out of the way; else target
 * holds other bytes. */
static bool move_to(const struct discarding *d, const char *from, const char *target, bool *done, GError **error)
{
    struct remote_file there = {.path = target};

    if (!sftp_connection_look(d->connection, NULL, &there, error))
        return false;
    if (there.there)
        return sftp_connection_compare(d->connection, &there, &d->content, done, error) &&
               (!*done || sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, from, error));
    step_before(STEP_SOURCE_REMOVED);
    if (!sftp_rename(d->connection->sftp, from, target, error))
        return false;
    step_after(STEP_SOURCE_REMOVED);
    *done = true;
    return true;
}

/* Moves the copy to the folder of taken=. If a file of that name was moved there before, with other bytes, the name
 * gets the beginning of the SHA-256 appended. */
static bool move_away(const struct discarding *d, const char *from, const char *taken, GError **error)
{
    g_autofree char *plain = sftp_path(taken, d->copy->name);
    g_autofree char *unique = g_strdup_printf("%s.%.*s", plain, SHORT_DIGEST, d->content.sha256);
    bool done = false;

    if (!move_to(d, from, plain, &done, error) || (!done && !move_to(d, from, unique, &done, error)))
        return false;
    if (done)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "%s and %s on the server hold other bytes than %s; move them away", plain, unique, d->path);
    return false;
}

/* The copy is ours and stands at `from`, its marker at `marker`. The marker first: if it stayed alone, the next file of
 * that name would count as whole too early. */
static bool dispose(const struct discarding *d, const char *from, const char *marker, GError **error)
{
    const char *taken = sftp_settings_of(d->connection->drop)->taken;

    if (marker != NULL && !sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, marker, error))
        return false;
    if (*taken != '\0')
        return move_away(d, from, taken, error);
    return sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, from, error);
}

/* ---- whether it is ours ---- */

/* Looks once more at a file of which the server tells something else than it did before: it may have told that wrongly
 * once. A file that is given back without need would be picked up twice. */
static bool look_twice(const struct discarding *d, struct remote_file *file, GError **error)
{
    const struct remote_file before = *file;
    GError *cause = NULL;

    if (sftp_lstat(d->connection->sftp, file->path, &file->attributes, &cause))
        return true;
    *file = before;
    if (!sftp_is_connected(d->connection->sftp)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause); /* what was told first counts */
    return true;
}

/* Sets *ours to whether the file there is the one that was fetched. Size and time prove it only if this connection has
 * fetched it; after a restart or a new connection, or at another address, its bytes are compared. */
static bool is_ours(const struct discarding *d, struct remote_file *file, bool *ours, GError **error)
{
    const struct source_identity *identity = d->copy->identity;
    const struct source_identity *fetched = g_hash_table_lookup(d->connection->fetched, d->copy->name);
    bool proved = fetched != NULL && source_identity_same(fetched, identity);

    if (!is_still(&file->attributes, identity) && !look_twice(d, file, error))
        return false;
    *ours = is_still(&file->attributes, identity);
    if (!*ours && may_be(&file->attributes, identity)) {
        *ours = true; /* fetched at another address of the drop: bytes decide */
        proved = false;
    } else if (!*ours && sftp_connection_identity(&file->attributes).ctime_ns == identity->ctime_ns) {
        file->attributes.size = d->content.size; /* of the same second: a server that tells wrong sizes; bytes decide */
        file->attributes.sized = *ours = true;
        proved = false;
    }
    g_hash_table_remove(d->connection->fetched, d->copy->name);
    return !*ours || proved || sftp_connection_compare(d->connection, file, &d->content, ours, error);
}

/* ---- a newer file ---- */

/* Gives a name back. *back is false if it is taken again. On servers whose rename replaces, only the look protects what
 * stands there. */
static bool give_back(const struct discarding *d, const char *taken, const char *path, bool *back, GError **error)
{
    struct remote_file there = {.path = path};

    *back = false;
    if (!sftp_connection_look(d->connection, NULL, &there, error))
        return false;
    if (there.there)
        return true;
    step_before(STEP_SOURCE_RETURNED);
    if (!sftp_rename(d->connection->sftp, taken, path, error))
        return false;
    step_after(STEP_SOURCE_RETURNED);
    *back = true;
    return true;
}

/* The marker belongs to what stands under the name now. If that has a marker already, ours is not needed. */
static bool return_marker(const struct discarding *d, GError **error)
{
    struct remote_file marker = {.path = d->taken_marker};
    bool back;

    if (d->marker == NULL)
        return true;
    if (!sftp_connection_look(d->connection, NULL, &marker, error))
        return false;
    if (!marker.there)
        return true;
    return give_back(d, d->taken_marker, d->marker, &back, error) &&
           (back || sftp_connection_remove(d->connection, STEP_SOURCE_REMOVED, d->taken_marker, error));
}

static bool return_newer(const struct discarding *d, GError **error)
{
    bool back;

    if (!give_back(d, d->taken, d->path, &back, error))
        return false;
    if (back)
        return return_marker(d, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_ENTRY,
                "a newer file of that name stands as %s on the server, for its own name was taken again meanwhile; it "
                "gets its name once that is free: move the other file away, or rename this one",
                d->taken);
    return false;
}

/* ---- discard ---- */

/* Without a rename: looks, then removes under its own name. A newer file that comes in between is lost with it. */
static bool look_and_remove(const struct discarding *d, GError **error)
{
    struct remote_file file = {.path = d->path};
    bool ours;

    if (!sftp_connection_look(d->connection, d->connection->drop->in, &file, error))
        return false;
    if (!file.there)
        return true;
    return is_ours(d, &file, &ours, error) && (!ours || dispose(d, d->path, d->marker, error));
}

/* The copy could not be renamed: it is gone, or the server refuses. */
static bool not_taken(const struct discarding *d, GError *refusal, GError **error)
{
    bool gone = sftp_connection_failed_by(refusal, SFTP_ERROR_MISSING);
    struct sftp_attributes folder;

    g_error_free(refusal);
    if (gone)
        return return_marker(d, error) && sftp_lstat(d->connection->sftp, d->connection->drop->in, &folder, error);
    if (!return_marker(d, error) || !look_and_remove(d, error))
        return false;
    d->connection->no_rename = true;
    return true;
}

/* The copy, or something newer, stands under the name that it was taken to. */
static bool settle_taken(const struct discarding *d, const struct sftp_attributes *attributes, GError **error)
{
    struct remote_file file = {d->taken, true, *attributes};
    bool ours;

    if (!is_ours(d, &file, &ours, error))
        return false;
    return ours ? dispose(d, d->taken, d->taken_marker, error) : return_newer(d, error);
}

/* The server says that it renamed, and does not know the new name: it hides such names, or has none. What was taken is
 * given back unseen, and this connection takes no more. */
static bool taken_unseen(const struct discarding *d, GError **error)
{
    struct sftp_attributes attributes;
    GError *cause = NULL;

    if (sftp_lstat(d->connection->sftp, d->taken, &attributes, &cause))
        return settle_taken(d, &attributes, error); /* it answered the look before the rename */
    if (!sftp_connection_failed_by(cause, SFTP_ERROR_MISSING)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause);
    if (!sftp_rename(d->connection->sftp, d->taken, d->path, error))
        return false;
    d->connection->no_rename = true;
    return return_marker(d, error) && look_and_remove(d, error);
}

/* A marker that is not there is no error: the file may have been taken without it before a stop. */
static bool take_marker(const struct discarding *d, GError **error)
{
    GError *cause = NULL;

    if (d->marker == NULL)
        return true;
    step_before(STEP_SOURCE_TAKEN);
    if (!sftp_rename(d->connection->sftp, d->marker, d->taken_marker, &cause)) {
        bool lost = !sftp_is_connected(d->connection->sftp);
        if (lost)
            g_propagate_error(error, cause);
        else
            g_error_free(cause); /* gone, refused, or taken before a stop: the file decides */
        return !lost;
    }
    step_after(STEP_SOURCE_TAKEN);
    return true;
}

static bool discard(const struct discarding *d, GError **error)
{
    struct sftp_moved moved;

    if (!sftp_connection_ready(d->connection, error))
        return false;
    if (d->connection->no_rename)
        return look_and_remove(d, error);
    if (!take_marker(d, error))
        return false;
    step_before(STEP_SOURCE_TAKEN);
    if (!sftp_move(d->connection->sftp, d->path, d->taken, &moved, error))
        return false;
    if (moved.refusal == NULL)
        step_after(STEP_SOURCE_TAKEN);
    else if (!moved.there)
        return not_taken(d, moved.refusal, error);
    g_clear_error(&moved.refusal);
    return moved.there ? settle_taken(d, &moved.attributes, error) : taken_unseen(d, error);
}

bool sftp_pickup_discard(struct connection *connection, const struct drop_copy *copy, GError **error)
{
    const char *in = connection->drop->in;
    bool marked = connection->drop->complete == COMPLETE_MARKER;
    g_autofree char *path = sftp_path(in, copy->name);
    g_autofree char *taken = sftp_path(in, copy->taken_name);
    g_autofree char *marker = g_strconcat(path, DROP_MARKER, NULL);
    g_autofree char *marker_name = transport_taken_marker(copy->taken_name);
    g_autofree char *taken_marker = sftp_path(in, marker_name);
    const struct discarding d = {.connection = connection,
                                 .copy = copy,
                                 .content = {copy->identity->size, copy->sha256},
                                 .path = path,
                                 .taken = taken,
                                 .marker = marked ? marker : NULL,
                                 .taken_marker = marked ? taken_marker : NULL};
    GError *cause = NULL;

    return discard(&d, &cause) || entry_failed(connection, cause, error);
}
