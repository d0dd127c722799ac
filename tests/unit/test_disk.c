/* Files and folders on disk: what stands there afterwards. What is durable: test_disk_sync.c. */
#include "spool/disk.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static int enter(void **state)
{
    *state = g_dir_make_tmp("ecosgate-disk-XXXXXX", NULL);
    return *state == NULL || g_chdir(*state) != 0;
}

static int leave(void **state)
{
    (void)g_chdir("/");
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(*state);
    return 0;
}

static void put(const char *path, const char *text)
{
    g_autoptr(disk_file_t) file = disk_file_create(path, 1 << 20, NULL);
    assert_non_null(file);
    assert_true(disk_file_write(file, text, strlen(text), NULL));
    assert_true(disk_file_publish(STEP_ANSWER_STORED, file, NULL));
    char hex[DIGEST_HEX_SIZE];
    digest_text(text, hex);
    assert_string_equal(disk_file_sha256(file), hex);
}

static void test_disk_file__published__is_whole_and_alone(void **state)
{
    put("a", "old");
    put("a", "hello");
    uint64_t size = 0;
    char hex[DIGEST_HEX_SIZE], want[DIGEST_HEX_SIZE];
    assert_true(digest_file("a", hex, &size, NULL));
    digest_text("hello", want);
    assert_string_equal(hex, want);
    assert_int_equal(size, 5);
    bool same = false;
    assert_true(disk_same_bytes("a", 5, want, &same, NULL));
    assert_true(same);
    assert_true(disk_same_bytes("b", 5, want, &same, NULL));
    assert_false(same);
    g_auto(GStrv) names = disk_names(".", NULL);
    assert_int_equal(g_strv_length(names), 1);
    (void)state;
}

/* A temporary file that a crash left is replaced; disk that was reserved too much is given back. */
static void test_disk_file__temporary_file_left__is_replaced_and_trimmed(void **state)
{
    GStatBuf st;

    assert_true(g_file_set_contents(".a.part", "left by a crash, and longer", -1, NULL));
    put("a", "hello");
    assert_int_equal(g_stat("a", &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_true(st.st_blocks * 512 <= 64 * 1024); /* of 1 MiB */
    g_auto(GStrv) names = disk_names(".", NULL);
    assert_int_equal(g_strv_length(names), 1);
    (void)state;
}

static void test_disk_file__abandoned__leaves_nothing(void **state)
{
    g_autoptr(disk_file_t) file = disk_file_create("a", 0, NULL);
    assert_true(disk_file_write(file, "x", 1, NULL));
    disk_file_free(g_steal_pointer(&file));
    g_auto(GStrv) names = disk_names(".", NULL);
    assert_int_equal(g_strv_length(names), 0);
    (void)state;
}

static void test_disk_file__pieces_larger_than_the_buffer__have_the_same_digest(void **state)
{
    g_autofree char *piece = g_malloc(700000);
    memset(piece, 'q', 700000);
    g_autoptr(disk_file_t) file = disk_file_create("big", 0, NULL);
    assert_true(disk_file_write(file, piece, 3, NULL));
    assert_true(disk_file_write(file, piece, 700000, NULL));
    assert_true(disk_file_write(file, piece, 262143, NULL));
    assert_true(disk_file_publish(STEP_ANSWER_STORED, file, NULL));
    bool same = false;
    assert_true(disk_same_bytes("big", disk_file_size(file), disk_file_sha256(file), &same, NULL));
    assert_true(same);
    (void)state;
}

static void test_disk_upload__name_taken__is_refused_and_kept(void **state)
{
    put("a", "theirs");
    g_autoptr(disk_file_t) file = disk_file_create("a", 0, NULL);
    assert_true(disk_file_write(file, "ours", 4, NULL));
    assert_true(disk_file_upload(STEP_DELIVERY_UPLOADED, file, NULL));
    g_autoptr(GError) error = NULL;
    assert_false(disk_rename_noreplace(STEP_DELIVERY_PUBLISHED, ".a.part", "a", &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    assert_true(disk_unlink(STEP_DELIVERY_DROPPED, "a", NULL));
    assert_true(disk_rename_noreplace(STEP_DELIVERY_PUBLISHED, ".a.part", "a", NULL));
    bool same = false;
    assert_true(disk_same_bytes("a", 4, disk_file_sha256(file), &same, NULL));
    assert_true(same);
    (void)state;
}

static void test_disk_file__missing_folder__is_a_retry(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(disk_file_create("no/such/file", 0, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    (void)state;
}

static void test_disk_lock__held_by_another__names_its_pid(void **state)
{
    int fd = disk_lock("lock", NULL);
    assert_true(fd >= 0);
    g_autoptr(GError) error = NULL;
    assert_int_equal(disk_lock("lock", &error), -1);
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED));
    g_autofree char *pid = g_strdup_printf("process %d", (int)getpid());
    assert_non_null(strstr(error->message, pid));
    disk_unlock(fd);
    fd = disk_lock("lock", NULL);
    assert_true(fd >= 0);
    disk_unlock(fd);
    (void)state;
}

static void test_disk_dirs__made_and_removed_twice__succeeds(void **state)
{
    bool exists = true;
    assert_true(disk_make_dirs(STEP_SPOOL_MADE, "d", NULL));
    assert_true(disk_make_dirs(STEP_SPOOL_MADE, "d", NULL));
    put("d/x", "x");
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d", NULL));
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d", NULL));
    assert_true(disk_exists("d", &exists, NULL));
    assert_false(exists);
    uint64_t bytes = 0;
    bool network = true;
    assert_true(disk_free_bytes(".", &bytes, NULL));
    assert_true(bytes > 0);
    assert_true(disk_is_network_fs(".", &network, NULL));
    (void)state;
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_disk_file__published__is_whole_and_alone),
        T(test_disk_file__temporary_file_left__is_replaced_and_trimmed),
        T(test_disk_file__abandoned__leaves_nothing),
        T(test_disk_file__pieces_larger_than_the_buffer__have_the_same_digest),
        T(test_disk_upload__name_taken__is_refused_and_kept),
        T(test_disk_file__missing_folder__is_a_retry),
        T(test_disk_lock__held_by_another__names_its_pid),
        T(test_disk_dirs__made_and_removed_twice__succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
