/* The decision about each kind of entry under each rule of a drop. */
#include "gateway/pipeline/pickup/completeness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum { SECOND = 1000000 };

/* An entry under a rule, and the decision that is expected. Times are microseconds. */
struct row {
    enum completeness complete;
    struct drop_entry entry;
    bool marked;
    int64_t unchanged;
    enum pickup_decision decision;
    int64_t wait;
    const char *reason; /* a substring of the reason */
};

#define FILE_OF(name_)                                                                                                 \
    {                                                                                                                  \
        .name = (name_), .regular = true                                                                               \
    }

static const struct row rows[] = {
    {COMPLETE_AT_ONCE, FILE_OF("a.csv"), false, 0, PICKUP_TAKE, 0, "at-once"},
    {COMPLETE_AT_ONCE, {.name = "a.csv"}, false, 0, PICKUP_LEAVE, 0, "not a regular file"},
    {COMPLETE_AT_ONCE, {.name = "a.csv", .fault = "nobody knows"}, false, 0, PICKUP_FAULT, 0, "nobody knows"},
    {COMPLETE_AT_ONCE, {.name = "a.tmp", .fault = "nobody knows"}, false, 0, PICKUP_LEAVE, 0, "temporary"},
    {COMPLETE_AT_ONCE, FILE_OF(".a.csv"), false, 0, PICKUP_LEAVE, 0, "temporary"},
    {COMPLETE_AT_ONCE, FILE_OF("a.csv.filepart"), false, 0, PICKUP_LEAVE, 0, "temporary"},
    {COMPLETE_AT_ONCE, FILE_OF("a.csv.done"), false, 0, PICKUP_TAKE, 0, "at-once"},
    {COMPLETE_MARKER, FILE_OF("a.csv"), false, 99 * SECOND, PICKUP_WAIT, 0, "marker"},
    {COMPLETE_MARKER, FILE_OF("a.csv"), true, 0, PICKUP_TAKE, 0, "marker is there"},
    {COMPLETE_MARKER, FILE_OF("a.csv.done"), false, 0, PICKUP_LEAVE, 0, "marker of another"},
    {COMPLETE_CLOSED, FILE_OF("a.csv"), false, 0, PICKUP_TAKE, 0, "no process"},
    {COMPLETE_CLOSED,
     {.name = "a.csv", .regular = true, .written = true},
     false,
     99 * SECOND,
     PICKUP_WAIT,
     0,
     "open for writing"},
    {COMPLETE_CLOSED, {.name = "a.csv", .regular = true, .unsure = true}, false, 0, PICKUP_WAIT, 10 * SECOND, "10 s"},
    {COMPLETE_CLOSED, {.name = "a.csv", .regular = true, .unsure = true}, false, 10 * SECOND, PICKUP_TAKE, 0, "stable"},
    {COMPLETE_STABLE, FILE_OF("a.csv"), true, 0, PICKUP_WAIT, 10 * SECOND, "10 s"},
    {COMPLETE_STABLE, FILE_OF("a.csv"), false, 10 * SECOND - 1, PICKUP_WAIT, 1, "10 s"},
    {COMPLETE_STABLE, FILE_OF("a.csv"), false, 10 * SECOND, PICKUP_TAKE, 0, "stable"},
};

static void test_completeness__every_rule__decides_and_says_why(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *row = &rows[i];
        const struct drop drop = {.complete = row->complete, .stable_seconds = 10};
        struct completeness_result result;
        completeness_decide(&drop, &row->entry, row->marked, row->unchanged, &result);
        if (result.decision != row->decision || result.wait != row->wait || !strstr(result.reason, row->reason))
            fail_msg("row %zu: %s, wait %ld, %s", i, pickup_decision_name(result.decision), (long)result.wait,
                     result.reason);
        g_free(result.reason);
    }
    (void)state;
}

static void test_completeness__stable_for_no_time__is_picked_up_at_the_first_listing(void **state)
{
    const struct drop drop = {.complete = COMPLETE_STABLE};
    const struct drop_entry entry = FILE_OF("a.csv");
    struct completeness_result result;

    completeness_decide(&drop, &entry, false, 0, &result);
    assert_int_equal(result.decision, PICKUP_TAKE);
    g_free(result.reason);
    (void)state;
}

