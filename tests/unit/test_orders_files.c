/* Files in orders/ that no command of ours wrote: what they hold, and who may have written them. */
#include "tests/unit/order_home.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_orders_files__no_key_file__recorded_as_unreadable(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) actions = NULL;
    g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), "junk", NULL);

    assert_true(g_file_set_contents(path, "no key file", -1, NULL));
    assert_true(orders_carry_out(&gateway, NULL));
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    assert_true(ledger_actions_of(gateway.ledger, 0, &actions, NULL));
    const struct ledger_action *last = actions->pdata[actions->len - 1];
    assert_string_equal(last->order_id, "junk");
    assert_string_equal(last->verb, "(unreadable)");
}

static bool is_kept(const char *name)
{
    g_autofree char *path = g_build_filename(home, "refused", name, NULL);
    struct stat st;

    return lstat(path, &st) == 0;
}

static void make_huge(const char *path)
{
    g_autofree char *text = g_strnfill(30 << 20, '#');

    assert_true(g_file_set_contents(path, text, 30 << 20, NULL));
}

static void make_empty(const char *path)
{
    assert_true(g_file_set_contents(path, "", 0, NULL));
}

static void make_latin_1(const char *path)
{
    assert_true(g_file_set_contents(path, "[order]\nverb=hold\njob=14\nreason=\xe4\nat=1\n", -1, NULL));
}

static void make_cut(const char *path)
{
    assert_true(g_file_set_contents(path, "[order]\nverb=hold\njob=14\nrea", -1, NULL));
}

static void make_folder(const char *path)
{
    assert_int_equal(g_mkdir(path, 0750), 0);
}

static void make_no_text(const char *path)
{
    assert_true(g_file_set_contents(path, "\0\0\0\0", 4, NULL));
}

static void make_unknown_verb(const char *path)
{
    assert_true(g_file_set_contents(path, "[order]\nverb=abolish\njob=14\nreason=x\nat=1\n", -1, NULL));
}

#define DEVICE "00-DB-12-00-00-00-E0-01"

static void make_command_line(const char *path)
{
    assert_true(g_file_set_contents(path, "device hold " DEVICE "\n", -1, NULL));
}

static void make_verb_with_device(const char *path)
{
    assert_true(g_file_set_contents(path, "[order]\nverb=hold " DEVICE "\nreason=x\nat=1\n", -1, NULL));
}

/* Nothing that was put into orders/ is lost, and the ledger says why it was not carried out. */
static void test_orders_files__file_that_is_no_order__kept_with_its_cause(void **state)
{
    static const struct {
        const char *name;
        void (*make)(const char *path);
        const char *text;
    } cases[] = {{"huge", make_huge, "it has more than 4194304 bytes; give the order with its command: "},
                 {"empty", make_empty, "it is empty"},
                 {"latin", make_latin_1, "it is not UTF-8 text"},
                 {"cut", make_cut, "it is no key file: expected a line [order], then lines KEY=VALUE"},
                 {"zeros", make_no_text, "the file is no order: "},
                 {"verb", make_unknown_verb, "its verb 'abolish' is not known"},
                 {"line", make_command_line, "it is no key file"},
                 {"device", make_verb_with_device, "its verb is not known"},
                 {"folder", make_folder, "it is a folder"}};

    (void)state;
    make_job(14, JOB_READY, LEDGER_IN, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), cases[i].name, NULL);
        g_autoptr(GPtrArray) actions = NULL;
        struct stat st;
        cases[i].make(path);
        assert_true(orders_carry_out(&gateway, NULL));
        assert_true(ledger_actions_of(gateway.ledger, 0, &actions, NULL));
        const struct ledger_action *last = actions->pdata[actions->len - 1];
        assert_string_equal(last->order_id, cases[i].name);
        assert_non_null(strstr(last->result, cases[i].text));
        assert_null(strstr(last->result, DEVICE)); /* it goes to the log */
        assert_int_not_equal(lstat(path, &st), 0);
        assert_true(is_kept(cases[i].name));
        expect(14, JOB_READY, 1, NULL);
    }
}

/* The second of one name is not carried out, for its name has a result; and it is kept, too. */
static void test_orders_files__refused_files_of_one_name__each_kept(void **state)
{
    g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), "twice", NULL);

    (void)state;
    for (int i = 0; i < 3; i++) {
        make_empty(path);
        assert_true(orders_carry_out(&gateway, NULL));
        assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    }
    assert_true(is_kept("twice") && is_kept("twice.2") && is_kept("twice.3"));
}

enum { MANY_ORDERS = 300 };

