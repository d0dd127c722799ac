/*
 * Folders and names: what is asked about files without opening them.
 */
#include "gateway/drops/sftp/sftp_limits.h"
#include "gateway/drops/sftp/sftp_request.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

/* READDIRs under way at once: 50,000 names come in about 500 answers, each a round trip if asked one by one. */
enum { LISTINGS = 4 };

/* Answers without any name in a row. A server that never says EOF would hold up its drop for ever. */
enum { MAX_EMPTY = 1000 };

/* Bytes: what a name that is asked for by a request of its own counts in the rate of a list. */
enum { ENTRY = 100 };

static const char STATVFS[] = "statvfs@openssh.com";

/* ---- folders ---- */

struct listing {
    struct direct *sftp;
    const char *folder;
    sftp_visit *visit;
    void *user;
    bool enough;    /* the visitor wants no more */
    int64_t listed; /* names so far */
    int64_t bytes;  /* of these names */
    uint32_t empty; /* answers without a name, in a row */
};

/* Servers may leave attributes out of a list. Those of one name are asked for by a request of its own. */
static bool look_again(const struct listing *listing, const char *name, struct sftp_attributes *attributes,
                       GError **error)
{
    g_autofree char *path = g_strconcat(listing->folder, g_str_has_suffix(listing->folder, "/") ? "" : "/", name, NULL);
    GError *cause = NULL;

    sftp_rate_add(listing->sftp, ENTRY);
    if (direct_lstat(listing->sftp, path, attributes, &cause))
        return true;
    *attributes = (struct sftp_attributes){0};
    if (listing->sftp->usable) {
        g_error_free(cause); /* gone, or refused: then nothing is known of the name */
        return true;
    }
    g_propagate_error(error, cause);
    return false;
}

/* Passes one name to the visitor, with its attributes. */
static bool visit_name(struct listing *listing, const uint8_t *data, size_t len, struct sftp_attributes *attributes,
                       GError **error)
{
    if (len == 0 || memchr(data, '\0', len) != NULL || memchr(data, '/', len) != NULL)
        return true; /* no name of a file: no request can be made with it */
    g_autofree char *name = g_strndup((const char *)data, len);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if ((!attributes->typed || !attributes->sized) && !look_again(listing, name, attributes, error))
        return false;
    listing->enough = !listing->visit(listing->user, name, attributes);
    return true;
}

/* The caller keeps what is listed, so a folder without end would take all memory. To use only the first names is no way
 * out: servers list in any order, and a file with a high number, taken first, would make the lower ones stale. */
static bool check_listed(const struct listing *listing, GError **error)
{
    int64_t most = listing->sftp->peer.listed_max;

    if (listing->listed > most)
        return sftp_fail(listing->sftp, SFTP_ERROR_REFUSED, error,
                         "%s holds at least %" G_GINT64_FORMAT " names, expected at most %" G_GINT64_FORMAT
                         "; have files that are not for the gateway moved away, or raise listed_max= of the drop",
                         listing->folder, listing->listed, most);
    if (listing->bytes > most * SFTP_USUAL_NAME)
        return sftp_fail(listing->sftp, SFTP_ERROR_REFUSED, error,
                         "%s holds names of at least %" G_GINT64_FORMAT " bytes together, expected at most "
                         "%" G_GINT64_FORMAT
                         "; have files that are not for the gateway moved away, or raise listed_max= of the drop",
                         listing->folder, listing->bytes, most * SFTP_USUAL_NAME);
    return true;
}

/* Passes all names of one answer to the visitor. */
static bool visit_names(struct listing *listing, const struct sftp_reply *reply, GError **error)
{
    /* A copy: the visitor may use the session, which reuses the buffer of the answer. */
    g_autofree uint8_t *copy = g_memdup2(reply->at, reply->left);
    struct sftp_reply names = {.at = copy, .left = reply->left};
    uint32_t n;

    if (!reply_u32(&names, &n))
        return reply_broken(listing->sftp, "a list of names is cut short", error);
    listing->empty = n == 0 ? listing->empty + 1 : 0;
    if (listing->empty > MAX_EMPTY) {
        g_autofree char *how = g_strdup_printf("a list goes on for %u answers without a name, expected at most %d",
                                               listing->empty, MAX_EMPTY);
        return reply_broken(listing->sftp, how, error);
    }
    for (uint32_t i = 0; i < n && !listing->enough; i++) {
        struct reply_text name = {.what = "a name in a list", .longest = SFTP_LONGEST_NAME};
        struct reply_text line = {.what = "the line of a name in a list", .longest = SFTP_LONGEST_LINE};
        struct sftp_attributes attributes;
        if (!reply_text(listing->sftp, &names, &name, error) || !reply_text(listing->sftp, &names, &line, error) ||
            !reply_attributes(listing->sftp, &names, &attributes, error))
            return false;
        listing->listed++;
        listing->bytes += (int64_t)name.len;
        if (!check_listed(listing, error) || !visit_name(listing, name.data, name.len, &attributes, error))
            return false;
    }
    return true;
}

/* Takes one answer to a READDIR. Sets *ended if the server has no more names. */
static bool take_names(struct listing *listing, uint32_t id, bool *ended, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(listing->sftp, id, &reply, error))
        return false;
    sftp_rate_add(listing->sftp, reply.left);
    if (reply.type == SFTP_NAME)
        return visit_names(listing, &reply, error);
    *ended = reply_status(&reply, &status) && status == SFTP_EOF;
    return *ended || reply_fail(listing->sftp, &reply, "cannot list", listing->folder, error);
}

