/* Files in the ledger: jobs, the questions about earlier files, outgoing files, pickups. */
#include "spool/ledger/ledger_days.h"
#include "spool/ledger/ledger_earlier_files.h"
#include "spool/ledger/ledger_incidents.h"
#include "spool/ledger/ledger_jobs.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_outgoing.h"
#include "spool/ledger/ledger_pickups.h"
#include "spool/ledger/ledger_private.h"
#include "spool/ledger/ledger_retention.h"
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

static void test_ledger_jobs__inserted__come_back(void **state)
{
    int64_t revision = 0, n = 0;
    assert_true(ledger_begin(ledger, NULL));
    struct ledger_job in = ledger_home_job(12, "name", 3, "aa");
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

/* A file of the same name and a file that is judged again get the next revision of that name. */
static void test_ledger_jobs__same_name_and_requeued__revisions_go_on(void **state)
{
    struct ledger_job job = ledger_home_job(1, "n1", 1, "aa");
    struct ledger_verdict second = {.job = 1, .revision = 2, .judged_at = 2, .outcome = "AC", .declared = -1};
    g_autofree struct ledger_job *found = NULL;
    g_autofree struct ledger_verdict *latest = NULL, *first = NULL;
    int64_t revision = 0;

    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_job_insert(ledger, &job, &revision, NULL));
    assert_int_equal(revision, 1);
    ledger_home_add_verdict(ledger, 1, "RJ", "B1");
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

/* Files before file 4: accepted, rejected, not judged; behind it: not judged, accepted. */
static const struct ledger_file file_4 = {4,    "n1",  "mcc", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 1, 0, 0,
                                          "aa", false, false, false, false};

static void add_files_around_4(void)
{
    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "aa");
    ledger_home_add_verdict(ledger, 1, "AC", "B1");
    ledger_home_add_job(ledger, 2, "n2", 2, "bb");
    ledger_home_add_verdict(ledger, 2, "RJ", "B2");
    ledger_home_add_job(ledger, 3, "n3", 3, "cc");
    ledger_home_add_job(ledger, 5, "n5", 5, "ee");
    ledger_home_add_job(ledger, 6, "n6", 6, "ff");
    ledger_home_add_verdict(ledger, 6, "AC", "B6");
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
}

static void test_ledger_earlier_files__duplicates__older_or_accepted_count(void **state)
{
    struct ledger_file self = file_4;
    struct ledger_duplicates d;

    (void)state;
    add_files_around_4();
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
}

static void test_ledger_earlier_files__headless__same_bytes_with_another_number_are_no_duplicate(void **state)
{
    struct ledger_file self = file_4;
    struct ledger_duplicates d;

    (void)state;
    add_files_around_4();
    self.name = "n4", self.sequence = 4, self.sha256 = "aa", self.headless = true;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 0);
    self.sequence = 0;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 0);
    self.sequence = 1;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 1);
}

static void test_ledger_earlier_files__sequences__older_ones_count(void **state)
{
    const struct ledger_file self = file_4;
    struct ledger_numbering numbering;
    struct ledger_numbers asked = {.below = 10}; /* accepted or not, but older */
    int64_t n = -1;

    (void)state;
    add_files_around_4();
    assert_true(ledger_numbering_find(ledger, &self, &numbering, NULL));
    assert_true(numbering.known && numbering.id == 0 && numbering.last == 1 && numbering.job == 1);
    assert_true(ledger_numbering_before(ledger, &self, &asked, &n, NULL));
    assert_int_equal(n, 3);
    asked.judged = true;
    assert_true(ledger_numbering_before(ledger, &self, &asked, &n, NULL));
    assert_int_equal(n, 2);
    asked.below = 2;
    assert_true(ledger_numbering_before(ledger, &self, &asked, &n, NULL));
    assert_int_equal(n, 1);
    asked.since = 1;
    assert_true(ledger_numbering_before(ledger, &self, &asked, &n, NULL));
    assert_int_equal(n, 0);
}

static void test_ledger_earlier_files__batch_and_resubmission__older_files_count(void **state)
{
    const struct ledger_file self = file_4;
    int64_t n = -1;

    (void)state;
    add_files_around_4();
    assert_true(ledger_batch_used(ledger, &self, "B6", &n, NULL));
    assert_int_equal(n, 6);
    assert_true(ledger_batch_used(ledger, &self, "B9", &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n2", "n2"}, &n, NULL));
    assert_int_equal(n, 2);
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n1", "n1"}, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n2", "n9"}, &n, NULL));
    assert_int_equal(n, 2); /* as an EMA shows it */
}

