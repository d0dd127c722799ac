#include "gateway/drops/sftp_drop.h"

#include "formats/text.h"
#include "gateway/drops/write_behind.h"
#include "spool/digest.h"
#include "spool/step.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { COPY_SIZE = 256 * 1024, MAX_REMEMBERED = 100000, SHORT_DIGEST = 12 };

struct connection {
    const struct drop *drop;
    struct sftp *sftp;
    GHashTable *fetched; /* name → struct source_identity: on this connection, not discarded yet */
};

/* ---- paths, errors ---- */

struct sftp_peer sftp_drop_peer(const struct drop *drop)
{
    return (struct sftp_peer){
        .host = drop->host,
        .port = drop->port,
        .user = drop->user,
        .identity = drop->identity,
        .passphrase_file = drop->passphrase_file,
        .known_hosts = drop->known_hosts,
        .kex = drop->kex,
        .host_keys = drop->host_keys,
        .ciphers = drop->ciphers,
        .macs = drop->macs,
        .timeout = drop->timeout,
    };
}

char *sftp_drop_path(const char *folder, const char *name)
{
    return g_strconcat(folder, g_str_has_suffix(folder, "/") ? "" : "/", name, NULL);
}

/* As .<name>.part of a local drop. */
static char *part_path(const char *folder, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *file = slash != NULL ? slash + 1 : name;
    g_autofree char *own = g_strndup(name, (gsize)(file - name));

    return g_strconcat(folder, g_str_has_suffix(folder, "/") ? "" : "/", own, ".", file, ".part", NULL);
}

static bool is(const GError *fault, enum sftp_error code)
{
    return g_error_matches(fault, SFTP_ERROR, (int)code);
}

/* What failed at the server is the drop's outage; errors of ours pass. */
static bool on_drop(bool good, GError **fault, GError **error)
{
    if (good)
        return true;
    if ((*fault)->domain == SFTP_ERROR) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, (*fault)->message);
        g_clear_error(fault);
    } else {
        g_propagate_error(error, g_steal_pointer(fault));
    }
    return false;
}

static bool changed(GError **error, const char *name, const char *how)
{
    g_autofree char *shown = text_escape(name, strlen(name), 0);

    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "%s %s; left for the next look", shown, how);
    return false;
}

/* ---- looking ---- */

static struct source_identity identity_of(const struct sftp_attributes *attributes)
{
    return (struct source_identity){
        .set = true, .ctime_ns = attributes->modified * 1000000000, .size = attributes->size};
}

static bool is_still(const struct sftp_attributes *attributes, const struct source_identity *identity)
{
    struct source_identity now = identity_of(attributes);

    return attributes->regular && attributes->sized && now.ctime_ns == identity->ctime_ns && now.size == identity->size;
}

static bool ready(struct connection *connection, GError **error)
{
    if (sftp_is_connected(connection->sftp))
        return true;
    g_hash_table_remove_all(connection->fetched);
    return sftp_connect(connection->sftp, error);
}

/* *there false: no such name, in a folder that is there (one that is not is an outage; NULL: known to be). */
static bool look(struct connection *connection, const char *folder, const char *path, bool *there,
                 struct sftp_attributes *attributes, GError **error)
{
    struct sftp_attributes of_folder;
    GError *fault = NULL;

    *there = sftp_lstat(connection->sftp, path, attributes, &fault);
    if (*there)
        return true;
    if (!is(fault, SFTP_ERROR_MISSING)) {
        g_propagate_error(error, fault);
        return false;
    }
    g_error_free(fault);
    return folder == NULL || sftp_lstat(connection->sftp, folder, &of_folder, error);
}

struct look_visit {
    transport_visit *visit;
    void *user;
};

static bool visit_entry(void *user, const char *name, const struct sftp_attributes *attributes)
{
    const struct look_visit *v = user;
    struct drop_entry entry = {.name = name,
                               .regular = attributes->regular && attributes->sized,
                               .identity = identity_of(attributes),
                               .modified = attributes->modified};

    return v->visit(v->user, &entry);
}

static bool drop_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    struct look_visit v = {visit, user};
    GError *fault = NULL;

    return on_drop(ready(connection, &fault) &&
                       sftp_list(connection->sftp, connection->drop->in, visit_entry, &v, &fault),
                   &fault, error);
}

