/* Job ids, states and moves, custody and the envelope, the lock of the one writer. */
#include "spool/custody.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static const struct job_move publish = {STEP_CUSTODY_PUBLISHED, JOB_INCOMING, JOB_READY};

static int enter(void **state)
{
    *state = NULL;
    g_autofree char *dir = g_dir_make_tmp("ecosgate-job-XXXXXX", NULL);
    if (dir == NULL || !spool_create(dir, NULL) || !spool_create(dir, NULL))
        return 1;
    *state = spool_open(dir, NULL);
    return *state == NULL;
}

static int leave(void **state)
{
    g_autofree char *dir = g_strdup(spool_dir(*state));
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        g_autoptr(GArray) ids = job_list(*state, (enum job_state)i, NULL);
        for (guint k = 0; k < ids->len; k++) {
            int64_t id = g_array_index(ids, int64_t, k);
            g_autofree char *path = job_path(*state, (enum job_state)i, id, NULL);
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, path, NULL);
        }
        g_autofree char *folder = g_build_filename(dir, job_state_name((enum job_state)i), NULL);
        (void)disk_remove_tree(STEP_ORPHAN_DROPPED, folder, NULL);
    }
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, spool_orders_dir(*state), NULL);
    spool_close(*state);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, dir, NULL);
    return 0;
}

static void take(const struct spool *spool, int64_t id)
{
    g_autoptr(job_custody_t) custody = job_custody_begin(spool, id, 5, NULL);
    assert_non_null(custody);
    assert_true(job_custody_write(custody, "hello", 5, NULL));
    struct job_envelope envelope = {.name = "EMI_\\x0a;x.xml", .drop = "mcc", .received = 1688364000};
    assert_true(job_custody_store(custody, &envelope, NULL));
    assert_int_equal(envelope.size, 5);
}

static void test_job_id__text_from_outside__is_digits_only(void **state)
{
    static const char *const bad[] = {
        "", "0", "-1", "+1", " 1", "1 ", "../1", "1/2", "0x1", "1234567890123456789", "00000000"};
    int64_t id = 7;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_false(job_id_parse(bad[i], &id));
    assert_int_equal(id, 7);
    assert_true(job_id_parse("12", &id));
    char text[JOB_ID_SIZE];
    job_id_print(id, text);
    assert_string_equal(text, "00000012");
}

static void test_job_file__name__is_what_a_template_may_give(void **state)
{
    static const char *const bad[] = {"", "../payload", ".payload.part", "a/b", "a b", "a\\b", "a\nb", "\xc3\xa9"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_false(job_file_is_safe(bad[i]));
    assert_true(job_file_is_safe("20230703~REPORT#1+(x).txt"));
}

static void test_job_path__name_with_a_folder__is_refused(void **state)
{
    assert_null(job_path(*state, JOB_READY, 12, "a/b"));
}

static void test_job_custody__stored__can_be_read_and_moved(void **state)
{
    take(*state, 12);
    g_autofree struct job_envelope *envelope = job_envelope_read(*state, JOB_INCOMING, 12, NULL);
    assert_non_null(envelope);
    assert_string_equal(envelope->name, "EMI_\\x0a;x.xml");
    assert_int_equal(envelope->received, 1688364000);
    assert_true(job_move(*state, 12, &publish, NULL));
    enum job_state where = JOB_NOWHERE;
    assert_true(job_find(*state, 12, &where, NULL));
    assert_int_equal(where, JOB_READY);
    g_auto(GStrv) files = job_files(*state, JOB_READY, 12, NULL);
    assert_int_equal(g_strv_length(files), 2);
    assert_string_equal(files[0], JOB_ENVELOPE);
    assert_true(job_find(*state, 13, &where, NULL));
    assert_int_equal(where, JOB_NOWHERE);
}

static void test_job_custody__abandoned__leaves_no_folder(void **state)
{
    g_autoptr(job_custody_t) custody = job_custody_begin(*state, 3, 0, NULL);
    assert_true(job_custody_write(custody, "x", 1, NULL));
    job_custody_free(g_steal_pointer(&custody));
    enum job_state where = JOB_READY;
    assert_true(job_find(*state, 3, &where, NULL));
    assert_int_equal(where, JOB_NOWHERE);
}

/* Job 9 stands flat in done/, as earlier releases left it; the highest subfolder is empty. */
static void test_job_newest__subfolders__is_the_highest_of_all(void **state)
{
    static const int64_t ids[] = {7, 1999, 2000};
    g_autofree char *flat = g_build_filename(spool_dir(*state), "done", "00000009", NULL);
    g_autofree char *empty = g_build_filename(spool_dir(*state), "done", "100000xxx", NULL);
    int64_t newest = 5;

    assert_true(job_newest(*state, JOB_DONE, &newest, NULL));
    assert_int_equal(newest, 0);
    assert_true(disk_make_dir(STEP_SPOOL_MADE, flat, NULL));
    assert_true(job_newest(*state, JOB_DONE, &newest, NULL));
    assert_int_equal(newest, 9);
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        assert_true(job_make(STEP_SPOOL_MADE, *state, JOB_DONE, ids[i], NULL));
        assert_true(job_make(STEP_SPOOL_MADE, *state, JOB_ACTIVE, ids[i] + 1, NULL));
    }
    assert_true(disk_make_dir(STEP_SPOOL_MADE, empty, NULL));
    assert_true(job_newest(*state, JOB_DONE, &newest, NULL));
    assert_int_equal(newest, 2000);
    assert_true(job_newest(*state, JOB_ACTIVE, &newest, NULL));
    assert_int_equal(newest, 2001);
}

