/* Stored files that are packed: who can read them, and what is noticed when some of their bytes are missing. */
#include "spool/packed.h"
#include "tests/unit/sync_calls.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { PIECE = 256 * 1024 /* what packer_step takes */ };

static size_t most; /* bytes that a read gives; 0: all that are asked for */

/* The program's own, before the C library's: a file system may give less than is asked for. */
ssize_t read(int fd, void *buffer, size_t size)
{
    return syscall(SYS_read, fd, buffer, most > 0 ? MIN(size, most) : size);
}

static int enter(void **state)
{
    *state = g_dir_make_tmp("ecosgate-packed-XXXXXX", NULL);
    return *state == NULL || g_chdir(*state) != 0;
}

static int leave(void **state)
{
    (void)g_chdir("/");
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(*state);
    return 0;
}

static char *text_of(size_t len)
{
    GString *text = g_string_new(NULL);

    for (unsigned n = 0; text->len < len; n++)
        g_string_append_printf(text, "D,%u,00-DB-12-%02X-%02X-22-D8-5B,ESME\n", n, n >> 8 & 0xff, n & 0xff);
    g_string_truncate(text, len);
    return g_string_free(text, FALSE);
}

static void put(const char *name, const char *bytes, size_t len)
{
    assert_true(g_file_set_contents(name, bytes, (gssize)len, NULL));
}

/* How many bytes packing `name` has saved. */
static int64_t pack(const char *name)
{
    char hex[DIGEST_HEX_SIZE];
    uint64_t size;
    bool done = false;
    int64_t files = 0, saved = 0;
    g_autoptr(packed_batch_t) batch = packed_batch_new(".");

    assert_true(digest_file(name, hex, &size, NULL));
    g_autoptr(packer_t) packer = packer_begin(name, size, hex, batch, NULL);
    assert_non_null(packer);
    while (!done)
        assert_true(packer_step(packer, &done, NULL));
    assert_true(packer_finish(packer, batch, NULL));
    assert_true(packed_batch_settle(batch, &files, &saved, NULL));
    assert_int_equal(files, saved > 0);
    return saved;
}

/* What packed_read gives of it. NULL: it is said to be damaged. */
static GString *read_all(const char *name)
{
    g_autoptr(packed_reader_t) reader = packed_open(name, NULL);
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);
    char buffer[70000];
    size_t got = 1;

    assert_non_null(reader);
    while (got > 0 && packed_read(reader, buffer, sizeof buffer, &got, &error))
        g_string_append_len(text, buffer, (gssize)got);
    if (error == NULL)
        return text;
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
    g_string_free(text, TRUE);
    return NULL;
}

/* The bytes of members that zlib finds, one after the other: where each ends. */
static GArray *ends_of(const char *bytes, size_t len)
{
    GArray *ends = g_array_new(FALSE, FALSE, sizeof(size_t));
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    static unsigned char plain[PIECE];

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    while (z.avail_in > 0) {
        z.next_out = plain;
        z.avail_out = sizeof plain;
        if (inflate(&z, Z_NO_FLUSH) == Z_STREAM_END) {
            size_t end = len - z.avail_in;
            g_array_append_val(ends, end);
            assert_int_equal(inflateReset(&z), Z_OK);
        }
    }
    (void)inflateEnd(&z);
    return ends;
}

static void test_packer__any_size__is_read_back(void **state)
{
    static const size_t sizes[] = {2 * 4096, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 77};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *text = text_of(sizes[i]), *first = NULL, *second = NULL;
        gsize len, again;
        put("a", text, sizes[i]);
        assert_true(pack("a") > 0);
        assert_int_not_equal(g_access("a", F_OK), 0);
        GString *found = read_all("a");
        assert_int_equal(found->len, sizes[i]);
        assert_memory_equal(found->str, text, sizes[i]);
        g_string_free(found, TRUE);
        assert_true(g_file_get_contents("a.gz", &first, &len, NULL));
        g_autoptr(GArray) ends = ends_of(first, len);
        assert_int_equal(ends->len, (sizes[i] + PIECE - 1) / PIECE + 1);
        assert_true(packed_unpack("a", NULL));
        assert_true(pack("a") > 0);
        assert_true(g_file_get_contents("a.gz", &second, &again, NULL));
        assert_int_equal(again, len);
        assert_memory_equal(first, second, len);
        assert_int_equal(g_unlink("a.gz"), 0);
    }
    (void)state;
}

