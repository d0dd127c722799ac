/* Sequence numbers of inbound files: gaps, jumps, over the end, set by an operator; and those of our own files. */
#include "formats/profile.h"
#include "spool/ledger/ledger_actions.h"
#include "spool/ledger/ledger_missing.h"
#include "spool/ledger/ledger_numbering.h"
#include "spool/ledger/ledger_verdicts.h"
#include "tests/unit/ledger_home.h"
#include "validators/rules/history_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { LAST = LEDGER_SEQUENCE_MAX };

static struct ledger *ledger;
static int64_t next_job;

static int enter(void **state)
{
    next_job = 1;
    ledger = ledger_home_open(state);
    return ledger == NULL || !ledger_begin(ledger, NULL);
}

static int leave(void **state)
{
    ledger_rollback(ledger);
    return ledger_home_close(state, ledger);
}

/* Picks a file up. Its name and bytes are those of no other file. */
static int64_t pick_up(int64_t sequence)
{
    int64_t id = next_job++;
    g_autofree char *name = g_strdup_printf("n%d", (int)id);
    const struct ledger_job job = ledger_home_job(id, name, sequence, name);

    assert_true(ledger_job_insert(ledger, &job, NULL, NULL));
    return id;
}

/* Judges the sequence of a job as intake does, with that limit. The code, NULL for none. `rejected`: for another
 * reason, unless the number is one. */
static const char *judge(int64_t id, int64_t gap, bool rejected)
{
    g_autofree struct ledger_job *job = NULL;
    struct rules rules;
    struct findings *findings = findings_new(10);
    struct history history = {0};
    const struct filename filename = {0};
    const struct judged_file file = {
        .rules = &rules, .profile = profile_builtin(), .filename = &filename, .findings = findings};
    const char *code = NULL;

    rules_init(&rules);
    rules.ledger = ledger;
    rules.sequence_gap_max = gap;
    assert_true(ledger_job_get(ledger, id, &job, NULL));
    struct ledger_file self = {.id = id,
                               .name = job->name,
                               .drop = job->drop,
                               .type = job->type,
                               .org = job->org,
                               .sender = job->sender,
                               .sequence = job->sequence,
                               .sha256 = job->sha256};
    assert_true(history_rules_judge_name(&file, &self, &history, NULL));
    assert_false(history.repeated);
    for (int c = 0; c < CODE_COUNT; c++) {
        if (findings_count(findings, (enum code)c) > 0)
            code = catalogue_entry((enum code)c)->id;
    }
    struct ledger_verdict verdict = {.job = id, .revision = job->revision, .judged_at = 5, .declared = -1};
    rejected = rejected || findings_has_errors(findings, 'b');
    (void)g_strlcpy(verdict.outcome, rejected ? "RJ" : "AC", sizeof verdict.outcome);
    assert_true(ledger_verdict_insert(ledger, &verdict, NULL));
    assert_true(ledger_numbering_assign(ledger, id, history.numbering, NULL));
    assert_true(!history.wraps || rejected || ledger_numbering_wrap(ledger, id, history.numbering, NULL));
    findings_free(findings);
    return code;
}

static const char *shown(const char *code)
{
    return code != NULL ? code : "none";
}

#define EXPECT(code, sequence) assert_string_equal(shown(judge(pick_up(sequence), 1000, false)), code)
#define GOOD(sequence) assert_null(judge(pick_up(sequence), 1000, false))
#define BROKEN(sequence) assert_null(judge(pick_up(sequence), 1000, true))

static void test_numbering__jump__is_refused_and_uses_no_number_up(void **state)
{
    (void)state;
    GOOD(1);
    EXPECT("B113", LAST);
    EXPECT("B113", 1003);
    GOOD(2);
    EXPECT("B108", 1003);
    EXPECT("B107", 2);
    EXPECT("B107", 1002);
    BROKEN(1004);
    EXPECT("B106", 1004);
    GOOD(1005);
}

/* A late file that an operator holds must not make another late one look like the next. */
static void test_numbering__held_late_file__opens_no_way_for_another(void **state)
{
    (void)state;
    GOOD(5000);
    (void)pick_up(3);
    (void)pick_up(LAST);
    EXPECT("B107", 4);
    EXPECT("B107", 10);
}

