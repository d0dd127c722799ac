/* Statements of the ledger: every kind of value, the count of values, and statements of equal and of different SQL. */
#include "spool/ledger/ledger_private.h"
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
    if (ledger == NULL)
        return 1;
    return !ledger_begin(ledger, NULL) || !ledger_counter_add(ledger, "a", 1, NULL) ||
           !ledger_counter_add(ledger, "b", 2, NULL);
}

static int leave(void **state)
{
    return ledger_home_close(state, ledger);
}

/* ---- values ---- */

/* The row of a query as text, "-" for NULL. */
static void expect_row(sqlite3_stmt *query, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool row = false;

    assert_non_null(query);
    assert_true(ledger_row(ledger, query, &row, NULL) && row);
    for (int i = 0; i < sqlite3_column_count(query); i++) {
        const char *column = ledger_text(query, i);
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", column != NULL ? column : "-");
    }
    ledger_end(query);
    assert_string_equal(text->str, expected);
}

static void test_ledger_sql__each_kind_of_value__is_stored_as_it_is(void **state)
{
    LEDGER_SQL(numbers, "SELECT ?,?,?,?,?,typeof(?)");
    LEDGER_SQL(nulls, "SELECT ?,?,?,?,?,?");
    LEDGER_SQL(texts, "SELECT ?,?,?,typeof(?)");
    enum { AN_ENUM = 7 } number = AN_ENUM;
    const char *constant = "c", *none = NULL;
    char array[3] = "ar";

    (void)state;
    expect_row(ledger_query(ledger, &numbers,
                            LEDGER_VALUES(LEDGER_INT(INT64_MIN), LEDGER_INT(0), LEDGER_INT(number), LEDGER_INT(true),
                                          LEDGER_ID(UINT64_MAX), LEDGER_INT(1)),
                            NULL),
               "-9223372036854775808 0 7 1 -1 integer");
    expect_row(ledger_query(ledger, &nulls,
                            LEDGER_VALUES(LEDGER_INT_OR_NULL(0), LEDGER_INT_OR_NULL(5), LEDGER_ID_OR_NULL(UINT64_C(0)),
                                          LEDGER_ID_OR_NULL(UINT64_C(6)), LEDGER_ID_IF(false, UINT64_C(8)),
                                          LEDGER_ID_IF(true, UINT64_C(0))),
                            NULL),
               "- 5 - 6 - 0");
    expect_row(ledger_query(
                   ledger, &texts,
                   LEDGER_VALUES(LEDGER_TEXT(constant), LEDGER_TEXT(array), LEDGER_TEXT(none), LEDGER_TEXT("")), NULL),
               "c ar - text");
}

/* A query may outlive the strings that it was given. */
static void test_ledger_sql__a_querys_texts__are_copied(void **state)
{
    LEDGER_SQL(echo, "SELECT ?");
    char text[] = "before";

    (void)state;
    sqlite3_stmt *query = ledger_query(ledger, &echo, LEDGER_VALUES(LEDGER_TEXT(text)), NULL);
    memcpy(text, "after!", sizeof text);
    expect_row(query, "before");
}

/* ---- the count of values ---- */

static void expect_count_refused(const GError *error, const char *sql)
{
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_BUG));
    assert_non_null(strstr(error->message, sql));
}

static void test_ledger_sql__values_too_few_or_too_many__is_a_bug_that_names_the_sql(void **state)
{
    LEDGER_SQL(query, "SELECT ?,?");
    LEDGER_SQL(change, "UPDATE counter SET value=?2 WHERE name=?1");
    const struct ledger_values wrong[] = {LEDGER_NO_VALUES, LEDGER_VALUES(LEDGER_TEXT("a")),
                                          LEDGER_VALUES(LEDGER_TEXT("a"), LEDGER_INT(1), LEDGER_INT(2))};
    int64_t value = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) of_query = NULL, of_change = NULL;
        assert_null(ledger_query(ledger, &query, wrong[i], &of_query));
        expect_count_refused(of_query, "SELECT ?,?");
        assert_false(ledger_run(ledger, &change, wrong[i], &of_change));
        expect_count_refused(of_change, "UPDATE counter SET value=?2 WHERE name=?1");
    }
    assert_true(ledger_counter_get(ledger, "a", &value, NULL));
    assert_int_equal(value, 1);
    assert_true(ledger_run(ledger, &change, LEDGER_VALUES(LEDGER_TEXT("a"), LEDGER_INT(9)), NULL));
    assert_true(ledger_counter_get(ledger, "a", &value, NULL));
    assert_int_equal(value, 9);
}

