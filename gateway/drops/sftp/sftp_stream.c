/*
 * The bytes of files. Small and large files alike cost few round trips:
 *   read    open; reads, a read of one byte past the end and the attributes, all asked for at once; close
 *   write   open; writes without waiting for each answer; sync, attributes and close at once
 *
 * No call repeats itself after a loss, because nothing tells then which requests the server carried out. The caller
 * connects again and looks.
 */
#include "gateway/drops/sftp/sftp_request.h"
#include "gateway/drops/sftp/sftp_rights.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

/* Bytes. UNDER_WAY: what a line of 50 ms and 80 MB/s holds. LEAST_PIECE: a server that returns a few bytes for each
 * read is still asked for this many. FLUSH_SIZE: requests that are gathered before they are sent. */
enum { UNDER_WAY = 4 * 1024 * 1024, REQUESTS = UNDER_WAY / SFTP_PIECE, LEAST_PIECE = 1024, FLUSH_SIZE = 256 * 1024 };

/* Bytes a second: the slowest disk for whose sync we wait. A sync of 4 MiB more gets a second more. */
enum { SYNC_RATE = 4 * 1024 * 1024 };

/* Flags of OPEN. */
enum { OPEN_READ = 1, OPEN_WRITE = 2, OPEN_CREATE = 8, OPEN_EXCLUSIVE = 32 };

static const char FSYNC[] = "fsync@openssh.com";

/* Sends no attributes: the server's own defaults decide the rights of a new file, and some servers refuse any. */
static uint32_t ask_open(struct direct *sftp, const char *path, uint32_t flags)
{
    uint32_t id = wire_begin(sftp, SFTP_OPEN);

    wire_put_text(sftp, path);
    wire_put_u32(sftp, flags);
    wire_put_u32(sftp, 0);
    wire_end(sftp);
    return id;
}

/* ---- reading ---- */

/* One READ under way. */
struct read {
    uint32_t id;
    int64_t at;   /* offset in the file */
    uint32_t len; /* bytes */
};

struct reading {
    struct direct *sftp;
    struct sftp_fetch *fetch;
    const GByteArray *handle;
    struct read reads[REQUESTS]; /* a ring, in the file's order */
    unsigned first, count;
    int64_t asked;       /* offset of the next byte to ask for */
    bool ending;         /* the two requests at the end were sent: */
    uint32_t probe;      /* a READ of one byte past the end, which must answer EOF */
    uint32_t attributes; /* FSTAT */
};

static void ask_read(const struct reading *r, struct read *read)
{
    read->id = wire_begin(r->sftp, SFTP_READ);
    wire_put(r->sftp, r->handle->data, r->handle->len);
    wire_put_u64(r->sftp, (uint64_t)read->at);
    wire_put_u32(r->sftp, read->len);
    wire_end(r->sftp);
    wire_expect(r->sftp, read->id, read->len);
}

/* The most requests under way at once, for pieces of that many bytes. */
static unsigned most_requests(uint32_t piece)
{
    return MIN(REQUESTS, UNDER_WAY / piece);
}

static void ask_more(struct reading *r)
{
    while (r->asked < r->fetch->size && r->count < most_requests(r->sftp->read_piece)) {
        struct read *read = &r->reads[(r->first + r->count++) % REQUESTS];
        *read = (struct read){.at = r->asked, .len = (uint32_t)MIN(r->fetch->size - r->asked, r->sftp->read_piece)};
        r->asked += read->len;
        ask_read(r, read);
    }
    if (r->asked == r->fetch->size && !r->ending) {
        struct read probe = {.at = r->fetch->size, .len = 1};
        ask_read(r, &probe);
        r->probe = probe.id;
        r->attributes = wire_ask(r->sftp, SFTP_FSTAT, r->handle->data, r->handle->len);
        r->ending = true;
    }
}

static bool fail_size(const struct reading *r, const char *how, GError **error)
{
    return sftp_fail(r->sftp, SFTP_ERROR_CHANGED, error,
                     "%s %s than the %" G_GINT64_FORMAT " bytes that it was listed with; the gateway looks at it again",
                     r->fetch->path, how, r->fetch->size);
}

/* Takes the answer to the first read of the ring. A server may return less than was asked for: the rest is asked for
 * again, and later reads ask for no more than it returned. */
static bool take_read(struct reading *r, GError **error)
{
    struct read *read = &r->reads[r->first];
    struct sftp_reply reply;
    uint32_t status;
    struct reply_text text = {.what = "the data of a read", .longest = read->len};

    if (!wire_reply(r->sftp, read->id, &reply, error))
        return false;
    if (reply_status(&reply, &status) && status == SFTP_EOF)
        return fail_size(r, "is shorter", error);
    if (reply.type != SFTP_DATA)
        return reply_fail(r->sftp, &reply, "cannot read", r->fetch->path, error);
    if (!reply_text(r->sftp, &reply, &text, error))
        return false;
    if (text.len == 0)
        return reply_broken(r->sftp, "a read returned no bytes", error);
    sftp_rate_add(r->sftp, text.len);
    if (!r->fetch->sink(r->fetch->user, (const char *)text.data, text.len, error))
        return false;
    if (text.len == read->len) {
        r->first = (r->first + 1) % REQUESTS;
        r->count--;
        return true;
    }
    r->sftp->read_piece = (uint32_t)MAX(MIN(text.len, r->sftp->read_piece), LEAST_PIECE);
    read->at += (int64_t)text.len;
    read->len -= (uint32_t)text.len;
    ask_read(r, read);
    return true;
}