static void test_job_list__several_jobs__are_sorted_by_id(void **state)
{
    static const int64_t ids[] = {100000000, 2, 30};
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
        assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, ids[i], NULL));
    /* "77" is no directory of ours, "00000077" would be. */
    g_autofree char *stranger = g_build_filename(spool_dir(*state), "active", "77", NULL);
    assert_true(disk_make_dir(STEP_DISPATCH_MADE, stranger, NULL));
    g_autoptr(GArray) list = job_list(*state, JOB_ACTIVE, NULL);
    assert_int_equal(list->len, 3);
    assert_int_equal(g_array_index(list, int64_t, 0), 2);
    assert_int_equal(g_array_index(list, int64_t, 2), 100000000);
    assert_true(disk_remove_dir(STEP_ORPHAN_DROPPED, stranger, NULL));
}

static void test_job_move__target_taken__is_refused(void **state)
{
    take(*state, 4);
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_READY, 4, NULL));
    g_autoptr(GError) error = NULL;
    assert_false(job_move(*state, 4, &publish, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    enum job_state where = JOB_NOWHERE;
    g_clear_error(&error);
    assert_false(job_find(*state, 4, &where, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
    assert_true(job_drop(STEP_ORPHAN_DROPPED, *state, 4, NULL));
    assert_true(job_find(*state, 4, &where, NULL));
    assert_int_equal(where, JOB_READY);
}

static void test_job_envelope__missing__is_corrupt(void **state)
{
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, 5, NULL));
    g_autoptr(GError) error = NULL;
    assert_null(job_envelope_read(*state, JOB_ACTIVE, 5, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
}

static void test_job_envelope__damaged__is_corrupt(void **state)
{
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85"
    static const char *const texts[] = {
        "id=5\nname=x\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "\n",  /* a digit short */
        "id=5\nname=x\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "g\n", /* no hex digit */
        "id=5\nname=x\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "A\n", /* upper case, as we never write it */
        "id=6\nname=x\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "5\n", /* another job's */
        "id=5\nname=\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "5\n",
        "id=5\nname=x\ndrop=\nreceived=1\nsize=0\nsha256=" SHA "5\n",
        "id=5\nname=\xff\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "5\n",
        "id=5\nname=x\ndrop=mcc\nreceived=1\nsize=0\nsha256=" SHA "5\n", /* whole */
    };
    assert_true(job_make(STEP_DISPATCH_MADE, *state, JOB_ACTIVE, 5, NULL));
    g_autofree char *path = job_path(*state, JOB_ACTIVE, 5, JOB_ENVELOPE);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = g_strconcat("[envelope]\n", texts[i], NULL);
        assert_true(g_file_set_contents(path, text, -1, NULL));
        g_autofree struct job_envelope *envelope = job_envelope_read(*state, JOB_ACTIVE, 5, NULL);
        assert_int_equal(envelope != NULL, i + 1 == G_N_ELEMENTS(texts));
    }
#undef SHA
}

static void test_spool_lock__second_writer__is_refused(void **state)
{
    g_autoptr(spool_t) other = spool_open(spool_dir(*state), NULL);
    g_autoptr(GError) error = NULL;
    assert_true(spool_lock(*state, NULL));
    assert_false(spool_lock(other, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED));
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_job_id__text_from_outside__is_digits_only),
        T(test_job_file__name__is_what_a_template_may_give),
        T(test_job_path__name_with_a_folder__is_refused),
        T(test_job_custody__stored__can_be_read_and_moved),
        T(test_job_newest__subfolders__is_the_highest_of_all),
        T(test_job_custody__abandoned__leaves_no_folder),
        T(test_job_list__several_jobs__are_sorted_by_id),
        T(test_job_move__target_taken__is_refused),
        T(test_job_envelope__missing__is_corrupt),
        T(test_job_envelope__damaged__is_corrupt),
        T(test_spool_lock__second_writer__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
