/* What is durable when a function of spool/disk.h returns, and in which order it became so. */
#include "spool/disk.h"
#include "tests/unit/sync_calls.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static int enter(void **state)
{
    *state = g_dir_make_tmp("ecosgate-sync-XXXXXX", NULL);
    return *state == NULL || g_chdir(*state) != 0 || g_mkdir("d", 0700) != 0 || g_mkdir("e", 0700) != 0;
}

static int leave(void **state)
{
    sync_calls_type = SYNC_CALLS_TYPE;
    sync_calls_release = SYNC_CALLS_RELEASE;
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, "d", NULL);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, "e", NULL);
    (void)g_chdir("/");
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(*state);
    return 0;
}

/* The calls since sync_calls_begin are these lines. */
static void expect(const char *lines)
{
    g_autofree char *seen = sync_calls_end();
    assert_string_equal(seen, lines);
}

static struct disk_file *write_file(const char *path)
{
    struct disk_file *file = disk_file_create(path, 0, NULL);
    assert_non_null(file);
    assert_true(disk_file_write(file, "hello", 5, NULL));
    return file;
}

static void put(const char *path)
{
    assert_true(g_file_set_contents(path, "hello", -1, NULL));
}

static void assert_stands(const char *path, bool expected)
{
    bool exists = !expected;
    assert_true(disk_exists(path, &exists, NULL));
    assert_int_equal(exists, expected);
}

static void test_disk_publish__success__syncs_the_file_then_its_folder_with_the_new_name(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    sync_calls_begin(*state);
    assert_true(disk_file_publish(STEP_ANSWER_STORED, file, NULL));
    expect("d/.a.part\n"
           "d/ holds a\n");
}

