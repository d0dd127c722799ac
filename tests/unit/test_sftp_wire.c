/*
 * What a server may send (sftp_limits.h): lengths of packets, handles, names, texts, and how much is kept. libssh2's
 * channel is replaced by one that gives the
 * bytes of a test and takes any request.
 */
#include "gateway/drops/sftp/sftp_limits.h"
#include "gateway/drops/sftp/sftp_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { FILE_SIZE = 100 };

static GByteArray *answers; /* what the server sends */
static gsize given, written;
static struct direct *sftp;

/* ---- the channel ---- */

ssize_t libssh2_channel_write_ex(LIBSSH2_CHANNEL *channel, int stream, const char *data, size_t len)
{
    (void)channel, (void)stream, (void)data;
    written += len;
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
    static const struct sftp_peer peer = {.host = "h", .user = "u", .port = 22, .timeout = 1, .listed_max = 50};
    static char nothing; /* stands for libssh2's objects, which are never looked into */

    (void)state;
    answers = g_byte_array_new();
    given = written = 0;
    sftp = direct_new(&peer);
    sftp->ssh = (LIBSSH2_SESSION *)(void *)&nothing;
    sftp->channel = (LIBSSH2_CHANNEL *)(void *)&nothing;
    sftp->read_piece = sftp->write_piece = SFTP_PIECE;
    sftp->usable = true;
    return 0;
}

static int leave(void **state)
{
    (void)state;
    direct_free(sftp);
    g_byte_array_unref(answers);
    return 0;
}

/* ---- answers ---- */

static void put_u32(guint32 value)
{
    const guint32 bytes = GUINT32_TO_BE(value);

    g_byte_array_append(answers, (const guint8 *)&bytes, sizeof bytes);
}

/* The head of an answer to request id that announces len bytes, type and id among them. */
static void put_head(guint8 type, guint32 id, guint32 len)
{
    put_u32(len);
    g_byte_array_append(answers, &type, 1);
    put_u32(id);
}

static void put_bytes(guint n)
{
    g_byte_array_set_size(answers, answers->len + n);
    memset(answers->data + answers->len - n, 'x', n);
}

/* An answer to request id, whose body is a string of `announced` bytes of which `sent` follow. */
static void put_answer(guint8 type, guint32 id, guint32 announced, guint sent)
{
    put_head(type, id, 5 + 4 + sent);
    put_u32(announced);
    put_bytes(sent);
}