/* ---- fetching ---- */

static void remember(struct connection *connection, const char *name, const struct source_identity *identity)
{
    if (g_hash_table_size(connection->fetched) >= MAX_REMEMBERED)
        g_hash_table_remove_all(connection->fetched); /* their bytes are compared, no more */
    g_hash_table_insert(connection->fetched, g_strdup(name), g_memdup2(identity, sizeof *identity));
}

/* A refusal is an outage, though perhaps of one file alone: files are taken in the order in which they were
 * sent, and one that was passed over would be refused later for its number. */
static bool fetch_failed(const char *name, GError *fault, GError **error)
{
    if (!is(fault, SFTP_ERROR_MISSING) && !is(fault, SFTP_ERROR_CHANGED))
        return on_drop(false, &fault, error);
    bool gone = is(fault, SFTP_ERROR_MISSING);
    g_error_free(fault);
    return changed(error, name, gone ? "is gone" : "changed while it was read");
}

static bool drop_fetch(struct connection *connection, const char *name, const struct source_identity *identity,
                       transport_bytes *sink, void *user, GError **error)
{
    g_autofree char *path = sftp_drop_path(connection->drop->in, name);
    struct sftp_attributes at;
    GError *fault = NULL;

    /* Not opened before it is known to be a file: a pipe would hold the server up. */
    if (!ready(connection, &fault) || !sftp_lstat(connection->sftp, path, &at, &fault))
        return fetch_failed(name, fault, error);
    if (!is_still(&at, identity))
        return changed(error, name, "changed since it was looked at");
    struct sftp_fetch fetch = {.path = path, .size = identity->size, .sink = sink, .user = user};
    if (!sftp_read(connection->sftp, &fetch, &fault))
        return fetch_failed(name, fault, error);
    at = fetch.after;
    at.regular = at.regular || !at.typed; /* some tell less of an open file than of a name */
    if (!is_still(&at, identity))
        return changed(error, name, "changed while it was read");
    remember(connection, name, identity);
    return true;
}

static bool digest_sink(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* nothing can go wrong */
    digest_update(user, data, len);
    return true;
}

/* *same: the regular file at path, of which `at` is known, is of this size and SHA-256. */
static bool same_bytes(struct connection *connection, const char *path, struct sftp_attributes *at, int64_t size,
                       const char *sha256, bool *same, GError **error)
{
    g_autoptr(digest_t) digest = digest_new();
    char hex[DIGEST_HEX_SIZE];
    GError *fault = NULL;

    *same = false;
    if (!at->regular || !at->sized || at->size != size)
        return true;
    struct sftp_fetch fetch = {.path = path, .size = size, .sink = digest_sink, .user = digest};
    if (!sftp_read(connection->sftp, &fetch, &fault)) {
        if (is(fault, SFTP_ERROR_CHANGED) || is(fault, SFTP_ERROR_MISSING)) {
            g_error_free(fault);
            return true;
        }
        g_propagate_error(error, fault);
        return false;
    }
    digest_hex(digest, hex);
    *same = strcmp(hex, sha256) == 0;
    return true;
}

/* ---- discarding ---- */

/* A file that is gone is removed. */
static bool remove_file(struct connection *connection, enum step step, const char *path, GError **error)
{
    GError *fault = NULL;

    step_before(step);
    if (!sftp_remove(connection->sftp, path, &fault)) {
        if (!is(fault, SFTP_ERROR_MISSING)) {
            g_propagate_error(error, fault);
            return false;
        }
        g_error_free(fault);
    }
    step_after(step);
    return true;
}

/* *done: the file is out of the way; else target holds another one. */
static bool move_to(struct connection *connection, const char *path, const char *target, int64_t size,
                    const char *sha256, bool *done, GError **error)
{
    struct sftp_attributes at;
    bool there;

    if (!look(connection, NULL, target, &there, &at, error))
        return false;
    if (there)
        return same_bytes(connection, target, &at, size, sha256, done, error) &&
               (!*done || remove_file(connection, STEP_SOURCE_REMOVED, path, error));
    step_before(STEP_SOURCE_REMOVED);
    if (!sftp_rename(connection->sftp, path, target, error))
        return false;
    step_after(STEP_SOURCE_REMOVED);
    *done = true;
    return true;
}