static void test_packer__short_reads__same_bytes(void **state)
{
    g_autofree char *text = text_of(2 * PIECE + 77), *whole = NULL, *shorter = NULL;
    gsize len, again;

    put("a", text, 2 * PIECE + 77);
    assert_true(pack("a") > 0);
    assert_true(g_file_get_contents("a.gz", &whole, &len, NULL));
    assert_true(packed_unpack("a", NULL));
    most = 1000;
    assert_true(pack("a") > 0);
    most = 0;
    assert_true(g_file_get_contents("a.gz", &shorter, &again, NULL));
    assert_int_equal(again, len);
    assert_memory_equal(shorter, whole, len);
    (void)state;
}

/* `len` bytes stand in the file when its second piece is packed. */
static void expect_not_packed(const char *text, size_t len)
{
    char hex[DIGEST_HEX_SIZE];
    g_autoptr(GError) error = NULL;
    uint64_t size;
    g_autoptr(packed_batch_t) batch = packed_batch_new(".");
    bool done = false;

    put("a", text, 2 * PIECE);
    assert_true(digest_file("a", hex, &size, NULL));
    struct packer *packer = packer_begin("a", size, hex, batch, NULL);
    assert_non_null(packer);
    assert_true(packer_step(packer, &done, NULL));
    assert_int_equal(truncate("a", (off_t)len), 0);
    while (!done)
        assert_true(packer_step(packer, &done, NULL));
    assert_false(packer_finish(packer, batch, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
    packer_free(packer);
    assert_int_equal(g_access("a", F_OK), 0);
    assert_int_not_equal(g_access("a.gz", F_OK), 0);
    assert_int_not_equal(g_access(".a.gz.part", F_OK), 0);
}

static void test_packer__other_length_meanwhile__stays_plain(void **state)
{
    g_autofree char *text = text_of(2 * PIECE);

    expect_not_packed(text, 2 * PIECE - 1);
    expect_not_packed(text, PIECE);
    expect_not_packed(text, 2 * PIECE + 1);
    (void)state;
}

static void test_packer__random_bytes__stay_plain(void **state)
{
    g_autofree char *bytes = g_malloc(PIECE + 5000);
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    for (size_t i = 0; i < PIECE + 5000; i++)
        bytes[i] = (char)g_rand_int(random);
    put("a", bytes, PIECE + 5000);
    assert_int_equal(pack("a"), 0);
    assert_int_not_equal(g_access("a.gz", F_OK), 0);
    (void)state;
}

static void add(struct packed_batch *batch, const char *name)
{
    g_autofree char *text = text_of(5 * 4096);
    char hex[DIGEST_HEX_SIZE];
    bool done = false;

    put(name, text, 5 * 4096);
    digest_text(text, hex);
    g_autoptr(packer_t) packer = packer_begin(name, 5 * 4096, hex, batch, NULL);
    while (!done)
        assert_true(packer_step(packer, &done, NULL));
    assert_true(packer_finish(packer, batch, NULL));
}

static void expect_stands(const char *name, bool stands)
{
    assert_int_equal(g_access(name, F_OK) == 0, stands);
}

static void test_batch__two_files__two_syncs_of_the_file_system(void **state)
{
    g_autoptr(packed_batch_t) batch = packed_batch_new(*state);
    int64_t files = 0, saved = 0;

    sync_calls_begin(*state);
    add(batch, "a");
    add(batch, "b");
    expect_stands("a", true);
    expect_stands("a.gz", true);
    assert_true(packed_batch_settle(batch, &files, &saved, NULL));
    assert_true(packed_batch_settle(batch, &files, &saved, NULL)); /* there is nothing left to do */
    g_autofree char *seen = sync_calls_end();
    assert_string_equal(seen, "file system of ./\nfile system of ./\n");
    assert_int_equal(files, 2);
    assert_true(saved > 4 * 4096);
    expect_stands("a", false);
    expect_stands("b", false);
    expect_stands("b.gz", true);
}

/* The first sync fails: nothing is removed. The second: the ledger must not say that the files are packed. */
static void test_batch__sync_fails__says_so(void **state)
{
    for (int failing = 1; failing <= 2; failing++) {
        g_autoptr(packed_batch_t) batch = packed_batch_new(*state);
        int64_t files = 0, saved = 0;
        sync_calls_begin(*state);
        add(batch, "a");
        sync_calls_failing = failing;
        assert_false(packed_batch_settle(batch, &files, &saved, NULL));
        g_free(sync_calls_end());
        assert_int_equal(files, 0);
        expect_stands("a", failing == 1);
        expect_stands("a.gz", true);
        put("a", "", 0);
        assert_true(packed_batch_settle(batch, &files, &saved, NULL)); /* it is empty */
        expect_stands("a", true);
    }
}

static void test_batch__forgotten__plain_file_stays(void **state)
{
    g_autoptr(packed_batch_t) batch = packed_batch_new(*state);
    int64_t files = 0, saved = 0;

    add(batch, "a");
    packed_batch_forget(batch);
    assert_true(packed_batch_settle(batch, &files, &saved, NULL));
    assert_int_equal(files + saved, 0);
    expect_stands("a", true);
}

/* Its descriptor of the file system is older than the files: a later one would not know of earlier failures. */
static void test_batch__folder_moves__is_settled_all_the_same(void **state)
{
    assert_int_equal(g_mkdir("d", 0700), 0);
    g_autoptr(packed_batch_t) batch = packed_batch_new("d");
    int64_t files = 0, saved = 0;

    assert_int_equal(rename("d", "e"), 0);
    add(batch, "a");
    assert_true(packed_batch_settle(batch, &files, &saved, NULL));
    expect_stands("a", false);
    assert_int_equal(rmdir("e"), 0);
    (void)state;
}

static void test_batch__plain_file_gone_before__is_synced(void **state)
{
    g_autoptr(packed_batch_t) batch = packed_batch_new(*state);
    int64_t files = 0, saved = 0;

    sync_calls_begin(*state);
    assert_null(packer_begin("a", 5 * 4096, "", batch, NULL));
    assert_true(packed_batch_settle(batch, &files, &saved, NULL));
    assert_true(packed_batch_settle(batch, &files, &saved, NULL)); /* once */
    g_autofree char *seen = sync_calls_end();
    assert_string_equal(seen, "file system of ./\n");
    assert_int_equal(files, 0);
}

static void test_remove__unfinished_packed_file__goes_too(void **state)
{
    int64_t freed = 0;

    put("a", "12", 2);
    put(".a.gz.part", "345", 3);
    assert_true(packed_remove(STEP_FILE_REMOVED, "a", &freed, NULL));
    expect_stands("a", false);
    expect_stands(".a.gz.part", false);
    assert_int_equal(freed, 5);
    (void)state;
}

static void test_reader__end_missing__is_damaged(void **state)
{
    g_autofree char *text = text_of(3 * PIECE), *packed = NULL;
    gsize len;

    put("a", text, 3 * PIECE);
    assert_true(pack("a") > 0);
    assert_true(g_file_get_contents("a.gz", &packed, &len, NULL));
    g_autoptr(GArray) ends = ends_of(packed, len);
    assert_int_equal(ends->len, 4);
    for (guint i = 0; i < 3; i++)
        for (size_t less = 0; less < 2; less++) {
            put("a.gz", packed, g_array_index(ends, size_t, i) - less);
            assert_null(read_all("a"));
        }
    for (size_t less = 1; less <= 64; less++) {
        put("a.gz", packed, len - less);
        assert_null(read_all("a"));
    }
    for (size_t left = 0; left <= 64; left++) {
        put("a.gz", packed, left);
        assert_null(read_all("a"));
    }
    g_autoptr(GString) more = g_string_new_len(packed, (gssize)len);
    g_string_append_c(more, '\0');
    put("a.gz", more->str, more->len);
    assert_null(read_all("a"));
    (void)state;
}

/* One bit wrong where a member begins: the same bytes, for a head holds times and the like, or the file is damaged. It
 * is never taken for one that ends there. */
static void test_reader__bit_of_a_head_wrong__never_other_bytes(void **state)
{
    enum { HEAD = 10 };
    g_autofree char *text = text_of(3 * PIECE), *packed = NULL;
    unsigned damaged = 0;
    gsize len;

    put("a", text, 3 * PIECE);
    assert_true(pack("a") > 0);
    assert_true(g_file_get_contents("a.gz", &packed, &len, NULL));
    g_autoptr(GArray) ends = ends_of(packed, len);
    for (guint i = 0; i < ends->len; i++)
        for (size_t bit = 0; bit < 8 * HEAD; bit++) {
            size_t at = (i == 0 ? 0 : g_array_index(ends, size_t, i - 1)) + bit / 8;
            packed[at] = (char)(packed[at] ^ 1 << bit % 8);
            put("a.gz", packed, len);
            GString *found = read_all("a");
            packed[at] = (char)(packed[at] ^ 1 << bit % 8);
            damaged += found == NULL;
            assert_true(found == NULL || (found->len == 3 * PIECE && memcmp(found->str, text, 3 * PIECE) == 0));
            if (found != NULL)
                g_string_free(found, TRUE);
        }
    assert_true(damaged >= 4 * 3 * 8); /* what makes it gzip, in each member */
    (void)state;
}

/* As earlier releases packed. */
static GString *by_zlib(char *text, size_t len)
{
    GString *out = g_string_sized_new(len);
    z_stream z = {
        .next_in = (Bytef *)text, .avail_in = (uInt)len, .next_out = (Bytef *)out->str, .avail_out = (uInt)len};

    assert_int_equal(deflateInit2(&z, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    g_string_set_size(out, z.total_out);
    (void)deflateEnd(&z);
    return out;
}

static void test_reader__packed_by_earlier_release__is_read(void **state)
{
    g_autofree char *text = text_of(2 * PIECE + 9);
    GString *packed = by_zlib(text, 2 * PIECE + 9);

    put("a.gz", packed->str, packed->len);
    GString *found = read_all("a");
    assert_string_equal(found->str, text);
    g_string_free(found, TRUE);
    put("a.gz", packed->str, packed->len - 1);
    assert_null(read_all("a"));
    g_string_free(packed, TRUE);
    (void)state;
}

static bool proves(const char *packed, size_t len, size_t piece, const char *text, size_t size)
{
    g_autoptr(packed_proof_t) proof = packed_proof_new(true, size);
    char hex[DIGEST_HEX_SIZE];

    digest_text(text, hex);
    for (size_t at = 0; at < len; at += piece)
        packed_proof_add(proof, packed + at, MIN(piece, len - at));
    return packed_proof_is(proof, size, hex);
}

static void test_proof__members__are_all_counted(void **state)
{
    static const size_t pieces[] = {1, 13, 65536, 1 << 20};
    g_autofree char *text = text_of(2 * PIECE + 9), *packed = NULL;
    gsize len;

    put("a", text, 2 * PIECE + 9);
    assert_true(pack("a") > 0);
    assert_true(g_file_get_contents("a.gz", &packed, &len, NULL));
    g_autoptr(GArray) ends = ends_of(packed, len);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        assert_true(proves(packed, len, pieces[i], text, 2 * PIECE + 9));
        assert_false(proves(packed, len - 1, pieces[i], text, 2 * PIECE + 9));
        assert_false(proves(packed, len, pieces[i], text, 2 * PIECE + 8)); /* gives up after so many bytes */
        assert_false(proves(packed, g_array_index(ends, size_t, 1), pieces[i], text, 2 * PIECE + 9));
    }
    g_autoptr(GString) more = g_string_new_len(packed, (gssize)len);
    g_string_append(more, "more");
    assert_false(proves(more->str, more->len, 13, text, 2 * PIECE + 9));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_packer__any_size__is_read_back, enter, leave),
        cmocka_unit_test_setup_teardown(test_packer__short_reads__same_bytes, enter, leave),
        cmocka_unit_test_setup_teardown(test_packer__other_length_meanwhile__stays_plain, enter, leave),
        cmocka_unit_test_setup_teardown(test_packer__random_bytes__stay_plain, enter, leave),
        cmocka_unit_test_setup_teardown(test_batch__two_files__two_syncs_of_the_file_system, enter, leave),
        cmocka_unit_test_setup_teardown(test_batch__sync_fails__says_so, enter, leave),
        cmocka_unit_test_setup_teardown(test_batch__forgotten__plain_file_stays, enter, leave),
        cmocka_unit_test_setup_teardown(test_batch__folder_moves__is_settled_all_the_same, enter, leave),
        cmocka_unit_test_setup_teardown(test_batch__plain_file_gone_before__is_synced, enter, leave),
        cmocka_unit_test_setup_teardown(test_remove__unfinished_packed_file__goes_too, enter, leave),
        cmocka_unit_test_setup_teardown(test_reader__end_missing__is_damaged, enter, leave),
        cmocka_unit_test_setup_teardown(test_reader__bit_of_a_head_wrong__never_other_bytes, enter, leave),
        cmocka_unit_test_setup_teardown(test_reader__packed_by_earlier_release__is_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_proof__members__are_all_counted, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
