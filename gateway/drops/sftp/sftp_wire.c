#include "gateway/drops/sftp/sftp_private.h"

#include "formats/text.h"

#include <string.h>

/* MAX_ANSWER: some servers list a whole folder in one. */
enum { ROOM = 256 * 1024, MAX_ANSWER = 16 * 1024 * 1024, HEAD = 4, SHOWN_TEXT = 200, MAX_EXTENSIONS = 100 };

enum want { UNWANTED = 1, WANTED = 2 };

/* ---- life ---- */

static void free_packet(gpointer packet)
{
    g_byte_array_unref(packet);
}

void wire_init(struct sftp_wire *wire)
{
    *wire = (struct sftp_wire){
        .out = g_byte_array_new(),
        .in = g_malloc(ROOM),
        .room = ROOM,
        .asked = g_hash_table_new(NULL, NULL),
        .kept = g_hash_table_new_full(NULL, NULL, NULL, free_packet),
    };
}

void wire_clear(struct sftp_wire *wire)
{
    g_byte_array_unref(wire->out);
    g_free(wire->in);
    g_hash_table_unref(wire->asked);
    g_hash_table_unref(wire->kept);
    if (wire->held != NULL)
        g_byte_array_unref(wire->held);
    *wire = (struct sftp_wire){0};
}

void wire_reset(struct sftp_wire *wire)
{
    wire_clear(wire);
    wire_init(wire);
}

bool wire_broken(struct sftp *sftp, const char *how, GError **error)
{
    sftp->usable = false;
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error,
                     "the server does not speak SFTP as it should: %s; show this to its owner", how);
}

/* ---- requests ---- */

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void append_u32(GByteArray *out, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    g_byte_array_append(out, bytes, sizeof bytes);
}

uint32_t wire_begin(struct sftp *sftp, enum sftp_packet type)
{
    struct sftp_wire *wire = &sftp->wire;
    const uint8_t kind = (uint8_t)type;
    uint32_t id = ++wire->next_id;

    wire->at = wire->out->len;
    append_u32(wire->out, 0); /* the length, by wire_end */
    g_byte_array_append(wire->out, &kind, 1);
    append_u32(wire->out, id);
    g_hash_table_insert(wire->asked, GUINT_TO_POINTER(id), GINT_TO_POINTER(WANTED));
    return id;
}

void wire_put_u32(struct sftp *sftp, uint32_t value)
{
    append_u32(sftp->wire.out, value);
}

void wire_put_u64(struct sftp *sftp, uint64_t value)
{
    append_u32(sftp->wire.out, (uint32_t)(value >> 32));
    append_u32(sftp->wire.out, (uint32_t)value);
}

void wire_put(struct sftp *sftp, const void *data, size_t len)
{
    append_u32(sftp->wire.out, (uint32_t)len);
    g_byte_array_append(sftp->wire.out, data, (guint)len);
}

void wire_put_text(struct sftp *sftp, const char *text)
{
    wire_put(sftp, text, strlen(text));
}

void wire_end(struct sftp *sftp)
{
    struct sftp_wire *wire = &sftp->wire;
    uint32_t len = wire->out->len - wire->at - HEAD;
    uint8_t *at = wire->out->data + wire->at;

    at[0] = (uint8_t)(len >> 24);
    at[1] = (uint8_t)(len >> 16);
    at[2] = (uint8_t)(len >> 8);
    at[3] = (uint8_t)len;
}

uint32_t wire_ask(struct sftp *sftp, enum sftp_packet type, const void *data, size_t len)
{
    uint32_t id = wire_begin(sftp, type);

    wire_put(sftp, data, len);
    wire_end(sftp);
    return id;
}

/* Until nothing is left: the library minds nothing being read between two parts of one packet. */
bool wire_flush(struct sftp *sftp, GError **error)
{
    GByteArray *out = sftp->wire.out;
    guint sent = 0;

    if (!sftp->usable)
        return sftp_fail(sftp, SFTP_ERROR_LOST, error, "the connection is gone; it is made again at the next look");
    while (sent < out->len) {
        ssize_t n = libssh2_channel_write(sftp->channel, (const char *)out->data + sent, out->len - sent);
        if (n == LIBSSH2_ERROR_EAGAIN) {
            if (!sftp_wait(sftp, error))
                return false;
            continue;
        }
        if (n < 0)
            return sftp_fail_ssh(sftp, n, "cannot send", error);
        sent += (guint)n;
        sftp_progress(sftp, 0);
    }
    g_byte_array_set_size(out, 0);
    return true;
}

