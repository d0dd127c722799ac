/* What is durable when a job was taken into custody, published, moved, finished or dropped. */
#include "spool/crash_mark.h"
#include "spool/custody.h"
#include "tests/unit/sync_calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static int enter(void **state)
{
    *state = NULL;
    g_autofree char *dir = g_dir_make_tmp("ecosgate-job-XXXXXX", NULL);
    if (dir == NULL || !spool_create(dir, NULL))
        return 1;
    *state = spool_open(dir, NULL);
    return *state == NULL;
}

static int leave(void **state)
{
    g_autofree char *dir = g_strdup(spool_dir(*state));
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autofree char *folder = g_build_filename(dir, job_state_name((enum job_state)i), NULL);
        g_autoptr(GArray) ids = job_list(*state, (enum job_state)i, NULL);
        for (guint k = 0; k < ids->len; k++) {
            g_autofree char *path = job_path(*state, (enum job_state)i, g_array_index(ids, int64_t, k), NULL);
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, path, NULL);
        }
        (void)disk_remove_tree(STEP_ORPHAN_DROPPED, folder, NULL);
    }
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, spool_orders_dir(*state), NULL);
    spool_close(*state);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, dir, NULL);
    return 0;
}

static void expect(const char *lines)
{
    g_autofree char *seen = sync_calls_end();
    assert_string_equal(seen, lines);
}

static void take(const struct spool *spool, int64_t id)
{
    struct job_envelope envelope = {.name = "EMI", .drop = "mcc", .received = 1688364000};
    g_autoptr(job_custody_t) custody = job_custody_begin(spool, id, 5, NULL);
    assert_non_null(custody);
    assert_true(job_custody_write(custody, "hello", 5, NULL));
    assert_true(job_custody_store(custody, &envelope, NULL));
}

static void test_job_batch__several_files__become_durable_by_one_sync_of_the_file_system(void **state)
{
    sync_calls_begin(spool_dir(*state));
    g_autoptr(job_batch_t) batch = job_batch_begin(*state, NULL);
    assert_non_null(batch);
    take(*state, 1);
    take(*state, 2);
    take(*state, 3);
    assert_int_equal(sync_calls->len, 0);
    assert_true(job_batch_settle(batch, NULL));
    expect("file system of incoming/\n");
}

/* A stop came between the folder and the sync of its name, where the file system is not synced as a whole. */
static void test_job_make__folder_of_a_stopped_process__its_name_is_synced(void **state)
{
    assert_true(job_make_unsynced(STEP_CUSTODY_BEGUN, *state, JOB_INCOMING, 9, NULL));
    for (int i = 0; i < 2; i++) {
        sync_calls_type = i == 0 ? SYNC_CALLS_TYPE : 0x794c7630; /* overlayfs */
        sync_calls_begin(spool_dir(*state));
        assert_true(job_make_unsynced(STEP_CUSTODY_BEGUN, *state, JOB_INCOMING, 9, NULL));
        expect(i == 0 ? "" : "incoming/ holds 00000009\n");
    }
    sync_calls_type = SYNC_CALLS_TYPE;
}

