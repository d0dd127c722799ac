#include "gateway/drops/sftp/sftp_private.h"

#include <string.h>

/* Bytes under way at once are what a line of 50 ms and 80 MB/s holds. SYNC_RATE: the slowest disk that a
 * server is given time for. */
enum { UNDER_WAY = 4 * 1024 * 1024, REQUESTS = UNDER_WAY / SFTP_PIECE, LEAST_PIECE = 1024, FLUSH_SIZE = 256 * 1024 };
enum { SYNC_RATE = 4 * 1024 * 1024 };
enum { OPEN_READ = 1, OPEN_WRITE = 2, OPEN_CREATE = 8, OPEN_EXCLUSIVE = 32 };

static const char FSYNC[] = "fsync@openssh.com";

/* No attributes: the server's own defaults decide, and some refuse any. */
static uint32_t ask_open(struct sftp *sftp, const char *path, uint32_t flags)
{
    uint32_t id = wire_begin(sftp, SFTP_OPEN);

    wire_put_text(sftp, path);
    wire_put_u32(sftp, flags);
    wire_put_u32(sftp, 0);
    wire_end(sftp);
    return id;
}

/* ---- reading ---- */

struct read {
    uint32_t id;
    int64_t at;
    uint32_t len;
};

struct reading {
    struct sftp *sftp;
    const char *path;
    const GByteArray *handle;
    int64_t size;
    sftp_sink *sink;
    void *user;
    struct read reads[REQUESTS]; /* a ring, in the file's order */
    unsigned first, count;
    int64_t asked;              /* the next byte to ask for */
    uint32_t probe, attributes; /* at the end: is there a byte more, and what is the file now */
    bool probing;
};

static void ask_read(const struct reading *r, struct read *read)
{
    read->id = wire_begin(r->sftp, SFTP_READ);
    wire_put(r->sftp, r->handle->data, r->handle->len);
    wire_put_u64(r->sftp, (uint64_t)read->at);
    wire_put_u32(r->sftp, read->len);
    wire_end(r->sftp);
}

/* How many requests are under way at most. */
static unsigned most_requests(uint32_t piece)
{
    return MIN(REQUESTS, UNDER_WAY / piece);
}

static void ask_more(struct reading *r)
{
    while (r->asked < r->size && r->count < most_requests(r->sftp->read_piece)) {
        struct read *read = &r->reads[(r->first + r->count++) % REQUESTS];
        *read = (struct read){.at = r->asked, .len = (uint32_t)MIN(r->size - r->asked, r->sftp->read_piece)};
        r->asked += read->len;
        ask_read(r, read);
    }
    if (r->asked == r->size && !r->probing) {
        struct read probe = {.at = r->size, .len = 1};
        ask_read(r, &probe);
        r->probe = probe.id;
        r->attributes = wire_ask(r->sftp, SFTP_FSTAT, r->handle->data, r->handle->len);
        r->probing = true;
    }
}

static bool fail_size(const struct reading *r, const char *how, GError **error)
{
    return sftp_fail(r->sftp, SFTP_ERROR_CHANGED, error,
                     "%s %s than the %" G_GINT64_FORMAT " bytes that it was listed with; it is looked at again",
                     r->path, how, r->size);
}

/* The answer to the first read of the ring. A server may give less than was asked for: the rest is asked for
 * again, and later pieces are made as small as it likes them. */
static bool take_read(struct reading *r, GError **error)
{
    struct read *read = &r->reads[r->first];
    struct sftp_reply reply;
    uint32_t status;
    const uint8_t *data;
    size_t len;

    if (!wire_reply(r->sftp, read->id, &reply, error))
        return false;
    if (reply_status(&reply, &status) && status == SFTP_EOF)
        return fail_size(r, "is shorter", error);
    if (reply.type != SFTP_DATA)
        return reply_fail(r->sftp, &reply, "cannot read", r->path, error);
    if (!reply_string(&reply, &data, &len) || len == 0 || len > read->len)
        return wire_broken(r->sftp, "not the bytes that were asked for", error);
    if (!r->sink(r->user, (const char *)data, len, error))
        return false;
    if (len == read->len) {
        r->first = (r->first + 1) % REQUESTS;
        r->count--;
        return true;
    }
    r->sftp->read_piece = (uint32_t)MAX(MIN(len, r->sftp->read_piece), LEAST_PIECE);
    read->at += (int64_t)len;
    read->len -= (uint32_t)len;
    ask_read(r, read);
    return true;
}