/* A new connection. */
static void begin_again(void)
{
    sftp->usable = true;
    wire_reset(&sftp->wire);
    g_byte_array_set_size(answers, 0);
    given = 0;
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

static void test_sftp_wire__answer_longer_than_its_request_allows__is_refused_before_memory_is_taken(void **state)
{
    static const struct {
        enum sftp_packet request;
        guint32 len, longest;
    } cases[] = {
        {SFTP_OPEN, 0, SFTP_LONGEST_ANSWER},
        {SFTP_OPEN, 4, SFTP_LONGEST_ANSWER},
        {SFTP_OPEN, 16 * 1024 * 1024 - 60, SFTP_LONGEST_ANSWER},
        {SFTP_OPENDIR, SFTP_LONGEST_ANSWER + 1, SFTP_LONGEST_ANSWER},
        {SFTP_LSTAT, SFTP_LONGEST_ANSWER + 1, SFTP_LONGEST_ANSWER},
        {SFTP_LSTAT, 0xffffffff, SFTP_LONGEST_ANSWER},
        {SFTP_WRITE, SFTP_LONGEST_ANSWER + 1, SFTP_LONGEST_ANSWER},
        {SFTP_EXTENDED, SFTP_LONGEST_ANSWER + 1, SFTP_LONGEST_ANSWER},
        {SFTP_READDIR, SFTP_LONGEST_LIST + 1, SFTP_LONGEST_LIST},
        {SFTP_READDIR, 0x7fffffff, SFTP_LONGEST_LIST},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct sftp_reply reply;
        GError *error = NULL;
        begin_again();
        size_t room = sftp->wire.room;
        uint32_t id = wire_ask(sftp, cases[i].request, "x", 1);
        put_head(SFTP_STATUS, id, cases[i].len);
        assert_false(wire_reply(sftp, id, &reply, &error));
        g_autofree char *text = g_strdup_printf("an answer announces %u bytes, expected 5 to ", cases[i].len);
        g_autofree char *limit = g_strdup_printf(" to %u", cases[i].len < 5 ? 0xffffffff : cases[i].longest);
        assert_non_null(error);
        assert_non_null(strstr(error->message, limit));
        assert_broken(&error, text);
        assert_int_equal(sftp->wire.room, room);
    }
}

/* Each answer is as long as its request allows. */
static void test_sftp_wire__answers_of_the_longest_length__are_given(void **state)
{
    static const struct {
        enum sftp_packet request;
        guint32 longest;
    } cases[] = {{SFTP_LSTAT, SFTP_LONGEST_ANSWER}, {SFTP_READDIR, SFTP_LONGEST_LIST}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct sftp_reply reply;
        GError *error = NULL;
        begin_again();
        uint32_t id = wire_ask(sftp, cases[i].request, "x", 1);
        put_head(SFTP_NAME, id, cases[i].longest);
        put_bytes(cases[i].longest - 5);
        assert_true(wire_reply(sftp, id, &reply, &error));
        assert_int_equal(reply.left, cases[i].longest - 5);
        assert_int_equal(reply.type, SFTP_NAME);
    }
}

static void test_sftp_wire__greeting__has_a_longest_length_and_login_text_is_shown(void **state)
{
    static const struct {
        guint32 len;
        const char *text;
    } cases[] = {{SFTP_LONGEST_GREETING + 1, "announces 65537 bytes, expected 5 to 65536"},
                 {0x57656c63, "as text its first bytes are 'Welc'"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        begin_again();
        put_u32(cases[i].len);
        assert_false(wire_greet(sftp, &error));
        assert_broken(&error, cases[i].text);
    }
}

/* ---- how much is kept ---- */

static void test_sftp_wire__answers_before_their_turn__are_kept_up_to_a_sum(void **state)
{
    struct sftp_reply reply;
    GError *error = NULL;
    guint n = SFTP_MOST_KEPT / SFTP_LONGEST_LIST;

    (void)state;
    uint32_t first = wire_ask(sftp, SFTP_LSTAT, "x", 1);
    for (guint i = 0; i < n; i++) {
        put_head(SFTP_NAME, wire_ask(sftp, SFTP_READDIR, "x", 1), SFTP_LONGEST_LIST);
        put_bytes(SFTP_LONGEST_LIST - 5);
    }
    put_head(SFTP_STATUS, first, 9);
    put_u32(SFTP_OK);
    assert_true(wire_reply(sftp, first, &reply, &error));
    assert_int_equal(sftp->wire.kept_bytes, n * SFTP_LONGEST_LIST);
    for (guint i = 0; i < n; i++) {
        if (i % 2 == 0)
            assert_true(wire_reply(sftp, first + 1 + i, &reply, &error));
        else
            wire_ignore(sftp, first + 1 + i);
    }
    assert_int_equal(sftp->wire.kept_bytes, 0);
}

static void test_sftp_wire__answers_kept_over_the_sum__end_the_session(void **state)
{
    struct sftp_reply reply;
    GError *error = NULL;

    (void)state;
    uint32_t first = wire_ask(sftp, SFTP_LSTAT, "x", 1);
    for (guint i = 0; i <= SFTP_MOST_KEPT / SFTP_LONGEST_LIST; i++) {
        put_head(SFTP_NAME, wire_ask(sftp, SFTP_READDIR, "x", 1), SFTP_LONGEST_LIST);
        put_bytes(SFTP_LONGEST_LIST - 5);
    }
    assert_false(wire_reply(sftp, first, &reply, &error));
    assert_broken(&error, "answers that come before their turn hold 6291456 bytes, expected at most 5242880");
}

static void test_sftp_wire__server_that_leaves_requests_unanswered__ends_the_session(void **state)
{
    GError *error = NULL;

    (void)state;
    for (int i = 0; i < SFTP_MOST_ASKED; i++)
        wire_ignore(sftp, wire_ask(sftp, SFTP_CLOSE, "x", 1));
    assert_true(wire_flush(sftp, &error));
    (void)wire_ask(sftp, SFTP_CLOSE, "x", 1);
    assert_false(wire_flush(sftp, &error));
    assert_broken(&error, "leaves 2001 requests without an answer, expected at most 2000");
}

/* ---- the length of a handle ---- */

static void test_sftp_wire__handle_of_a_wrong_length__session_ends(void **state)
{
    static const struct {
        guint32 announced;
        const char *text;
    } cases[] = {{11, "a handle is cut short"},
                 {SFTP_LONGEST_HANDLE + 1, "a handle announces 257 bytes, expected at most 256"},
                 {0xffffffff, "a handle announces 4294967295 bytes, expected at most 256"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        begin_again();
        uint32_t id = wire_ask(sftp, SFTP_OPENDIR, "in", 2);
        put_answer(SFTP_HANDLE, id, cases[i].announced, 10);
        assert_null(sftp_settle_handle(sftp, id, "in", &error));
        assert_broken(&error, cases[i].text);
    }
}

static void test_sftp_wire__longest_handle__is_kept_whole(void **state)
{
    GError *error = NULL;

    (void)state;
    uint32_t id = wire_ask(sftp, SFTP_OPENDIR, "in", 2);
    put_answer(SFTP_HANDLE, id, SFTP_LONGEST_HANDLE, SFTP_LONGEST_HANDLE);
    GByteArray *handle = sftp_settle_handle(sftp, id, "in", &error);
    assert_non_null(handle);
    assert_int_equal(handle->len, SFTP_LONGEST_HANDLE);
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
        const char *text;
    } cases[] = {{11, 10, "the data of a read is cut short"},
                 {0xffffffff, 10, "the data of a read announces 4294967295 bytes, expected at most 100"},
                 {FILE_SIZE + 1, FILE_SIZE + 1, "the data of a read announces 101 bytes, expected at most 100"},
                 {0, 0, "a read returned no bytes"}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct sftp_fetch fetch = {.path = "in/x", .size = FILE_SIZE, .sink = refuse_bytes};
        GError *error = NULL;
        begin_again();
        put_answer(SFTP_HANDLE, 1, 1, 1);
        put_answer(SFTP_DATA, 2, cases[i].announced, cases[i].sent);
        assert_false(direct_read(sftp, &fetch, &error));
        assert_broken(&error, cases[i].text);
    }
}

static bool take_bytes(void *user, const char *data, size_t len, GError **error)
{
    (void)data, (void)error;
    *(size_t *)user += len;
    return true;
}

/* At the end of a file some servers give no bytes, in place of EOF. Bytes there mean that the file has grown. */
static void test_sftp_wire__bytes_behind_the_end__are_a_change_but_none_are_the_end(void **state)
{
    (void)state;
    for (guint behind = 0; behind <= 1; behind++) {
        size_t taken = 0;
        struct sftp_fetch fetch = {.path = "in/x", .size = FILE_SIZE, .sink = take_bytes, .user = &taken};
        GError *error = NULL;
        begin_again();
        put_answer(SFTP_HANDLE, 1, 1, 1);
        put_answer(SFTP_DATA, 2, FILE_SIZE, FILE_SIZE);
        put_answer(SFTP_DATA, 3, behind, behind);
        put_head(SFTP_ATTRS, 4, 9);
        put_u32(0);
        assert_int_equal(direct_read(sftp, &fetch, &error), behind == 0);
        assert_int_equal(taken, FILE_SIZE);
        assert_true(behind == 0 || g_error_matches(error, SFTP_ERROR, SFTP_ERROR_CHANGED));
        g_clear_error(&error);
    }
}

/* The words of a refusal are shown, but not any number of them. */
static void test_sftp_wire__text_of_a_status__has_a_longest_length(void **state)
{
    struct sftp_attributes attributes;
    GError *error = NULL;

    (void)state;
    for (guint len = SFTP_LONGEST_TEXT; len <= SFTP_LONGEST_TEXT + 1; len++) {
        begin_again();
        put_head(SFTP_STATUS, 1, 5 + 4 + 4 + len);
        put_u32(3);
        put_u32(len);
        put_bytes(len);
        assert_false(direct_lstat(sftp, "x", &attributes, &error));
        if (len == SFTP_LONGEST_TEXT) {
            assert_true(g_error_matches(error, SFTP_ERROR, SFTP_ERROR_REFUSED));
            assert_true(strlen(error->message) < 1000);
            g_clear_error(&error);
        }
    }
    assert_broken(&error, "the text of a status announces 4097 bytes, expected at most 4096");
}

/* ---- lists ---- */

static bool count_name(void *user, const char *name, const struct sftp_attributes *attributes)
{
    (void)name, (void)attributes;
    ++*(int *)user;
    return true;
}

/* One name of so many bytes, a line of so many, and so many extended attributes, all empty, in a list. */
static void put_list(guint name, guint line, guint32 extended)
{
    enum { SIZE = 1, MODE = 4 };
    guint empty = MIN(extended, SFTP_MOST_EXTENDED + 1);

    put_answer(SFTP_HANDLE, 1, 1, 1);
    put_head(SFTP_NAME, 2, 5 + 4 + 4 + name + 4 + line + 4 + 8 + 4 + 4 + empty * 8);
    put_u32(1);
    put_u32(name);
    put_bytes(name);
    put_u32(line);
    put_bytes(line);
    put_u32(0x80000000 | SIZE | MODE);
    put_u32(0);
    put_u32(1);
    put_u32(0100644);
    put_u32(extended);
    for (guint i = 0; i < 2 * empty; i++)
        put_u32(0);
    put_head(SFTP_STATUS, 3, 9);
    put_u32(SFTP_EOF);
}

static void test_sftp_wire__names_and_attributes_of_a_list__have_limits(void **state)
{
    static const struct {
        guint name, line;
        guint32 extended;
        const char *text; /* NULL: the list is good */
    } cases[] = {
        {SFTP_LONGEST_NAME, SFTP_LONGEST_LINE, SFTP_MOST_EXTENDED, NULL},
        {SFTP_LONGEST_NAME + 1, 1, 0, "a name in a list announces 4097 bytes, expected at most 4096"},
        {1, SFTP_LONGEST_LINE + 1, 0, "the line of a name in a list announces 8193 bytes, expected at most 8192"},
        {1, 1, SFTP_MOST_EXTENDED + 1, "an entry has 65 extended attributes, expected at most 64"},
        {1, 1, 0xffffffff, "an entry has 4294967295 extended attributes, expected at most 64"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        int listed = 0;
        begin_again();
        put_list(cases[i].name, cases[i].line, cases[i].extended);
        bool good = direct_list(sftp, "in", count_name, &listed, &error);
        assert_int_equal(good, cases[i].text == NULL);
        assert_int_equal(listed, good ? 1 : 0);
        if (!good)
            assert_broken(&error, cases[i].text);
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
        TEST(test_sftp_wire__answer_longer_than_its_request_allows__is_refused_before_memory_is_taken),
        TEST(test_sftp_wire__answers_of_the_longest_length__are_given),
        TEST(test_sftp_wire__greeting__has_a_longest_length_and_login_text_is_shown),
        TEST(test_sftp_wire__answers_before_their_turn__are_kept_up_to_a_sum),
        TEST(test_sftp_wire__answers_kept_over_the_sum__end_the_session),
        TEST(test_sftp_wire__server_that_leaves_requests_unanswered__ends_the_session),
        TEST(test_sftp_wire__handle_of_a_wrong_length__session_ends),
        TEST(test_sftp_wire__longest_handle__is_kept_whole),
        TEST(test_sftp_wire__data_of_a_wrong_length__session_ends_and_passes_nothing_on),
        TEST(test_sftp_wire__bytes_behind_the_end__are_a_change_but_none_are_the_end),
        TEST(test_sftp_wire__text_of_a_status__has_a_longest_length),
        TEST(test_sftp_wire__names_and_attributes_of_a_list__have_limits),
        TEST(test_sftp_wire__string_longer_than_its_answer__is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