/* Every last number near the end, every number near both ends, several limits: against the rule in one line each. */
static void test_numbering__around_the_end__every_pair_is_as_the_rule_says(void **state)
{
    static const int64_t gaps[] = {0, 1, 3, 9};
    (void)state;

    for (size_t g = 0; g < G_N_ELEMENTS(gaps); g++) {
        for (int64_t last = LAST - 8; last <= LAST + 8; last++) {
            for (int64_t number = LAST - 12; number <= LAST + 12; number++) {
                int64_t from = (last - 1) % LAST + 1, to = (number - 1) % LAST + 1;
                int64_t skips = (to - from + LAST) % LAST - 1;
                const char *expected = from == to        ? "B106"
                                       : skips > gaps[g] ? (to > from ? "B113" : "B107")
                                       : skips > 0       ? "B108"
                                                         : NULL;
                assert_true(ledger_savepoint(ledger, NULL));
                next_job = 1;
                assert_null(judge(pick_up(from), gaps[g], false));
                const char *code = judge(pick_up(to), gaps[g], false);
                if (g_strcmp0(code, expected) != 0)
                    fail_msg("gap %d, %d then %d: %s, expected %s", (int)gaps[g], (int)from, (int)to,
                             code ? code : "nothing", expected ? expected : "nothing");
                assert_true(ledger_roll_back_to(ledger, NULL));
            }
        }
    }
}

/* Three rounds; some files are rejected for another reason, the first one of a round among them, which begins none. */
static void test_numbering__over_the_end__each_number_comes_again(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        GOOD(LAST - 1);
        BROKEN(LAST);
        BROKEN(1);
        EXPECT("B106", 1); /* other bytes */
        GOOD(2);
        EXPECT("B107", 1);
        EXPECT("B113", LAST);
        GOOD(3);
        for (int64_t n = 3; n < LAST - 2; n += 1000)
            EXPECT("B108", MIN(n + 1000, LAST - 2));
    }
}

/* Files picked up before one that goes over the end stay with the numbers before it, whenever they are judged; those
 * picked up behind it go along. */
static void test_numbering__held_over_the_end__is_judged_by_what_was_before(void **state)
{
    (void)state;
    GOOD(LAST - 1);
    int64_t held = pick_up(LAST), first = pick_up(1), waiting = pick_up(2), third = pick_up(3);
    assert_string_equal(shown(judge(first, 1000, false)), "B108"); /* a file that is held may never be judged */
    assert_null(judge(third, 1000, false));                        /* 2 came, though it has no verdict */
    assert_null(judge(held, 1000, false));
    assert_null(judge(waiting, 1000, false));
    GOOD(4);
}

/* Two files follow over the end; the first of them is held, and judged last. */
static void test_numbering__held_first_over_the_end__sets_no_number_back(void **state)
{
    (void)state;
    GOOD(LAST);
    int64_t held = pick_up(1);
    EXPECT("B108", 2);
    GOOD(3);
    assert_null(judge(held, 1000, false));
    GOOD(4);
    EXPECT("B107", 2);
    EXPECT("B107", 1);
    EXPECT("B113", LAST);
}

static void test_numbering__set_by_an_order__numbers_begin_anew(void **state)
{
    const struct ledger_file mcc = {.id = G_MAXINT64, .type = "EMI", .org = "MCC", .sender = "90-B3-D5-1F-30-0E-C0-01"};
    const struct ledger_action action = {.order_id = "o", .verb = "sequence", .reason = "r", .who = "w", .at = 7};
    g_autofree struct ledger_numbering_order *order = NULL;
    struct ledger_numbering numbering;
    (void)state;

    GOOD(500);
    GOOD(501);
    int64_t far = pick_up(5000);
    assert_string_equal(judge(far, 1000, false), "B113");
    assert_true(ledger_numbering_last_order(ledger, &mcc, &order, NULL));
    assert_null(order);
    assert_true(ledger_action_insert(ledger, &action, NULL));
    assert_true(ledger_numbering_set(ledger, &mcc, 4999, "o", NULL));
    assert_true(ledger_numbering_last_order(ledger, &mcc, &order, NULL));
    assert_true(order->number == 4999 && order->at == 7);
    assert_true(ledger_numbering_find(ledger, &mcc, &numbering, NULL));
    assert_true(numbering.known && numbering.last == 4999 && numbering.job == 0);
    EXPECT("B107", 4999);
    EXPECT("B107", 502);
    assert_true(ledger_job_requeue(ledger, far, &(int64_t){0}, NULL)); /* is judged again with the new numbers */
    assert_null(judge(far, 1000, false));
    GOOD(5001);
    assert_true(ledger_numbering_set(ledger, &mcc, 0, "p", NULL)); /* anew: used numbers may come again */
    EXPECT("B113", LAST);
    GOOD(1);
    assert_true(ledger_numbering_set(ledger, &mcc, LAST, "q", NULL));
    GOOD(1);
    assert_true(ledger_numbering_set(ledger, &mcc, 499, "r", NULL));
    EXPECT("B108", 501);
}