static void test_orders_files__many_at_once__each_has_its_result(void **state)
{
    (void)state;
    make_job(15, JOB_READY, LEDGER_IN, NULL, NULL);
    for (int i = 0; i < MANY_ORDERS; i++) {
        g_autofree char *name = g_strdup_printf("many%d", i);
        g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), name, NULL);
        g_autofree char *text = g_strdup_printf("[order]\nverb=%s\njob=15\nreason=x\nat=%d\n",
                                                i % 3 == 0   ? "hold"
                                                : i % 3 == 1 ? "release"
                                                             : "nothing",
                                                i + 1);
        assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    assert_true(orders_carry_out(&gateway, NULL));
    for (int i = 0; i < MANY_ORDERS; i++) {
        g_autofree char *name = g_strdup_printf("many%d", i);
        g_autofree struct ledger_action *action = NULL;
        assert_true(ledger_action_get(gateway.ledger, name, &action, NULL));
        assert_non_null(action);
        assert_int_equal(order_is_done(action->result), i % 3 != 2);
        assert_int_equal(is_kept(name), i % 3 == 2);
    }
}

/* Files that the commands did not write: an order must say why, and name what its verb is about. */
static void test_orders_files__incomplete_file__recorded_as_unreadable(void **state)
{
    static const char *const texts[] = {"[order]\nverb=hold\njob=31\nat=1\n",
                                        "[order]\nverb=hold\njob=31\nreason=\nat=1\n",
                                        "[order]\nverb=hold\njob=31\nreason=x\n",
                                        "[order]\nverb=abolish\njob=31\nreason=x\nat=1\n",
                                        "[order]\nverb=hold\nreason=x\nat=1\n",
                                        "[order]\nverb=hold\nincident=1\nreason=x\nat=1\n",
                                        "[order]\nverb=close\njob=31\nreason=x\nat=1\n",
                                        "[order]\nverb=close\njob=31\nincident=1\nreason=x\nat=1\n",
                                        "[order]\nverb=close\nincident=1\nfile=x\nreason=x\nat=1\n",
                                        "[order]\nverb=hold\njob=31\nfile=x\nreason=x\nat=1\n",
                                        "[order]\nverb=redeliver\njob=31\nreason=x\nat=1\n",
                                        "[order]\nverb=redeliver\njob=31\nfile=x\nreason=x\nat=1\n",
                                        "[order]\nverb=sequence\nsender=MCC\ntype=EMI\nreason=x\nat=1\n",
                                        "[order]\nverb=sequence\nsender=MCC\nnumber=1\nreason=x\nat=1\n",
                                        "[order]\nverb=sequence\ntype=EMI\nnumber=1\nreason=x\nat=1\n",
                                        "[order]\nverb=sequence\nsender=MCC\ntype=EMI\nnumber=-1\nreason=x\n"
                                        "at=1\n",
                                        "[order]\nverb=sequence\nsender=MCC\ntype=EMI\nnumber=1000000\nreason=x\n"
                                        "at=1\n",
                                        "[order]\nverb=sequence\nsender=MCC\ntype=EMI\nnumber=1\njob=31\nreason=x\n"
                                        "at=1\n",
                                        "[order]\nverb=pause drop\ndrop=mcc\nreason=x\nat=1\n",
                                        "[order]\nverb=pause drop\ndrop=mcc\ndirection=up\nreason=x\nat=1\n",
                                        "[order]\nverb=pause dispatch\ndrop=mcc\nreason=x\nat=1\n",
                                        "[order]\nverb=hold batch\nbatch=MCC.B-1\nreason=x\nat=1\n",
                                        "[order]\nverb=withdraw batch\njob=31\nreason=x\nat=1\n",
                                        "[order]\nverb=withdraw device\njob=31\nreason=x\nat=1\n",
                                        "[order]\nverb=hold\njob=99999999999999999999\nreason=x\nat=1\n"};

    (void)state;
    make_job(31, JOB_READY, LEDGER_IN, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *name = g_strdup_printf("lacking%zu", i);
        g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), name, NULL);
        g_autoptr(GPtrArray) actions = NULL;
        assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        assert_true(orders_carry_out(&gateway, NULL));
        assert_true(ledger_actions_of(gateway.ledger, 0, &actions, NULL));
        const struct ledger_action *last = actions->pdata[actions->len - 1];
        assert_string_equal(last->order_id, name);
        assert_string_equal(last->verb, "(unreadable)");
        expect(31, JOB_READY, 1, NULL);
    }
}

/* ---- who has written the file ---- */

#define HOLD_41 "[order]\nverb=hold\njob=41\nreason=x\nwho=somebody\nat=1\n"

static char *order_path(const char *name)
{
    return g_build_filename(spool_orders_dir(gateway.spool), name, NULL);
}

static void write_mode(const char *path, mode_t mode)
{
    assert_true(g_file_set_contents(path, HOLD_41, -1, NULL));
    assert_int_equal(chmod(path, mode), 0);
}

static void make_plain(const char *path)
{
    write_mode(path, 0640);
}

static void make_group_writable(const char *path)
{
    write_mode(path, 0660);
}

static void make_writable_by_all(const char *path)
{
    write_mode(path, 0646);
}

static void make_second_name(const char *path)
{
    g_autofree char *other = g_build_filename(home, "other", NULL);

    write_mode(other, 0640);
    assert_int_equal(link(other, path), 0);
}

