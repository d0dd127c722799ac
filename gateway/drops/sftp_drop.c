/*
 * The table of the SFTP transport, and listing.
 */
#include "gateway/drops/sftp_drop.h"

#include "gateway/drops/sftp_connection.h"

/* ---- list ---- */

struct visiting {
    transport_visit *visit;
    void *user;
};

static bool visit_entry(void *user, const char *name, const struct sftp_attributes *attributes)
{
    const struct visiting *visiting = user;
    /* A file whose size the server does not tell cannot be proved whole after its fetch: it is left alone. */
    struct drop_entry entry = {.name = name,
                               .regular = attributes->regular && attributes->sized,
                               .identity = sftp_connection_identity(attributes),
                               .modified = attributes->modified};

    return visiting->visit(visiting->user, &entry);
}

static bool drop_list(struct connection *connection, transport_visit *visit, void *user, GError **error)
{
    struct visiting visiting = {visit, user};
    GError *cause = NULL;

    return sftp_connection_pass(sftp_connection_ready(connection, &cause) &&
                                    sftp_list(connection->sftp, connection->drop->in, visit_entry, &visiting, &cause),
                                &cause, error);
}

/* ---- life ---- */

static struct connection *drop_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);

    (void)direction; /* the session is the same for both */
    connection->drop = drop;
    connection->sftp = sftp_new(&sftp_settings_of(drop)->peer);
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
    .publish = sftp_delivery_publish,
    .interrupt = drop_interrupt,
    .close = drop_close,
};
