/*
 * Lengths that a server announces: of a packet, a handle, a string. libssh2's channel is replaced by one that gives the
 * bytes of a test and takes any request.
 */
#include "gateway/drops/sftp/sftp_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { MIB = 1024 * 1024, MOST = 16 * MIB, LONG_HANDLE = 5000, FILE_SIZE = 100 };

static GByteArray *answers; /* what the server sends */
static gsize given;
static struct sftp *sftp;

/* ---- the channel ---- */

ssize_t libssh2_channel_write_ex(LIBSSH2_CHANNEL *channel, int stream, const char *data, size_t len)
{
    (void)channel, (void)stream, (void)data;
    return (ssize_t)len;
}

ssize_t libssh2_channel_read_ex(LIBSSH2_CHANNEL *channel, int stream, char *buffer, size_t size)
{
    size_t n = MIN(size, answers->len - given);

    (void)channel, (void)stream;
    if (n > 0)
        memcpy(buffer, answers->data + given, n);
    given += n;
    return (ssize_t)n; /* 0: the connection ends */
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

static int enter(void **state)
{
    static const struct sftp_peer peer = {.host = "h", .user = "u", .port = 22, .timeout = 1};
    static char nothing; /* stands for libssh2's objects, which are never looked into */

    (void)state;
    answers = g_byte_array_new();
    given = 0;
    sftp = sftp_new(&peer);
    sftp->ssh = (LIBSSH2_SESSION *)(void *)&nothing;
    sftp->channel = (LIBSSH2_CHANNEL *)(void *)&nothing;
    sftp->read_piece = sftp->write_piece = SFTP_PIECE;
    sftp->usable = true;
    return 0;
}

static int leave(void **state)
{
    (void)state;
    sftp_free(sftp);
    g_byte_array_unref(answers);
    return 0;
}

/* ---- answers ---- */

static void put_u32(guint32 value)
{
    const guint32 bytes = GUINT32_TO_BE(value);

    g_byte_array_append(answers, (const guint8 *)&bytes, sizeof bytes);
}

/* An answer to request id, whose body is a string of `announced` bytes of which `sent` follow. */
static void put_answer(guint8 type, guint32 id, guint32 announced, guint sent)
{
    put_u32(5 + 4 + sent);
    g_byte_array_append(answers, &type, 1);
    put_u32(id);
    put_u32(announced);
    g_byte_array_set_size(answers, answers->len + sent);
    memset(answers->data + answers->len - sent, 'x', sent);
}

static void assert_broken(GError **error, const char *text)
{
    assert_non_null(*error);
    if (!g_error_matches(*error, SFTP_ERROR, SFTP_ERROR_PROTOCOL) || strstr((*error)->message, text) == NULL)
        fail_msg("expected a broken rule with '%s', found code %d: %s", text, (*error)->code, (*error)->message);
    assert_false(sftp->usable);
    g_clear_error(error);
}

/* ---- the length of a packet ---- */

static void test_sftp_wire__packet_announces_too_much_or_too_little__session_ends_and_takes_no_memory(void **state)
{
    static const guint32 lengths[] = {0, 4, MOST + 1, 0x7fffffff, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct sftp_reply reply;
        GError *error = NULL;
        sftp->usable = true;
        wire_reset(&sftp->wire);
        size_t room = sftp->wire.room;
        put_u32(lengths[i]);
        uint32_t id = wire_ask(sftp, SFTP_LSTAT, "x", 1);
        assert_false(wire_reply(sftp, id, &reply, &error));
        assert_broken(&error, "an answer announces");
        assert_int_equal(sftp->wire.room, room);
    }
}

static void test_sftp_wire__packet_of_the_longest_length__is_waited_for(void **state)
{
    struct sftp_reply reply;
    GError *error = NULL;

    (void)state;
    put_u32(MOST);
    uint32_t id = wire_ask(sftp, SFTP_LSTAT, "x", 1);
    assert_false(wire_reply(sftp, id, &reply, &error));
    assert_true(g_error_matches(error, SFTP_ERROR, SFTP_ERROR_LOST)); /* the connection ended before its bytes came */
    assert_int_equal(sftp->wire.room, MOST + 4);
    g_clear_error(&error);
}

/* ---- the length of a handle ---- */

static void test_sftp_wire__handle_longer_than_its_answer__session_ends(void **state)
{
    static const guint32 lengths[] = {11, 0x7fffffff, 0xfffffffc, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        GError *error = NULL;
        sftp->usable = true;
        wire_reset(&sftp->wire);
        uint32_t id = wire_ask(sftp, SFTP_OPENDIR, "in", 2);
        put_answer(SFTP_HANDLE, id, lengths[i], 10);
        assert_null(sftp_settle_handle(sftp, id, "in", &error));
        assert_broken(&error, "handle is cut short");
    }
}

/* libssh2 1.10 cuts handles at 256 bytes, 1.11.1 at 4092. */
static void test_sftp_wire__long_handle__is_kept_whole(void **state)
{
    GError *error = NULL;

    (void)state;
    uint32_t id = wire_ask(sftp, SFTP_OPENDIR, "in", 2);
    put_answer(SFTP_HANDLE, id, LONG_HANDLE, LONG_HANDLE);
    GByteArray *handle = sftp_settle_handle(sftp, id, "in", &error);
    assert_non_null(handle);
    assert_int_equal(handle->len, LONG_HANDLE);
    g_byte_array_unref(handle);
}

/* ---- the length of a string ---- */

static bool refuse_bytes(void *user, const char *data, size_t len, GError **error)
{
    (void)user, (void)data, (void)len, (void)error;
    fail_msg("bytes of a wrong answer were passed on");
    return false;
}

/* More than the answer holds; more than was asked for; none. */
static void test_sftp_wire__data_of_a_wrong_length__session_ends_and_passes_nothing_on(void **state)
{
    static const struct {
        guint32 announced;
        guint sent;
    } cases[] = {{11, 10}, {0xffffffff, 10}, {FILE_SIZE + 1, FILE_SIZE + 1}, {0, 0}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct sftp_fetch fetch = {.path = "in/x", .size = FILE_SIZE, .sink = refuse_bytes};
        GError *error = NULL;
        sftp->usable = true;
        wire_reset(&sftp->wire);
        put_answer(SFTP_HANDLE, 1, 1, 1);
        put_answer(SFTP_DATA, 2, cases[i].announced, cases[i].sent);
        assert_false(sftp_read(sftp, &fetch, &error));
        assert_broken(&error, "a read returned");
    }
}

static void test_sftp_wire__string_longer_than_its_answer__is_not_read(void **state)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 'x'};
    struct sftp_reply reply = {.type = SFTP_NAME, .at = bytes, .left = sizeof bytes};
    const uint8_t *data = NULL;
    size_t len = 7;

    (void)state;
    assert_false(reply_string(&reply, &data, &len));
    assert_null(data);
    assert_int_equal(len, 7);
    assert_int_equal(reply.left, sizeof bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sftp_wire__packet_announces_too_much_or_too_little__session_ends_and_takes_no_memory),
        TEST(test_sftp_wire__packet_of_the_longest_length__is_waited_for),
        TEST(test_sftp_wire__handle_longer_than_its_answer__session_ends),
        TEST(test_sftp_wire__long_handle__is_kept_whole),
        TEST(test_sftp_wire__data_of_a_wrong_length__session_ends_and_passes_nothing_on),
        TEST(test_sftp_wire__string_longer_than_its_answer__is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
