#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_devices.h"
#include "spool/ledger/ledger_due.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"
#include "spool/ledger/ledger_proof.h"
#include "spool/ledger/ledger_sessions.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_home.h"

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

static struct ledger_job job_of(int64_t id, const char *name, int64_t sequence, const char *sha256)
{
    return (struct ledger_job){.id = id,
                               .name = name,
                               .type = "EMI",
                               .form = "xml",
                               .org = "MCC",
                               .sender = "90-B3-D5-1F-30-0E-C0-01",
                               .sequence = sequence,
                               .drop = "mcc",
                               .received = 1688364000,
                               .size = 5,
                               .sha256 = sha256};
}

static void add_job(int64_t id, const char *name, int64_t sequence, const char *sha256)
{
    struct ledger_job job = job_of(id, name, sequence, sha256);
    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
}

static void add_verdict(int64_t job, const char *outcome, const char *batch)
{
    struct ledger_verdict v = {.job = job, .revision = 1, .judged_at = 1688364009, .batch = batch, .declared = -1};
    (void)g_strlcpy(v.outcome, outcome, sizeof v.outcome);
    assert_true(ledger_verdict_insert(ledger, &v, NULL));
}

static bool is_live(uint64_t device)
{
    struct ledger_earlier_work past;

    assert_true(ledger_earlier_work(ledger, device, &past, NULL));
    return past.live;
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

/* Job 1: Devices live, rejected, malformed, deferred, live. */
static void add_batch(void)
{
    static const uint64_t devices[] = {UINT64_C(0xF0DB1234567890A0), 2, 0, 4, 5};
    static const enum ledger_state outcomes[] = {LEDGER_READY, LEDGER_REJECTED, LEDGER_REJECTED, LEDGER_DEFERRED,
                                                 LEDGER_READY};
    add_job(1, "n1", 1, "aa");
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

static bool check_state(void *user, const char *name, int64_t n, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s=%d ", name, (int)n);
    return true;
}

static bool check_proof(void *user, const struct ledger_proof *proof, GError **error)
{
    (void)error;
    *(bool *)user = proof->sound;
    return true;
}

static void test_ledger_jobs__inserted__come_back(void **state)
{
    int64_t revision = 0, n = 0;
    assert_true(ledger_begin(ledger, NULL));
    struct ledger_job in = job_of(12, "name", 3, "aa");
    in.source = (struct source_identity){true, 1, 2, 3, 4};
    assert_true(ledger_job_insert(ledger, &in, &revision, NULL));
    assert_int_equal(revision, 1);
    in.id = 13;
    in.source.set = false;
    assert_true(ledger_job_insert(ledger, &in, &revision, NULL));
    assert_int_equal(revision, 2);
    assert_true(ledger_job_requeue(ledger, 12, &revision, NULL));
    assert_int_equal(revision, 3);
    assert_true(ledger_commit(STEP_CUSTODY_NOTED, ledger, NULL));
    g_autoptr(GPtrArray) sources = NULL;
    assert_true(ledger_jobs_with_source(ledger, in.drop, &sources, NULL));
    assert_int_equal(sources->len, 1);
    g_autofree struct ledger_job *job = NULL;
    assert_true(ledger_job_get(ledger, 12, &job, NULL));
    assert_string_equal(job->name, "name");
    assert_null(job->reason);
    assert_int_equal(job->source.ctime_ns, 3);
    g_autofree struct ledger_job *none = NULL;
    assert_true(ledger_job_get(ledger, 99, &none, NULL));
    assert_null(none);
    assert_true(ledger_job_reserve_ids(ledger, 3, &n, NULL));
    assert_int_equal(n, 14);
    assert_true(ledger_job_reserve_ids(ledger, 1, &n, NULL));
    assert_int_equal(n, 17);
    (void)state;
}

static void test_ledger_change__no_transaction__is_a_bug(void **state)
{
    g_autoptr(GError) error = NULL;
    struct ledger_job in = job_of(12, "name", 3, "aa");
    assert_false(ledger_job_insert(ledger, &in, NULL, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    (void)state;
}

/* One row for each file and for each time that it is judged again: the number goes on from the greatest. */
static void test_ledger_jobs__same_name_and_requeued__receipts_go_on(void **state)
{
    struct ledger_job job = job_of(1, "n1", 1, "aa");
    struct ledger_verdict second = {.job = 1, .revision = 2, .judged_at = 2, .outcome = "AC", .declared = -1};
    g_autofree struct ledger_job *found = NULL;
    g_autofree struct ledger_verdict *latest = NULL, *first = NULL;
    int64_t revision = 0;

    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_job_insert(ledger, &job, &revision, NULL));
    assert_int_equal(revision, 1);
    add_verdict(1, "RJ", "B1");
    assert_true(ledger_job_set_reason(ledger, 1, "why", NULL));
    assert_true(ledger_job_requeue(ledger, 1, &revision, NULL));
    assert_int_equal(revision, 2);
    assert_true(ledger_job_get(ledger, 1, &found, NULL));
    assert_int_equal(found->revision, 2);
    assert_null(found->reason);
    job.id = 2;
    assert_true(ledger_job_insert(ledger, &job, &revision, NULL));
    assert_int_equal(revision, 3);
    assert_true(ledger_job_requeue(ledger, 1, &revision, NULL));
    assert_int_equal(revision, 4);
    assert_true(ledger_verdict_insert(ledger, &second, NULL));
    assert_true(ledger_verdict_get(ledger, 1, 0, &latest, NULL));
    assert_string_equal(latest->outcome, "AC");
    assert_true(ledger_verdict_get(ledger, 1, 1, &first, NULL));
    assert_string_equal(first->outcome, "RJ");
    ledger_rollback(ledger);
    (void)state;
}

static void test_ledger_earlier__rules__older_or_accepted(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    add_job(1, "n1", 1, "aa");
    add_verdict(1, "AC", "B1");
    add_job(2, "n2", 2, "bb");
    add_verdict(2, "RJ", "B2");
    add_job(3, "n3", 3, "cc");
    add_job(5, "n5", 5, "ee");
    add_job(6, "n6", 6, "ff");
    add_verdict(6, "AC", "B6");
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    struct ledger_file self = {4, "n1", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 1, "aa"};
    struct ledger_duplicates d;
    int64_t n = -1;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.name_and_bytes, 1);
    assert_int_equal(d.name_other_bytes + d.sequence_other_bytes + d.bytes_other_name, 0);
    self.sha256 = "zz";
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.name_other_bytes, 1);
    assert_int_equal(d.sequence_other_bytes, 1);
    self.name = "n4", self.sequence = 4, self.sha256 = "ee"; /* younger and not accepted: no */
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 0);
    self.sha256 = "ff"; /* younger and accepted: yes */
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 6);
    assert_true(ledger_last_sequence(ledger, &self, &n, NULL));
    assert_int_equal(n, 1);
    self.sequence = 10; /* accepted or not, but older */
    assert_true(ledger_sequence_before(ledger, &self, &n, NULL));
    assert_int_equal(n, 3);
    self.sequence = 3;
    assert_true(ledger_sequence_before(ledger, &self, &n, NULL));
    assert_int_equal(n, 2);
    assert_true(ledger_batch_used(ledger, &self, "B6", &n, NULL));
    assert_int_equal(n, 6);
    assert_true(ledger_batch_used(ledger, &self, "B9", &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_rejected_file(ledger, &self, "n2", &n, NULL));
    assert_int_equal(n, 2);
    assert_true(ledger_rejected_file(ledger, &self, "n1", &n, NULL));
    assert_int_equal(n, 0);
    (void)state;
}

