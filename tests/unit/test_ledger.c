/* The ledger's connection, and the rows of one instruction from its verdict to its dispatch. */
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_counts.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_proof.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "spool/ledger/ledger_work.h"
#include "tests/unit/ledger_home.h"

#include <fcntl.h>
#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct ledger *ledger;

static int enter(void **state)
{
    ledger = ledger_home_open(state);
    return ledger == NULL;
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

static bool is_live(uint64_t device)
{
    struct ledger_earlier_work earlier;

    assert_true(ledger_earlier_work(ledger, device, 100, &earlier, NULL));
    return earlier.live;
}

static struct ledger_item item_of(int64_t record, uint64_t device, enum ledger_state outcome)
{
    return (struct ledger_item){.job = 1,
                                .record = record,
                                .has_device = device != 0,
                                .device = device,
                                .device_text = device != 0 ? NULL : "nonsense",
                                .device_type = "ESME",
                                .manufacturer = "AB01",
                                .model = "010A030B",
                                .firmware = "0002012F",
                                .attempt = "1",
                                .outcome = outcome};
}

static void test_ledger__change_outside_a_transaction__is_a_bug(void **state)
{
    g_autoptr(GError) error = NULL;
    struct ledger_job in = ledger_home_job(12, "name", 3, "aa");
    assert_false(ledger_job_insert(ledger, &in, NULL, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    (void)state;
}

static void test_ledger__savepoint_rolled_back__items_are_gone_and_the_verdict_stays(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    assert_true(ledger_savepoint(ledger, NULL));
    struct ledger_item item = item_of(1, 7, LEDGER_READY);
    assert_true(ledger_item_insert(ledger, &item, NULL));
    assert_true(ledger_roll_back_to(ledger, NULL));
    ledger_home_add_verdict(ledger, 1, "RJ", NULL);
    assert_true(ledger_savepoint(ledger, NULL));
    struct ledger_item again = item_of(1, 7, LEDGER_READY);
    assert_true(ledger_item_insert(ledger, &again, NULL));
    assert_int_equal(again.item, item.item);
    assert_true(ledger_roll_back_to(ledger, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    bool live = true;
    live = is_live(7);
    assert_false(live);
    g_autofree struct ledger_verdict *verdict = NULL;
    assert_true(ledger_verdict_get(ledger, 1, 0, &verdict, NULL));
    assert_string_equal(verdict->outcome, "RJ");
    assert_null(verdict->batch);
    (void)state;
}

static bool join_count(void *user, const char *name, int64_t n, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s=%d ", name, (int)n);
    return true;
}

static bool join_jobs(void *user, const struct ledger_job_count *count, GError **error)
{
    g_autofree char *name = g_strdup_printf("%d %s %s", count->direction, count->type ? count->type : "-",
                                            count->outcome ? count->outcome : "-");
    return join_count(user, name, count->n, error);
}

static bool join_incidents(void *user, const struct ledger_incident_count *count, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s%s", count->code, count->of_device ? " of Devices" : "");
    return join_count(user, name, count->n, error);
}

/* All counts as one text, which are those of the rows. g_free. */
static char *counts(void)
{
    g_autoptr(GString) all = g_string_new("");
    g_autofree char *wrong = NULL;

    g_assert_true(ledger_state_counts_each(ledger, join_count, all, NULL));
    g_assert_true(ledger_job_counts_each(ledger, join_jobs, all, NULL));
    g_assert_true(ledger_incident_counts_each(ledger, join_incidents, all, NULL));
    g_assert_true(ledger_counts_wrong(ledger, &wrong, NULL));
    assert_null(wrong);
    return g_strdup(all->str);
}

static void test_ledger_counts__rolled_back_whole_or_to_a_savepoint__say_what_is_there(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    struct ledger_item kept = item_of(1, 7, LEDGER_READY), refused = item_of(1, 8, LEDGER_REJECTED);
    assert_true(ledger_item_insert(ledger, &kept, NULL));
    assert_true(ledger_savepoint(ledger, NULL));
    assert_true(ledger_item_insert(ledger, &refused, NULL));
    assert_true(ledger_roll_back_to(ledger, NULL));
    ledger_home_add_verdict(ledger, 1, "PA", "B1");
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    g_autofree char *first = counts();
    assert_string_equal(first, "READY=1 0 EMI PA=1 ");
    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 2, "n2", 2, "bb");
    struct ledger_item gone = item_of(2, 9, LEDGER_READY);
    assert_true(ledger_item_insert(ledger, &gone, NULL));
    ledger_rollback(ledger);
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_job_requeue(ledger, 1, &(int64_t){0}, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    g_autofree char *last = counts();
    assert_string_equal(last, "READY=1 0 EMI -=1 ");
    (void)state;
}

static void test_ledger_counts__incidents_closed_in_each_way__none_is_left(void **state)
{
    struct ledger_incident of_device = {.code = "D105", .subject = "a", .has_device = true, .device = 7, .text = "x"};
    struct ledger_incident of_file = {.code = "B101", .subject = "n1", .job = 1, .text = "x"};
    struct ledger_incident closed = {.id = 3, .closed = 9, .reason = "r", .who = "w", .device = 8};

    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    assert_true(ledger_incident_open(ledger, &of_device, NULL));
    assert_true(ledger_incident_open(ledger, &of_device, NULL));
    assert_true(ledger_incident_open(ledger, &of_file, NULL));
    of_device.subject = "b";
    assert_true(ledger_incident_open(ledger, &of_device, NULL));
    of_device.code = "D151", of_device.device = 8;
    assert_true(ledger_incident_open(ledger, &of_device, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    g_autofree char *open = counts();
    assert_string_equal(open, "0 EMI -=1 B101=1 D105 of Devices=2 D151 of Devices=1 ");
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_close(ledger, "D105", "a", 9, NULL));
    assert_true(ledger_incident_close(ledger, "D105", "a", 9, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &closed, NULL));
    assert_true(ledger_incident_close_device_by_hand(ledger, &closed, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 9, NULL));
    assert_true(ledger_incident_close_file(ledger, 1, 9, NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    g_autofree char *last = counts();
    assert_string_equal(last, "0 EMI -=1 ");
    (void)state;
}

static void test_ledger__reader_beside_a_writer_or_alone__sees_rows(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    assert_true(ledger_commit(STEP_CUSTODY_NOTED, ledger, NULL));
    for (int round = 0; round < 2; round++) {
        g_autoptr(ledger_t) reader = ledger_open_reader("ledger.db", NULL);
        assert_non_null(reader);
        g_autofree struct ledger_job *job = NULL;
        assert_true(ledger_job_get(reader, 1, &job, NULL));
        assert_non_null(job);
        g_autoptr(GError) error = NULL;
        assert_false(ledger_job_set_reason(reader, 1, "x", &error));
        assert_true(ledger_checkpoint(ledger != NULL ? ledger : reader, NULL) || round == 1);
        ledger_close(ledger);
        ledger = NULL;
    }
    (void)state;
}

static bool has_job(struct ledger *of, int64_t id)
{
    g_autofree struct ledger_job *job = NULL;

    assert_true(ledger_job_get(of, id, &job, NULL));
    return job != NULL;
}

static void add_to_group(int64_t id)
{
    g_autofree char *name = g_strdup_printf("n%d", (int)id), *digest = g_strdup_printf("%02d", (int)id);

    assert_true(ledger_begin_grouped(ledger, NULL));
    ledger_home_add_job(ledger, id, name, id, digest);
}

/* One of a group fails: the others hold. Others see the group once it is settled, which the next transaction does. */
static void test_ledger_group__one_rolled_back__the_others_hold_together(void **state)
{
    g_autoptr(ledger_t) reader = ledger_open_reader("ledger.db", NULL);
    g_autoptr(GError) error = NULL;
    struct ledger_item kept = item_of(1, 7, LEDGER_READY), gone = item_of(2, 8, LEDGER_READY);

    add_to_group(1);
    assert_true(ledger_savepoint(ledger, NULL) && ledger_item_insert(ledger, &kept, NULL));
    assert_true(ledger_release(ledger, NULL) && ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    add_to_group(2);
    assert_true(ledger_savepoint(ledger, NULL) && ledger_item_insert(ledger, &gone, NULL));
    ledger_rollback(ledger);
    ledger_rollback(ledger); /* none is open */
    assert_false(ledger_job_set_reason(ledger, 1, "x", &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    add_to_group(3);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    assert_true(has_job(ledger, 1) && !has_job(ledger, 2) && has_job(ledger, 3));
    assert_false(has_job(reader, 1));
    assert_true(ledger_begin(ledger, NULL));
    assert_true(has_job(reader, 1) && !has_job(reader, 2) && has_job(reader, 3));
    ledger_rollback(ledger);
    assert_true(ledger_settle(ledger, NULL));
    g_autofree char *all = counts();
    assert_string_equal(all, "READY=1 0 EMI -=2 ");
    (void)state;
}

enum { LARGE = 100 /* rows, each of which is half a page */ };

/* How many temporary files SQLite has made. */
static int temporary_files;

static int count_open(const char *path, int flags, int mode)
{
    temporary_files += strstr(path, "etilqs_") != NULL;
    return open(path, flags | O_CLOEXEC, mode);
}

/* Changes all pages of a table, behind a savepoint; first, if `before`, a row of another one. */
static void change_many_pages(bool before)
{
    LEDGER_SQL(change, "UPDATE large SET filler=randomblob(4000) WHERE i=?");

    temporary_files = 0;
    assert_true(!before || ledger_counter_add(ledger, "before", 1, NULL));
    assert_true(ledger_savepoint(ledger, NULL));
    /* One by one: for a statement that changes several rows SQLite copies pages in any case. */
    for (int64_t i = 1; i <= LARGE; i++)
        assert_true(ledger_run(ledger, &change, LEDGER_VALUES(LEDGER_INT(i)), NULL));
    assert_true(ledger_counter_add(ledger, "within", 1, NULL));
}

static int64_t counter(const char *name)
{
    int64_t value = 0;

    assert_true(ledger_counter_get(ledger, name, &value, NULL));
    return value;
}

/* SQLite copies no page to a temporary file where nothing was changed before the savepoint, and the transaction is
 * alone or the first of its group. What is undone is the same. */
static void test_ledger_savepoint__of_the_whole_transaction__copies_no_page(void **state)
{
    static const struct {
        bool grouped, joins, before;
    } cases[] = {{false, false, false}, {true, false, false}, {true, true, false}, {false, false, true}};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    assert_int_equal(vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)count_open), SQLITE_OK);
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_execute(ledger,
                               "CREATE TABLE large(i INTEGER PRIMARY KEY, filler BLOB);"
                               "INSERT INTO large WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n"
                               " WHERE i<100) SELECT i,randomblob(4000) FROM n",
                               NULL));
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool (*begin)(struct ledger *, GError **) = cases[i].grouped ? ledger_begin_grouped : ledger_begin;
        int64_t before = counter("before"), within = counter("within"), after = counter("after");
        if (cases[i].joins)
            assert_true(begin(ledger, NULL) && ledger_counter_add(ledger, "joined", 1, NULL) &&
                        ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
        for (int undone = 1; undone >= 0; undone--) {
            assert_true(begin(ledger, NULL));
            change_many_pages(cases[i].before);
            /* Of a group with several, SQLite keeps the file for the next one. */
            bool copied = cases[i].before || (cases[i].grouped && cases[i].joins == (undone != 0));
            assert_int_equal(temporary_files > 0, copied);
            assert_true(undone ? ledger_roll_back_to(ledger, NULL) : ledger_release(ledger, NULL));
            assert_true(ledger_counter_add(ledger, "after", 1, NULL));
            assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
        }
        assert_true(ledger_settle(ledger, NULL));
        assert_int_equal(counter("within"), within + 1);
        assert_int_equal(counter("before"), before + (cases[i].before ? 2 : 0));
        assert_int_equal(counter("after"), after + 2);
    }
    assert_int_equal(counter("joined"), 1);
    assert_int_equal(vfs->xSetSystemCall(vfs, "open", NULL), SQLITE_OK);
    (void)state;
}

/* The first of a group is rolled back: what comes after it is a group all the same. */
static void test_ledger_group__first_rolled_back__the_next_is_the_first(void **state)
{
    g_autoptr(ledger_t) reader = ledger_open_reader("ledger.db", NULL);

    add_to_group(1);
    ledger_rollback(ledger);
    add_to_group(2);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    add_to_group(3);
    ledger_rollback(ledger);
    assert_true(!has_job(ledger, 1) && has_job(ledger, 2) && !has_job(ledger, 3) && !has_job(reader, 2));
    assert_true(ledger_settle(ledger, NULL));
    assert_true(!has_job(reader, 1) && has_job(reader, 2) && !has_job(reader, 3));
    (void)state;
}

/* As after a kill: what no commit has made durable is as if it had not been. */
static void test_ledger_group__not_settled__is_gone(void **state)
{
    add_to_group(1);
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    ledger_close(ledger);
    ledger = ledger_open_writer("ledger.db", NULL, NULL);
    assert_non_null(ledger);
    assert_false(has_job(ledger, 1));
    (void)state;
}

static int64_t seen_by(struct ledger *of)
{
    int64_t value = -1;

    assert_true(ledger_counter_get(of, "n", &value, NULL));
    return value;
}

static void add_to(struct ledger *of)
{
    assert_true(ledger_begin(of, NULL));
    assert_true(ledger_counter_add(of, "n", 1, NULL));
    assert_true(ledger_commit(STEP_FIRST_RUN_NOTED, of, NULL));
}

static void test_ledger_look__others_write_meanwhile__is_of_one_moment_until_a_transaction(void **state)
{
    g_autoptr(ledger_t) other = ledger_open_writer("ledger.db", NULL, NULL);

    assert_non_null(other);
    ledger_look_begin(ledger);
    assert_int_equal(seen_by(ledger), 0);
    add_to(other);
    assert_int_equal(seen_by(ledger), 0); /* that moment is held */
    add_to(ledger);                       /* is not BUSY, although the moment was an older one */
    assert_int_equal(seen_by(ledger), 2);
    add_to(ledger);
    assert_int_equal(seen_by(ledger), 3);
    assert_true(ledger_checkpoint(ledger, NULL));
    add_to(other);
    assert_int_equal(seen_by(ledger), 4); /* a checkpoint lets go */
    add_to(other);
    ledger_look_end(ledger);
    assert_int_equal(seen_by(ledger), 5);
    add_to(other);
    assert_int_equal(seen_by(ledger), 6); /* without one, each question is of its own moment */
    (void)state;
}

/* Job 1: Devices live, rejected, malformed, deferred, live. */
static void add_batch(void)
{
    static const uint64_t devices[] = {UINT64_C(0xF0DB1234567890A0), 2, 0, 4, 5};
    static const enum ledger_state outcomes[] = {LEDGER_READY, LEDGER_REJECTED, LEDGER_REJECTED, LEDGER_DEFERRED,
                                                 LEDGER_READY};
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    struct ledger_verdict v = {.job = 1,
                               .revision = 1,
                               .judged_at = 9,
                               .outcome = "PA",
                               .batch = "B1",
                               .declared = 5,
                               .parsed = 5,
                               .accepted = 2,
                               .rejected = 2,
                               .deferred = 1,
                               .items = 5};
    for (int i = 0; i < 5; i++) {
        struct ledger_item item = item_of(i + 1, devices[i], outcomes[i]);
        assert_true(ledger_item_insert(ledger, &item, NULL));
        v.first_item = i == 0 ? item.item : v.first_item;
        assert_int_equal(item.item, v.first_item + i);
    }
    assert_true(ledger_verdict_insert(ledger, &v, NULL));
}

static bool count_items(void *user, const struct ledger_item *item, GError **error)
{
    (void)error;
    int64_t *n = user;
    assert_int_equal(item->record, ++*n);
    if (item->record == 3) {
        assert_false(item->has_device);
        assert_string_equal(item->device_text, "nonsense");
    }
    if (item->record == 1)
        assert_true(item->device == UINT64_C(0xF0DB1234567890A0));
    return true;
}

static bool count_work(void *user, const struct ledger_work *work, GError **error)
{
    (void)error;
    ++*(int64_t *)user;
    assert_string_equal(work->org, "MCC");
    assert_string_equal(work->batch, "B1");
    return true;
}

static bool count_ordered(void *user, const struct ledger_work *work, const struct ledger_transition *transition,
                          GError **error)
{
    assert_int_equal(transition->record, *(int64_t *)user + 1);
    assert_int_equal(transition->n, 1);
    assert_int_equal(work->session.state, LEDGER_DISPATCHED);
    return count_work(user, work, error);
}

/* A first try on record n of the work order `job`. */
static void order(int64_t item, int64_t job, int64_t n)
{
    g_autofree struct ledger_work *work = NULL;
    struct ledger_session session = {
        .state = LEDGER_DISPATCHED, .transitions = 1, .try = 1, .begun = 100, .ends = 200, .due = 200};
    struct ledger_transition transition = {
        .n = 1, .at = 100, .state = LEDGER_DISPATCHED, .try = 1, .job = job, .record = n, .due = 200};

    assert_true(ledger_work_get(ledger, item, &work, NULL));
    assert_non_null(work);
    assert_false(work->has_session);
    assert_true(ledger_session_put(ledger, work, &session, &transition, NULL));
}

static bool check_proof(void *user, const struct ledger_proof *proof, GError **error)
{
    (void)error;
    *(bool *)user = proof->sound;
    return true;
}

/* The EMA and the EMD of job 1. */
static void plan_answers(void)
{
    struct ledger_outgoing file = {
        .job = 1, .revision = 1, .kind = "EMA", .name = "a", .drop = "mcc", .created = 9, .rows = -1};

    assert_true(ledger_outgoing_plan(ledger, &file, NULL, NULL));
    file.kind = file.name = "EMD";
    assert_true(ledger_outgoing_plan(ledger, &file, NULL, NULL));
}

static void test_ledger_devices__batch_to_dispatch__counts_agree(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    add_batch();
    bool live = false, sound = false;
    int64_t n = 0;
    live = is_live(UINT64_C(0xF0DB1234567890A0));
    assert_true(live);
    live = is_live(2);
    assert_false(live);
    struct ledger_item twice = item_of(6, 5, LEDGER_READY);
    g_autoptr(GError) error = NULL;
    assert_false(ledger_item_insert(ledger, &twice, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    g_autoptr(GPtrArray) due = NULL;
    assert_true(ledger_undispatched_verdicts(ledger, false, &due, NULL));
    assert_int_equal(due->len, 1);
    const struct ledger_verdict *verdict = due->pdata[0];
    assert_true(ledger_items_each(ledger, verdict, count_items, &n, NULL));
    assert_int_equal(n, 5);
    struct ledger_job emw = {.id = 2, .direction = LEDGER_OUT, .name = "EMW_1.csv", .type = "EMW"};
    assert_true(ledger_job_insert(ledger, &emw, NULL, NULL));
    g_autoptr(GArray) undispatched = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
    assert_true(ledger_undispatched_items(ledger, verdict, 10, undispatched, NULL));
    assert_int_equal(undispatched->len, 2);
    for (guint i = 0; i < undispatched->len; i++)
        order(g_array_index(undispatched, struct ledger_due, i).item, 2, i + 1);
    g_array_set_size(undispatched, 0);
    assert_true(ledger_undispatched_items(ledger, verdict, 10, undispatched, NULL));
    assert_int_equal(undispatched->len, 0);
    plan_answers();
    assert_true(ledger_commit(STEP_DISPATCH_COMMITTED, ledger, NULL));
    n = 0;
    assert_true(ledger_work_order_each(ledger, 2, count_ordered, &n, NULL));
    assert_int_equal(n, 2);
    assert_true(ledger_work_of_device_each(ledger, 4, count_work, &n, NULL));
    assert_int_equal(n, 3);
    g_autoptr(GString) states = g_string_new("");
    assert_true(ledger_state_counts_each(ledger, join_count, states, NULL));
    assert_string_equal(states->str, "REJECTED=2 DEFERRED=1 DISPATCHED=2 ");
    assert_true(ledger_proofs_each(ledger, check_proof, &sound, NULL));
    assert_true(sound);
    assert_true(ledger_live_duplicates(ledger, &n, NULL));
    assert_int_equal(n, 0);
    g_string_truncate(states, 0);
    assert_true(ledger_integrity_each(ledger, join_count, states, NULL));
    assert_string_equal(states->str, "");
    (void)state;
}

static bool join_code(void *user, const struct ledger_finding *finding, GError **error)
{
    (void)error;
    g_string_append(user, finding->code);
    return true;
}

static void test_ledger_verdicts__findings__come_back_in_order(void **state)
{
    struct ledger_verdict of = {.job = 1, .revision = 1};
    struct ledger_finding findings[] = {{.code = "C101", .record = 2}, {.code = "B208", .line = 9}};
    g_autoptr(GString) codes = g_string_new("");
    assert_true(ledger_begin(ledger, NULL));
    for (int i = 0; i < 2; i++)
        assert_true(ledger_finding_insert(ledger, 1, 1, &findings[i], NULL));
    assert_true(ledger_finding_count_insert(ledger, &of, "C101", 12, NULL));
    assert_true(ledger_findings_each(ledger, &of, join_code, codes, NULL));
    assert_true(ledger_finding_counts_each(ledger, &of, join_count, codes, NULL));
    assert_string_equal(codes->str, "C101B208C101=12 ");
    int64_t n = 0;
    assert_true(ledger_counter_next(ledger, "EMA", &n, NULL));
    assert_true(ledger_counter_next(ledger, "EMA", &n, NULL));
    assert_int_equal(n, 2);
    (void)state;
}

static void test_ledger_actions__same_order_twice__is_refused(void **state)
{
    struct ledger_action action = {"o1", 1, 0, "hold", "why", "ann", 5, "held"};
    g_autoptr(GError) error = NULL;
    bool exists = false;
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_action_insert(ledger, &action, NULL));
    assert_false(ledger_action_insert(ledger, &action, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    assert_true(ledger_action_exists(ledger, "o1", &exists, NULL));
    assert_true(exists);
    g_autoptr(GPtrArray) actions = NULL;
    assert_true(ledger_actions_of(ledger, 1, &actions, NULL));
    assert_string_equal(((struct ledger_action *)actions->pdata[0])->who, "ann");
    (void)state;
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger__change_outside_a_transaction__is_a_bug),
        T(test_ledger__savepoint_rolled_back__items_are_gone_and_the_verdict_stays),
        T(test_ledger_counts__rolled_back_whole_or_to_a_savepoint__say_what_is_there),
        T(test_ledger_counts__incidents_closed_in_each_way__none_is_left),
        T(test_ledger__reader_beside_a_writer_or_alone__sees_rows),
        T(test_ledger_group__one_rolled_back__the_others_hold_together),
        T(test_ledger_savepoint__of_the_whole_transaction__copies_no_page),
        T(test_ledger_group__first_rolled_back__the_next_is_the_first),
        T(test_ledger_group__not_settled__is_gone),
        T(test_ledger_look__others_write_meanwhile__is_of_one_moment_until_a_transaction),
        T(test_ledger_devices__batch_to_dispatch__counts_agree),
        T(test_ledger_verdicts__findings__come_back_in_order),
        T(test_ledger_actions__same_order_twice__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