/* The file must end where it was said to end. */
static bool check_end(struct reading *r, GError **error)
{
    struct sftp_reply reply;
    uint32_t status;

    if (!wire_reply(r->sftp, r->probe, &reply, error))
        return false;
    /* Some servers give no bytes at the end, in place of EOF. */
    bool nothing = reply.type == SFTP_DATA && reply.left >= 4 && reply_number_at(reply.at) == 0;
    if (reply.type == SFTP_DATA && !nothing)
        return fail_size(r, "is longer", error);
    if (!nothing && (!reply_status(&reply, &status) || status != SFTP_EOF))
        return reply_fail(r->sftp, &reply, "cannot read", r->fetch->path, error);
    return sftp_settle_attributes(r->sftp, r->attributes, r->fetch->path, &r->fetch->after, error);
}

static bool read_all(struct reading *r, GError **error)
{
    bool good = true;

    ask_more(r);
    while (good && r->count > 0) {
        good = take_read(r, error);
        if (r->count <= most_requests(r->sftp->read_piece) / 2) /* so that many requests share one packet */
            ask_more(r);
    }
    good = good && check_end(r, error);
    for (unsigned i = 0; i < r->count; i++)
        wire_ignore(r->sftp, r->reads[(r->first + i) % REQUESTS].id);
    if (r->ending) {
        wire_ignore(r->sftp, r->probe);
        wire_ignore(r->sftp, r->attributes);
    }
    return good;
}

bool direct_read(struct direct *sftp, struct sftp_fetch *fetch, GError **error)
{
    sftp_progress(sftp, 0);
    GByteArray *handle = sftp_settle_handle(sftp, ask_open(sftp, fetch->path, OPEN_READ), fetch->path, error);
    if (handle == NULL)
        return false;
    struct reading *r = g_new0(struct reading, 1);
    *r = (struct reading){.sftp = sftp, .fetch = fetch, .handle = handle};
    const struct sftp_rate outer = sftp_rate_begin(sftp);
    bool good = read_all(r, error);
    sftp_rate_end(sftp, &outer);
    g_free(r);
    sftp_close_handle(sftp, handle);
    return good;
}

/* ---- writing ---- */

struct direct_upload {
    struct direct *sftp;
    char *path;
    GByteArray *handle;
    uint32_t writes[REQUESTS]; /* a ring: ids of the WRITEs under way */
    unsigned first, count;
    uint64_t size; /* bytes so far */
    struct sftp_rate outer;
    bool finished; /* or a file that was there before: it stays when the upload fails */
    bool there;    /* the server saw the name after the close */
};

/* Whatever stands at the path is removed, not written into: it may be a link that somebody put there. */
static GByteArray *create(struct direct *sftp, const char *path, enum sftp_target target, GError **error)
{
    const uint32_t flags = target == SFTP_TARGET_OVER ? OPEN_WRITE : OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE;
    GError *cause = NULL;
    GByteArray *handle = sftp_settle_handle(sftp, ask_open(sftp, path, flags), path, &cause);

    if (handle != NULL)
        return handle;
    if (target == SFTP_TARGET_REPLACED && sftp->usable && direct_remove(sftp, path, NULL)) {
        g_error_free(cause);
        return sftp_settle_handle(sftp, ask_open(sftp, path, flags), path, error);
    }
    g_propagate_error(error, cause);
    return NULL;
}

struct direct_upload *direct_upload_onto(struct direct *sftp, const char *path, enum sftp_target target, GError **error)
{
    sftp_progress(sftp, 0);
    GByteArray *handle = create(sftp, path, target, error);
    if (handle == NULL)
        return NULL;
    struct direct_upload *upload = g_new0(struct direct_upload, 1);
    upload->sftp = sftp;
    upload->path = g_strdup(path);
    upload->handle = handle;
    upload->finished = target == SFTP_TARGET_OVER;
    upload->outer = sftp_rate_begin(sftp);
    return upload;
}

/* Most servers say only 'failure' when their disk is full. With statvfs@openssh.com we can ask whether it is. */
static bool fail_write(struct direct_upload *upload, struct sftp_reply *reply, GError **error)
{
    enum { NEARLY_NOTHING = 1024 * 1024 };
    struct direct *sftp = upload->sftp;
    GError *cause = NULL;
    uint64_t room;

    (void)reply_fail(sftp, reply, "cannot write", upload->path, &cause);
    if (g_error_matches(cause, SFTP_ERROR, SFTP_ERROR_REFUSED) && direct_free_space(sftp, upload->path, &room, NULL) &&
        room < NEARLY_NOTHING) {
        g_clear_error(&cause);
        return sftp_fail(sftp, SFTP_ERROR_FULL, error,
                         "cannot write %s: the server's disk is full; ask its owner to make room", upload->path);
    }
    g_propagate_error(error, cause);
    return false;
}