/* ---- answers ---- */

/* Room for a packet of that many bytes after `begin`. */
static void make_room(struct sftp_wire *wire, size_t need)
{
    if (wire->begin == wire->end)
        wire->begin = wire->end = 0;
    if (wire->room - wire->begin >= need && wire->end < wire->room)
        return;
    memmove(wire->in, wire->in + wire->begin, wire->end - wire->begin);
    wire->end -= wire->begin;
    wire->begin = 0;
    if (wire->room < need) {
        wire->in = g_realloc(wire->in, need);
        wire->room = need;
    }
}

/* More bytes, as they come; *some false: none are there and wait was not asked for. */
static bool receive_some(struct sftp *sftp, bool wait, bool *some, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;

    for (;;) {
        ssize_t n = sftp_take(sftp, wire->in + wire->end, wire->room - wire->end);
        *some = n > 0;
        if (n > 0) {
            wire->end += (size_t)n;
            return true;
        }
        if (n != LIBSSH2_ERROR_EAGAIN)
            return sftp_fail_ssh(sftp, n, "no answer", error);
        /* The library may be in the middle of sending something of its own: it wants to end that first. */
        bool sending = (libssh2_session_block_directions(sftp->ssh) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
        if (!wait && !sending)
            return true;
        if (!sftp_wait(sftp, error))
            return false;
    }
}

static bool check_length(struct sftp *sftp, size_t len, GError **error)
{
    if (len >= 5 && len <= MAX_ANSWER)
        return true;
    g_autofree char *text = text_escape((const char *)sftp->wire.in + sftp->wire.begin, HEAD, 0);
    g_autofree char *how =
        g_strdup_printf("an answer of %zu bytes, which reads '%s' (a login script that prints text?)", len, text);
    return wire_broken(sftp, how, error);
}

/* The next whole packet; packet NULL: none yet. It lasts until the next call. */
static bool next_packet(struct sftp *sftp, bool wait, struct sftp_reply *packet, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;
    bool some = true;

    packet->at = NULL;
    if (!sftp_check(sftp, error)) {
        sftp->usable = false;
        return false;
    }
    for (;;) {
        size_t have = wire->end - wire->begin, need = HEAD;
        if (have >= HEAD) {
            need = read_u32(wire->in + wire->begin);
            if (!check_length(sftp, need, error))
                return false;
            need += HEAD;
        }
        if (have >= HEAD && have >= need) {
            packet->at = wire->in + wire->begin + HEAD;
            packet->left = need - HEAD;
            wire->begin += need;
            sftp_progress(sftp, 0);
            return true;
        }
        make_room(wire, need);
        if (!receive_some(sftp, wait, &some, error))
            return false;
        if (!some)
            return true;
    }
}

static void give(const uint8_t *packet, size_t len, struct sftp_reply *reply)
{
    reply->type = packet[0];
    reply->at = packet + 5; /* type and id */
    reply->left = len - 5;
}

/* An answer that came while another was waited for. */
static bool give_kept(struct sftp_wire *wire, uint32_t id, struct sftp_reply *reply)
{
    gpointer kept;

    if (!g_hash_table_steal_extended(wire->kept, GUINT_TO_POINTER(id), NULL, &kept))
        return false;
    if (wire->held != NULL)
        g_byte_array_unref(wire->held);
    wire->held = kept;
    give(wire->held->data, wire->held->len, reply);
    return true;
}

static void keep(struct sftp_wire *wire, uint32_t id, const struct sftp_reply *packet)
{
    GByteArray *copy = g_byte_array_sized_new((guint)packet->left);

    g_byte_array_append(copy, packet->at, (guint)packet->left);
    g_hash_table_insert(wire->kept, GUINT_TO_POINTER(id), copy);
}

static bool answer(struct sftp *sftp, uint32_t id, struct sftp_reply *reply, bool wait, bool *there, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;
    struct sftp_reply packet;

    *there = true;
    if (!wire_flush(sftp, error))
        return false;
    if (give_kept(wire, id, reply))
        return true;
    for (;;) {
        if (!next_packet(sftp, wait, &packet, error))
            return false;
        *there = packet.at != NULL;
        if (!*there)
            return true;
        uint32_t got = read_u32(packet.at + 1);
        int want = GPOINTER_TO_INT(g_hash_table_lookup(wire->asked, GUINT_TO_POINTER(got)));
        if (!g_hash_table_remove(wire->asked, GUINT_TO_POINTER(got)))
            return wire_broken(sftp, "an answer to what was not asked", error);
        if (got == id) {
            give(packet.at, packet.left, reply);
            return true;
        }
        if (want == WANTED)
            keep(wire, got, &packet);
    }
}

bool wire_reply(struct sftp *sftp, uint32_t id, struct sftp_reply *reply, GError **error)
{
    bool there;

    return answer(sftp, id, reply, true, &there, error);
}

bool wire_look(struct sftp *sftp, uint32_t id, struct sftp_reply *reply, bool *there, GError **error)
{
    return answer(sftp, id, reply, false, there, error);
}

void wire_ignore(struct sftp *sftp, uint32_t id)
{
    struct sftp_wire *wire = &sftp->wire;

    if (!g_hash_table_remove(wire->kept, GUINT_TO_POINTER(id)) &&
        g_hash_table_contains(wire->asked, GUINT_TO_POINTER(id)))
        g_hash_table_insert(wire->asked, GUINT_TO_POINTER(id), GINT_TO_POINTER(UNWANTED));
}

/* ---- reading answers ---- */

bool reply_u32(struct sftp_reply *reply, uint32_t *value)
{
    if (reply->left < 4)
        return false;
    *value = read_u32(reply->at);
    reply->at += 4;
    reply->left -= 4;
    return true;
}

bool reply_u64(struct sftp_reply *reply, uint64_t *value)
{
    uint32_t high, low;

    if (reply->left < 8 || !reply_u32(reply, &high) || !reply_u32(reply, &low))
        return false;
    *value = (uint64_t)high << 32 | low;
    return true;
}

bool reply_string(struct sftp_reply *reply, const uint8_t **data, size_t *len)
{
    uint32_t n;

    if (reply->left < 4 || read_u32(reply->at) > reply->left - 4)
        return false;
    (void)reply_u32(reply, &n); /* it was there */
    *data = reply->at;
    *len = n;
    reply->at += n;
    reply->left -= n;
    return true;
}

static bool skip_extended(struct sftp_reply *reply)
{
    uint32_t n;
    const uint8_t *data;
    size_t len;

    if (!reply_u32(reply, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!reply_string(reply, &data, &len) || !reply_string(reply, &data, &len))
            return false;
    }
    return true;
}

bool reply_attributes(struct sftp_reply *reply, struct sftp_attributes *attributes)
{
    enum { SIZE = 1, OWNER = 2, MODE = 4, TIMES = 8, MORE = (int)0x80000000 };
    uint32_t flags, mode = 0, a = 0, b = 0;
    uint64_t size = 0;

    *attributes = (struct sftp_attributes){0};
    if (!reply_u32(reply, &flags) || ((flags & SIZE) && !reply_u64(reply, &size)) ||
        ((flags & OWNER) && (!reply_u32(reply, &a) || !reply_u32(reply, &b))) ||
        ((flags & MODE) && !reply_u32(reply, &mode)))
        return false;
    b = 0;
    if ((flags & TIMES) && (!reply_u32(reply, &a) || !reply_u32(reply, &b)))
        return false;
    attributes->typed = (flags & MODE) != 0 && (mode & 0170000) != 0;
    attributes->regular = (mode & 0170000) == 0100000;
    attributes->folder = (mode & 0170000) == 0040000;
    attributes->sized = (flags & SIZE) != 0 && size <= G_MAXINT64;
    attributes->size = attributes->sized ? (int64_t)size : 0;
    attributes->modified = b;
    return !(flags & (uint32_t)MORE) || skip_extended(reply);
}

bool reply_status(const struct sftp_reply *reply, uint32_t *status)
{
    struct sftp_reply copy = *reply;

    return reply->type == SFTP_STATUS && reply_u32(&copy, status);
}

static enum sftp_error error_of(uint32_t status)
{
    switch (status) {
    case 2:  /* no such file */
    case 10: /* no such path */
        return SFTP_ERROR_MISSING;
    case 6: /* no connection */
    case 7: /* connection lost: a gateway's own, behind this server */
        return SFTP_ERROR_LOST;
    case 14: /* no space */
    case 15: /* quota */
        return SFTP_ERROR_FULL;
    default:
        return SFTP_ERROR_REFUSED;
    }
}

static const char *status_text(uint32_t status)
{
    static const char *const texts[] = {"it answers 'good' where it should answer more",
                                        "end of file",
                                        "there is no such file",
                                        "permission denied; the server's owner must allow it",
                                        "failure, for a reason that it does not tell; look there for a full disk first",
                                        "it finds the request malformed",
                                        "it has no connection",
                                        "it lost its connection",
                                        "it does not know the operation"};

    return status < G_N_ELEMENTS(texts) ? texts[status] : "refused";
}

bool reply_fail(struct sftp *sftp, struct sftp_reply *reply, const char *what, const char *path, GError **error)
{
    uint32_t status;
    const uint8_t *said = (const uint8_t *)"";
    size_t len;
    g_autofree char *shown = text_escape(path, strlen(path), 0);

    if (reply->type != SFTP_STATUS || !reply_u32(reply, &status)) {
        g_autofree char *how = g_strdup_printf("%s %s: an answer of type %u", what, shown, reply->type);
        return wire_broken(sftp, how, error);
    }
    /* Servers before version 3 leave the words out. */
    if (!reply_string(reply, &said, &len))
        len = 0;
    g_autofree char *words = text_escape((const char *)said, len, SHOWN_TEXT);
    if (error_of(status) == SFTP_ERROR_LOST)
        sftp->usable = false;
    return sftp_fail(sftp, error_of(status), error, "%s %s: %s (status %u%s%s)", what, shown, status_text(status),
                     status, len > 0 ? ": " : "", words);
}

/* ---- the greeting ---- */

static bool read_extensions(struct sftp *sftp, struct sftp_reply *packet, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const uint8_t *name, *data;
    size_t name_len, data_len;

    while (packet->left > 0) {
        if (!reply_string(packet, &name, &name_len) || !reply_string(packet, &data, &data_len))
            return wire_broken(sftp, "a greeting that is cut short", error);
        if (names->len < MAX_EXTENSIONS)
            g_ptr_array_add(names, text_escape((const char *)name, name_len, SHOWN_TEXT));
    }
    g_ptr_array_add(names, NULL);
    sftp->facts.extensions = (char **)g_ptr_array_steal(names, NULL);
    return true;
}

/* Larger pieces cost both sides less. A server that does not tell its limits gets what all take. */
static bool ask_limits(struct sftp *sftp, GError **error)
{
    static const char limits[] = "limits@openssh.com";
    struct sftp_reply reply;
    uint64_t packet, most_read, most_write;

    if (!sftp_offers(sftp, limits))
        return true;
    if (!wire_reply(sftp, wire_ask(sftp, SFTP_EXTENDED, limits, strlen(limits)), &reply, error))
        return false;
    if (reply.type != SFTP_EXTENDED_REPLY || !reply_u64(&reply, &packet) || !reply_u64(&reply, &most_read) ||
        !reply_u64(&reply, &most_write))
        return true;
    if (most_read >= SFTP_LARGE_PIECE)
        sftp->read_piece = SFTP_LARGE_PIECE;
    if (most_write >= SFTP_LARGE_PIECE && packet >= SFTP_LARGE_PIECE + 1024) /* and its head */
        sftp->write_piece = SFTP_LARGE_PIECE;
    return true;
}

bool wire_greet(struct sftp *sftp, GError **error)
{
    static const uint8_t greeting[] = {0, 0, 0, 5, SFTP_INIT, 0, 0, 0, 3};
    struct sftp_reply packet;

    g_byte_array_append(sftp->wire.out, greeting, sizeof greeting);
    if (!wire_flush(sftp, error) || !next_packet(sftp, true, &packet, error))
        return false;
    if (packet.at[0] != SFTP_VERSION)
        return wire_broken(sftp, "no greeting", error);
    packet.at += 1;
    packet.left -= 1;
    if (!reply_u32(&packet, &sftp->facts.version) || sftp->facts.version != 3) {
        g_autofree char *how = g_strdup_printf("it offers version %u, this program needs 3", sftp->facts.version);
        return wire_broken(sftp, how, error);
    }
    return read_extensions(sftp, &packet, error) && ask_limits(sftp, error);
}