static void test_job_batch__sync_fails__is_an_error(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(job_batch_t) batch = job_batch_begin(*state, NULL);
    take(*state, 1);
    sync_calls_begin(spool_dir(*state));
    sync_calls_failing = 1;
    assert_false(job_batch_settle(batch, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    expect("file system of incoming/\n");
}

static const struct job_move publish = {STEP_CUSTODY_PUBLISHED, JOB_INCOMING, JOB_READY};

static void test_job_move_all__several_jobs__sync_both_folders_once_the_new_names_first(void **state)
{
    static const int64_t ids[] = {1, 2};
    take(*state, 1);
    take(*state, 2);
    sync_calls_begin(spool_dir(*state));
    assert_true(job_move_all(*state, ids, G_N_ELEMENTS(ids), &publish, NULL));
    expect("ready/ holds 00000001 00000002\n"
           "incoming/ holds\n");
}

static void test_job_move_all__either_folder_cannot_be_synced__is_an_error(void **state)
{
    for (int failing = 1; failing <= 2; failing++) {
        int64_t id = failing;
        take(*state, id);
        sync_calls_begin(spool_dir(*state));
        sync_calls_failing = failing;
        assert_false(job_move_all(*state, &id, 1, &publish, NULL));
        g_free(sync_calls_end());
    }
}

static void test_job_move__new_state__syncs_both_folders_the_new_name_first(void **state)
{
    static const struct job_move finish = {STEP_JOB_FINISHED, JOB_ACTIVE, JOB_DONE};
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, 7, NULL));
    sync_calls_begin(spool_dir(*state));
    assert_true(job_move(*state, 7, &finish, NULL));
    expect("done/ holds 00000xxx\n"
           "done/00000xxx/ holds 00000007\n"
           "active/ holds\n");
}

static void test_job_make__own_job__syncs_its_state(void **state)
{
    sync_calls_begin(spool_dir(*state));
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, 7, NULL));
    expect("./ holds active corrupt done held incoming orders ready rejected\n"
           "active/ holds 00000007\n");
}

static void test_job_drop__orphan__syncs_incoming_without_it(void **state)
{
    take(*state, 1);
    sync_calls_begin(spool_dir(*state));
    assert_true(job_drop(STEP_ORPHAN_DROPPED, *state, 1, NULL));
    expect("incoming/ holds\n");
}

static void test_spool_lock__new_writer__syncs_the_folders_of_all_states(void **state)
{
    sync_calls_begin(spool_dir(*state));
    assert_true(spool_lock(*state, NULL));
    expect("incoming/ holds\n"
           "ready/ holds\n"
           "active/ holds\n"
           "held/ holds\n"
           "done/ holds\n"
           "rejected/ holds\n"
           "corrupt/ holds\n"
           "orders/ holds\n");
}

static void test_spool_lock__state_cannot_be_synced__gives_the_lock_up(void **state)
{
    int64_t pid = -1;
    sync_calls_begin(spool_dir(*state));
    sync_calls_failing = 3;
    assert_false(spool_lock(*state, NULL));
    g_free(sync_calls_end());
    assert_true(spool_writer(*state, &pid, NULL));
    assert_int_equal(pid, 0);
}

static void test_crash_mark__cleared__is_durably_gone(void **state)
{
    int64_t crashes = 0;
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, 7, NULL));
    g_autofree char *dir = job_path(*state, JOB_ACTIVE, 7, NULL);
    g_autofree char *mark = g_build_filename(dir, CRASH_MARK, NULL);
    assert_true(g_file_set_contents(mark, "xx", -1, NULL));
    assert_true(crash_mark_count(*state, JOB_ACTIVE, 7, &crashes, NULL));
    assert_int_equal(crashes, 2);
    sync_calls_begin(spool_dir(*state));
    assert_true(crash_mark_clear(*state, JOB_ACTIVE, 7, NULL));
    expect("active/00000007/ holds\n");
    assert_true(crash_mark_count(*state, JOB_ACTIVE, 7, &crashes, NULL));
    assert_int_equal(crashes, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_job_batch__several_files__become_durable_by_one_sync_of_the_file_system),
        T(test_job_make__folder_of_a_stopped_process__its_name_is_synced),
        T(test_job_batch__sync_fails__is_an_error),
        T(test_job_move_all__several_jobs__sync_both_folders_once_the_new_names_first),
        T(test_job_move_all__either_folder_cannot_be_synced__is_an_error),
        T(test_job_move__new_state__syncs_both_folders_the_new_name_first),
        T(test_job_make__own_job__syncs_its_state),
        T(test_job_drop__orphan__syncs_incoming_without_it),
        T(test_spool_lock__new_writer__syncs_the_folders_of_all_states),
        T(test_spool_lock__state_cannot_be_synced__gives_the_lock_up),
        T(test_crash_mark__cleared__is_durably_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