/* ---- keys ---- */

#define COUNTERS "SELECT name,value FROM counter ORDER BY name"

/* A walk within a walk: were the two one prepared statement, the inner one would reset the outer. */
static void test_ledger_sql__equal_sql_at_two_sites__are_two_statements(void **state)
{
    LEDGER_SQL(outer_sql, COUNTERS);
    LEDGER_SQL(inner_sql, COUNTERS);
    bool row = false;
    int outer_rows = 0, inner_rows = 0;

    (void)state;
    sqlite3_stmt *outer = ledger_query(ledger, &outer_sql, LEDGER_NO_VALUES, NULL);
    while (ledger_row(ledger, outer, &row, NULL) && row) {
        outer_rows++;
        sqlite3_stmt *inner = ledger_query(ledger, &inner_sql, LEDGER_NO_VALUES, NULL);
        assert_ptr_not_equal(inner, outer);
        while (ledger_row(ledger, inner, &row, NULL) && row)
            inner_rows++;
        ledger_end(inner);
    }
    ledger_end(outer);
    assert_int_equal(outer_rows, 2);
    assert_int_equal(inner_rows, 4);
}

/* One line of the source that stands for statements of several texts. */
#define NUMBER_OF(number, sql_)                                                                                        \
    do {                                                                                                               \
        LEDGER_SQL(of_site, sql_);                                                                                     \
        assert_true(ledger_number(ledger, ledger_query(ledger, &of_site, LEDGER_NO_VALUES, NULL), number, NULL));      \
    } while (0)

static void test_ledger_sql__one_macro_with_different_sql__each_runs_its_own(void **state)
{
    int64_t sum = 0, count = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        NUMBER_OF(&sum, "SELECT sum(value) FROM counter");
        NUMBER_OF(&count, "SELECT count(*) FROM counter");
        assert_int_equal(sum, 3);
        assert_int_equal(count, 2);
    }
}

/* A table of statements at one call site. */
static void test_ledger_sql__a_table_of_statements__each_runs_its_own(void **state)
{
    static struct ledger_sql table[] = {{"SELECT 10"}, {"SELECT 20"}, {"SELECT 10"}};
    static const int64_t expected[] = {10, 20, 10};

    (void)state;
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(table); i++) {
        int64_t number = 0;
        struct ledger_sql *of = &table[i % G_N_ELEMENTS(table)];
        assert_true(ledger_number(ledger, ledger_query(ledger, of, LEDGER_NO_VALUES, NULL), &number, NULL));
        assert_int_equal(number, expected[i % G_N_ELEMENTS(table)]);
    }
}

/* ---- errors ---- */

static void test_ledger_sql__an_error__is_reported_and_does_not_last(void **state)
{
    LEDGER_SQL(wrong, "SELECT nothing FROM nowhere");
    LEDGER_SQL(insert, "INSERT INTO counter VALUES(?,?)");
    g_autoptr(GError) no_table = NULL, twice = NULL;

    (void)state;
    assert_null(ledger_query(ledger, &wrong, LEDGER_NO_VALUES, &no_table));
    assert_true(g_error_matches(no_table, SPOOL_ERROR, SPOOL_ERROR_BUG));
    assert_false(ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_TEXT("a"), LEDGER_INT(1)), &twice));
    assert_true(g_error_matches(twice, SPOOL_ERROR, SPOOL_ERROR_EXISTS));
    assert_true(ledger_run(ledger, &insert, LEDGER_VALUES(LEDGER_TEXT("c"), LEDGER_INT(1)), NULL));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_ledger_sql__each_kind_of_value__is_stored_as_it_is),
        T(test_ledger_sql__a_querys_texts__are_copied),
        T(test_ledger_sql__values_too_few_or_too_many__is_a_bug_that_names_the_sql),
        T(test_ledger_sql__equal_sql_at_two_sites__are_two_statements),
        T(test_ledger_sql__one_macro_with_different_sql__each_runs_its_own),
        T(test_ledger_sql__a_table_of_statements__each_runs_its_own),
        T(test_ledger_sql__an_error__is_reported_and_does_not_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
