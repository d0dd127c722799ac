/*
 * The table of the SFTP transport, and listing of both folders.
 */
#include "gateway/drops/sftp_drop.h"

#include "formats/name/filename.h"
#include "gateway/drops/sftp/apart.h"
#include "gateway/drops/sftp_connection.h"

#include <string.h>

/* ---- list ---- */

struct visiting {
    struct connection *connection;
    transport_visit *visit;
    void *user;
    GError *error; /* why the visits ended, or NULL */
};

/* Asks what the entry is, unless this connection has asked before and the entry is the same. Such a server costs some
 * requests for each entry once, not in each listing. */
static bool find_type(struct visiting *visiting, const char *name, struct sftp_attributes *attributes)
{
    struct connection *connection = visiting->connection;
    const struct sftp_attributes *known = g_hash_table_lookup(connection->types, name);
    g_autofree char *path = sftp_path(connection->drop->in, name);

    if (known != NULL && known->size == attributes->size && known->modified == attributes->modified) {
        *attributes = *known;
        return true;
    }
    if (!sftp_find_type(connection->sftp, path, attributes, &visiting->error))
        return false;
    if (g_hash_table_size(connection->types) >= SFTP_MOST_REMEMBERED)
        g_hash_table_remove_all(connection->types); /* costs only that they are asked for again */
    g_hash_table_insert(connection->types, g_strdup(name), g_memdup2(attributes, sizeof *attributes));
    return true;
}

static const char *fault_of(const struct sftp_attributes *attributes)
{
    if (!attributes->typed)
        return "the server does not tell whether it is a file, a folder or a link; ask the server's owner to send "
               "the type with the permissions";
    /* A file whose size is not known cannot be proved whole after its fetch. */
    return attributes->regular && !attributes->sized
               ? "the server does not tell its size; ask the server's owner to send sizes"
               : NULL;
}

static bool visit_entry(void *user, const char *name, const struct sftp_attributes *attributes)
{
    struct visiting *visiting = user;
    struct sftp_attributes found = *attributes;

    if (!found.typed && !filename_is_temporary(name, visiting->connection->drop->temporary) &&
        !find_type(visiting, name, &found))
        return false;
    const struct drop_entry entry = {.name = name,
                                     .regular = found.regular && found.sized,
                                     .fault = fault_of(&found),
                                     .identity = sftp_connection_identity(&found),
                                     .modified = found.modified};
    return visiting->visit(visiting->user, &entry);
}

static bool drop_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    struct visiting visiting = {connection, visit, user, NULL};
    GError *cause = NULL;
    bool good = sftp_connection_ready(connection, &cause) &&
                sftp_list(connection->sftp, connection->drop->in, visit_entry, &visiting, &cause);

    if (visiting.error != NULL) {
        g_clear_error(&cause);
        cause = visiting.error;
        good = false;
    }
    return sftp_connection_pass(good, &cause, error);
}

/* ---- names ---- */

struct naming {
    transport_name_visit *visit;
    void *user;
};

static bool visit_name(void *user, const char *name, const struct sftp_attributes *attributes)
{
    const struct naming *naming = user;

    (void)attributes;
    return naming->visit(naming->user, name);
}

static bool drop_names(struct connection *connection, const char *folder, transport_name_visit *visit, void *user,
                       GError **error)
{
    const char *out = connection->drop->out;
    g_autofree char *path = folder != NULL ? sftp_path(out, folder) : g_strdup(out);
    struct naming naming = {visit, user};
    GError *cause = NULL;
    bool good =
        sftp_connection_ready(connection, &cause) && sftp_list(connection->sftp, path, visit_name, &naming, &cause);

    if (!good && folder != NULL && sftp_connection_failed_by(cause, SFTP_ERROR_MISSING)) {
        g_clear_error(&cause);
        good = true;
    }
    return sftp_connection_pass(good, &cause, error);
}

/* ---- life ---- */

static struct connection *drop_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);

    (void)direction; /* the session is the same for both */
    connection->drop = drop;
    connection->sftp = sftp_settings_session(drop);
    connection->fetched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    connection->types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
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
    g_hash_table_unref(connection->types);
    g_free(connection);
}

const struct transport sftp_transport = {
    .name = "sftp",
    .local_folders = false,
    .first_rule = COMPLETE_STABLE, /* no request of SFTP tells who has a file open */
    .keys = sftp_keys,
    .load = sftp_settings_load,
    .free_settings = sftp_settings_free,
    .folder_key = sftp_settings_folder_key,
    .probe = sftp_probe,
    .open = drop_open,
    .list = drop_list,
    .fetch = sftp_pickup_fetch,
    .discard = sftp_pickup_discard,
    .upload = sftp_delivery_upload,
    .look = sftp_delivery_look,
    .publish = sftp_delivery_publish,
    .withdraw = sftp_delivery_withdraw,
    .names = drop_names,
    .claim_read = sftp_claim_read,
    .claim_make = sftp_claim_make,
    .claim_write = sftp_claim_write,
    .interrupt = drop_interrupt,
    .close = drop_close,
};

const char *sftp_drop_library_version(void)
{
    return sftp_library_version();
}

void sftp_drop_serve_if_asked(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], SFTP_SESSION) == 0)
        apart_serve();
}
