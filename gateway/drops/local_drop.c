/*
 * The table of the local transport: drops on a disk of this machine. What changes a folder goes through spool/disk.h,
 * as everywhere.
 */
#include "gateway/drops/local_drop.h"

#include "gateway/config/config_file.h"
#include "gateway/drops/local_connection.h"
#include "spool/disk.h"
#include "spool/spool_error.h"

#include <string.h>

/* ---- settings, life ---- */

static void local_load(struct config_loading *l, const char *group, struct drop *drop)
{
    drop->in = config_path_value(l, group, "in", NULL);
    drop->out = config_path_value(l, group, "out", NULL);
}

/* Device and inode, which every path, link and mount of a folder share. A folder that is not there yet is named after
 * the one that it would stand in. */
static char *local_folder_key(const struct drop *drop, const char *folder)
{
    g_autofree char *path = g_canonicalize_filename(folder, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    struct stat st;

    if (stat(folder, &st) == 0 || stat(path, &st) == 0)
        return g_strdup_printf("local %ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    if (strcmp(dir, path) == 0)
        return g_strdup("local /");
    g_autofree char *parent = local_folder_key(drop, dir);
    return g_strconcat(parent, "/", name, NULL);
}

static struct connection *local_open(const struct drop *drop, enum connection_direction direction)
{
    struct connection *connection = g_new0(struct connection, 1);

    connection->drop = drop;
    connection->direction = direction;
    connection->fs = -1;
    return connection;
}

static void local_interrupt(struct connection *connection)
{
    g_atomic_int_set(&connection->interrupted, 1);
}

static void local_close(struct connection *connection)
{
    if (connection != NULL)
        disk_fs_close(connection->fs);
    g_free(connection);
}

/* ---- the claim ---- */

static bool claim_read(struct connection *connection, struct claim_text *claim, GError **error)
{
    return local_still_running(connection, error) && local_claim_read(connection->drop, claim, error);
}

static bool claim_make(struct connection *connection, const char *text, GError **error)
{
    GError *cause = NULL;

    if (local_claim_make(connection->drop, text, &cause))
        return true;
    if (!g_error_matches(cause, SPOOL_ERROR, SPOOL_ERROR_EXISTS))
        return local_on_drop(false, &cause, error);
    g_error_free(cause);
    return local_changed(error, CLAIM_NAME, "is there already");
}

static bool claim_write(struct connection *connection, const char *text, GError **error)
{
    GError *cause = NULL;

    return local_on_drop(local_claim_write(connection->drop, text, &cause), &cause, error);
}

const struct transport local_transport = {
    .name = "local",
    .local_folders = true,
    .first_rule = COMPLETE_CLOSED,
    .load = local_load,
    .folder_key = local_folder_key,
    .probe = local_probe,
    .open = local_open,
    .list = local_list,
    .fetch = local_fetch,
    .discard = local_discard,
    .upload = local_upload,
    .look = local_look,
    .publish = local_publish,
    .withdraw = local_withdraw,
    .names = local_names,
    .begin_batch = local_begin_batch,
    .end_batch = local_end_batch,
    .claim_read = claim_read,
    .claim_make = claim_make,
    .claim_write = claim_write,
    .interrupt = local_interrupt,
    .close = local_close,
};
