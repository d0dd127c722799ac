/* Reports as CSV: quoting, what a spreadsheet would run, errors of the byte function and of missing facts. */
#include "formats/profile.h"
#include "formats/report_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The filler has its facts in another order than the columns, and one that no column names. */
static const struct report_column columns[] = {{"DeviceID", FACT_device_id, false},
                                               {"ReasonCode", FACT_non_migratable_reason, true},
                                               {"Tries", FACT_work_tries, false}};
/* A profile with a word for one number of tries; the other numbers are their own words. */
static const struct value_pair tries[] = {{"1", "once"}};
static const struct value_map tries_map = {.n = 1, .pairs = tries};
static const struct profile profile = {.name = "test", .values = {[FACT_work_tries] = &tries_map}};
static const struct dialect dialect = {',', '"', "\r\n", FRAME_TITLE, false};
static const struct report_layout layout = {"X",     "a test", "1.0",    G_N_ELEMENTS(columns),
                                            columns, &profile, &dialect, "#COUNT,{rows}"};
static const enum fact ids[] = {FACT_work_tries, FACT_non_migratable_reason, FACT_count_devices, FACT_device_id};

static void write_row(struct report_writer *w, const char *const *row)
{
    const char *const values[] = {row[2], row[1], "nowhere", row[0]};

    report_writer_row(w, &(const struct facts){ids, values, G_N_ELEMENTS(values)});
}

static bool append(void *user, const char *data, size_t len, GError **error)
{
    (void)error; /* never fails */
    g_string_append_len(user, data, (gssize)len);
    return true;
}

static bool refuse(void *user, const char *data, size_t len, GError **error)
{
    (void)data, (void)len;
    ++*(int *)user;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "full");
    return false;
}

static char *write_rows(const char *const rows[][3], size_t n)
{
    GString *out = g_string_new(NULL);
    struct report_writer *w = report_writer_new(&layout, append, out);
    GError *error = NULL;

    for (size_t i = 0; i < n; i++)
        write_row(w, rows[i]);
    assert_true(report_writer_finish(w, &error));
    report_writer_free(w);
    return g_string_free(out, FALSE);
}

static void test_report_writer__no_rows__title_and_count(void **state)
{
    g_autofree char *text = write_rows(NULL, 0);

    (void)state;
    assert_string_equal(text, "DeviceID,ReasonCode,Tries\r\n#COUNT,0\r\n");
}

static void test_report_writer__rows__quoted_where_needed(void **state)
{
    static const char *const rows[][3] = {{"A", "a,\"b\"", "1"}, {"B", NULL, ""}, {" C", "x\ny", "2"}};
    g_autofree char *text = write_rows(rows, G_N_ELEMENTS(rows));

    (void)state;
    assert_string_equal(
        text, "DeviceID,ReasonCode,Tries\r\nA,\"a,\"\"b\"\"\",once\r\nB,,\r\n\" C\",\"x\ny\",2\r\n#COUNT,3\r\n");
}

/* Text that a spreadsheet would run as a formula is made harmless in free text only, and only at its beginning. */
static void test_report_writer__formulas__only_free_text_is_made_harmless(void **state)
{
    static const char *const formulas[] = {"=1+1", "+1", "-1", "@x", "\tx", "\rx"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(formulas); i++) {
        const char *const rows[][3] = {{formulas[i], formulas[i], formulas[i]}, {"A", "x=1", "1"}};
        g_autofree char *text = write_rows(rows, G_N_ELEMENTS(rows));
        bool quoted = formulas[i][0] == '\r';
        g_autofree char *cell = g_strdup_printf(quoted ? "\"%s\"" : "%s", formulas[i]);
        g_autofree char *neutral = g_strdup_printf(quoted ? "\"'%s\"" : "'%s", formulas[i]);
        g_autofree char *expected =
            g_strdup_printf("DeviceID,ReasonCode,Tries\r\n%s,%s,%s\r\nA,x=1,once\r\n#COUNT,2\r\n", cell, neutral, cell);
        assert_string_equal(text, expected);
    }
}

static void test_report_writer__bytes_fail__is_returned_and_not_repeated(void **state)
{
    static const char *const row[] = {"A", "b", "1"};
    int calls = 0;
    struct report_writer *w = report_writer_new(&layout, refuse, &calls);
    g_autoptr(GError) error = NULL;

    (void)state;
    for (int i = 0; i < 100000; i++)
        write_row(w, row);
    assert_false(report_writer_finish(w, &error));
    assert_string_equal(error->message, "full");
    assert_int_equal(calls, 1);
    report_writer_free(w);
}

static void test_report_writer__column_without_a_fact__is_an_error(void **state)
{
    static const char *const values[] = {"1", "b", "c"};
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    struct report_writer *w = report_writer_new(&layout, append, out);

    (void)state;
    report_writer_row(w, &(const struct facts){ids, values, G_N_ELEMENTS(values)});
    assert_false(report_writer_finish(w, &error));
    assert_string_equal(error->message, "layout X, column DeviceID: no value of the fact device.id");
    assert_string_equal(out->str, "");
    report_writer_free(w);
}

static void test_report_writer__every_layout__names_its_columns_once(void **state)
{
    (void)state;
    assert_null(profile_report(profile_builtin(), "ECOSMIG-000"));
    for (size_t i = 0; i < profile_builtin()->n_reports; i++) {
        const struct report_layout *one = &profile_reports(profile_builtin())[i];
        assert_ptr_equal(profile_report(profile_builtin(), one->ref), one);
        assert_in_range(one->n_columns, 1, REPORT_MAX_COLUMNS);
        for (size_t a = 0; a < one->n_columns; a++) {
            for (size_t b = 0; b < a; b++)
                assert_string_not_equal(one->columns[a].name, one->columns[b].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_writer__no_rows__title_and_count),
        cmocka_unit_test(test_report_writer__rows__quoted_where_needed),
        cmocka_unit_test(test_report_writer__formulas__only_free_text_is_made_harmless),
        cmocka_unit_test(test_report_writer__bytes_fail__is_returned_and_not_repeated),
        cmocka_unit_test(test_report_writer__column_without_a_fact__is_an_error),
        cmocka_unit_test(test_report_writer__every_layout__names_its_columns_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