static bool check_end(struct reading *r, struct sftp_attributes *after, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(r->sftp, r->probe, &reply, error))
        return false;
    if (reply.type == SFTP_DATA)
        return fail_size(r, "is longer", error);
    if (!reply_status(&reply, &status) || status != SFTP_EOF)
        return reply_fail(r->sftp, &reply, "cannot read", r->path, error);
    return sftp_settle_attributes(r->sftp, r->attributes, r->path, after, error);
}

static bool read_all(struct reading *r, struct sftp_attributes *after, GError **error)
{
    bool good = true;

    ask_more(r);
    while (good && r->count > 0) {
        good = take_read(r, error);
        if (r->count <= most_requests(r->sftp->read_piece) / 2) /* many requests in one packet */
            ask_more(r);
    }
    good = good && check_end(r, after, error);
    for (unsigned i = 0; i < r->count; i++)
        wire_ignore(r->sftp, r->reads[(r->first + i) % REQUESTS].id);
    if (r->probing) {
        wire_ignore(r->sftp, r->probe);
        wire_ignore(r->sftp, r->attributes);
    }
    return good;
}

bool sftp_read(struct sftp *sftp, const char *path, int64_t size, sftp_sink *sink, void *user,
               struct sftp_attributes *after, GError **error)
{
    sftp_progress(sftp, 0);
    GByteArray *handle = sftp_settle_handle(sftp, ask_open(sftp, path, OPEN_READ), path, error);
    if (handle == NULL)
        return false;
    struct reading *r = g_new0(struct reading, 1);
    *r = (struct reading){.sftp = sftp, .path = path, .handle = handle, .size = size, .sink = sink, .user = user};
    bool good = read_all(r, after, error);
    g_free(r);
    sftp_close_handle(sftp, handle);
    return good;
}

/* ---- writing ---- */

struct sftp_upload {
    struct sftp *sftp;
    char *path;
    GByteArray *handle;
    uint32_t writes[REQUESTS]; /* a ring */
    unsigned first, count;
    uint64_t size;
    bool finished;
};

/* What is in the way is removed, not written into: it may be a link that somebody put there. */
static GByteArray *create(struct sftp *sftp, const char *path, GError **error)
{
    const uint32_t flags = OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE;
    GError *fault = NULL;
    GByteArray *handle = sftp_settle_handle(sftp, ask_open(sftp, path, flags), path, &fault);

    if (handle != NULL)
        return handle;
    if (sftp->usable && sftp_remove(sftp, path, NULL)) {
        g_error_free(fault);
        return sftp_settle_handle(sftp, ask_open(sftp, path, flags), path, error);
    }
    g_propagate_error(error, fault);
    return NULL;
}

struct sftp_upload *sftp_upload_begin(struct sftp *sftp, const char *path, GError **error)
{
    sftp_progress(sftp, 0);
    GByteArray *handle = create(sftp, path, error);
    if (handle == NULL)
        return NULL;
    struct sftp_upload *upload = g_new0(struct sftp_upload, 1);
    upload->sftp = sftp;
    upload->path = g_strdup(path);
    upload->handle = handle;
    return upload;
}

/* Most servers say only 'failure' when their disk is full: whether it is can be asked for. */
static bool fail_write(struct sftp_upload *upload, struct sftp_reply *reply, GError **error)
{
    enum { NEARLY_NOTHING = 1024 * 1024 };
    struct sftp *sftp = upload->sftp;
    GError *fault = NULL;
    uint64_t room;

    (void)reply_fail(sftp, reply, "cannot write", upload->path, &fault);
    if (g_error_matches(fault, SFTP_ERROR, SFTP_ERROR_REFUSED) && sftp_free_space(sftp, upload->path, &room, NULL) &&
        room < NEARLY_NOTHING) {
        g_clear_error(&fault);
        return sftp_fail(sftp, SFTP_ERROR_FULL, error,
                         "cannot write %s: the server's disk is full; its owner must make room", upload->path);
    }
    g_propagate_error(error, fault);
    return false;
}