static void test_numbering__own_files__go_on_from_one(void **state)
{
    int64_t n = 0;
    (void)state;

    assert_true(ledger_counter_next_sequence(ledger, "EMW", &n, NULL));
    assert_int_equal(n, 1);
    assert_true(ledger_counter_add(ledger, "EMW", LAST - 2, NULL));
    for (int64_t expected = LAST; expected <= LAST + 3; expected++) {
        assert_true(ledger_counter_next_sequence(ledger, "EMW", &n, NULL));
        assert_int_equal(n, expected <= LAST ? expected : expected - LAST);
    }
    assert_true(ledger_counter_get(ledger, "EMW", &n, NULL));
    assert_int_equal(n, LAST + 3);
}

static const struct ledger_file sender = {.type = "EMI", .org = "MCC", .sender = "90-B3-D5-1F-30-0E-C0-01"};

static GArray *gaps_from(int64_t from)
{
    const struct ledger_gap_range range = {40, from};
    GArray *gaps = NULL;

    assert_true(ledger_gaps(ledger, &sender, &range, &gaps, NULL));
    return gaps;
}

/* Those that end below a number or, from_there, at it or above it; g_free. */
static char *gaps_text(const GArray *gaps, int64_t number, bool from_there)
{
    GString *text = g_string_new(NULL);

    for (guint n = 0; n < gaps->len; n++) {
        const struct ledger_gap *gap = &g_array_index(gaps, struct ledger_gap, n);
        if ((gap->last + 1 >= number) == from_there)
            g_string_append_printf(text, "%d-%d ", (int)gap->first, (int)gap->last);
    }
    return g_string_free(text, FALSE);
}

static void same_gaps(const GArray *a, const GArray *b, int64_t number, bool from_there)
{
    g_autofree char *first = gaps_text(a, number, from_there), *second = gaps_text(b, number, from_there);

    assert_string_equal(first, second);
}

/* One of the acts that change numbers. */
static void change_numbers(GRand *random, GArray *waiting)
{
    g_autofree char *order = g_strdup_printf("o%u", g_rand_int(random));
    int64_t number = 1 + g_rand_int_range(random, 0, 60), id;

    switch (g_rand_int_range(random, 0, 24)) {
    case 0:
        assert_true(ledger_numbering_set(ledger, &sender, number / 2, order, NULL));
        break;
    case 1:
        (void)judge(pick_up(LAST - number % 3), LAST, false); /* the next round is near */
        break;
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        id = pick_up(number);
        g_array_append_val(waiting, id);
        break;
    case 8:
        id = pick_up(number);
        struct ledger_job job = ledger_home_job(id, "n", number + 3, "n");
        assert_true(ledger_job_describe(ledger, &job, NULL));
        break;
    default:
        if (waiting->len == 0)
            break;
        guint at = (guint)g_rand_int_range(random, 0, (gint)waiting->len);
        (void)judge(g_array_index(waiting, int64_t, at), 40, g_rand_int_range(random, 0, 4) == 0);
        (void)g_array_remove_index(waiting, at);
    }
}

/* A look that begins at the lowest number that has changed sees all that has. */
static void test_numbering__changed__below_it_are_the_same_gaps(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(int64_t));
    int n = 0;
    (void)state;

    assert_true(ledger_numbers_changed(ledger, &sender) == 0);
    assert_true(ledger_numbers_changed(ledger, &sender) == INT64_MAX);
    for (int act = 0; act < 1500; act++) {
        g_autoptr(GArray) before = gaps_from(0);
        change_numbers(random, waiting);
        int64_t changed = ledger_numbers_changed(ledger, &sender);
        g_autoptr(GArray) after = gaps_from(0), above = gaps_from(changed);
        same_gaps(before, after, changed, false);
        same_gaps(after, above, changed, true);
        assert_true(above->len <= after->len);
        n += above->len > 0 && above->len < after->len;
    }
    assert_true(n > 20); /* else the test shows nothing */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_numbering__jump__is_refused_and_uses_no_number_up),
        T(test_numbering__held_late_file__opens_no_way_for_another),
        T(test_numbering__around_the_end__every_pair_is_as_the_rule_says),
        T(test_numbering__over_the_end__each_number_comes_again),
        T(test_numbering__held_over_the_end__is_judged_by_what_was_before),
        T(test_numbering__held_first_over_the_end__sets_no_number_back),
        T(test_numbering__set_by_an_order__numbers_begin_anew),
        T(test_numbering__own_files__go_on_from_one),
        T(test_numbering__changed__below_it_are_the_same_gaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
