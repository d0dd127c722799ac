/*
 * Requests out, answers in. SFTP allows any number of requests under way, and a server may answer them in any order:
 * only the id of an answer tells which request it belongs to. So each id is remembered from its request to its answer,
 * and an answer with any other id ends the session.
 */
#include "gateway/drops/sftp/sftp_wire.h"

#include "formats/text.h"
#include "gateway/drops/sftp/sftp_inlet.h"
#include "gateway/drops/sftp/sftp_limits.h"
#include "gateway/drops/sftp/sftp_wait.h"

#include <string.h>

/* Bytes. SHORTEST: type and id. HEAD: the length before each packet. */
enum { ROOM = 256 * 1024, SHORTEST = 5, HEAD = 4, SHOWN_TEXT = 200 };

/* Names of extensions that are kept. Servers offer about ten; the rest of a longer list is passed over. */
enum { MAX_EXTENSIONS = 100 };

/* ---- life ---- */

/* For GHashTable, which wants this signature. */
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

/* ---- requests ---- */

static void append_u32(GByteArray *out, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    g_byte_array_append(out, bytes, sizeof bytes);
}

uint32_t wire_begin(struct direct *sftp, enum sftp_packet type)
{
    struct sftp_wire *wire = &sftp->wire;
    const uint8_t kind = (uint8_t)type;
    uint32_t id = ++wire->next_id;

    wire->last = wire->out->len;
    append_u32(wire->out, 0); /* the length: wire_end knows it */
    g_byte_array_append(wire->out, &kind, 1);
    append_u32(wire->out, id);
    g_hash_table_insert(wire->asked, GUINT_TO_POINTER(id),
                        GINT_TO_POINTER(type == SFTP_READDIR ? SFTP_LONGEST_LIST : SFTP_LONGEST_ANSWER));
    return id;
}

void wire_expect(struct direct *sftp, uint32_t id, size_t len)
{
    gint longest = MAX(SFTP_LONGEST_ANSWER, SHORTEST + HEAD + (gint)len);

    g_hash_table_insert(sftp->wire.asked, GUINT_TO_POINTER(id), GINT_TO_POINTER(longest));
}

void wire_put_u32(struct direct *sftp, uint32_t value)
{
    append_u32(sftp->wire.out, value);
}

void wire_put_u64(struct direct *sftp, uint64_t value)
{
    append_u32(sftp->wire.out, (uint32_t)(value >> 32));
    append_u32(sftp->wire.out, (uint32_t)value);
}

void wire_put(struct direct *sftp, const void *data, size_t len)
{
    append_u32(sftp->wire.out, (uint32_t)len);
    g_byte_array_append(sftp->wire.out, data, (guint)len);
}

void wire_put_text(struct direct *sftp, const char *text)
{
    wire_put(sftp, text, strlen(text));
}

void wire_end(struct direct *sftp)
{
    struct sftp_wire *wire = &sftp->wire;
    uint32_t len = wire->out->len - wire->last - HEAD;
    uint8_t *at = wire->out->data + wire->last;

    at[0] = (uint8_t)(len >> 24);
    at[1] = (uint8_t)(len >> 16);
    at[2] = (uint8_t)(len >> 8);
    at[3] = (uint8_t)len;
}

uint32_t wire_ask(struct direct *sftp, enum sftp_packet type, const void *data, size_t len)
{
    uint32_t id = wire_begin(sftp, type);

    wire_put(sftp, data, len);
    wire_end(sftp);
    return id;
}

/* A server that leaves requests unanswered would make us remember all of them. */
static bool check_asked(struct direct *sftp, GError **error)
{
    guint asked = g_hash_table_size(sftp->wire.asked);

    if (asked <= SFTP_MOST_ASKED)
        return true;
    g_autofree char *how =
        g_strdup_printf("it leaves %u requests without an answer, expected at most %d", asked, SFTP_MOST_ASKED);
    return reply_broken(sftp, how, error);
}

/* Sends until nothing is left. After EAGAIN libssh2 must be called again with the same bytes at the same place, so the
 * buffer is not touched before all of it was sent. */
bool wire_flush(struct direct *sftp, GError **error)
{
    GByteArray *out = sftp->wire.out;
    guint sent = 0;

    if (!sftp->usable)
        return sftp_fail(sftp, SFTP_ERROR_LOST, error,
                         "the connection is gone; the gateway connects again at its next try");
    if (out->len > 0 && !check_asked(sftp, error))
        return false;
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

/* Makes room for a packet of `need` bytes from wire->begin on. */
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

/* Receives more bytes. *some is false if none are there and `wait` is false. */
static bool receive_some(struct direct *sftp, bool wait, bool *some, GError **error)
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
        /* libssh2 may be in the middle of sending a packet of its own, such as a window adjustment. It reads nothing
         * before that is sent, so there we wait even for an answer that we only look for. */
        bool sending = (libssh2_session_block_directions(sftp->ssh) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
        if (!wait && !sending)
            return true;
        if (!sftp_wait(sftp, error))
            return false;
    }
}