/* Takes the answer to the oldest write; without waiting *there may stay false. */
static bool take_write(struct sftp_upload *upload, bool wait, bool *there, GError **error)
{
    uint32_t id = upload->writes[upload->first], status;
    struct sftp_reply reply;

    *there = true;
    if (!(wait ? wire_reply(upload->sftp, id, &reply, error) : wire_look(upload->sftp, id, &reply, there, error)))
        return false;
    if (!*there)
        return true;
    upload->first = (upload->first + 1) % REQUESTS;
    upload->count--;
    return (reply_status(&reply, &status) && status == SFTP_OK) || fail_write(upload, &reply, error);
}

static bool write_piece(struct sftp_upload *upload, const char *data, size_t len, GError **error)
{
    struct sftp *sftp = upload->sftp;
    bool there = true;

    while (upload->count >= most_requests(sftp->write_piece)) {
        if (!take_write(upload, true, &there, error))
            return false;
    }
    uint32_t id = wire_begin(sftp, SFTP_WRITE);
    wire_put(sftp, upload->handle->data, upload->handle->len);
    wire_put_u64(sftp, upload->size);
    wire_put(sftp, data, len);
    wire_end(sftp);
    upload->writes[(upload->first + upload->count++) % REQUESTS] = id;
    upload->size += len;
    if (sftp->wire.out->len < FLUSH_SIZE)
        return true;
    while (there && upload->count > 0) {
        if (!take_write(upload, false, &there, error))
            return false;
    }
    return true;
}

bool sftp_upload_write(struct sftp_upload *upload, const char *data, size_t len, GError **error)
{
    sftp_progress(upload->sftp, 0);
    while (len > 0) {
        size_t part = MIN(len, upload->sftp->write_piece);
        if (!write_piece(upload, data, part, error))
            return false;
        data += part;
        len -= part;
    }
    return true;
}

/* The three together: one round trip. */
static bool seal(struct sftp_upload *upload, struct sftp_attributes *after, GError **error)
{
    struct sftp *sftp = upload->sftp;
    const GByteArray *handle = upload->handle;
    bool syncs = sftp_offers(sftp, FSYNC);
    uint32_t sync = 0;

    if (syncs) {
        sync = wire_begin(sftp, SFTP_EXTENDED);
        wire_put_text(sftp, FSYNC);
        wire_put(sftp, handle->data, handle->len);
        wire_end(sftp);
    }
    uint32_t look = wire_ask(sftp, SFTP_FSTAT, handle->data, handle->len);
    uint32_t end = wire_ask(sftp, SFTP_CLOSE, handle->data, handle->len);
    g_clear_pointer(&upload->handle, g_byte_array_unref);
    bool good = wire_flush(sftp, error);
    sftp_progress(sftp, (int64_t)(upload->size / SYNC_RATE));
    good = good && (!syncs || sftp_settle(sftp, sync, "cannot sync", upload->path, error)) &&
           sftp_settle_attributes(sftp, look, upload->path, after, error);
    if (good)
        return sftp_settle(sftp, end, "cannot close", upload->path, error);
    wire_ignore(sftp, look);
    wire_ignore(sftp, end);
    return false;
}

bool sftp_upload_finish(struct sftp_upload *upload, struct sftp_attributes *after, GError **error)
{
    struct sftp_attributes attributes;
    bool there;

    while (upload->count > 0) {
        if (!take_write(upload, true, &there, error))
            return false;
    }
    if (!seal(upload, &attributes, error))
        return false;
    if (attributes.sized && (uint64_t)attributes.size != upload->size)
        return sftp_fail(upload->sftp, SFTP_ERROR_REFUSED, error,
                         "the server keeps %" G_GINT64_FORMAT " bytes of the %" G_GUINT64_FORMAT
                         " written to %s; its owner must look",
                         attributes.size, upload->size, upload->path);
    upload->finished = true;
    if (after != NULL)
        *after = attributes;
    return true;
}

void sftp_upload_free(struct sftp_upload *upload)
{
    if (upload == NULL)
        return;
    for (unsigned i = 0; i < upload->count; i++)
        wire_ignore(upload->sftp, upload->writes[(upload->first + i) % REQUESTS]);
    sftp_close_handle(upload->sftp, upload->handle);
    if (!upload->finished && upload->sftp->usable)
        (void)sftp_remove(upload->sftp, upload->path, NULL); /* if it stays, the next upload replaces it */
    g_free(upload->path);
    g_free(upload);
}
