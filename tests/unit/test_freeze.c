/* How a backup and the writer agree that the spool stands still, in every order of events. */
#include "spool/freeze.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>
#include <glib/gstdio.h>

static struct spool *writer, *reader;
static char *frozen_path;

static int enter(void **state)
{
    char *dir = g_dir_make_tmp("ecosgate-freeze-XXXXXX", NULL);

    *state = dir;
    frozen_path = g_build_filename(dir, SPOOL_FROZEN, NULL);
    if (!spool_create(dir, NULL))
        return 1;
    writer = spool_open(dir, NULL);
    reader = spool_open(dir, NULL);
    return writer == NULL || reader == NULL;
}

static int leave(void **state)
{
    spool_close(writer);
    spool_close(reader);
    writer = reader = NULL;
    (void)disk_remove_tree(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(frozen_path);
    g_free(*state);
    return 0;
}

static bool asked(void)
{
    int64_t pid = 0;

    assert_true(freeze_asked(writer, &pid, NULL));
    assert_true(pid == 0 || pid == getpid());
    return pid != 0;
}

static bool frozen(struct freeze *freeze)
{
    bool yes = false;

    assert_true(freeze_try(freeze, &yes, NULL));
    return yes;
}

static void test_freeze__writer_waits__holds_until_it_goes_on(void **state)
{
    (void)state;
    assert_true(spool_lock(writer, NULL));
    assert_false(asked());
    struct freeze *freeze = freeze_ask(reader, NULL);
    assert_non_null(freeze);
    assert_true(asked());
    assert_false(frozen(freeze));
    assert_true(freeze_begin(writer, NULL));
    assert_true(frozen(freeze));
    assert_true(freeze_holds(freeze));
    assert_true(freeze_finish(writer, NULL));
    assert_false(freeze_holds(freeze));
    freeze_end(freeze);
    assert_false(asked());
}

/* The writer went on and stands still again: what was read in between is of two moments. */
static void test_freeze__writer_went_on_and_waits_again__does_not_hold(void **state)
{
    (void)state;
    assert_true(spool_lock(writer, NULL));
    g_autoptr(freeze_t) freeze = freeze_ask(reader, NULL);
    assert_true(freeze_begin(writer, NULL));
    assert_true(frozen(freeze));
    assert_true(freeze_finish(writer, NULL));
    assert_true(freeze_begin(writer, NULL));
    assert_false(freeze_holds(freeze));
}

/* A writer was killed while it waited; the next one must not be taken for it. */
static void test_freeze__next_writer__removes_the_file_before_it_does_anything(void **state)
{
    (void)state;
    assert_true(spool_lock(writer, NULL));
    g_autoptr(freeze_t) freeze = freeze_ask(reader, NULL);
    assert_true(freeze_begin(writer, NULL));
    assert_true(frozen(freeze));
    spool_close(writer); /* as if it had been killed */
    writer = spool_open(*state, NULL);
    assert_int_equal(g_access(frozen_path, F_OK), 0);
    assert_true(spool_lock(writer, NULL));
    assert_int_equal(g_access(frozen_path, F_OK), -1);
    assert_false(freeze_holds(freeze));
}

static void test_freeze__no_writer__none_can_start_until_the_end(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    struct freeze *freeze = freeze_ask(reader, NULL);
    assert_true(frozen(freeze));
    assert_true(freeze_holds(freeze));
    assert_false(spool_lock(writer, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED));
    freeze_end(freeze);
    assert_true(spool_lock(writer, NULL));
}

static void test_freeze__two_backups_at_once__the_second_is_told(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    g_autoptr(freeze_t) first = freeze_ask(reader, NULL);
    assert_non_null(first);
    assert_null(freeze_ask(reader, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_freeze__writer_waits__holds_until_it_goes_on, enter, leave),
        cmocka_unit_test_setup_teardown(test_freeze__writer_went_on_and_waits_again__does_not_hold, enter, leave),
        cmocka_unit_test_setup_teardown(test_freeze__next_writer__removes_the_file_before_it_does_anything, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(test_freeze__no_writer__none_can_start_until_the_end, enter, leave),
        cmocka_unit_test_setup_teardown(test_freeze__two_backups_at_once__the_second_is_told, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