static void test_ledger_earlier__other_sender_or_type__is_another_world(void **state)
{
    struct ledger_job others[] = {job_of(1, "n1", 7, "aa"), job_of(2, "n2", 7, "aa"), job_of(3, "n3", 7, "aa")};

    others[0].type = "EMT";
    others[1].sender = "90-B3-D5-1F-30-0E-C0-02";
    others[2].org = "MCX";
    assert_true(ledger_begin(ledger, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_true(ledger_job_insert(ledger, &others[i], NULL, NULL));
        add_verdict(others[i].id, i == 1 ? "RJ" : "AC", "B1");
    }
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    struct ledger_file self = {9, "n9", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 7, "aa"};
    struct ledger_duplicates d;
    int64_t n = -1;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 0);
    self.sha256 = "bb";
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.sequence_other_bytes, 0);
    assert_true(ledger_last_sequence(ledger, &self, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_sequence_before(ledger, &self, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_batch_used(ledger, &self, "B1", &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_rejected_file(ledger, &self, "n2", &n, NULL));
    assert_int_equal(n, 0);
    (void)state;
}

/* A file that was rejected, judged again and accepted is no rejected file. */
static void test_ledger_earlier__judged_again__the_latest_verdict_counts(void **state)
{
    struct ledger_verdict again = {.job = 1, .revision = 2, .judged_at = 1688364010, .outcome = "AC", .declared = -1};
    struct ledger_file self = {9, "n9", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 7, "aa"};
    int64_t n = -1;

    assert_true(ledger_begin(ledger, NULL));
    add_job(1, "n1", 1, "bb");
    add_verdict(1, "RJ", "B1");
    assert_true(ledger_rejected_file(ledger, &self, "n1", &n, NULL));
    assert_int_equal(n, 1);
    assert_true(ledger_verdict_insert(ledger, &again, NULL));
    assert_true(ledger_rejected_file(ledger, &self, "n1", &n, NULL));
    assert_int_equal(n, 0);
    ledger_rollback(ledger);
    (void)state;
}

static void test_ledger_items__batch_to_dispatch__counts_agree(void **state)
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
    assert_true(ledger_undispatched_verdicts(ledger, &due, NULL));
    assert_int_equal(due->len, 1);
    const struct ledger_verdict *verdict = due->pdata[0];
    assert_true(ledger_items_each(ledger, verdict, count_items, &n, NULL));
    assert_int_equal(n, 5);
    struct ledger_job emw = {.id = 2, .direction = LEDGER_OUT, .name = "EMW_1.csv", .type = "EMW"};
    assert_true(ledger_job_insert(ledger, &emw, NULL, NULL));
    g_autoptr(GArray) fresh = g_array_new(FALSE, FALSE, sizeof(struct ledger_due));
    assert_true(ledger_undispatched_items(ledger, verdict, 10, fresh, NULL));
    assert_int_equal(fresh->len, 2);
    for (guint i = 0; i < fresh->len; i++)
        order(g_array_index(fresh, struct ledger_due, i).item, 2, i + 1);
    g_array_set_size(fresh, 0);
    assert_true(ledger_undispatched_items(ledger, verdict, 10, fresh, NULL));
    assert_int_equal(fresh->len, 0);
    struct ledger_outgoing part = {
        .job = 1, .revision = 1, .kind = "EMA", .name = "a", .drop = "mcc", .created = 9, .rows = -1};
    assert_true(ledger_outgoing_plan(ledger, &part, NULL, NULL));
    part.kind = part.name = "EMD";
    assert_true(ledger_outgoing_plan(ledger, &part, NULL, NULL));
    assert_true(ledger_commit(STEP_DISPATCH_COMMITTED, ledger, NULL));
    n = 0;
    assert_true(ledger_work_order_each(ledger, 2, count_ordered, &n, NULL));
    assert_int_equal(n, 2);
    assert_true(ledger_work_of_device_each(ledger, 4, count_work, &n, NULL));
    assert_int_equal(n, 3);
    g_autoptr(GString) states = g_string_new("");
    assert_true(ledger_state_counts_each(ledger, check_state, states, NULL));
    assert_string_equal(states->str, "REJECTED=2 DEFERRED=1 DISPATCHED=2 ");
    assert_true(ledger_proofs_each(ledger, check_proof, &sound, NULL));
    assert_true(sound);
    assert_true(ledger_live_duplicates(ledger, &n, NULL));
    assert_int_equal(n, 0);
    g_string_truncate(states, 0);
    assert_true(ledger_integrity_each(ledger, check_state, states, NULL));
    assert_string_equal(states->str, "");
    (void)state;
}

static void test_ledger_savepoint__rolled_back__items_gone_verdict_stays(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    add_job(1, "n1", 1, "aa");
    assert_true(ledger_savepoint(ledger, NULL));
    struct ledger_item item = item_of(1, 7, LEDGER_READY);
    assert_true(ledger_item_insert(ledger, &item, NULL));
    assert_true(ledger_roll_back_to(ledger, NULL));
    add_verdict(1, "RJ", NULL);
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

static bool join_code(void *user, const struct ledger_finding *finding, GError **error)
{
    (void)error;
    g_string_append(user, finding->code);
    return true;
}

static void test_ledger_findings__inserted__in_order(void **state)
{
    struct ledger_verdict of = {.job = 1, .revision = 1};
    struct ledger_finding findings[] = {{.code = "C101", .record = 2}, {.code = "B208", .line = 9}};
    g_autoptr(GString) codes = g_string_new("");
    assert_true(ledger_begin(ledger, NULL));
    for (int i = 0; i < 2; i++)
        assert_true(ledger_finding_insert(ledger, 1, 1, &findings[i], NULL));
    assert_true(ledger_finding_count_insert(ledger, &of, "C101", 12, NULL));
    assert_true(ledger_findings_each(ledger, &of, join_code, codes, NULL));
    assert_true(ledger_finding_counts_each(ledger, &of, check_state, codes, NULL));
    assert_string_equal(codes->str, "C101B208C101=12 ");
    int64_t n = 0;
    assert_true(ledger_counter_next(ledger, "EMA", &n, NULL));
    assert_true(ledger_counter_next(ledger, "EMA", &n, NULL));
    assert_int_equal(n, 2);
    (void)state;
}

static void test_ledger_parts__states__only_forward(void **state)
{
    struct ledger_outgoing plan = {
        .job = 1, .revision = 1, .kind = "EMA", .name = "EMA_1.xml", .drop = "mcc", .rows = -1};
    int64_t id = 0;
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_outgoing_plan(ledger, &plan, &id, NULL));
    g_autofree struct ledger_outgoing *part = NULL;
    assert_true(ledger_outgoing_get(ledger, id, &part, NULL));
    assert_int_equal(part->rows, -1);
    part->state = LEDGER_STAGED;
    g_autoptr(GError) error = NULL;
    assert_false(ledger_outgoing_update(ledger, part, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    static const enum ledger_outgoing_state way[] = {LEDGER_STORED, LEDGER_STAGED, LEDGER_STORED, LEDGER_STAGED,
                                                     LEDGER_DELIVERED};
    for (size_t i = 0; i < G_N_ELEMENTS(way); i++) {
        g_autoptr(GPtrArray) planned = NULL, due = NULL;
        int64_t owed = 0;
        assert_true(ledger_outgoing_files_undelivered(ledger, 1, &owed, NULL));
        assert_int_equal(owed, 1);
        assert_true(ledger_outgoing_files_planned(ledger, &planned, NULL));
        assert_int_equal(planned->len, i == 0 ? 1 : 0);
        assert_true(ledger_outgoing_files_deliverable(ledger, "mcc", 5, &due, NULL));
        assert_int_equal(due->len, i == 0 ? 0 : 1);
        part->state = way[i];
        part->sha256 = "aa";
        assert_true(ledger_outgoing_update(ledger, part, NULL));
    }
    g_autoptr(GPtrArray) all = NULL, due = NULL;
    int64_t owed = 9;
    assert_true(ledger_outgoing_files_undelivered(ledger, 1, &owed, NULL));
    assert_int_equal(owed, 0);
    assert_true(ledger_outgoing_files_deliverable(ledger, "mcc", 5, &due, NULL));
    assert_int_equal(due->len, 0);
    assert_true(ledger_outgoing_files_of(ledger, 1, &all, NULL));
    assert_int_equal(all->len, 1);
    (void)state;
}

static void see(const char *name, int64_t size, int64_t modified, int64_t at, const char *decision, int64_t job)
{
    const struct ledger_pickup pickup = {"mcc", name, size, modified, at, decision, "why", job};
    assert_true(ledger_pickup_put(ledger, &pickup, NULL));
}

static void test_ledger_pickups__seen_again__since_tells_the_last_change(void **state)
{
    g_autofree struct ledger_pickup *row = NULL, *grown = NULL, *back = NULL, *none = NULL;
    int64_t n = 0;

    assert_true(ledger_begin(ledger, NULL));
    see("a", 5, 100, 1000, "wait", 0);
    see("a", 5, 100, 1010, "take", 0);
    assert_true(ledger_pickup_get(ledger, "mcc", "a", &row, NULL));
    assert_int_equal(row->since, 1000);
    assert_string_equal(row->decision, "take");
    see("a", 6, 100, 1020, "wait", 0);
    assert_true(ledger_pickup_get(ledger, "mcc", "a", &grown, NULL));
    assert_int_equal(grown->since, 1020);
    see("a", 6, 100, 1030, "taken", 7);
    see("b", 1, 1, 1030, "wait", 0);
    assert_true(ledger_pickups_waiting(ledger, "mcc", &n, NULL));
    assert_int_equal(n, 1);
    see("a", 6, 100, 1040, "gone", 0);
    see("a", 6, 100, 1050, "wait", 0);
    assert_true(ledger_pickup_get(ledger, "mcc", "a", &back, NULL));
    assert_int_equal(back->since, 1050); /* it was away in between */
    assert_int_equal(back->job, 7);
    assert_true(ledger_pickup_get(ledger, "tcos", "a", &none, NULL));
    assert_null(none);
    (void)state;
}

static bool join_incident(void *user, const struct ledger_incident *incident, GError **error)
{
    (void)error;
    g_string_append_printf(user, "%s %s %d-%d;", incident->code, incident->subject, (int)incident->opened,
                           (int)incident->closed);
    return true;
}

static void test_ledger_incidents__same_cause__is_one_until_cleared(void **state)
{
    g_autoptr(GString) all = g_string_new(NULL);
    struct ledger_incident incident = {.code = "A102", .subject = "mcc", .opened = 10, .text = "down"};
    bool open = false;

    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    incident.opened = 11;
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    incident.code = "A103";
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    assert_true(ledger_incident_close(ledger, "A102", "mcc", 20, NULL));
    assert_true(ledger_incident_close(ledger, "A102", "mcc", 21, NULL));
    assert_true(ledger_incident_is_open(ledger, "A102", "mcc", &open, NULL));
    assert_false(open);
    assert_true(ledger_incident_is_open(ledger, "A103", "mcc", &open, NULL));
    assert_true(open);
    incident.code = "A102";
    incident.opened = 30;
    assert_true(ledger_incident_open(ledger, &incident, NULL));
    assert_true(ledger_incidents_recent(ledger, 5, join_incident, all, NULL));
    assert_string_equal(all->str, "A102 mcc 10-20;A103 mcc 11-0;A102 mcc 30-0;");
    g_string_truncate(all, 0);
    assert_true(ledger_incidents_recent(ledger, 0, join_incident, all, NULL));
    assert_true(ledger_incidents_each(ledger, false, join_incident, all, NULL));
    assert_true(ledger_incidents_with_code(ledger, "A103", join_incident, all, NULL));
    assert_string_equal(all->str, "A103 mcc 11-0;A102 mcc 30-0;A103 mcc 11-0;A102 mcc 30-0;A103 mcc 11-0;");
    (void)state;
}

static bool join_event(void *user, const struct ledger_incident *incident, const struct ledger_event *event,
                       GError **error)
{
    (void)error;
    g_string_append_printf(user, "%d %s %s %s by %d;", (int)event->id, incident->code, incident->subject,
                           event->closed ? "cleared" : "raised", (int)event->reported_by);
    return true;
}

/* A job of that sender and name, and the incident of a file rejected whole. */
static void reject_file(int64_t id, const char *sender, const char *name, int64_t at)
{
    struct ledger_job job = {.id = id, .name = name, .sender = sender, .sha256 = "", .drop = "mcc"};
    g_autofree char *subject = g_strdup_printf("mcc/%s", name);
    struct ledger_incident incident = {
        .code = "B208", .subject = subject, .job = id, .revision = 1, .opened = at, .text = "declared 3, found 2"};

    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    assert_true(ledger_incident_open(ledger, &incident, NULL));
}

static void begin_of_device(uint64_t device, const char *code, int64_t at)
{
    g_autofree char *subject = g_strdup_printf("%d", (int)device);
    struct ledger_incident incident = {.code = code,
                                       .subject = subject,
                                       .has_device = true,
                                       .device = device,
                                       .job = 1,
                                       .revision = 1,
                                       .opened = at,
                                       .text = "not there"};

    assert_true(ledger_incident_open(ledger, &incident, NULL));
}

static void test_ledger_incidents__devices_and_files__end_what_is_theirs(void **state)
{
    g_autoptr(GString) all = g_string_new(NULL);
    int64_t n = 0;

    assert_true(ledger_begin(ledger, NULL));
    reject_file(1, "S", "one", 10);
    reject_file(2, "S", "two", 10);
    reject_file(3, "Z", "one", 10); /* the same subject: it lasts already */
    begin_of_device(0, "C103", 11);
    begin_of_device(7, "C103", 11);
    begin_of_device(7, "C114", 11);
    begin_of_device(7, "C114", 12);
    assert_true(ledger_device_incidents_count(ledger, -1, &n, NULL));
    assert_int_equal(n, 3);
    assert_true(ledger_device_incidents_count(ledger, 1, &n, NULL));
    assert_int_equal(n, 1);
    assert_true(ledger_incidents_of_device(ledger, 7, join_incident, all, NULL));
    assert_string_equal(all->str, "C103 7 11-0;C114 7 11-0;");
    assert_true(ledger_incident_close_file(ledger, "Z", "two", 20, NULL));
    assert_true(ledger_incident_close_file(ledger, "S", "one", 21, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 22, NULL));
    assert_true(ledger_incident_close_device(ledger, 7, 23, NULL));
    assert_true(ledger_incident_close_device(ledger, 8, 23, NULL));
    g_string_truncate(all, 0);
    assert_true(ledger_incidents_each(ledger, true, join_incident, all, NULL));
    assert_string_equal(all->str, "B208 mcc/one 10-21;B208 mcc/two 10-0;C103 0 11-0;C103 7 11-22;C114 7 11-22;");
    (void)state;
}

static void test_ledger_incidents__events__are_told_once_and_in_order(void **state)
{
    const struct ledger_incident known = {.id = 1, .closed = 13, .reason = "known", .who = "ann"},
                                 again = {.id = 1, .closed = 14, .reason = "again", .who = "bob"};
    g_autoptr(GString) told = g_string_new(NULL);
    g_autofree struct ledger_incident *row = NULL;
    int64_t first = 0, n = -1;

    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 1 && n == 0);
    assert_true(ledger_begin(ledger, NULL));
    reject_file(1, "S", "one", 10);
    begin_of_device(7, "C103", 11);
    assert_true(ledger_incident_close_device(ledger, 7, 12, NULL));
    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 1 && n == 3);
    assert_true(ledger_events_mark_reported(ledger, 5, first, n, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &known, NULL));
    assert_true(ledger_incident_close_by_hand(ledger, &again, NULL));
    begin_of_device(7, "C103", 15);
    assert_true(ledger_events_unreported(ledger, &first, &n, NULL));
    assert_true(first == 4 && n == 2);
    assert_true(ledger_events_reported_by(ledger, 5, join_event, told, NULL));
    assert_string_equal(told->str, "1 B208 mcc/one raised by 5;2 C103 7 raised by 5;3 C103 7 cleared by 5;");
    g_string_truncate(told, 0);
    assert_true(ledger_events_of(ledger, 1, join_event, told, NULL));
    assert_string_equal(told->str, "1 B208 mcc/one raised by 5;4 B208 mcc/one cleared by 0;");
    assert_true(ledger_incident_get(ledger, 1, &row, NULL));
    assert_true(row->closed == 13 && strcmp(row->reason, "known") == 0 && strcmp(row->who, "ann") == 0 &&
                strcmp(row->file, "one") == 0 && row->batch == NULL);
    assert_true(ledger_incidents_inconsistent(ledger, &n, NULL));
    assert_int_equal(n, 1); /* job 5 is no INC */
    (void)state;
}

static void test_ledger_actions__same_order_twice__refused(void **state)
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

static void test_ledger_reader__writer_open_or_gone__sees_rows(void **state)
{
    assert_true(ledger_begin(ledger, NULL));
    add_job(1, "n1", 1, "aa");
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

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_ledger_jobs__inserted__come_back),
        T(test_ledger_change__no_transaction__is_a_bug),
        T(test_ledger_jobs__same_name_and_requeued__receipts_go_on),
        T(test_ledger_earlier__rules__older_or_accepted),
        T(test_ledger_earlier__other_sender_or_type__is_another_world),
        T(test_ledger_earlier__judged_again__the_latest_verdict_counts),
        T(test_ledger_items__batch_to_dispatch__counts_agree),
        T(test_ledger_savepoint__rolled_back__items_gone_verdict_stays),
        T(test_ledger_findings__inserted__in_order),
        T(test_ledger_parts__states__only_forward),
        T(test_ledger_pickups__seen_again__since_tells_the_last_change),
        T(test_ledger_incidents__same_cause__is_one_until_cleared),
        T(test_ledger_incidents__devices_and_files__end_what_is_theirs),
        T(test_ledger_incidents__events__are_told_once_and_in_order),
        T(test_ledger_actions__same_order_twice__refused),
        T(test_ledger_reader__writer_open_or_gone__sees_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