/* The same name may have been taken before, with other bytes. */
static bool move_away(struct connection *connection, const char *name, const char *path, int64_t size,
                      const char *sha256, GError **error)
{
    g_autofree char *plain = sftp_drop_path(connection->drop->taken, name);
    g_autofree char *unique = g_strdup_printf("%s.%.*s", plain, SHORT_DIGEST, sha256);
    bool done = false;

    if (!move_to(connection, path, plain, size, sha256, &done, error) ||
        (!done && !move_to(connection, path, unique, size, sha256, &done, error)))
        return false;
    if (done)
        return true;
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "%s and %s are there with other bytes; move them away",
                plain, unique);
    return false;
}

static bool is_ours(struct connection *connection, const char *name, const char *path, struct sftp_attributes *at,
                    const struct source_identity *identity, const char *sha256, bool *ours, GError **error)
{
    const struct source_identity *fetched = g_hash_table_lookup(connection->fetched, name);

    *ours = is_still(at, identity);
    bool proved = fetched != NULL && fetched->ctime_ns == identity->ctime_ns && fetched->size == identity->size;
    g_hash_table_remove(connection->fetched, name);
    return !*ours || proved || same_bytes(connection, path, at, identity->size, sha256, ours, error);
}

static bool discard(struct connection *connection, const char *name, const struct source_identity *identity,
                    const char *sha256, GError **error)
{
    const struct drop *drop = connection->drop;
    g_autofree char *path = sftp_drop_path(drop->in, name);
    g_autofree char *marker = g_strconcat(path, DROP_MARKER, NULL);
    struct sftp_attributes at;
    bool there, ours;

    if (!ready(connection, error) || !look(connection, drop->in, path, &there, &at, error))
        return false;
    if (!there)
        return true;
    if (!is_ours(connection, name, path, &at, identity, sha256, &ours, error))
        return false;
    if (!ours)
        return true;
    /* The marker first: left alone it would make the next file of that name count as whole too early. */
    if (drop->complete == COMPLETE_MARKER && !remove_file(connection, STEP_SOURCE_REMOVED, marker, error))
        return false;
    if (drop->taken == NULL || *drop->taken == '\0')
        return remove_file(connection, STEP_SOURCE_REMOVED, path, error);
    return move_away(connection, name, path, identity->size, sha256, error);
}

static bool drop_discard(struct connection *connection, const char *name, const struct source_identity *identity,
                         const char *sha256, GError **error)
{
    GError *fault = NULL;

    return on_drop(discard(connection, name, identity, sha256, &fault), &fault, error);
}

/* ---- uploading ---- */

/* It is digested while it is sent. */
static bool copy_in(int fd, const char *path, struct sftp_upload *to, char hex[DIGEST_HEX_SIZE], GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_SIZE);
    g_autoptr(digest_t) digest = digest_new();
    g_autoptr(write_behind_t) write_behind = write_behind_new(digest_sink, digest);
    ssize_t n;

    while ((n = read(fd, buffer, COPY_SIZE)) > 0) {
        if (!write_behind_write(write_behind, buffer, (size_t)n, error) ||
            !sftp_upload_write(to, buffer, (size_t)n, error))
            return false;
    }
    if (n < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, g_strerror(errno));
        return false;
    }
    if (!write_behind_end(write_behind, error))
        return false;
    digest_hex(digest, hex);
    return true;
}

/* The folder that a name stands in. Where `out` itself is away the server refuses. */
static bool make_folder(struct connection *connection, const char *name, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(name);
    g_autofree char *path = sftp_drop_path(connection->drop->out, folder);
    struct sftp_attributes at;
    bool there;

    if (strchr(name, '/') == NULL)
        return true;
    if (!ready(connection, error) || !look(connection, NULL, path, &there, &at, error))
        return false;
    if (there)
        return true;
    step_before(STEP_DELIVERY_FOLDER);
    if (!sftp_make_folder(connection->sftp, path, error))
        return false;
    step_after(STEP_DELIVERY_FOLDER);
    return true;
}

static bool upload_bytes(struct connection *connection, int fd, const char *path, const char *part, const char *sha256,
                         GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    if (!ready(connection, error))
        return false;
    g_autoptr(sftp_upload_t) upload = sftp_upload_begin(connection->sftp, part, error);
    if (upload == NULL || !copy_in(fd, path, upload, hex, error))
        return false;
    if (strcmp(hex, sha256) != 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "%s is not what was stored: its SHA-256 differs", path);
        return false;
    }
    step_before(STEP_DELIVERY_UPLOADED);
    if (!sftp_upload_finish(upload, NULL, error))
        return false;
    step_after(STEP_DELIVERY_UPLOADED);
    return true;
}