/* A name outside the grammar may say any sender: the drop counts. */
static void test_ledger_earlier_files__resubmission__drop_or_sender_counts(void **state)
{
    const struct ledger_rejected n2 = {"n2", "n2"};
    struct ledger_file self = file_4;
    int64_t n = -1;

    (void)state;
    add_files_around_4();
    self.sender = "90-B3-D5-1F-30-0E-C0-99";
    assert_true(ledger_rejected_file(ledger, &self, &n2, &n, NULL));
    assert_int_equal(n, 2);
    self.drop = "tcos";
    assert_true(ledger_rejected_file(ledger, &self, &n2, &n, NULL));
    assert_int_equal(n, 0);
    self.sender = file_4.sender;
    assert_true(ledger_rejected_file(ledger, &self, &n2, &n, NULL));
    assert_int_equal(n, 2);
    self.id = 2; /* no older file */
    assert_true(ledger_rejected_file(ledger, &self, &n2, &n, NULL));
    assert_int_equal(n, 0);
}

static void test_ledger_earlier_files__other_sender_or_type__does_not_count(void **state)
{
    struct ledger_job others[] = {ledger_home_job(1, "n1", 7, "aa"), ledger_home_job(2, "n2", 7, "aa"),
                                  ledger_home_job(3, "n3", 7, "aa")};

    others[0].type = "EMT";
    others[1].sender = "90-B3-D5-1F-30-0E-C0-02";
    others[1].drop = "tcos";
    others[2].org = "MCX";
    assert_true(ledger_begin(ledger, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_true(ledger_job_insert(ledger, &others[i], NULL, NULL));
        ledger_home_add_verdict(ledger, others[i].id, i == 1 ? "RJ" : "AC", "B1");
    }
    assert_true(ledger_commit(STEP_VERDICT_COMMITTED, ledger, NULL));
    struct ledger_file self = {9,    "n9",  "mcc", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 7, 0, 0,
                               "aa", false, false, false, false};
    struct ledger_duplicates d;
    int64_t n = -1;
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.bytes_other_name, 0);
    self.sha256 = "bb";
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.sequence_other_bytes, 0);
    struct ledger_numbering numbering;
    assert_true(ledger_numbering_find(ledger, &self, &numbering, NULL));
    assert_true(!numbering.known && numbering.last == 0);
    assert_true(ledger_numbering_before(ledger, &self, &(struct ledger_numbers){.below = 10}, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_batch_used(ledger, &self, "B1", &n, NULL));
    assert_int_equal(n, 0);
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n2", "n2"}, &n, NULL));
    assert_int_equal(n, 0);
    (void)state;
}

/* A file that was rejected, judged again and accepted is no rejected file. */
/* A name outside the grammar says no sender: what other drops delivered under it is no earlier file. */
static void test_ledger_earlier_files__no_type__the_drop_counts(void **state)
{
    struct ledger_job other = ledger_home_job(1, "today.csv", 0, "aa");
    struct ledger_file self = {9, "today.csv", "mcc", NULL, NULL, NULL, 0, 0, 0, "bb", false, false, false, false};
    struct ledger_duplicates d;

    (void)state;
    other.type = other.org = other.sender = NULL;
    other.drop = "tcos";
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_job_insert(ledger, &other, NULL, NULL));
    assert_true(ledger_commit(STEP_CUSTODY_NOTED, ledger, NULL));
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.name_and_bytes + d.name_other_bytes, 0);
    self.drop = "tcos";
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.name_other_bytes, 1);
    self.sha256 = "aa";
    assert_true(ledger_duplicates(ledger, &self, &d, NULL));
    assert_int_equal(d.name_and_bytes, 1);
}

static void test_ledger_earlier_files__judged_again__the_latest_verdict_counts(void **state)
{
    struct ledger_verdict again = {.job = 1, .revision = 2, .judged_at = 1688364010, .outcome = "AC", .declared = -1};
    struct ledger_file self = {9,    "n9",  "mcc", "EMI", "MCC", "90-B3-D5-1F-30-0E-C0-01", 7, 0, 0,
                               "aa", false, false, false, false};
    int64_t n = -1;

    assert_true(ledger_begin(ledger, NULL));
    ledger_home_add_job(ledger, 1, "n1", 1, "bb");
    ledger_home_add_verdict(ledger, 1, "RJ", "B1");
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n1", "n1"}, &n, NULL));
    assert_int_equal(n, 1);
    assert_true(ledger_verdict_insert(ledger, &again, NULL));
    assert_true(ledger_rejected_file(ledger, &self, &(struct ledger_rejected){"n1", "n1"}, &n, NULL));
    assert_int_equal(n, 0);
    ledger_rollback(ledger);
    (void)state;
}