/* Several READDIRs are under way, but their answers are taken in order: an EOF then ends the list safely. */
static bool list_names(struct listing *listing, const GByteArray *handle, GError **error)
{
    struct direct *sftp = listing->sftp;
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

bool direct_list(struct direct *sftp, const char *folder, sftp_visit *visit, void *user, GError **error)
{
    struct listing listing = {.sftp = sftp, .folder = folder, .visit = visit, .user = user};

    sftp_progress(sftp, 0);
    GByteArray *handle = sftp_settle_handle(sftp, wire_ask(sftp, SFTP_OPENDIR, folder, strlen(folder)), folder, error);
    if (handle == NULL)
        return false;
    const struct sftp_rate outer = sftp_rate_begin(sftp);
    bool good = list_names(&listing, handle, error);
    sftp_rate_end(sftp, &outer);
    sftp_close_handle(sftp, handle);
    return good;
}

/* ---- names ---- */

bool direct_lstat(struct direct *sftp, const char *path, struct sftp_attributes *attributes, GError **error)
{
    sftp_progress(sftp, 0);
    return sftp_settle_attributes(sftp, wire_ask(sftp, SFTP_LSTAT, path, strlen(path)), path, attributes, error);
}

static uint32_t ask_rename(struct direct *sftp, const char *from, const char *to)
{
    uint32_t id = wire_begin(sftp, SFTP_RENAME);

    wire_put_text(sftp, from);
    wire_put_text(sftp, to);
    wire_end(sftp);
    return id;
}

bool direct_rename(struct direct *sftp, const char *from, const char *to, GError **error)
{
    g_autofree char *both = g_strconcat(from, " to ", to, NULL);

    sftp_progress(sftp, 0);
    return sftp_settle(sftp, ask_rename(sftp, from, to), "cannot rename", both, error);
}

bool direct_rename_and_look(struct direct *sftp, const char *from, const char *to, bool *there, GError **error)
{
    g_autofree char *both = g_strconcat(from, " to ", to, NULL);
    struct sftp_attributes attributes;

    sftp_progress(sftp, 0);
    uint32_t renamed = ask_rename(sftp, from, to), looked = wire_ask(sftp, SFTP_LSTAT, to, strlen(to));
    if (!sftp_settle(sftp, renamed, "cannot rename", both, error)) {
        wire_ignore(sftp, looked);
        return false;
    }
    *there = sftp_settle_attributes(sftp, looked, to, &attributes, NULL);
    return true;
}

bool direct_move(struct direct *sftp, const char *from, const char *to, struct sftp_moved *moved, GError **error)
{
    g_autofree char *both = g_strconcat(from, " to ", to, NULL);
    GError *refusal = NULL, *missing = NULL;

    *moved = (struct sftp_moved){0};
    sftp_progress(sftp, 0);
    uint32_t id = ask_rename(sftp, from, to), look = wire_ask(sftp, SFTP_LSTAT, to, strlen(to));
    bool done = sftp_settle(sftp, id, "cannot rename", both, &refusal);
    if (!done && !sftp->usable) {
        wire_ignore(sftp, look);
        g_propagate_error(error, refusal);
        return false;
    }
    moved->there = sftp_settle_attributes(sftp, look, to, &moved->attributes, &missing);
    if (!moved->there && !sftp->usable) {
        g_clear_error(&refusal);
        g_propagate_error(error, missing);
        return false;
    }
    g_clear_error(&missing);
    moved->refusal = refusal;
    return true;
}

bool direct_remove(struct direct *sftp, const char *path, GError **error)
{
    sftp_progress(sftp, 0);
    return sftp_settle(sftp, wire_ask(sftp, SFTP_REMOVE, path, strlen(path)), "cannot remove", path, error);
}

bool direct_make_folder(struct direct *sftp, const char *path, GError **error)
{
    sftp_progress(sftp, 0);
    uint32_t id = wire_begin(sftp, SFTP_MKDIR);
    wire_put_text(sftp, path);
    wire_put_u32(sftp, 0); /* no attributes */
    wire_end(sftp);
    return sftp_settle(sftp, id, "cannot make folder", path, error);
}

bool direct_free_space(struct direct *sftp, const char *path, uint64_t *bytes, GError **error)
{
    struct sftp_reply reply;
    uint64_t size, unit, blocks, free_blocks, available;

    if (!direct_offers(sftp, STATVFS))
        return sftp_fail(sftp, SFTP_ERROR_REFUSED, error,
                         "the server does not say how much room is left (it lacks statvfs@openssh.com)");
    sftp_progress(sftp, 0);
    uint32_t id = wire_begin(sftp, SFTP_EXTENDED);
    wire_put_text(sftp, STATVFS);
    wire_put_text(sftp, path);
    wire_end(sftp);
    if (!wire_reply(sftp, id, &reply, error))
        return false;
    if (reply.type != SFTP_EXTENDED_REPLY)
        return reply_fail(sftp, &reply, "cannot ask for the free space at", path, error);
    if (!reply_u64(&reply, &size) || !reply_u64(&reply, &unit) || !reply_u64(&reply, &blocks) ||
        !reply_u64(&reply, &free_blocks) || !reply_u64(&reply, &available))
        return reply_broken(sftp, "the sizes of its disk are cut short", error);
    *bytes = unit != 0 && available > G_MAXUINT64 / unit ? G_MAXUINT64 : available * unit;
    return true;
}
