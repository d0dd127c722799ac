/* Operators' orders: what each verb may do, and orders that a crash stopped half-way. */
#include "tests/unit/order_home.h"

#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"

#include <unistd.h>

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
        cmocka_unit_test(test_orders__several__oldest_first),
        cmocka_unit_test(test_orders__close__incident_closed_once),
        cmocka_unit_test(test_orders__sequence__last_number_of_a_party_is_set),
        cmocka_unit_test(test_orders__redeliver__delivered_file_only),
        cmocka_unit_test(test_orders__same_id_again__not_carried_out),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
