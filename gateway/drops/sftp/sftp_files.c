#include "gateway/drops/sftp/sftp_private.h"

#include <string.h>

/* READDIRs under way at once: 50,000 names come in some 500 answers. */
enum { LISTINGS = 4 };

/* A server that never comes to an end would keep its drop for ever. */
enum { MAX_LISTED = 10 * 1000 * 1000, MAX_EMPTY = 1000 };

static const char FSTATVFS[] = "statvfs@openssh.com";

/* ---- answers of common kinds ---- */

bool sftp_settle(struct sftp *sftp, uint32_t id, const char *what, const char *path, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(sftp, id, &reply, error))
        return false;
    return (reply_status(&reply, &status) && status == SFTP_OK) || reply_fail(sftp, &reply, what, path, error);
}

bool sftp_settle_attributes(struct sftp *sftp, uint32_t id, const char *path, struct sftp_attributes *attributes,
                            GError **error)
{
    struct sftp_reply reply;

    if (!wire_reply(sftp, id, &reply, error))
        return false;
    if (reply.type != SFTP_ATTRS)
        return reply_fail(sftp, &reply, "cannot look at", path, error);
    return reply_attributes(&reply, attributes) || wire_broken(sftp, "attributes that are cut short", error);
}

GByteArray *sftp_settle_handle(struct sftp *sftp, uint32_t id, const char *path, GError **error)
{
    struct sftp_reply reply;
    const uint8_t *data;
    size_t len;

    if (!wire_reply(sftp, id, &reply, error))
        return NULL;
    if (reply.type != SFTP_HANDLE) {
        (void)reply_fail(sftp, &reply, "cannot open", path, error);
        return NULL;
    }
    if (!reply_string(&reply, &data, &len)) {
        (void)wire_broken(sftp, "a handle that is cut short", error);
        return NULL;
    }
    GByteArray *handle = g_byte_array_sized_new((guint)len);
    return g_byte_array_append(handle, data, (guint)len);
}

void sftp_close_handle(struct sftp *sftp, GByteArray *handle)
{
    if (handle == NULL)
        return;
    if (sftp->usable)
        wire_ignore(sftp, wire_ask(sftp, SFTP_CLOSE, handle->data, handle->len)); /* goes with the next request */
    g_byte_array_unref(handle);
}

/* ---- folders ---- */

struct listing {
    struct sftp *sftp;
    const char *folder;
    sftp_visit *visit;
    void *user;
    bool enough;
    uint32_t listed, empty; /* names so far; answers without any in a row */
};

/* Servers may leave out what is asked for one by one. */
static bool look_again(const struct listing *listing, const char *name, struct sftp_attributes *attributes,
                       GError **error)
{
    g_autofree char *path = g_strconcat(listing->folder, g_str_has_suffix(listing->folder, "/") ? "" : "/", name, NULL);
    GError *fault = NULL;

    if (sftp_lstat(listing->sftp, path, attributes, &fault))
        return true;
    *attributes = (struct sftp_attributes){0};
    if (listing->sftp->usable) {
        g_error_free(fault); /* gone, or not to be looked at: then nothing is known of it */
        return true;
    }
    g_propagate_error(error, fault);
    return false;
}

static bool visit_name(struct listing *listing, const uint8_t *data, size_t len, struct sftp_attributes *attributes,
                       GError **error)
{
    if (len == 0 || memchr(data, '\0', len) != NULL || memchr(data, '/', len) != NULL)
        return true; /* no name of a file: nothing can be asked by it */
    g_autofree char *name = g_strndup((const char *)data, len);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if ((!attributes->typed || !attributes->sized) && !look_again(listing, name, attributes, error))
        return false;
    listing->enough = !listing->visit(listing->user, name, attributes);
    return true;
}

static bool visit_names(struct listing *listing, const struct sftp_reply *reply, GError **error)
{
    /* A copy: the visitor may use the session. */
    g_autofree uint8_t *copy = g_memdup2(reply->at, reply->left);
    struct sftp_reply names = {.at = copy, .left = reply->left};
    uint32_t n;

    if (!reply_u32(&names, &n))
        return wire_broken(listing->sftp, "a list of names that is cut short", error);
    listing->empty = n == 0 ? listing->empty + 1 : 0;
    listing->listed += MIN(n, MAX_LISTED);
    if (listing->empty > MAX_EMPTY || listing->listed > MAX_LISTED)
        return wire_broken(listing->sftp, "a list of names without an end", error);
    for (uint32_t i = 0; i < n && !listing->enough; i++) {
        const uint8_t *name, *line;
        size_t len, line_len;
        struct sftp_attributes attributes;
        if (!reply_string(&names, &name, &len) || !reply_string(&names, &line, &line_len) ||
            !reply_attributes(&names, &attributes))
            return wire_broken(listing->sftp, "a list of names that is cut short", error);
        if (!visit_name(listing, name, len, &attributes, error))
            return false;
    }
    return true;
}