static void make_symlink(const char *path)
{
    g_autofree char *other = g_build_filename(home, "other", NULL);

    write_mode(other, 0640);
    assert_int_equal(symlink(other, path), 0);
}

static void make_fifo(const char *path)
{
    assert_int_equal(mkfifo(path, 0640), 0);
}

static void open_orders_to_all(const char *path)
{
    write_mode(path, 0640);
    assert_int_equal(chmod(spool_orders_dir(gateway.spool), 01777), 0);
}

static void open_spool_to_all(const char *path)
{
    write_mode(path, 0640);
    assert_int_equal(chmod(home, 0777), 0);
}

/* Carries out what stands in orders/ and returns the newest order's row; g_free. */
static struct ledger_action *carried_out(int64_t job)
{
    g_autoptr(GPtrArray) actions = NULL;

    assert_true(orders_carry_out(&gateway, NULL));
    assert_true(ledger_actions_of(gateway.ledger, job, &actions, NULL));
    return g_ptr_array_steal_index(actions, actions->len - 1);
}

/* Refused with the reason, never carried out, and kept where its writer cannot change it. */
static void test_orders_files__others_may_have_written_it__refused_and_kept(void **state)
{
    static const struct {
        const char *name;
        void (*make)(const char *path);
        int64_t job; /* that the row names: of a file that is not read 0 */
        const char *text;
    } cases[] = {{"group", make_group_writable, 41, "its group or everybody may write it"},
                 {"all", make_writable_by_all, 41, "mode 0646), expected mode 0640"},
                 {"linked", make_second_name, 41, "it has 2 names (hard links"},
                 {"symlink", make_symlink, 0, "it is a symbolic link"},
                 {"fifo", make_fifo, 0, "it is no regular file"},
                 {"orders", open_orders_to_all, 41, "everybody may write into the folder"},
                 {"spool", open_spool_to_all, 41, "everybody may write into the folder"}};

    (void)state;
    make_job(41, JOB_READY, LEDGER_IN, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = order_path(cases[i].name);
        g_autofree char *kept = g_build_filename(home, "refused", cases[i].name, NULL);
        g_autofree char *other = g_build_filename(home, "other", NULL);
        struct stat st;
        cases[i].make(path);
        g_autofree struct ledger_action *action = carried_out(cases[i].job);
        assert_int_equal(chmod(spool_orders_dir(gateway.spool), 0750), 0);
        assert_int_equal(chmod(home, 0750), 0);
        assert_string_equal(action->order_id, cases[i].name);
        assert_non_null(strstr(action->result, "may have written the order: "));
        assert_non_null(strstr(action->result, cases[i].text));
        expect(41, JOB_READY, 1, NULL);
        assert_int_not_equal(lstat(path, &st), 0);
        assert_int_equal(lstat(kept, &st), 0);
        (void)g_unlink(other);
    }
}

/* The kernel says who, whatever the file says. */
static void test_orders_files__plain_file__given_by_its_owner(void **state)
{
    g_autofree char *path = order_path("plain"), *own = disk_user_name(geteuid());

    (void)state;
    make_plain(path);
    g_autofree struct ledger_action *action = carried_out(41);
    assert_string_equal(action->who, own);
    assert_string_equal(action->result, "done");
    expect(41, JOB_HELD, 1, "x");
    if (geteuid() != 0)
        return;
    g_autofree char *given = order_path("given");
    make_plain(given);
    assert_int_equal(chown(given, 54321, (gid_t)-1), 0);
    g_autofree struct ledger_action *second = carried_out(41);
    assert_string_equal(second->who, "uid 54321");
}

/* A file of a name that is kept already came later: the first one is the evidence. */
static void test_orders_files__kept_name_again__first_stays(void **state)
{
    g_autofree char *path = order_path("group"), *kept = g_build_filename(home, "refused", "group", NULL);
    g_autofree char *text = NULL;

    (void)state;
    assert_true(g_file_set_contents(path, "another", -1, NULL));
    assert_int_equal(chmod(path, 0666), 0);
    g_autofree struct ledger_action *action = carried_out(41);
    assert_true(g_file_get_contents(kept, &text, NULL, NULL));
    assert_string_equal(text, HOLD_41);
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_files__no_key_file__recorded_as_unreadable),
        cmocka_unit_test(test_orders_files__file_that_is_no_order__kept_with_its_cause),
        cmocka_unit_test(test_orders_files__refused_files_of_one_name__each_kept),
        cmocka_unit_test(test_orders_files__many_at_once__each_has_its_result),
        cmocka_unit_test(test_orders_files__incomplete_file__recorded_as_unreadable),
        cmocka_unit_test(test_orders_files__others_may_have_written_it__refused_and_kept),
        cmocka_unit_test(test_orders_files__plain_file__given_by_its_owner),
        cmocka_unit_test(test_orders_files__kept_name_again__first_stays),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