/* Text that a login script prints stands where the greeting is expected: the error shows it. */
static bool check_length(struct direct *sftp, size_t len, size_t longest, GError **error)
{
    if (len >= SHORTEST && len <= longest)
        return true;
    g_autofree char *text = text_escape((const char *)sftp->wire.in + sftp->wire.begin, HEAD, 0);
    g_autofree char *hint =
        sftp->wire.greeting
            ? g_strdup_printf("; as text its first bytes are '%s' (a login script that prints text?)", text)
            : g_strdup("");
    g_autofree char *how =
        g_strdup_printf("an answer announces %zu bytes, expected %d to %zu%s", len, SHORTEST, longest, hint);
    return reply_broken(sftp, how, error);
}

/* Checks what is there of a packet: its length, and with its id whether the request was sent and how long its answer
 * may be. Sets *need to the bytes that are needed from wire->begin on before more can be said. */
static bool check_head(struct direct *sftp, size_t *need, GError **error)
{
    const struct sftp_wire *wire = &sftp->wire;
    const uint8_t *at = wire->in + wire->begin;
    size_t have = wire->end - wire->begin;

    *need = HEAD;
    if (have < HEAD)
        return true;
    size_t len = reply_number_at(at);
    if (!check_length(sftp, len, wire->greeting ? SFTP_LONGEST_GREETING : G_MAXUINT32, error))
        return false;
    *need = HEAD + (wire->greeting ? len : SHORTEST);
    if (wire->greeting || have < *need)
        return true;
    gint longest = ABS(GPOINTER_TO_INT(g_hash_table_lookup(wire->asked, GUINT_TO_POINTER(reply_number_at(at + 5)))));
    if (longest == 0)
        return reply_broken(sftp, "an answer to a request that was not sent", error);
    *need = HEAD + len;
    return check_length(sftp, len, (size_t)longest, error);
}

/* Gives the next whole packet, which lasts until the next call. packet->at is NULL if there is none yet and `wait` is
 * false. */
