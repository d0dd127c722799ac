/* The write-behind thread: every byte once and in order, the sink's errors, an end at any time. */
#include "gateway/drops/write_behind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MIB = 1024 * 1024, ALONE = MIB / 4, SMALL = 100000, LARGE = 9 * MIB + 12345, MOST_AHEAD = 2 * MIB };

/* What came out, and what shall happen meanwhile. */
struct target {
    GByteArray *bytes;
    GThread *thread; /* in which the last bytes came */
    gsize fails_at;  /* bytes after which it fails; 0: never */
    int refused;     /* calls since then */
    bool slow;
    gint written; /* atomic: bytes that were written */
    gint ahead;   /* the most of them that had not come out yet */
};

static bool take(void *user, const char *data, size_t len, GError **error)
{
    struct target *target = user;

    target->thread = g_thread_self();
    if (target->fails_at != 0 && target->bytes->len + len > target->fails_at) {
        g_set_error_literal(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no more");
        target->refused++;
        return false;
    }
    if (target->slow)
        g_usleep(2000);
    target->ahead = MAX(target->ahead, g_atomic_int_get(&target->written) - (gint)target->bytes->len);
    g_byte_array_append(target->bytes, (const guint8 *)data, (guint)len);
    return true;
}

static struct target target_new(void)
{
    return (struct target){.bytes = g_byte_array_new()};
}

/* Bytes of which no two stretches are alike. */
static char *made(size_t len)
{
    char *data = g_malloc(len);
    GRand *random = g_rand_new_with_seed(7);

    for (size_t i = 0; i + 4 <= len; i += 4) {
        guint32 value = g_rand_int(random);
        memcpy(data + i, &value, 4);
    }
    memset(data + len - len % 4, 'x', len % 4);
    g_rand_free(random);
    return data;
}

static bool write_in_pieces(struct write_behind *write_behind, struct target *target, const char *data, size_t len,
                            size_t piece, GError **error)
{
    for (size_t at = 0; at < len; at += piece) {
        size_t n = MIN(piece, len - at);
        if (!write_behind_write(write_behind, data + at, n, error))
            return false;
        g_atomic_int_add(&target->written, (gint)n);
    }
    return true;
}

static void expect_all(size_t len, size_t piece, bool slow)
{
    g_autofree char *data = made(len);
    struct target target = target_new();
    GError *error = NULL;

    target.slow = slow;
    struct write_behind *write_behind = write_behind_new(take, &target);
    assert_true(write_in_pieces(write_behind, &target, data, len, piece, &error));
    assert_true(write_behind_end(write_behind, &error));
    assert_null(error);
    assert_int_equal(target.bytes->len, len);
    assert_memory_equal(target.bytes->data, data, len);
    assert_true(target.ahead <= MOST_AHEAD);
    assert_int_equal(target.thread == g_thread_self(), len <= ALONE);
    write_behind_free(write_behind);
    g_byte_array_unref(target.bytes);
}

static void test_write_behind__few_bytes__no_thread(void **state)
{
    (void)state;
    expect_all(SMALL, 1000, false);
    expect_all(ALONE, 4096, false);
}

static void test_write_behind__many_bytes__all_in_order(void **state)
{
    static const size_t pieces[] = {1000, 4096, 32768, 131072, 262144, 262145, 3 * MIB, LARGE};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++)
        expect_all(LARGE, pieces[i], false);
    expect_all(ALONE + 1, 4096, false);
    expect_all(2 * ALONE, ALONE, false);
}

static void test_write_behind__slow_sink__the_writer_waits(void **state)
{
    (void)state;
    expect_all(LARGE, 32768, true);
}

static void test_write_behind__nothing_written__ends(void **state)
{
    struct target target = target_new();
    struct write_behind *write_behind = write_behind_new(take, &target);

    (void)state;
    assert_true(write_behind_end(write_behind, NULL));
    write_behind_free(write_behind);
    write_behind_free(NULL);
    assert_int_equal(target.bytes->len, 0);
    g_byte_array_unref(target.bytes);
}

/* Wherever the sink fails the writer learns of it, before or at the end; what comes out is a beginning. */
static void expect_failure(gsize fails_at, size_t piece)
{
    g_autofree char *data = made(LARGE);
    struct target target = target_new();
    GError *error = NULL;

    target.fails_at = fails_at;
    struct write_behind *write_behind = write_behind_new(take, &target);
    assert_false(write_in_pieces(write_behind, &target, data, LARGE, piece, &error) &&
                 write_behind_end(write_behind, &error));
    assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
    write_behind_free(write_behind);
    assert_int_equal(target.refused, 1); /* nothing came after that */
    assert_true(target.bytes->len <= fails_at);
    assert_memory_equal(target.bytes->data, data, target.bytes->len);
    g_error_free(error);
    g_byte_array_unref(target.bytes);
}

static void test_write_behind__sink_fails__write_or_end_reports_it(void **state)
{
    (void)state;
    expect_failure(1000, 10000);      /* without a thread */
    expect_failure(ALONE + 1, 4096);  /* its first piece */
    expect_failure(5 * MIB, 32768);   /* in the middle */
    expect_failure(LARGE - 1, 32768); /* the last one */
    expect_failure(LARGE - 1, LARGE);
}

static void test_write_behind__freed_without_an_end__nothing_waits(void **state)
{
    g_autofree char *data = made(LARGE);

    (void)state;
    for (size_t len = SMALL; len < LARGE; len += MIB) {
        struct target target = target_new();
        target.slow = true;
        struct write_behind *write_behind = write_behind_new(take, &target);
        assert_true(write_in_pieces(write_behind, &target, data, len, 32768, NULL));
        write_behind_free(write_behind);
        assert_true(target.bytes->len <= len);
        assert_memory_equal(target.bytes->data, data, target.bytes->len);
        g_byte_array_unref(target.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_behind__few_bytes__no_thread),
        cmocka_unit_test(test_write_behind__many_bytes__all_in_order),
        cmocka_unit_test(test_write_behind__slow_sink__the_writer_waits),
        cmocka_unit_test(test_write_behind__nothing_written__ends),
        cmocka_unit_test(test_write_behind__sink_fails__write_or_end_reports_it),
        cmocka_unit_test(test_write_behind__freed_without_an_end__nothing_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
