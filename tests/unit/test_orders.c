/* Operators' orders: what each verb may do, and orders that a crash stopped half-way. */
#include "gateway/pipeline/orders/orders.h"

#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_verdicts.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct config config;
static struct gateway gateway;
static char *home;

static int enter(void **state)
{
    (void)state;
    home = g_dir_make_tmp("ecosgate-orders-XXXXXX", NULL);
    config.spool = home;
    config.ledger = g_build_filename(home, "ledger.sqlite", NULL);
    config.witness = g_build_filename(home, "witness", NULL);
    g_autoptr(ledger_t) ledger = spool_create(home, NULL) ? ledger_make(config.ledger, NULL) : NULL;
    return ledger == NULL || !gateway_open(&gateway, &config, GATEWAY_WRITER, NULL);
}

static int leave(void **state)
{
    (void)state;
    gateway_close(&gateway);
    g_auto(GStrv) folders = disk_names(home, NULL);
    for (char **folder = folders; *folder != NULL; folder++) {
        g_autofree char *path = g_build_filename(home, *folder, NULL);
        g_auto(GStrv) names = disk_names(path, NULL);
        for (char **name = names; name != NULL && *name != NULL; name++) {
            g_autofree char *inner = g_build_filename(path, *name, NULL);
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, inner, NULL);
        }
        if (names != NULL)
            (void)disk_remove_dir(STEP_ORPHAN_DROPPED, path, NULL);
    }
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, home, NULL);
    g_free(config.ledger);
    g_free(config.witness);
    g_free(home);
    return 0;
}

/* Makes a job in that folder. outcome NULL: it is not judged. */
static void make_job(int64_t id, enum job_state folder, enum ledger_direction direction, const char *outcome,
                     const char *reason)
{
    g_autofree char *name = g_strdup_printf("file%d", (int)id);
    struct ledger_job job = {.id = id, .direction = direction, .name = name, .sha256 = "", .reason = reason};
    struct ledger_verdict verdict = {.job = id, .revision = 1};

    assert_true(ledger_begin(gateway.ledger, NULL));
    assert_true(ledger_job_insert(gateway.ledger, &job, NULL, NULL));
    if (outcome != NULL) {
        (void)g_strlcpy(verdict.outcome, outcome, sizeof verdict.outcome);
        assert_true(ledger_verdict_insert(gateway.ledger, &verdict, NULL));
    }
    assert_true(ledger_commit(STEP_CUSTODY_NOTED, gateway.ledger, NULL));
    assert_true(job_make(STEP_DISPATCH_MADE, gateway.spool, folder, id, NULL));
}

/* Gives the order, carries it out, and returns its result. */
static char *give(enum order_verb verb, int64_t id)
{
    g_autoptr(GPtrArray) actions = NULL;
    struct order order = {.verb = verb, .job = id, .reason = (char *)"because", .at = 1};

    assert_true(orders_write(&gateway, &order, NULL));
    assert_true(orders_carry_out(&gateway, NULL));
    g_auto(GStrv) left = disk_names(spool_orders_dir(gateway.spool), NULL);
    assert_null(left[0]);
    assert_true(ledger_actions_of(gateway.ledger, id, &actions, NULL));
    const struct ledger_action *last = actions->pdata[actions->len - 1];
    assert_string_equal(last->order_id, order.id);
    assert_string_equal(last->reason, "because");
    g_free(order.id);
    return g_strdup(last->result);
}

static void expect(int64_t id, enum job_state folder, int64_t revision, const char *reason)
{
    g_autofree struct ledger_job *job = NULL;
    enum job_state state;

    assert_true(job_find(gateway.spool, id, &state, NULL));
    assert_true(ledger_job_get(gateway.ledger, id, &job, NULL));
    assert_int_equal(state, folder);
    assert_int_equal(job->revision, revision);
    assert_int_equal(g_strcmp0(job->reason, reason), 0);
}

static void assert_result(enum order_verb verb, int64_t id, const char *expected)
{
    g_autofree char *result = give(verb, id);

    assert_string_equal(result, expected);
}

