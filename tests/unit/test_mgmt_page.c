/* The management page: its forecast, its figures, and that it holds nothing that others could run. */
#include "gateway/reports/mgmt_page.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { WEEK = 7 * 86400, MONDAY = 1688342400 /* 2023-07-03 */ };

static const struct mgmt_row rows[] = {{"ESME", "North", 100, 40, 6, 4, 10, 50, "D101"},
                                       {"ESME", "South", 50, 20, 1, 0, 0, 30, "D102"},
                                       {"GSME", "North", 60, 40, 0, 0, 0, 20, ""}};
static const struct mgmt_week weeks[] = {{MONDAY - 5 * WEEK, 210, 0, 210},  {MONDAY - 4 * WEEK, 210, 20, 190},
                                         {MONDAY - 3 * WEEK, 210, 40, 170}, {MONDAY - 2 * WEEK, 210, 60, 150},
                                         {MONDAY - 1 * WEEK, 210, 80, 120}, {MONDAY, 210, 100, 100}};

static struct mgmt_figures figures_of(int64_t end_date)
{
    return (struct mgmt_figures){.org = "TCOS",
                                 .environment = "TEST",
                                 .start = MONDAY - WEEK,
                                 .end = MONDAY,
                                 .rows = rows,
                                 .n_rows = G_N_ELEMENTS(rows),
                                 .weeks = weeks,
                                 .n_weeks = G_N_ELEMENTS(weeks),
                                 .end_date = end_date};
}

static void test_mgmt_page__forecast__has_the_pace_of_four_weeks(void **state)
{
    struct mgmt_figures figures = figures_of(MONDAY + 4 * WEEK);
    struct mgmt_forecast forecast;

    (void)state;
    mgmt_forecast(&figures, &forecast);
    assert_int_equal(forecast.remaining, 100);
    assert_true(forecast.per_week == 20 && forecast.needed == 25);
    assert_int_equal(forecast.finish, MONDAY + 5 * WEEK);
    figures.n_weeks = 1;
    mgmt_forecast(&figures, &forecast);
    assert_true(forecast.per_week == 0 && forecast.finish == 0 && forecast.needed == 25);
    figures.end_date = MONDAY;
    mgmt_forecast(&figures, &forecast);
    assert_true(forecast.needed == 0);
    figures.n_rows = 0;
    mgmt_forecast(&figures, &forecast);
    assert_true(forecast.remaining == 0 && forecast.finish == MONDAY);
}

static void test_mgmt_page__tcos_closes__tells_what_remains_and_the_time_left(void **state)
{
    static const struct {
        int64_t closes;
        const char *text;
    } cases[] = {
        {MONDAY + 5 * WEEK / 2,
         "100 still hold TCoS credentials. TCoS closes on 2023-07-20, 2.5 weeks after this period: "
         "40 a week."},
        {MONDAY, "100 still hold TCoS credentials. TCoS has closed on 2023-07-03."},
    };
    struct mgmt_figures figures = figures_of(0);
    g_autofree char *without = mgmt_page(&figures);

    (void)state;
    assert_null(strstr(without, "closing-text"));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        figures.closes = cases[i].closes;
        g_autofree char *page = mgmt_page(&figures);
        assert_non_null(strstr(page, cases[i].text));
    }
}

static void test_mgmt_page__progress_going_back__forecasts_no_end(void **state)
{
    struct mgmt_week back[] = {{MONDAY - WEEK, 9, 5, 4}, {MONDAY, 9, 4, 5}};
    struct mgmt_row endless = {"ESME", "North", INT64_MAX / 2, 1, 0, 0, 0, INT64_MAX / 2, NULL};
    struct mgmt_figures figures = figures_of(0);
    struct mgmt_forecast forecast;

    (void)state;
    figures.weeks = back;
    figures.n_weeks = 2;
    mgmt_forecast(&figures, &forecast);
    assert_true(forecast.per_week == 0 && forecast.finish == 0);
    figures = figures_of(0);
    figures.rows = &endless;
    figures.n_rows = 1;
    mgmt_forecast(&figures, &forecast);
    assert_true(forecast.per_week == 20 && forecast.finish == 0);
    g_autofree char *page = mgmt_page(&figures);
    assert_non_null(strstr(page, "to forecast an end"));
}

/* How often text stands in the page. */
static size_t count(const char *page, const char *text)
{
    size_t n = 0;

    for (const char *at = page; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

static void test_mgmt_page__same_figures__same_bytes_with_all_figures(void **state)
{
    struct mgmt_figures figures = figures_of(MONDAY + 4 * WEEK);
    g_autofree char *page = mgmt_page(&figures), *again = mgmt_page(&figures);

    (void)state;
    assert_string_equal(page, again);
    assert_int_equal(count(page, "<svg "), 5);
    assert_int_equal(count(page, "<title id="), 5);
    assert_int_equal(count(page, "<desc id="), 5);
    assert_int_equal(count(page, "<caption>"), 8);
    assert_non_null(strstr(page, "<th scope=\"row\">ESME</th><td class=\"word\">North</td><td>100</td><td>40</td>"
                                 "<td>6</td><td>4</td><td>10</td><td>50</td><td class=\"word\">D101</td>"));
    assert_non_null(strstr(page, "<th scope=\"row\">ESME</th><td>150</td><td>60</td><td>7</td><td>4</td><td>10</td>"
                                 "<td>80</td>"));
    assert_non_null(
        strstr(page, "<th scope=\"row\">D101</th><td>10</td></tr>\n<tr><th scope=\"row\">D102</th><td>1</td>"));
    assert_non_null(strstr(page, "it takes 25 a week: <strong>late</strong>"));
}

/* Texts come from files of others: none of them becomes markup, and nothing is fetched from anywhere. */
static void test_mgmt_page__hostile_texts__are_texts(void **state)
{
    const struct mgmt_row hostile = {"<script>x</script>", "\"><img src=x>", 1, 0, 1, 0, 0, 1, "&lt;"};
    struct mgmt_figures figures = figures_of(0);

    (void)state;
    figures.org = "<b>";
    figures.rows = &hostile;
    figures.n_rows = 1;
    g_autofree char *page = mgmt_page(&figures);
    static const char *const never[] = {"<script", "<img", "<b>", "http://", "https://", "url(", "@import", "&lt;</"};
    for (size_t i = 0; i < G_N_ELEMENTS(never); i++)
        assert_null(strstr(page, never[i]));
    assert_non_null(strstr(page, "default-src 'none'"));
}

static void test_mgmt_page__nothing_at_all__is_a_page(void **state)
{
    struct mgmt_figures figures = {.org = "TCOS", .environment = "TEST", .start = MONDAY - WEEK, .end = MONDAY};
    g_autofree char *page = mgmt_page(&figures);

    (void)state;
    assert_true(g_str_has_prefix(page, "<!DOCTYPE html>") && g_str_has_suffix(page, "</html>\n"));
    assert_non_null(strstr(page, "Nothing remains."));
    assert_non_null(strstr(page, "Nothing failed in this period."));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mgmt_page__forecast__has_the_pace_of_four_weeks),
        cmocka_unit_test(test_mgmt_page__tcos_closes__tells_what_remains_and_the_time_left),
        cmocka_unit_test(test_mgmt_page__progress_going_back__forecasts_no_end),
        cmocka_unit_test(test_mgmt_page__same_figures__same_bytes_with_all_figures),
        cmocka_unit_test(test_mgmt_page__hostile_texts__are_texts),
        cmocka_unit_test(test_mgmt_page__nothing_at_all__is_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