static void test_disk_publish__file_cannot_be_synced__gets_no_name_and_is_not_synced_again(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    g_autoptr(GError) error = NULL;
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(disk_file_publish(STEP_ANSWER_STORED, file, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    assert_false(disk_file_publish(STEP_ANSWER_STORED, file, NULL));
    assert_false(disk_file_upload(STEP_DELIVERY_UPLOADED, file, NULL));
    expect("d/.a.part\n");
    assert_null(disk_file_sha256(file));
    assert_stands("d/a", false);
    disk_file_free(g_steal_pointer(&file));
    assert_stands("d/.a.part", false);
}

static void test_disk_publish__folder_cannot_be_synced__is_an_error(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    g_autoptr(GError) error = NULL;
    sync_calls_begin(*state);
    sync_calls_failing = 2;
    assert_false(disk_file_publish(STEP_ANSWER_STORED, file, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    expect("d/.a.part\n"
           "d/ holds a\n");
}

static void test_disk_upload__success__syncs_the_file_and_the_folder_with_its_temporary_name(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    sync_calls_begin(*state);
    assert_true(disk_file_upload(STEP_DELIVERY_UPLOADED, file, NULL));
    expect("d/.a.part\n"
           "d/ holds .a.part\n");
}

static void test_disk_upload__folder_cannot_be_synced__temporary_file_is_removed(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    sync_calls_begin(*state);
    sync_calls_failing = 2;
    assert_false(disk_file_upload(STEP_DELIVERY_UPLOADED, file, NULL));
    expect("d/.a.part\n"
           "d/ holds .a.part\n");
    disk_file_free(g_steal_pointer(&file));
    assert_stands("d/.a.part", false);
}

static void test_disk_place__success__syncs_nothing(void **state)
{
    g_autoptr(disk_file_t) file = write_file("d/a");
    sync_calls_begin(*state);
    assert_true(disk_file_place(STEP_CUSTODY_PAYLOAD, file, NULL));
    expect("");
    assert_stands("d/a", true);
}

static void test_disk_rename__of_a_temporary_file__syncs_the_folder_with_the_new_name(void **state)
{
    put("d/.a.part");
    sync_calls_begin(*state);
    assert_true(disk_rename_noreplace(STEP_DELIVERY_PUBLISHED, "d/.a.part", "d/a", NULL));
    expect("d/ holds a\n");
}

static void test_disk_rename__two_folders__syncs_the_new_name_then_the_old_folder(void **state)
{
    put("d/a");
    sync_calls_begin(*state);
    assert_true(disk_rename_noreplace(STEP_JOB_FINISHED, "d/a", "e/b", NULL));
    expect("e/ holds b\n"
           "d/ holds\n");
}

static void test_disk_rename__second_folder_cannot_be_synced__is_an_error(void **state)
{
    put("d/a");
    for (int failing = 1; failing <= 2; failing++) {
        sync_calls_begin(*state);
        sync_calls_failing = failing;
        assert_false(
            disk_rename_noreplace(STEP_JOB_FINISHED, failing == 1 ? "d/a" : "e/a", failing == 1 ? "e/a" : "d/a", NULL));
        expect(failing == 1 ? "e/ holds a\n" : "d/ holds a\ne/ holds\n");
    }
}

static void test_disk_rename__unsynced__syncs_nothing(void **state)
{
    put("d/a");
    sync_calls_begin(*state);
    assert_true(disk_rename_unsynced(STEP_CUSTODY_PUBLISHED, "d/a", "e/b", NULL));
    expect("");
}

static void test_disk_unlink__file_or_none__syncs_the_folder_without_the_name(void **state)
{
    put("d/a");
    put("d/b");
    sync_calls_begin(*state);
    assert_true(disk_unlink(STEP_SOURCE_REMOVED, "d/a", NULL));
    assert_true(disk_unlink(STEP_SOURCE_REMOVED, "d/a", NULL));
    expect("d/ holds b\n"
           "d/ holds b\n");
}

static void test_disk_make_dir__new_or_existing__syncs_its_parent_with_the_name(void **state)
{
    sync_calls_begin(*state);
    assert_true(disk_make_dir(STEP_SPOOL_MADE, "d/x", NULL));
    assert_true(disk_make_dirs(STEP_SPOOL_MADE, "d/x", NULL));
    assert_true(disk_make_dirs(STEP_SPOOL_MADE, "d/x/y/z", NULL));
    expect("d/ holds x\n"
           "d/ holds x\n"
           "d/ holds x\n"
           "d/x/ holds y\n"
           "d/x/y/ holds z\n");
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d/x/y/z", NULL));
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d/x/y", NULL));
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d/x", NULL));
}

static void test_disk_make_dir__parent_cannot_be_synced__no_folder_is_left(void **state)
{
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(disk_make_dir(STEP_SPOOL_MADE, "d/x", NULL));
    expect("d/ holds x\n");
    assert_stands("d/x", false);
}

static void test_disk_remove_dir__folder__syncs_its_parent_without_the_name(void **state)
{
    assert_int_equal(g_mkdir("d/x", 0700), 0);
    put("d/x/a");
    sync_calls_begin(*state);
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, "d/x", NULL));
    expect("d/ holds\n");
}

static void test_disk_fs_sync__any_folder__syncs_the_file_system_once(void **state)
{
    int fs = disk_fs_open("d", NULL);
    assert_true(fs >= 0);
    sync_calls_begin(*state);
    assert_true(disk_fs_sync(STEP_CUSTODY_SYNCED, fs, "d", NULL));
    sync_calls_failing = 1;
    assert_false(disk_fs_sync(STEP_CUSTODY_SYNCED, fs, "d", NULL));
    expect("file system of d/\n"
           "file system of d/\n");
    disk_fs_close(fs);
}

/* <linux/magic.h> */
enum { EXT4 = 0xef53, OVERLAY = 0x794c7630, ECRYPTFS = 0xf15f, ZFS = 0x2fc12fc1, NFS = 0x6969, FUSE = 0x65735546 };

static void test_disk_fs_can_sync__each_file_system__is_true_only_where_failed_writes_are_told(void **state)
{
    static const struct {
        uint32_t type;
        const char *release;
        bool expected;
    } cases[] = {
        {EXT4, "6.1.0-18-amd64", true}, {0x58465342, "5.8.0", true}, {0x9123683e, "10.0", true},
        {0x01021994, "6.18.44", true},  {EXT4, "5.7.19", false},     {EXT4, "4.18.0-553.el8", false},
        {EXT4, "unknown", false},       {OVERLAY, "6.18.0", false},  {ECRYPTFS, "6.18.0", false},
        {ZFS, "6.18.0", false},         {NFS, "6.18.0", false},      {FUSE, "6.18.0", false},
        {0x12345678, "6.18.0", false},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        sync_calls_type = cases[i].type;
        sync_calls_release = cases[i].release;
        assert_int_equal(disk_fs_can_sync("."), cases[i].expected);
    }
    assert_false(disk_fs_can_sync("not-there"));
}

static bool link_file(const char *path, const char *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool gone = true, good = disk_link_unsynced(STEP_BACKUP_ENTRY, fd, to, &gone, NULL) && !gone;

    assert_int_equal(close(fd), 0);
    return good;
}

static void test_disk_link__other_file_has_the_name_by_now__links_what_was_read(void **state)
{
    bool gone = true;
    char text[6] = "";

    (void)state;
    put("d/a");
    int fd = open("d/a", O_RDONLY | O_CLOEXEC);
    assert_true(g_file_set_contents("d/a", "other", -1, NULL)); /* by a rename */
    assert_true(disk_link_unsynced(STEP_BACKUP_ENTRY, fd, "e/a", &gone, NULL));
    assert_true(gone);
    assert_stands("e/a", false);
    assert_int_equal(close(fd), 0);
    put("d/a");
    assert_true(disk_rename_unsynced(STEP_CUSTODY_PUBLISHED, "d/a", "d/b", NULL));
    fd = open("d/b", O_RDONLY | O_CLOEXEC);
    assert_true(disk_rename_unsynced(STEP_CUSTODY_PUBLISHED, "d/b", "d/c", NULL));
    assert_true(g_file_set_contents("d/b", "other", -1, NULL));
    assert_true(disk_link_unsynced(STEP_BACKUP_ENTRY, fd, "e/a", &gone, NULL));
    assert_false(gone);
    assert_int_equal(close(fd), 0);
    fd = open("e/a", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, 5), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(close(fd), 0);
}

static void test_disk_unsynced__on_an_overlay__each_file_and_folder_is_synced_by_itself(void **state)
{
    sync_calls_type = OVERLAY;
    sync_calls_begin(*state);
    assert_true(disk_make_dir_unsynced(STEP_CUSTODY_BEGUN, "d/x", NULL));
    g_autoptr(disk_file_t) placed = write_file("d/x/a"), uploaded = write_file("d/x/b");
    assert_true(disk_file_place(STEP_CUSTODY_PAYLOAD, placed, NULL));
    assert_true(disk_file_upload_unsynced(STEP_DELIVERY_UPLOADED, uploaded, NULL));
    assert_true(link_file("d/x/a", "e/a"));
    assert_true(disk_file_settle("e/a", NULL));
    expect("d/ holds x\n"
           "d/x/.a.part\n"
           "d/x/ holds .b.part a\n"
           "d/x/.b.part\n"
           "d/x/ holds .b.part a\n"
           "e/ holds a\n"
           "e/a\n"
           "e/ holds a\n");
    assert_true(disk_remove_tree(STEP_ORPHAN_DROPPED, "d/x", NULL));
}

static void test_disk_unsynced__on_an_overlay__a_sync_that_fails_is_an_error(void **state)
{
    sync_calls_type = OVERLAY;
    for (int failing = 1; failing <= 2; failing++) {
        g_autoptr(disk_file_t) placed = write_file("d/a"), uploaded = write_file("d/b");
        sync_calls_begin(*state);
        sync_calls_failing = failing;
        assert_false(disk_file_place(STEP_CUSTODY_PAYLOAD, placed, NULL));
        sync_calls_failing = failing;
        assert_false(disk_file_upload_unsynced(STEP_DELIVERY_UPLOADED, uploaded, NULL));
        g_free(sync_calls_end());
    }
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(disk_make_dir_unsynced(STEP_CUSTODY_BEGUN, "d/x", NULL));
    assert_stands("d/x", false);
    g_free(sync_calls_end());
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_disk_publish__success__syncs_the_file_then_its_folder_with_the_new_name),
        T(test_disk_publish__file_cannot_be_synced__gets_no_name_and_is_not_synced_again),
        T(test_disk_publish__folder_cannot_be_synced__is_an_error),
        T(test_disk_upload__success__syncs_the_file_and_the_folder_with_its_temporary_name),
        T(test_disk_upload__folder_cannot_be_synced__temporary_file_is_removed),
        T(test_disk_place__success__syncs_nothing),
        T(test_disk_rename__of_a_temporary_file__syncs_the_folder_with_the_new_name),
        T(test_disk_rename__two_folders__syncs_the_new_name_then_the_old_folder),
        T(test_disk_rename__second_folder_cannot_be_synced__is_an_error),
        T(test_disk_rename__unsynced__syncs_nothing),
        T(test_disk_unlink__file_or_none__syncs_the_folder_without_the_name),
        T(test_disk_make_dir__new_or_existing__syncs_its_parent_with_the_name),
        T(test_disk_make_dir__parent_cannot_be_synced__no_folder_is_left),
        T(test_disk_remove_dir__folder__syncs_its_parent_without_the_name),
        T(test_disk_fs_sync__any_folder__syncs_the_file_system_once),
        T(test_disk_fs_can_sync__each_file_system__is_true_only_where_failed_writes_are_told),
        T(test_disk_link__other_file_has_the_name_by_now__links_what_was_read),
        T(test_disk_unsynced__on_an_overlay__each_file_and_folder_is_synced_by_itself),
        T(test_disk_unsynced__on_an_overlay__a_sync_that_fails_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