static void test_orders__hold__until_released(void **state)
{
    (void)state;
    make_job(1, JOB_READY, LEDGER_IN, NULL, NULL);
    assert_result(ORDER_HOLD, 1, "done");
    expect(1, JOB_HELD, 1, "because");
    assert_result(ORDER_HOLD, 1, "job 00000001 is in held; only a job in ready can be held");
    assert_result(ORDER_RELEASE, 1, "done");
    expect(1, JOB_READY, 1, NULL);
    assert_result(ORDER_RELEASE, 1, "job 00000001 is in ready; only a job in held can be released");
}

static void test_orders__requeue__judged_file_gets_a_new_revision(void **state)
{
    (void)state;
    make_job(2, JOB_REJECTED, LEDGER_IN, "RJ", NULL);
    assert_result(ORDER_REQUEUE, 2, "done");
    expect(2, JOB_READY, 2, NULL);
    make_job(3, JOB_CORRUPT, LEDGER_IN, NULL, "it kills");
    assert_result(ORDER_REQUEUE, 3, "done");
    expect(3, JOB_READY, 1, NULL);
}

static void test_orders__refused__result_says_why(void **state)
{
    (void)state;
    make_job(4, JOB_DONE, LEDGER_IN, "AC", NULL);
    assert_result(ORDER_REQUEUE, 4,
                  "job 00000004 is in done; only a job in rejected, held or corrupt can be judged again");
    make_job(5, JOB_CORRUPT, LEDGER_IN, "PA", "why");
    g_autofree char *working = give(ORDER_REQUEUE, 5);
    assert_non_null(strstr(working, "verdict PA"));
    expect(5, JOB_CORRUPT, 1, "why");
    make_job(6, JOB_ACTIVE, LEDGER_OUT, NULL, NULL);
    g_autofree char *own = give(ORDER_HOLD, 6);
    assert_non_null(strstr(own, "file of the gateway's own"));
    assert_result(ORDER_HOLD, 7, "there is no job 00000007");
}

static void test_orders__stopped_between_move_and_commit__finished(void **state)
{
    (void)state;
    make_job(11, JOB_HELD, LEDGER_IN, NULL, NULL); /* moved, not committed */
    assert_result(ORDER_HOLD, 11, "done");
    expect(11, JOB_HELD, 1, "because");
    make_job(12, JOB_READY, LEDGER_IN, NULL, "was held");
    assert_result(ORDER_RELEASE, 12, "done");
    expect(12, JOB_READY, 1, NULL);
    make_job(13, JOB_READY, LEDGER_IN, "RJ", NULL);
    assert_result(ORDER_REQUEUE, 13, "done");
    expect(13, JOB_READY, 2, NULL);
}

static void test_orders__no_key_file__recorded_as_unreadable(void **state)
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
static void test_orders__file_that_is_no_order__kept_with_its_cause(void **state)
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
static void test_orders__refused_files_of_one_name__each_kept(void **state)
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

static void test_orders__many_at_once__each_has_its_result(void **state)
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
static void test_orders__incomplete_file__recorded_as_unreadable(void **state)
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
static void test_orders__others_may_have_written_it__refused_and_kept(void **state)
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
static void test_orders__plain_file__given_by_its_owner(void **state)
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
static void test_orders__kept_name_again__first_stays(void **state)
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

static void test_orders__several__oldest_first(void **state)
{
    static const char *const names[] = {"z", "y", "x"}; /* the order of names is the opposite */
    static const char *const verbs[] = {"hold", "release", "hold"};

    (void)state;
    make_job(21, JOB_READY, LEDGER_IN, NULL, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), names[i], NULL);
        g_autofree char *text =
            g_strdup_printf("[order]\nverb=%s\njob=21\nreason=%s\nat=%d\n", verbs[i], names[i], 100 + (int)i);
        assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    assert_true(orders_carry_out(&gateway, NULL));
    expect(21, JOB_HELD, 1, "x");
    g_autoptr(GPtrArray) actions = NULL;
    assert_true(ledger_actions_of(gateway.ledger, 21, &actions, NULL));
    assert_int_equal(actions->len, 3);
    for (guint i = 0; i < actions->len; i++)
        assert_string_equal(((struct ledger_action *)actions->pdata[i])->result, "done");
}