static void test_ledger_outgoing__states__only_forward(void **state)
{
    struct ledger_outgoing plan = {
        .job = 1, .revision = 1, .kind = "EMA", .name = "EMA_1.xml", .drop = "mcc", .rows = -1};
    int64_t id = 0;
    assert_true(ledger_begin(ledger, NULL));
    assert_true(ledger_outgoing_plan(ledger, &plan, &id, NULL));
    g_autofree struct ledger_outgoing *file = NULL;
    assert_true(ledger_outgoing_get(ledger, id, &file, NULL));
    assert_int_equal(file->rows, -1);
    file->state = LEDGER_STAGED;
    g_autoptr(GError) error = NULL;
    assert_false(ledger_outgoing_update(ledger, file, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    static const enum ledger_outgoing_state states[] = {LEDGER_STORED, LEDGER_STAGED, LEDGER_STORED, LEDGER_STAGED,
                                                        LEDGER_DELIVERED};
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(GPtrArray) planned = NULL, due = NULL;
        int64_t undelivered = 0;
        assert_true(ledger_outgoing_files_undelivered(ledger, 1, &undelivered, NULL));
        assert_int_equal(undelivered, 1);
        assert_true(ledger_outgoing_files_planned(ledger, &planned, NULL));
        assert_int_equal(planned->len, i == 0 ? 1 : 0);
        assert_true(ledger_outgoing_files_deliverable(ledger, "mcc", 5, &due, NULL));
        assert_int_equal(due->len, i == 0 ? 0 : 1);
        file->state = states[i];
        file->sha256 = "aa";
        assert_true(ledger_outgoing_update(ledger, file, NULL));
    }
    g_autoptr(GPtrArray) all = NULL, due = NULL;
    int64_t undelivered = 9;
    assert_true(ledger_outgoing_files_undelivered(ledger, 1, &undelivered, NULL));
    assert_int_equal(undelivered, 0);
    assert_true(ledger_outgoing_files_deliverable(ledger, "mcc", 5, &due, NULL));
    assert_int_equal(due->len, 0);
    assert_true(ledger_outgoing_files_of(ledger, 1, &all, NULL));
    assert_int_equal(all->len, 1);
    (void)state;
}

static void see(const char *name, int64_t size, int64_t modified, int64_t at, const char *decision, int64_t job)
{
    const struct ledger_pickup pickup = {"mcc", name, size, modified, at, decision, "why", job, 0};
    assert_true(ledger_pickup_put(ledger, &pickup, NULL));
}

static void test_ledger_pickups__seen_again__since_tells_the_last_change(void **state)
{
    g_autofree struct ledger_pickup *row = NULL, *grown = NULL, *back = NULL, *none = NULL;
    struct ledger_waiting waiting = {0};

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
    assert_true(ledger_pickups_waiting(ledger, "mcc", &waiting, NULL));
    assert_int_equal(waiting.n, 1);
    assert_int_equal(waiting.oldest, 1030);
    see("a", 6, 100, 1040, "gone", 0);
    see("a", 6, 100, 1050, "wait", 0);
    assert_true(ledger_pickup_get(ledger, "mcc", "a", &back, NULL));
    assert_int_equal(back->since, 1050); /* it was gone in between */
    assert_int_equal(back->job, 7);
    assert_true(ledger_pickup_get(ledger, "tcos", "a", &none, NULL));
    assert_null(none);
    (void)state;
}

/* Numbers with gaps, several rows of one second, and times that no row has. */
static void test_ledger_days__growth__counts_what_came_since(void **state)
{
    static const struct {
        int64_t since, bytes;
    } cases[] = {{0, 31}, {1000, 31}, {1001, 30}, {2000, 30}, {2001, 24}, {3000, 24}, {3001, 0}};
    struct ledger_growth growth;

    assert_true(ledger_growth_since(ledger, 0, &growth, NULL));
    assert_int_equal(growth.first, 0);
    assert_int_equal(growth.bytes, 0);
    assert_true(ledger_begin(ledger, NULL));
    for (int64_t i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("n%" G_GINT64_FORMAT, i);
        struct ledger_job job = ledger_home_job(3 + 7 * i * i, name, i + 1, name);
        job.received = i < 1 ? 1000 : i < 3 ? 2000 : 3000;
        job.size = INT64_C(1) << i;
        assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_true(ledger_growth_since(ledger, cases[i].since, &growth, NULL));
        assert_int_equal(growth.first, 1000);
        assert_int_equal(growth.bytes, cases[i].bytes);
    }
    (void)state;
}

/* ---- retention ---- */

/* " 1 2": the jobs that may be due, in their order. */
static void expect_due(enum ledger_stored stored, const char *type, enum ledger_mode mode, const char *expected)
{
    const struct ledger_retention_choice choice = {stored, type, mode, INT64_MAX, {0}};
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct ledger_retention_place));
    g_autoptr(GString) text = g_string_new(NULL);

    assert_true(ledger_retention_due(ledger, &choice, 9, places, NULL));
    for (guint i = 0; i < places->len; i++)
        g_string_append_printf(text, " %" G_GINT64_FORMAT, g_array_index(places, struct ledger_retention_place, i).job);
    assert_string_equal(text->str, expected);
}