static void test_completeness__name_of_the_gateways_own__is_left(void **state)
{
    static const char name[] = "INC_TCOS_90-B3-D5-1F-30-00-00-04_20230703_060000_000001.csv";
    const struct drop_entry file = FILE_OF(name), folder = {.name = name};
    const struct config config = {.org = (char *)"TCOS", .eui64 = UINT64_C(0x90B3D51F30000004)};
    const struct config other = {.org = (char *)"TCOS", .eui64 = UINT64_C(0x90B3D51F30000005)};
    struct completeness_result result;
    (void)state;

    assert_false(completeness_is_own(&folder, &config, &result));
    assert_false(completeness_is_own(&file, &other, &result));
    assert_true(completeness_is_own(&file, &config, &result));
    assert_int_equal(result.decision, PICKUP_LEAVE);
    assert_int_equal(result.wait, 0);
    assert_non_null(strstr(result.reason, "never answered"));
    g_free(result.reason);
}

static void test_completeness__behind_a_file_that_cannot_be_taken__higher_numbers_of_its_sender_wait(void **state)
{
#define NAMED(type_, org_, id_, time_, number_)                                                                        \
    type_ "_" org_ "_90-B3-D5-1F-30-0E-C0-" id_ "_20230703_" time_ "_" number_
    static const struct {
        const char *file, *fault;
        bool waits;
    } cases[] = {
        {NAMED("EMI", "MCC", "01", "060000", "000002.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), true},
        {NAMED("EMI", "MCC", "01", "060000", "000001.csv"), NAMED("EMI", "MCC", "01", "060000", "000002.csv"), false},
        {NAMED("EMI", "MCC", "01", "060000", "000001.xml"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMI", "MCC", "01", "050000", "000002.xml.gz"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), true},
        {NAMED("EMI", "MCC", "02", "060000", "000002.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMI", "MCB", "01", "060000", "000002.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMT", "MCC", "01", "060000", "000002.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMI", "MCC", "01", "060000", "000001.csv"), NAMED("EMI", "MCC", "01", "060000", "999999.csv"), true},
        {NAMED("EMI", "MCC", "01", "060000", "999999.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMI", "MCC", "01", "060000", "500000.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), true},
        {NAMED("EMI", "MCC", "01", "060000", "500001.csv"), NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {"hello.txt", NAMED("EMI", "MCC", "01", "060000", "000001.csv"), false},
        {NAMED("EMI", "MCC", "01", "060000", "000002.csv"), "hello.txt", false},
    };
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct filename file, fault;
        (void)filename_parse(profile_builtin(), cases[i].file, strlen(cases[i].file), &file, NULL, NULL);
        (void)filename_parse(profile_builtin(), cases[i].fault, strlen(cases[i].fault), &fault, NULL, NULL);
        if (completeness_waits_behind(&file, &fault) != cases[i].waits)
            fail_msg("%s behind %s: expected %d", cases[i].file, cases[i].fault, cases[i].waits);
    }
}

/* Which file under the name of a copy that was fetched may be that copy. */
static void test_completeness__copy_at_another_address__is_known_unless_it_was_written_since(void **state)
{
    static const int64_t second = 1000000000;
    const struct source_identity local = {true, 7, 1000, 50 * second + 5, 9}, server = {true, 0, 0, 40 * second, 9};
    const struct {
        struct source_identity fetched, found;
        int64_t modified;
        bool copy;
    } cases[] = {
        {local, local, 40, true},
        {local, server, 40, true},
        {server, {true, 7, 1000, 60 * second, 9}, 40, true},
        {local, {true, 8, 12, 60 * second, 9}, 40, true},   /* another file system */
        {local, {true, 7, 1000, 60 * second, 9}, 40, true}, /* the same inode: its mode or its folder changed */
        {local, {true, 7, 1001, 60 * second, 9}, 40, false},
        {server, {true, 0, 0, 41 * second, 9}, 41, false},
        {server, {true, 0, 0, 39 * second, 9}, 39, false},
        {local, {true, 0, 0, 51 * second, 9}, 51, false}, /* written after the copy was fetched */
        {server, {true, 7, 1000, 60 * second, 9}, 41, false},
        {local, {true, 7, 1000, 60 * second, 9}, 51, false},
        {local, {true, 0, 0, 0, 9}, 0, false}, /* a server that tells no time */
        {local, {true, 0, 0, 40 * second, 8}, 40, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct drop_entry entry = {.identity = cases[i].found, .modified = cases[i].modified};
        if (completeness_is_copy(&cases[i].fetched, &entry) != cases[i].copy)
            fail_msg("case %zu", i);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completeness__every_rule__decides_and_says_why),
        cmocka_unit_test(test_completeness__stable_for_no_time__is_picked_up_at_the_first_listing),
        cmocka_unit_test(test_completeness__name_of_the_gateways_own__is_left),
        cmocka_unit_test(test_completeness__copy_at_another_address__is_known_unless_it_was_written_since),
        cmocka_unit_test(test_completeness__behind_a_file_that_cannot_be_taken__higher_numbers_of_its_sender_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