/* The ledger keeps who closed an incident and why. The order is about no job. */
static void test_orders__close__incident_closed_once(void **state)
{
    static const char *const results[] = {"done", "incident INC-000001 is closed already",
                                          "there is no incident INC-000009"};
    static const int64_t incidents[] = {1, 1, 9};
    const struct ledger_incident incident = {.code = "B208", .subject = "mcc/x", .opened = 1, .text = "bad"};

    (void)state;
    assert_true(ledger_begin(gateway.ledger, NULL));
    assert_true(ledger_incident_open(gateway.ledger, &incident, NULL));
    assert_true(ledger_commit(STEP_OUTAGE_NOTED, gateway.ledger, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        g_autofree char *reason = g_strdup_printf("reason %zu", i);
        struct order order = {.verb = ORDER_CLOSE, .incident = incidents[i], .reason = reason, .at = 5};
        g_autofree struct ledger_action *action = NULL;

        assert_true(orders_write(&gateway, &order, NULL));
        assert_true(orders_carry_out(&gateway, NULL));
        assert_true(ledger_action_get(gateway.ledger, order.id, &action, NULL));
        assert_string_equal(action->verb, "close");
        assert_string_equal(action->result, results[i]);
        assert_true(action->incident == incidents[i] && action->job == 0);
        g_free(order.id);
    }
    g_autofree struct ledger_incident *row = NULL;
    assert_true(ledger_incident_get(gateway.ledger, 1, &row, NULL));
    assert_true(row->closed != 0);
    assert_string_equal(row->reason, "reason 0");
    g_autofree char *own = disk_user_name(geteuid());
    assert_string_equal(row->who, own);
}

/* The ledger keeps the number, who set it and why. A party that is not configured, or may not send the type, has no
 * numbers. */
static void test_orders__sequence__last_number_of_a_party_is_set(void **state)
{
    static const char *const types[] = {"EMI", NULL};
    static const struct party mcc = {.org = "MCC", .eui64 = UINT64_C(0x90B3D51F300EC001), .types = types};
    static const struct {
        const char *sender, *type, *result;
        int64_t number;
    } cases[] = {
        {"MCC", "EMI", "done", 0},
        {"MCC", "EMI", "done", 999999},
        {"MCC", "EMI", "done", 41},
        {"MCC", "EMT", "[party MCC] may not send EMT", 1},
        {"ECSP", "EMC", "there is no [party ECSP] in the configuration", 1},
    };
    const struct ledger_file of = {.type = "EMI", .org = "MCC", .sender = "90-B3-D5-1F-30-0E-C0-01"};
    g_autofree struct ledger_numbering_order *kept = NULL;
    (void)state;

    config.identity = (struct identity){.parties = &mcc, .n_parties = 1};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct order order = {.verb = ORDER_SEQUENCE,
                              .sender = (char *)cases[i].sender,
                              .type = (char *)cases[i].type,
                              .number = cases[i].number,
                              .reason = (char *)"anew",
                              .at = 5};
        g_autofree struct ledger_action *action = NULL;
        assert_true(orders_write(&gateway, &order, NULL));
        assert_true(orders_carry_out(&gateway, NULL));
        assert_true(ledger_action_get(gateway.ledger, order.id, &action, NULL));
        assert_string_equal(action->verb, "sequence");
        assert_string_equal(action->result, cases[i].result);
        assert_true(action->job == 0 && action->incident == 0);
        g_free(order.id);
    }
    config.identity = (struct identity){0};
    assert_true(ledger_numbering_last_order(gateway.ledger, &of, &kept, NULL));
    assert_true(kept->number == 41 && kept->at == 5);
    g_autofree char *own = disk_user_name(geteuid());
    assert_string_equal(kept->who, own);
    assert_string_equal(kept->reason, "MCC EMI 000041: anew");
}

static void plan_outgoing(int64_t job, const char *kind, const char *name, enum ledger_outgoing_state until)
{
    struct ledger_outgoing file = {
        .job = job, .kind = kind, .name = name, .drop = "d", .sha256 = "x", .delivered_at = 4};

    assert_true(ledger_begin(gateway.ledger, NULL));
    assert_true(ledger_outgoing_plan(gateway.ledger, &file, &file.id, NULL));
    for (int state = LEDGER_STORED; state <= (int)until; state++) {
        file.state = (enum ledger_outgoing_state)state;
        assert_true(ledger_outgoing_update(gateway.ledger, &file, NULL));
    }
    assert_true(ledger_commit(STEP_REPORT_ISSUED, gateway.ledger, NULL));
}