static void add_reference_file(int64_t id, const char *type, bool full)
{
    struct ledger_job job = ledger_home_job(id, type, id, type);
    struct ledger_verdict verdict = {
        .job = id, .judged_at = 1, .outcome = "AC", .batch = "B", .declared = -1, .full = full};

    job.type = type;
    assert_true(ledger_job_insert(ledger, &job, &verdict.revision, NULL));
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
}

static void test_ledger_retention__modes__the_newest_verdict_decides(void **state)
{
    int64_t revision = 0;
    struct ledger_verdict delta = {.job = 2, .judged_at = 2, .outcome = "AC", .batch = "B", .declared = -1};

    assert_true(ledger_begin(ledger, NULL));
    for (int64_t id = 1; id <= 4; id++)
        add_reference_file(id, id == 4 ? "NMM" : "INV", id != 3);
    assert_true(ledger_job_requeue(ledger, 2, &revision, NULL));
    expect_due(LEDGER_STORED_PLAIN, "INV", LEDGER_MODE_FULL, " 1"); /* job 2 has no verdict of its new revision */
    delta.revision = revision;
    assert_true(ledger_verdict_insert(ledger, &delta, NULL));
    for (int64_t id = 1; id <= 4; id++)
        assert_true(ledger_retention_set(ledger, id, LEDGER_STORED_PACKED, NULL));
    expect_due(LEDGER_STORED_PACKED, "INV", LEDGER_MODE_FULL, " 1");
    expect_due(LEDGER_STORED_PACKED, "INV", LEDGER_MODE_DELTA, " 2 3");
    expect_due(LEDGER_STORED_PACKED, "INV", LEDGER_MODE_ANY, " 1 2 3");
    expect_due(LEDGER_STORED_PACKED, "NMM", LEDGER_MODE_FULL, " 4");
    expect_due(LEDGER_STORED_PLAIN, "INV", LEDGER_MODE_ANY, "");
    (void)state;
}

/* ---- what a file costs among many ---- */

static int count_step(void *user)
{
    (*(int64_t *)user)++;
    return 0;
}

/* Each question about a file finds its rows by what few files have. A walk over all that came from a sender, or from a
 * drop, made each file dearer than the one before. */
static void test_ledger_files__many_of_one_sender__each_costs_the_same(void **state)
{
    enum { FILES = 500, MOST = 2000 /* steps of SQLite, for all questions together */ };
    struct ledger_duplicates found;
    int64_t steps = 0, n = 0;

    assert_true(ledger_begin(ledger, NULL));
    for (int i = 1; i <= FILES; i++) {
        g_autofree char *name = g_strdup_printf("file%d", i), *batch = g_strdup_printf("B%d", i);
        ledger_home_add_job(ledger, i, name, i, name);
        if (i < FILES)
            ledger_home_add_verdict(ledger, i, "AC", batch);
    }
    const struct ledger_file self = {.id = FILES,
                                     .name = "file500",
                                     .drop = "mcc",
                                     .sender = "90-B3-D5-1F-30-0E-C0-01",
                                     .type = "EMI",
                                     .org = "MCC",
                                     .sequence = FILES,
                                     .sha256 = "file500"};
    sqlite3_progress_handler(ledger->db, 1, count_step, &steps);
    assert_true(ledger_duplicates(ledger, &self, &found, NULL));
    assert_true(ledger_batch_used(ledger, &self, "B7", &n, NULL));
    assert_int_equal(n, 7);
    assert_true(ledger_incident_close_file(ledger, FILES, 1688364010, NULL));
    sqlite3_progress_handler(ledger->db, 0, NULL, NULL);
    assert_in_range(steps, 1, MOST);
    (void)state;
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_jobs__inserted__come_back),
        T(test_ledger_jobs__same_name_and_requeued__revisions_go_on),
        T(test_ledger_earlier_files__duplicates__older_or_accepted_count),
        T(test_ledger_earlier_files__sequences__older_ones_count),
        T(test_ledger_earlier_files__batch_and_resubmission__older_files_count),
        T(test_ledger_earlier_files__resubmission__drop_or_sender_counts),
        T(test_ledger_earlier_files__headless__same_bytes_with_another_number_are_no_duplicate),
        T(test_ledger_earlier_files__other_sender_or_type__does_not_count),
        T(test_ledger_earlier_files__no_type__the_drop_counts),
        T(test_ledger_earlier_files__judged_again__the_latest_verdict_counts),
        T(test_ledger_outgoing__states__only_forward),
        T(test_ledger_pickups__seen_again__since_tells_the_last_change),
        T(test_ledger_days__growth__counts_what_came_since),
        T(test_ledger_retention__modes__the_newest_verdict_decides),
        T(test_ledger_files__many_of_one_sender__each_costs_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