/* *ended: the server has no more. */
static bool take_names(struct listing *listing, uint32_t id, bool *ended, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(listing->sftp, id, &reply, error))
        return false;
    if (reply.type == SFTP_NAME)
        return visit_names(listing, &reply, error);
    *ended = reply_status(&reply, &status) && status == SFTP_EOF;
    return *ended || reply_fail(listing->sftp, &reply, "cannot list", listing->folder, error);
}

static bool list_names(struct listing *listing, const GByteArray *handle, GError **error)
{
    struct sftp *sftp = listing->sftp;
    uint32_t ids[LISTINGS];
    bool good = true, ended = false;

    for (int i = 0; i < LISTINGS; i++)
        ids[i] = wire_ask(sftp, SFTP_READDIR, handle->data, handle->len);
    for (int i = 0; good && !ended && !listing->enough; i = (i + 1) % LISTINGS) {
        good = take_names(listing, ids[i], &ended, error);
        if (good && !ended && !listing->enough)
            ids[i] = wire_ask(sftp, SFTP_READDIR, handle->data, handle->len);
    }
    for (int i = 0; i < LISTINGS; i++)
        wire_ignore(sftp, ids[i]);
    return good;
}

bool sftp_list(struct sftp *sftp, const char *folder, sftp_visit *visit, void *user, GError **error)
{
    struct listing listing = {.sftp = sftp, .folder = folder, .visit = visit, .user = user};

    sftp_progress(sftp, 0);
    GByteArray *handle = sftp_settle_handle(sftp, wire_ask(sftp, SFTP_OPENDIR, folder, strlen(folder)), folder, error);
    if (handle == NULL)
        return false;
    bool good = list_names(&listing, handle, error);
    sftp_close_handle(sftp, handle);
    return good;
}

/* ---- names ---- */

bool sftp_lstat(struct sftp *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    sftp_progress(sftp, 0);
    return sftp_settle_attributes(sftp, wire_ask(sftp, SFTP_LSTAT, path, strlen(path)), path, attributes, error);
}

bool sftp_rename(struct sftp *sftp, const char *from, const char *to, GError **error)
{
    g_autofree char *both = g_strconcat(from, " to ", to, NULL);

    sftp_progress(sftp, 0);
    uint32_t id = wire_begin(sftp, SFTP_RENAME);
    wire_put_text(sftp, from);
    wire_put_text(sftp, to);
    wire_end(sftp);
    return sftp_settle(sftp, id, "cannot rename", both, error);
}

bool sftp_remove(struct sftp *sftp, const char *path, GError **error)
{
    sftp_progress(sftp, 0);
    return sftp_settle(sftp, wire_ask(sftp, SFTP_REMOVE, path, strlen(path)), "cannot remove", path, error);
}

bool sftp_make_folder(struct sftp *sftp, const char *path, GError **error)
{
    sftp_progress(sftp, 0);
    uint32_t id = wire_begin(sftp, SFTP_MKDIR);
    wire_put_text(sftp, path);
    wire_put_u32(sftp, 0); /* no attributes */
    wire_end(sftp);
    return sftp_settle(sftp, id, "cannot make folder", path, error);
}

bool sftp_free_space(struct sftp *sftp, const char *path, uint64_t *bytes, GError **error)
{
    struct sftp_reply reply;
    uint64_t size, unit, blocks, free_blocks, available;

    if (!sftp_offers(sftp, FSTATVFS))
        return sftp_fail(sftp, SFTP_ERROR_REFUSED, error, "the server does not tell how much room is left");
    sftp_progress(sftp, 0);
    uint32_t id = wire_begin(sftp, SFTP_EXTENDED);
    wire_put_text(sftp, FSTATVFS);
    wire_put_text(sftp, path);
    wire_end(sftp);
    if (!wire_reply(sftp, id, &reply, error))
        return false;
    if (reply.type != SFTP_EXTENDED_REPLY)
        return reply_fail(sftp, &reply, "cannot ask for the room at", path, error);
    if (!reply_u64(&reply, &size) || !reply_u64(&reply, &unit) || !reply_u64(&reply, &blocks) ||
        !reply_u64(&reply, &free_blocks) || !reply_u64(&reply, &available))
        return wire_broken(sftp, "sizes that are cut short", error);
    *bytes = unit != 0 && available > G_MAXUINT64 / unit ? G_MAXUINT64 : available * unit;
    return true;
}