static bool next_packet(struct direct *sftp, bool wait, struct sftp_reply *packet, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;
    bool some = true;
    size_t need;

    packet->at = NULL;
    for (;;) {
        if (!check_head(sftp, &need, error))
            return false;
        if (wire->end - wire->begin >= need) {
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

/* Sets reply to the body of a packet. */
static void give(const uint8_t *packet, size_t len, struct sftp_reply *reply)
{
    reply->type = packet[0];
    reply->at = packet + SHORTEST;
    reply->left = len - SHORTEST;
}

/* Gives an answer that came while another one was waited for; false if there is none. */
static bool give_kept(struct sftp_wire *wire, uint32_t id, struct sftp_reply *reply)
{
    gpointer kept;

    if (!g_hash_table_steal_extended(wire->kept, GUINT_TO_POINTER(id), NULL, &kept))
        return false;
    if (wire->held != NULL)
        g_byte_array_unref(wire->held);
    wire->held = kept;
    wire->kept_bytes -= wire->held->len;
    give(wire->held->data, wire->held->len, reply);
    return true;
}

/* Keeps a copy of an answer that is wanted later: the packet itself lasts until the next one. */
static bool keep(struct direct *sftp, uint32_t id, const struct sftp_reply *packet, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;

    if (wire->kept_bytes + packet->left > SFTP_MOST_KEPT) {
        g_autofree char *how = g_strdup_printf("answers that come before their turn hold %zu bytes, expected at most "
                                               "%d",
                                               wire->kept_bytes + packet->left, SFTP_MOST_KEPT);
        return reply_broken(sftp, how, error);
    }
    GByteArray *copy = g_byte_array_sized_new((guint)packet->left);
    g_byte_array_append(copy, packet->at, (guint)packet->left);
    g_hash_table_insert(wire->kept, GUINT_TO_POINTER(id), copy);
    wire->kept_bytes += packet->left;
    return true;
}

/* Finds the answer to request id. *there is set to whether it came; `there` is NULL to wait for it. */
static bool answer(struct direct *sftp, uint32_t id, struct sftp_reply *reply, bool *there, GError **error)
{
    struct sftp_wire *wire = &sftp->wire;
    struct sftp_reply packet;

    if (there != NULL)
        *there = true;
    if (!wire_flush(sftp, error))
        return false;
    if (give_kept(wire, id, reply))
        return true;
    for (;;) {
        if (!next_packet(sftp, there == NULL, &packet, error))
            return false;
        if (packet.at == NULL) {
            *there = false; /* only where waiting was not asked for */
            return true;
        }
        uint32_t got = reply_number_at(packet.at + 1);
        bool wanted = GPOINTER_TO_INT(g_hash_table_lookup(wire->asked, GUINT_TO_POINTER(got))) > 0;
        (void)g_hash_table_remove(wire->asked, GUINT_TO_POINTER(got)); /* there: check_head has looked */
        if (got == id) {
            give(packet.at, packet.left, reply);
            return true;
        }
        if (wanted && !keep(sftp, got, &packet, error))
            return false;
    }
}

bool wire_reply(struct direct *sftp, uint32_t id, struct sftp_reply *reply, GError **error)
{
    return answer(sftp, id, reply, NULL, error);
}

bool wire_look(struct direct *sftp, uint32_t id, struct sftp_reply *reply, bool *there, GError **error)
{
    return answer(sftp, id, reply, there, error);
}

void wire_ignore(struct direct *sftp, uint32_t id)
{
    struct sftp_wire *wire = &sftp->wire;
    gint longest = GPOINTER_TO_INT(g_hash_table_lookup(wire->asked, GUINT_TO_POINTER(id)));
    const GByteArray *kept = g_hash_table_lookup(wire->kept, GUINT_TO_POINTER(id));

    if (kept != NULL) {
        wire->kept_bytes -= kept->len;
        (void)g_hash_table_remove(wire->kept, GUINT_TO_POINTER(id)); /* there: it was found */
    } else if (longest > 0) {
        g_hash_table_insert(wire->asked, GUINT_TO_POINTER(id), GINT_TO_POINTER(-longest));
    }
}

/* ---- the greeting ---- */

bool direct_offers(const struct direct *sftp, const char *extension)
{
    const char *const *offered = (const char *const *)sftp->server.extensions;

    return offered != NULL && g_strv_contains(offered, extension);
}

/* The rest of the greeting: pairs of strings, the name of an extension and its data. */
static bool read_extensions(struct direct *sftp, struct sftp_reply *packet, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const uint8_t *name, *data;
    size_t name_len, data_len;

    while (packet->left > 0) {
        if (!reply_string(packet, &name, &name_len) || !reply_string(packet, &data, &data_len))
            return reply_broken(sftp, "its greeting is cut short", error);
        if (names->len < MAX_EXTENSIONS)
            g_ptr_array_add(names, text_escape((const char *)name, name_len, SHOWN_TEXT));
    }
    g_ptr_array_add(names, NULL);
    sftp->server.extensions = (char **)g_ptr_array_steal(names, NULL);
    return true;
}

/* Larger pieces cost both sides less. A server that does not announce its limits gets those that all must accept. */
static bool ask_limits(struct direct *sftp, GError **error)
{
    static const char limits[] = "limits@openssh.com";
    struct sftp_reply reply;
    uint64_t packet, most_read, most_write;

    if (!direct_offers(sftp, limits))
        return true;
    if (!wire_reply(sftp, wire_ask(sftp, SFTP_EXTENDED, limits, strlen(limits)), &reply, error))
        return false;
    if (reply.type != SFTP_EXTENDED_REPLY || !reply_u64(&reply, &packet) || !reply_u64(&reply, &most_read) ||
        !reply_u64(&reply, &most_write))
        return true;
    if (most_read >= SFTP_LARGE_PIECE)
        sftp->read_piece = SFTP_LARGE_PIECE;
    if (most_write >= SFTP_LARGE_PIECE && packet >= SFTP_LARGE_PIECE + 1024) /* bytes of the head of a WRITE, at most */
        sftp->write_piece = SFTP_LARGE_PIECE;
    return true;
}

bool wire_greet(struct direct *sftp, GError **error)
{
    static const uint8_t greeting[] = {0, 0, 0, 5, SFTP_INIT, 0, 0, 0, 3};
    struct sftp_reply packet;

    g_byte_array_append(sftp->wire.out, greeting, sizeof greeting);
    sftp->wire.greeting = true;
    if (!wire_flush(sftp, error) || !next_packet(sftp, true, &packet, error))
        return false;
    sftp->wire.greeting = false;
    if (packet.at[0] != SFTP_VERSION)
        return reply_broken(sftp, "the first answer is no greeting", error);
    packet.at += 1;
    packet.left -= 1;
    if (!reply_u32(&packet, &sftp->server.version) || sftp->server.version != 3) {
        g_autofree char *how = g_strdup_printf("it offers version %u, expected 3", sftp->server.version);
        return reply_broken(sftp, how, error);
    }
    return read_extensions(sftp, &packet, error) && ask_limits(sftp, error);
}
