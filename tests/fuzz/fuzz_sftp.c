/*
 * Fuzz target: any bytes as what an SFTP server answers. libssh2's channel is replaced by one that accepts requests and
 * answers as the bytes say.
 * - Requests are well formed.
 * - Each call ends with a result or an error, never both.
 * - Names in a listing are names of files.
 * - Never more is read than was asked for, and on success all of it.
 * - A session that broke is not used again.
 * - No answer takes more memory than sftp_limits.h allows.
 *
 * The first byte is the number of calls; then one byte for each says which. The answers follow: one byte for the kind,
 * one for the length, the rest of the answer. A byte 0xff means that nothing comes yet; 0xfe before an answer means
 * that it is given 2,000 times.
 */
#include "gateway/drops/sftp/sftp_limits.h"
#include "gateway/drops/sftp/sftp_wire.h"
#include "tests/fuzz/reading.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_SIZE = 100, MAX_ASKED = 6, REPEATS = 2000 };

/* --- The channel -------------------------------------------------------------------------------- */

static struct {
    const uint8_t *data; /* answers that were not given yet */
    size_t size;
    GByteArray *packet; /* the one being given */
    size_t given;
    bool slowly;    /* byte by byte */
    unsigned again; /* how often the answer after the one being given is given */
    GArray *asked;  /* uint32_t: ids of requests without an answer */
} server;

static uint32_t u32_at(const char *at)
{
    const uint8_t *p = (const uint8_t *)at;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    g_byte_array_append(server.packet, bytes, sizeof bytes);
}

/* A request has one or two strings behind its id, each with its length. */
static void check_request(const char *at, size_t len)
{
    static const int strings[] = {[SFTP_OPEN] = 1,   [SFTP_CLOSE] = 1,  [SFTP_READ] = 1,    [SFTP_WRITE] = 1,
                                  [SFTP_LSTAT] = 1,  [SFTP_FSTAT] = 1,  [SFTP_OPENDIR] = 1, [SFTP_READDIR] = 1,
                                  [SFTP_REMOVE] = 1, [SFTP_RENAME] = 2, [SFTP_EXTENDED] = 2};
    uint8_t type = (uint8_t)at[0];
    uint32_t id = u32_at(at + 1);
    size_t i = 5;

    g_assert(type < G_N_ELEMENTS(strings) && strings[type] > 0);
    for (int n = 0; n < strings[type]; n++) {
        g_assert(i + 4 <= len && u32_at(at + i) <= len - i - 4);
        i += 4 + u32_at(at + i);
    }
    g_assert(len - i == (type == SFTP_OPEN || type == SFTP_READ || type == SFTP_WRITE ? len - i : 0));
    g_array_append_val(server.asked, id);
}

ssize_t libssh2_channel_write_ex(LIBSSH2_CHANNEL *channel, int stream, const char *data, size_t len)
{
    (void)channel, (void)stream;
    for (size_t i = 0; i < len; i += 4 + u32_at(data + i)) { /* whole requests only */
        g_assert(len - i >= 9 && u32_at(data + i) <= len - i - 4);
        if (data[i + 4] == SFTP_INIT)
            g_assert(u32_at(data + i) == 5 && u32_at(data + i + 5) == 3);
        else
            check_request(data + i + 4, u32_at(data + i));
    }
    return (ssize_t)len;
}

/* The id of an answer: that of the oldest, the newest or the second request, or one of no request. */
static uint32_t choose_id(unsigned which)
{
    guint n = server.asked->len, at = which == 1 ? n - 1 : which == 2 && n > 1 ? 1 : 0;
    uint32_t id;

    if (which == 3 || n == 0)
        return 0x7fffffff;
    id = g_array_index(server.asked, uint32_t, at);
    g_array_remove_index(server.asked, at);
    return id;
}

/* Goes on to the next answer, unless this one is to be repeated. */
static void step_over(size_t len)
{
    if (server.again > 0) {
        server.again--;
        return;
    }
    server.data += len;
    server.size -= len;
}

/* Makes the next answer. False: none is left. */
static bool make_packet(void)
{
    static const uint8_t types[] = {SFTP_STATUS, SFTP_HANDLE,         SFTP_DATA,    SFTP_NAME,
                                    SFTP_ATTRS,  SFTP_EXTENDED_REPLY, SFTP_VERSION, 0};
    uint8_t kind, len, type;

    if (server.size > 0 && server.data[0] == 0xfe && server.again == 0) {
        server.again = REPEATS;
        server.data++;
        server.size--;
    }
    if (server.size < 2)
        return false;
    kind = server.data[0];
    len = (uint8_t)MIN(server.data[1], server.size - 2);
    type = types[kind & 7];
    g_byte_array_set_size(server.packet, 0);
    server.given = 0;
    server.slowly = kind & 0x80;
    if (type != 0) { /* else the bytes as they stand */
        put_u32(1 + (type == SFTP_VERSION ? 0u : 4u) + (kind & 0x20 ? 4u : 0u) + len);
        g_byte_array_append(server.packet, &type, 1);
        if (type != SFTP_VERSION)
            put_u32(choose_id(kind >> 3 & 3));
        if (kind & 0x20) /* the rest is one string */
            put_u32(len);
    }
    g_byte_array_append(server.packet, server.data + 2, len);
    step_over(2u + len);
    return true;
}

ssize_t libssh2_channel_read_ex(LIBSSH2_CHANNEL *channel, int stream, char *buffer, size_t size)
{
    size_t n;

    (void)channel, (void)stream;
    while (server.given == server.packet->len) {
        if (server.size > 0 && server.data[0] == 0xff) { /* not yet */
            server.data++;
            server.size--;
            return LIBSSH2_ERROR_EAGAIN;
        }
        if (!make_packet())
            return 0; /* the connection ends */
    }
    n = server.slowly ? 1 : MIN(size, server.packet->len - server.given);
    memcpy(buffer, server.packet->data + server.given, n);
    server.given += n;
    return (ssize_t)n;
}

