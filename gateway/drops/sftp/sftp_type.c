/*
 * What an entry is of which the server tells no type.
 *
 * An entry is opened only if it is known to be neither a link nor a folder and to hold bytes: an open of a pipe would
 * block many servers for ever, and a pipe has no size. So an empty file stays unknown on such a server. The long name
 * of a listing ("-rw-r--r-- 1 …") was considered; the protocol forbids to parse it, and servers write what they like.
 */
#include "gateway/drops/sftp/sftp_request.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

/* A link, or not. A server that does not know the request has no links. */
static bool is_link(struct direct *sftp, const char *path, bool *link, GError **error)
{
    struct sftp_reply reply;

    if (!wire_reply(sftp, wire_ask(sftp, SFTP_READLINK, path, strlen(path)), &reply, error))
        return false;
    *link = reply.type == SFTP_NAME;
    return true;
}

/* Asks for attributes with a request that takes a path or a handle. A refusal tells nothing, which is no error. */
static bool ask_type(struct direct *sftp, uint32_t id, const char *path, struct sftp_attributes *attributes,
                     GError **error)
{
    struct sftp_attributes told = {0};
    GError *cause = NULL;

    if (!sftp_settle_attributes(sftp, id, path, &told, &cause) && !sftp->usable) {
        g_propagate_error(error, cause);
        return false;
    }
    g_clear_error(&cause);
    attributes->typed = told.typed;
    attributes->regular = told.regular;
    attributes->folder = told.folder;
    return true;
}

/* Opens the path as a folder or as a file. *handle is NULL if the server refuses. */
static bool try_open(struct direct *sftp, uint32_t id, const char *path, GByteArray **handle, GError **error)
{
    GError *cause = NULL;

    *handle = sftp_settle_handle(sftp, id, path, &cause);
    if (*handle != NULL || sftp->usable) {
        g_clear_error(&cause);
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* Reads one byte through the handle: only a file gives one. */
static bool reads(struct direct *sftp, const GByteArray *handle, bool *file, GError **error)
{
    struct sftp_reply reply;
    uint32_t id = wire_begin(sftp, SFTP_READ);

    wire_put(sftp, handle->data, handle->len);
    wire_put_u64(sftp, 0);
    wire_put_u32(sftp, 1);
    wire_end(sftp);
    if (!wire_reply(sftp, id, &reply, error))
        return false;
    *file = reply.type == SFTP_DATA;
    return true;
}

static uint32_t ask_open(struct direct *sftp, const char *path)
{
    uint32_t id = wire_begin(sftp, SFTP_OPEN);

    wire_put_text(sftp, path);
    wire_put_u32(sftp, 1); /* to read */
    wire_put_u32(sftp, 0); /* no attributes */
    wire_end(sftp);
    return id;
}

bool direct_look_inside(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    sftp_progress(sftp, 0);
    GByteArray *handle = sftp_settle_handle(sftp, ask_open(sftp, path), path, error);
    if (handle == NULL)
        return false;
    bool good =
        sftp_settle_attributes(sftp, wire_ask(sftp, SFTP_FSTAT, handle->data, handle->len), path, attributes, error);
    sftp_close_handle(sftp, handle);
    return good;
}

static bool open_file(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    GByteArray *handle;
    bool file = false;

    if (!try_open(sftp, ask_open(sftp, path), path, &handle, error) || handle == NULL)
        return handle != NULL || sftp->usable;
    bool good = ask_type(sftp, wire_ask(sftp, SFTP_FSTAT, handle->data, handle->len), path, attributes, error) &&
                (attributes->typed || reads(sftp, handle, &file, error));
    if (file)
        attributes->typed = attributes->regular = true;
    sftp_close_handle(sftp, handle);
    return good;
}

bool direct_find_type(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    GByteArray *folder;
    bool link;

    sftp_progress(sftp, 0);
    if (!is_link(sftp, path, &link, error))
        return false;
    attributes->typed = link;
    if (link)
        return true;
    if (!ask_type(sftp, wire_ask(sftp, SFTP_STAT, path, strlen(path)), path, attributes, error) || attributes->typed)
        return sftp->usable;
    if (!try_open(sftp, wire_ask(sftp, SFTP_OPENDIR, path, strlen(path)), path, &folder, error))
        return false;
    attributes->typed = attributes->folder = folder != NULL;
    sftp_close_handle(sftp, folder);
    return attributes->typed || !attributes->sized || attributes->size == 0 || open_file(sftp, path, attributes, error);
}
