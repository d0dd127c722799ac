/* Files and folders on disk: what stands there afterwards. What is durable: test_disk_sync.c. */
#include "spool/disk.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/* A record lock as SQLite takes it, for writing or for reading. */
static void record_lock(int fd, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 120, .l_len = 1};
    assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
}

/* A child that has such a lock and ends when its standard input is closed. */
static pid_t child_with_lock(short type, int *until)
{
    int ready[2], end[2];
    char byte;

    assert_int_equal(pipe(ready) | pipe(end), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(end[1]);
        record_lock(open("locked", O_RDWR), type);
        (void)!write(ready[1], "x", 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    (void)close(end[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    *until = end[1];
    return pid;
}

static void test_disk_lock_owners__locks_for_writing__are_those_of_others(void **state)
{
    bool own = true;
    unsigned n;
    int until;

    if (!g_file_test("/proc/locks", G_FILE_TEST_EXISTS))
        skip();
    assert_null(disk_lock_owners("locked", &own, &n)); /* there is no such file */
    assert_false(own);
    int fd = open("locked", O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    pid_t child = child_with_lock(F_RDLCK, &until);
    assert_null(disk_lock_owners("locked", &own, &n));
    g_autofree char *reader = g_strdup_printf("process %d (test_disk)", (int)child);
    g_autofree char *readers = disk_lock_readers("locked", 0, 1000, 0, &n);
    assert_string_equal(readers, reader);
    assert_null(disk_lock_readers("locked", 0, 1000, child, &n));
    assert_null(disk_lock_readers("locked", 121, 1000, 0, &n));
    (void)close(until);
    assert_int_equal(waitpid(child, NULL, 0), child);
    child = child_with_lock(F_WRLCK, &until);
    g_autofree char *owners = disk_lock_owners("locked", &own, &n);
    g_autofree char *expected = g_strdup_printf("process %d (test_disk)", (int)child);
    assert_string_equal(owners, expected);
    assert_false(own);
    (void)close(until);
    assert_int_equal(waitpid(child, NULL, 0), child);
    record_lock(fd, F_WRLCK);
    assert_null(disk_lock_owners("locked", &own, &n));
    assert_true(own);
    (void)close(fd);
    (void)state;
}

/* Messages have a verb behind the names: it has to know how many they are. */
static void test_disk_lock_readers__three_of_them__are_counted_and_enumerated(void **state)
{
    enum { MOST = 3 };
    pid_t children[MOST];
    int until[MOST];
    unsigned n;

    if (!g_file_test("/proc/locks", G_FILE_TEST_EXISTS))
        skip();
    (void)close(open("locked", O_RDWR | O_CREAT, 0600));
    for (unsigned i = 0; i < MOST; i++) {
        children[i] = child_with_lock(F_RDLCK, &until[i]);
        g_autofree char *readers = disk_lock_readers("locked", 0, 1000, 0, &n);
        assert_int_equal(n, i + 1);
        for (unsigned j = 0; j <= i; j++) {
            g_autofree char *one = g_strdup_printf("process %d (test_disk)", (int)children[j]);
            assert_non_null(strstr(readers, one));
        }
        g_auto(GStrv) last = g_strsplit(readers, " and ", -1), others = g_strsplit(readers, "), p", -1);
        assert_int_equal(g_strv_length(last), i == 0 ? 1 : 2);
        assert_int_equal(g_strv_length(others), MAX(i, 1));
    }
    for (unsigned i = 0; i < MOST; i++) {
        (void)close(until[i]); /* a later child has it, too */
        (void)kill(children[i], SIGKILL);
        assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
    }
    (void)state;
}

static void test_disk_lock_readers__hostile_name__is_one_harmless_line(void **state)
{
    char own[16];
    unsigned n;
    int until;

    if (!g_file_test("/proc/locks", G_FILE_TEST_EXISTS))
        skip();
    (void)close(open("locked", O_RDWR | O_CREAT, 0600));
    assert_int_equal(prctl(PR_GET_NAME, own, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_NAME, "a\nb\x1b[1m\xff\x7fz", 0, 0, 0), 0);
    pid_t child = child_with_lock(F_RDLCK, &until);
    assert_int_equal(prctl(PR_SET_NAME, own, 0, 0, 0), 0);
    g_autofree char *readers = disk_lock_readers("locked", 0, 1000, 0, &n);
    g_autofree char *expected = g_strdup_printf("process %d (a?b?[1m??z)", (int)child);
    assert_string_equal(readers, expected);
    (void)close(until);
    assert_int_equal(waitpid(child, NULL, 0), child);
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
        T(test_disk_lock_owners__locks_for_writing__are_those_of_others),
        T(test_disk_lock_readers__three_of_them__are_counted_and_enumerated),
        T(test_disk_lock_readers__hostile_name__is_one_harmless_line),
        T(test_disk_dirs__made_and_removed_twice__succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