static bool drop_upload(struct connection *connection, const char *path, const char *name, int64_t size,
                        const char *sha256, GError **error)
{
    g_autofree char *part = part_path(connection->drop->out, name);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    GError *fault = NULL;

    (void)size; /* the digest tells more */
    if (fd < 0) {
        g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "%s: %s", path, g_strerror(errno));
        return false;
    }
    bool good =
        on_drop(make_folder(connection, name, &fault) && upload_bytes(connection, fd, path, part, sha256, &fault),
                &fault, error);
    (void)close(fd); /* only read from */
    return good;
}

/* ---- publishing ---- */

struct publishing {
    struct connection *connection;
    const char *part, *target;
    int64_t size;
    const char *sha256;
};

/* The name is taken: by the same bytes, then it is delivered; by others, then an operator must look. */
static bool settle_taken(const struct publishing *p, struct sftp_attributes *at, GError **error)
{
    bool same;

    if (!same_bytes(p->connection, p->target, at, p->size, p->sha256, &same, error))
        return false;
    if (same)
        return remove_file(p->connection, STEP_DELIVERY_DROPPED, p->part, error);
    g_set_error(error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN,
                "%s is there with other bytes and is left alone; move it away and the delivery goes on", p->target);
    return false;
}

/* *done: nothing is left to rename, or the name is settled. */
static bool settle(const struct publishing *p, bool *done, GError **error)
{
    struct sftp_attributes at;
    bool there;

    *done = true;
    if (!look(p->connection, p->connection->drop->out, p->part, &there, &at, error))
        return false;
    if (!there)
        return true; /* renamed before; the recipient may even have taken it already */
    if (!look(p->connection, NULL, p->target, &there, &at, error))
        return false;
    if (there)
        return settle_taken(p, &at, error);
    *done = false;
    return true;
}

static bool publish(const struct publishing *p, GError **error)
{
    GError *refused = NULL, *fault = NULL;
    bool done;

    if (!ready(p->connection, error) || !settle(p, &done, error))
        return false;
    if (done)
        return true;
    step_before(STEP_DELIVERY_PUBLISHED);
    if (sftp_rename(p->connection->sftp, p->part, p->target, &refused)) {
        step_after(STEP_DELIVERY_PUBLISHED);
        return true;
    }
    /* Another look: it may have been done all the same, or somebody was faster. */
    bool looked = sftp_is_connected(p->connection->sftp) && settle(p, &done, &fault);
    if (looked && done) {
        g_error_free(refused);
        return true;
    }
    g_propagate_error(error, fault != NULL ? g_steal_pointer(&fault) : g_steal_pointer(&refused));
    g_clear_error(&refused);
    return false;
}

static bool drop_publish(struct connection *connection, const char *name, int64_t size, const char *sha256,
                         GError **error)
{
    g_autofree char *part = part_path(connection->drop->out, name);
    g_autofree char *target = sftp_drop_path(connection->drop->out, name);
    const struct publishing p = {connection, part, target, size, sha256};
    GError *fault = NULL;

    return on_drop(publish(&p, &fault), &fault, error);
}

/* ---- life ---- */

static struct connection *drop_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);
    struct sftp_peer peer = sftp_drop_peer(drop);

    (void)direction; /* each has its own session, which is the same for both */
    connection->drop = drop;
    connection->sftp = sftp_new(&peer);
    connection->fetched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return connection;
}

static void drop_interrupt(struct connection *connection)
{
    sftp_interrupt(connection->sftp);
}

static void drop_close(struct connection *connection)
{
    if (connection == NULL)
        return;
    sftp_free(connection->sftp);
    g_hash_table_unref(connection->fetched);
    g_free(connection);
}

const struct transport sftp_transport = {
    .name = "sftp",
    .open = drop_open,
    .list = drop_list,
    .fetch = drop_fetch,
    .discard = drop_discard,
    .upload = drop_upload,
    .publish = drop_publish,
    .interrupt = drop_interrupt,
    .close = drop_close,
};