/* Takes the answer to the oldest write. `there` is NULL to wait for it; else it is set to whether the answer came. */
static bool take_write(struct direct_upload *upload, bool *there, GError **error)
{
    uint32_t id = upload->writes[upload->first], status;
    struct sftp_reply reply;

    if (!(there == NULL ? wire_reply(upload->sftp, id, &reply, error)
                        : wire_look(upload->sftp, id, &reply, there, error)))
        return false;
    if (there != NULL && !*there)
        return true;
    upload->first = (upload->first + 1) % REQUESTS;
    upload->count--;
    sftp_rate_add(upload->sftp, upload->sftp->write_piece); /* the last piece is shorter, which does not matter */
    return (reply_status(&reply, &status) && status == SFTP_OK) || fail_write(upload, &reply, error);
}

static bool write_piece(struct direct_upload *upload, const char *data, size_t len, GError **error)
{
    struct direct *sftp = upload->sftp;
    bool there = true;

    while (upload->count >= most_requests(sftp->write_piece)) {
        if (!take_write(upload, NULL, error))
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
        if (!take_write(upload, &there, error))
            return false;
    }
    return true;
}

bool direct_upload_write(struct direct_upload *upload, const char *data, size_t len, GError **error)
{
    sftp_progress(upload->sftp, 0);
    while (len > 0) {
        size_t piece = MIN(len, upload->sftp->write_piece);
        if (!write_piece(upload, data, piece, error))
            return false;
        data += piece;
        len -= piece;
    }
    return true;
}

/* Asks for sync, attributes and close together, and whether the file is there: one round trip. */
static bool seal(struct direct_upload *upload, struct sftp_attributes *after, GError **error)
{
    struct direct *sftp = upload->sftp;
    const GByteArray *handle = upload->handle;
    bool syncs = direct_offers(sftp, FSYNC);
    uint32_t sync = 0;

    if (syncs) {
        sync = wire_begin(sftp, SFTP_EXTENDED);
        wire_put_text(sftp, FSYNC);
        wire_put(sftp, handle->data, handle->len);
        wire_end(sftp);
    }
    uint32_t look = wire_ask(sftp, SFTP_FSTAT, handle->data, handle->len);
    uint32_t end = wire_ask(sftp, SFTP_CLOSE, handle->data, handle->len);
    uint32_t name = wire_ask(sftp, SFTP_LSTAT, upload->path, strlen(upload->path));
    struct sftp_attributes seen;
    g_clear_pointer(&upload->handle, g_byte_array_unref);
    bool good = wire_flush(sftp, error);
    sftp_rate_end(sftp, &upload->outer); /* the server's disk has its own limit */
    sftp_progress(sftp, (int64_t)(upload->size / SYNC_RATE));
    good = good && (!syncs || sftp_settle(sftp, sync, "cannot sync", upload->path, error)) &&
           sftp_settle_attributes(sftp, look, upload->path, after, error);
    if (good && sftp_settle(sftp, end, "cannot close", upload->path, error)) {
        upload->there = sftp_settle_attributes(sftp, name, upload->path, &seen, NULL);
        return true;
    }
    wire_ignore(sftp, look);
    wire_ignore(sftp, end);
    wire_ignore(sftp, name);
    return false;
}

bool direct_upload_finish(struct direct_upload *upload, struct sftp_attributes *after, GError **error)
{
    struct sftp_attributes attributes;

    while (upload->count > 0) {
        if (!take_write(upload, NULL, error))
            return false;
    }
    if (!seal(upload, &attributes, error))
        return false;
    if (attributes.sized && (uint64_t)attributes.size != upload->size)
        return sftp_fail(upload->sftp, SFTP_ERROR_REFUSED, error,
                         "the server keeps %" G_GINT64_FORMAT " bytes of the %" G_GUINT64_FORMAT
                         " that were written to %s; ask its owner why",
                         attributes.size, upload->size, upload->path);
    upload->finished = true;
    if (after != NULL)
        *after = attributes;
    return true;
}

bool direct_upload_grant(struct direct_upload *upload, const struct file_rights *rights, GError **error)
{
    const struct sftp_target_of_rights file = {upload->sftp, upload->path, upload->handle};

    while (upload->count > 0) {
        if (!take_write(upload, NULL, error))
            return false;
    }
    return sftp_give_rights(&file, rights, error);
}

bool direct_upload_is_there(const struct direct_upload *upload)
{
    return upload->there;
}

void direct_upload_free(struct direct_upload *upload)
{
    if (upload == NULL)
        return;
    for (unsigned i = 0; i < upload->count; i++)
        wire_ignore(upload->sftp, upload->writes[(upload->first + i) % REQUESTS]);
    sftp_rate_end(upload->sftp, &upload->outer);
    sftp_close_handle(upload->sftp, upload->handle);
    if (!upload->finished && upload->sftp->usable)
        (void)direct_remove(upload->sftp, upload->path,
                            NULL); /* if it stays, the next upload of that name replaces it */
    g_free(upload->path);
    g_free(upload);
}