/* The second time the file is not delivered yet. */
static void test_orders__redeliver__delivered_file_only(void **state)
{
    static const struct {
        const char *file, *result;
    } cases[] = {
        {"r.csv", "done"},
        {"r.csv", "r.csv is not delivered yet; it needs no order"},
        {"stored.csv", "stored.csv is not delivered yet; it needs no order"},
        {"a.csv", "a.csv orders nothing: every Device was withdrawn from it before it left"},
        {"none.csv", "there is no outgoing file none.csv"},
    };

    (void)state;
    make_job(61, JOB_DONE, LEDGER_OUT, NULL, NULL);
    plan_outgoing(61, "ECOSMIG-001", "r.csv", LEDGER_DELIVERED);
    plan_outgoing(61, "ECOSMIG-001", "stored.csv", LEDGER_STORED);
    plan_outgoing(61, "EMW", "a.csv", LEDGER_DELIVERED);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct order order = {
            .verb = ORDER_REDELIVER, .file = (char *)cases[i].file, .reason = (char *)"lost", .at = 5};
        g_autofree struct ledger_action *action = NULL;

        assert_true(orders_write(&gateway, &order, NULL));
        assert_true(orders_carry_out(&gateway, NULL));
        assert_true(ledger_action_get(gateway.ledger, order.id, &action, NULL));
        assert_string_equal(action->verb, "redeliver");
        assert_string_equal(action->result, cases[i].result);
        assert_string_equal(action->reason, i == 0 ? "r.csv: lost" : "lost");
        assert_int_equal(action->job, i == 0 ? 61 : 0);
        g_free(order.id);
    }
    g_autofree struct ledger_outgoing *file = NULL;
    enum job_state folder;
    assert_true(ledger_outgoing_named(gateway.ledger, "r.csv", &file, NULL));
    assert_true(file->state == LEDGER_STORED && file->delivered_at == 0);
    assert_true(job_find(gateway.spool, 61, &folder, NULL));
    assert_int_equal(folder, JOB_ACTIVE);
}

/* After a crash between commit and removal of the file, or a file that somebody put back. */
static void test_orders__same_id_again__not_carried_out(void **state)
{
    g_autofree char *path = g_build_filename(spool_orders_dir(gateway.spool), "same", NULL);
    static const char text[] = "[order]\nverb=hold\njob=51\nreason=once\nat=1\n";

    (void)state;
    make_job(51, JOB_READY, LEDGER_IN, NULL, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_true(orders_carry_out(&gateway, NULL));
    expect(51, JOB_HELD, 1, "once");
    assert_result(ORDER_RELEASE, 51, "done");
    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_true(orders_carry_out(&gateway, NULL));
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    expect(51, JOB_READY, 1, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders__hold__until_released),
        cmocka_unit_test(test_orders__requeue__judged_file_gets_a_new_revision),
        cmocka_unit_test(test_orders__refused__result_says_why),
        cmocka_unit_test(test_orders__stopped_between_move_and_commit__finished),
        cmocka_unit_test(test_orders__no_key_file__recorded_as_unreadable),
        cmocka_unit_test(test_orders__file_that_is_no_order__kept_with_its_cause),
        cmocka_unit_test(test_orders__refused_files_of_one_name__each_kept),
        cmocka_unit_test(test_orders__many_at_once__each_has_its_result),
        cmocka_unit_test(test_orders__incomplete_file__recorded_as_unreadable),
        cmocka_unit_test(test_orders__others_may_have_written_it__refused_and_kept),
        cmocka_unit_test(test_orders__plain_file__given_by_its_owner),
        cmocka_unit_test(test_orders__kept_name_again__first_stays),
        cmocka_unit_test(test_orders__several__oldest_first),
        cmocka_unit_test(test_orders__close__incident_closed_once),
        cmocka_unit_test(test_orders__sequence__last_number_of_a_party_is_set),
        cmocka_unit_test(test_orders__redeliver__delivered_file_only),
        cmocka_unit_test(test_orders__same_id_again__not_carried_out),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