int libssh2_session_block_directions(LIBSSH2_SESSION *session)
{
    (void)session;
    return LIBSSH2_SESSION_BLOCK_INBOUND;
}

int libssh2_session_last_error(LIBSSH2_SESSION *session, char **text, int *len, int copy)
{
    (void)session, (void)len, (void)copy;
    *text = NULL;
    return 0;
}

int libssh2_session_disconnect_ex(LIBSSH2_SESSION *session, int reason, const char *text, const char *language)
{
    (void)session, (void)reason, (void)text, (void)language;
    return 0;
}

int libssh2_session_free(LIBSSH2_SESSION *session)
{
    (void)session;
    return 0;
}

/* --- The calls ------------------------------------------------------------------------------ */

static void check_result(const struct direct *sftp, bool good, GError **error)
{
    g_assert(sftp->wire.room <= SFTP_LONGEST_LIST + 4 && sftp->wire.kept_bytes <= SFTP_MOST_KEPT);
    g_assert(good == (*error == NULL));
    if (!good) {
        bool broken = (*error)->code == SFTP_ERROR_LOST || (*error)->code == SFTP_ERROR_PROTOCOL;
        g_assert((*error)->domain == SFTP_ERROR && (!broken || !sftp->usable));
        assert_printable((*error)->message);
    }
    g_clear_error(error);
}

static void ask_greeting(struct direct *sftp)
{
    GError *error = NULL;
    bool good = wire_greet(sftp, &error);

    sftp->usable = sftp->usable && good;
    g_assert(!good || (sftp->server.version == 3 && sftp->server.extensions));
    check_result(sftp, good, &error);
}

struct names {
    struct direct *sftp;
    unsigned n;
};

static bool visit(void *user, const char *name, const struct sftp_attributes *attributes)
{
    struct names *names = user;
    struct sftp_attributes again;

    g_assert(name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    g_assert(attributes->size >= 0 && (attributes->sized || attributes->size == 0));
    g_assert(!(attributes->regular && attributes->folder));
    if (names->n == 2)
        (void)direct_lstat(names->sftp, "x", &again, NULL); /* its result does not matter */
    return names->n++ < 5;
}

static void ask_list(struct direct *sftp)
{
    struct names names = {.sftp = sftp};
    GError *error = NULL;

    check_result(sftp, direct_list(sftp, "in", visit, &names, &error), &error);
    g_assert(names.n <= 6);
}

static void ask_lstat(struct direct *sftp)
{
    struct sftp_attributes attributes;
    GError *error = NULL;

    check_result(sftp, direct_lstat(sftp, "in/x", &attributes, &error), &error);
}

static bool sink(void *user, const char *data, size_t len, GError **error)
{
    GString *text = user;

    (void)error;
    g_string_append_len(text, data, (gssize)len);
    g_assert(len > 0 && text->len <= FILE_SIZE);
    return true;
}

static void ask_read(struct direct *sftp)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct sftp_fetch fetch = {.path = "in/x", .size = FILE_SIZE, .sink = sink, .user = text};
    GError *error = NULL;
    bool good = direct_read(sftp, &fetch, &error);

    g_assert(!good || text->len == FILE_SIZE);
    check_result(sftp, good, &error);
}

static void ask_upload(struct direct *sftp)
{
    g_autofree char *bytes = g_malloc0(300000); /* several requests, more than one write holds back */
    struct sftp_attributes after;
    GError *error = NULL;
    g_autoptr(direct_upload_t) upload = direct_upload_onto(sftp, "out/x", SFTP_TARGET_REPLACED, &error);
    bool good = upload != NULL && direct_upload_write(upload, bytes, 300000, &error) &&
                direct_upload_finish(upload, &after, &error);

    g_assert(!good || !after.sized || after.size == 300000);
    check_result(sftp, good, &error);
}

static void ask_changes(struct direct *sftp)
{
    GError *error = NULL;
    uint64_t room = 0;

    check_result(sftp, direct_rename(sftp, "out/.x.part", "out/x", &error), &error);
    check_result(sftp, direct_remove(sftp, "in/x", &error), &error);
    check_result(sftp, direct_free_space(sftp, "out", &room, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const things[])(struct direct *) = {ask_list, ask_lstat, ask_read, ask_upload, ask_changes};
    static const struct sftp_peer peer = {.host = "h",
                                          .user = "u",
                                          .port = 22,
                                          .listed_max = 100,
                                          .identity = "",
                                          .passphrase_file = "",
                                          .known_hosts = ""};
    static char nothing; /* stands for libssh2's objects, which only the functions above get */
    unsigned asked = size > 0 ? data[0] % MAX_ASKED : 0;
    struct direct *sftp;

    if (size < 1 + asked)
        return 0;
    server.data = data + 1 + asked;
    server.size = size - 1 - asked;
    server.packet = g_byte_array_new();
    server.given = 0;
    server.again = 0;
    server.asked = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    sftp = direct_new(&peer);
    sftp->ssh = (LIBSSH2_SESSION *)(void *)&nothing;
    sftp->channel = (LIBSSH2_CHANNEL *)(void *)&nothing;
    sftp->read_piece = sftp->write_piece = SFTP_PIECE;
    sftp->usable = true;
    ask_greeting(sftp);
    for (unsigned i = 0; i < asked; i++)
        things[data[1 + i] % G_N_ELEMENTS(things)](sftp);
    direct_free(sftp);
    g_byte_array_unref(server.packet);
    g_array_free(server.asked, TRUE);
    return 0;
}
