/* A copy of the ledger is of the moment of ledger_snapshot_begin, whatever the writer commits while it is made. */
#include "spool/ledger/ledger_backup.h"
#include "tests/unit/ledger_home.h"

#include "spool/ledger/ledger_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>
#include <glib/gstdio.h>

enum { ROWS = 60000, COMMITS = 3 };

static struct ledger *writer;

static int enter(void **state)
{
    writer = ledger_home_open(state);
    return writer == NULL;
}

static int leave(void **state)
{
    ledger_home_close(state, writer);
    return 0;
}

static void add(const char *prefix, int rows)
{
    assert_true(ledger_begin(writer, NULL));
    for (int i = 0; i < rows; i++) {
        g_autofree char *name = g_strdup_printf("%s %d of a name long enough to need many pages", prefix, i);
        assert_true(ledger_counter_add(writer, name, 1, NULL));
    }
    assert_true(ledger_commit(STEP_FIRST_RUN_NOTED, writer, NULL));
}

struct disturbance {
    int steps;      /* calls while pages were copied */
    uint64_t last;  /* pages copied at the last call */
    bool went_back; /* the copying began again */
};

/* The writer commits and makes a checkpoint between two steps of the copying. */
static void disturb(void *user, uint64_t done, uint64_t total)
{
    struct disturbance *seen = user;
    g_autofree char *prefix = g_strdup_printf("later %d", seen->steps);

    assert_true(total > 0);
    seen->went_back = seen->went_back || done < seen->last;
    seen->last = done;
    if (seen->steps++ >= COMMITS)
        return;
    assert_true(ledger_counter_get(writer, "changed", &(int64_t){0}, NULL));
    add(prefix, 50);
    assert_true(ledger_begin(writer, NULL));
    assert_true(ledger_counter_add(writer, "changed", 1, NULL));
    assert_true(ledger_commit(STEP_FIRST_RUN_NOTED, writer, NULL));
    assert_true(ledger_checkpoint(writer, NULL));
}

static bool complain(void *user, const char *complaint, int64_t n, GError **error)
{
    (void)complaint, (void)n, (void)error;
    ++*(int *)user;
    return true;
}

static void test_ledger_snapshot_copy__writer_commits_meanwhile__copy_is_of_its_moment(void **state)
{
    const char *path = "copy.sqlite";
    g_autofree char *wal = g_strconcat(path, "-wal", NULL);
    struct disturbance seen = {0};
    const struct ledger_copying copying = {NULL, disturb, &seen};
    int64_t value = 0;
    int complaints = 0;

    (void)state;
    add("earlier", ROWS);
    g_autoptr(ledger_t) reader = ledger_open_reader(LEDGER_HOME_FILE, NULL);
    assert_true(ledger_snapshot_begin(reader, NULL));
    add("after the moment", 1);
    assert_true(ledger_snapshot_copy(reader, path, &copying, NULL));
    assert_true(seen.steps > COMMITS);
    assert_false(seen.went_back);
    assert_int_equal(g_access(wal, F_OK), -1);

    g_autoptr(ledger_t) copy = ledger_open_copy(path, NULL);
    assert_non_null(copy);
    assert_true(ledger_integrity_each(copy, complain, &complaints, NULL));
    assert_int_equal(complaints, 0);
    assert_true(ledger_counter_get(copy, "earlier 59999 of a name long enough to need many pages", &value, NULL));
    assert_int_equal(value, 1);
    assert_true(ledger_counter_get(copy, "after the moment 0 of a name long enough to need many pages", &value, NULL));
    assert_int_equal(value, 0);
    assert_true(ledger_counter_get(copy, "changed", &value, NULL));
    assert_int_equal(value, 0);
    assert_true(ledger_counter_get(writer, "changed", &value, NULL));
    assert_int_equal(value, COMMITS);
    assert_int_equal(g_access(wal, F_OK), -1);
}

static void test_ledger_snapshot_copy__stopped__says_so(void **state)
{
    const char *path = "copy.sqlite";
    const volatile bool stop = true;
    g_autoptr(GError) error = NULL;
    g_autoptr(ledger_t) reader = ledger_open_reader(LEDGER_HOME_FILE, NULL);

    (void)state;
    assert_true(ledger_snapshot_begin(reader, NULL));
    assert_false(ledger_snapshot_copy(reader, path, &(struct ledger_copying){.stop = &stop}, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
}

static void test_ledger_open_copy__no_database__is_refused(void **state)
{
    const char *path = "other";
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(g_file_set_contents(path,
                                    "this is no database, whatever its length is; it has more than 100 bytes so "
                                    "that SQLite reads a whole header of it",
                                    -1, NULL));
    assert_null(ledger_open_copy(path, &error));
    assert_non_null(error);
    g_clear_error(&error);
    assert_null(ledger_open_copy("/nowhere/at/all", &error));
    assert_non_null(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ledger_snapshot_copy__writer_commits_meanwhile__copy_is_of_its_moment,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_snapshot_copy__stopped__says_so, enter, leave),
        cmocka_unit_test_setup_teardown(test_ledger_open_copy__no_database__is_refused, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
