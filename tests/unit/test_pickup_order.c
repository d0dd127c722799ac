/* The order of files that are picked up together: numbers go round, and however files are listed, the order is one. */
#include "gateway/pipeline/pickup/pickup_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define SECOND "EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_"

enum { MOST_NAMES = 5 };

/* Names as they must come. A name of six digits stands for a file of one second. */
struct listing_case {
    uint32_t most;
    const char *names[MOST_NAMES + 1];
};

static const struct listing_case cases[] = {
    {999999, {"000001", "000002", "500000"}},
    {999999, {"999998", "999999", "000001", "000003"}},
    {0, {"999998", "000001"}},
    {9999, {"009999", "000001"}},
    {9999, {"004000", "008999"}},
    {9999, {"009000", "004000"}},
    /* Half a ring apart: of 1, 400000 and 800000 each looked like the follower of the one before. */
    {999999, {"800000", "000001", "400000"}},
    {999999, {"800000", "000001", "300000"}},
    {999999, {"300001", "600001", "900001", "000001"}},
    {9999, {"000001", "003334", "006667"}},
    {9999, {"007000", "001000", "003000"}},
    /* Names that are none of a second, and one in the midst of it. */
    {999999, {"A_000001.csv", "999999", "000001", "Z_000002.csv"}},
    {999999, {SECOND "x.csv", "Z_999999.csv", "Z_000002.csv"}},
    {999999, {"999999", SECOND "0000010.csv", "000001"}},
};

static char *name_of(const char *short_name)
{
    return strspn(short_name, G_CSET_DIGITS) == 6 ? g_strdup_printf(SECOND "%s.csv", short_name) : g_strdup(short_name);
}

static void free_listed(gpointer user)
{
    struct listed *listed = user;

    g_free(listed->order);
    g_free(listed);
}

/* The names of the row, of which `left` are still to be added, in one permutation after the other. */
static void try_all(const struct listing_case *row, const char **names, size_t n, size_t left)
{
    for (size_t i = 0; i < left; i++) {
        const char *last = names[left - 1];
        names[left - 1] = names[i];
        names[i] = last;
        if (left > 1)
            try_all(row, names, n, left - 1);
        names[i] = names[left - 1];
        names[left - 1] = last;
    }
    if (left > 1)
        return;
    g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func(free_listed);
    for (size_t i = 0; i < n; i++) {
        struct listed *one = g_new0(struct listed, 1);
        one->order = name_of(names[i]);
        one->most = row->most;
        g_ptr_array_add(listed, one);
    }
    pickup_order_sort(listed);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *expected = name_of(row->names[i]);
        assert_string_equal(((struct listed *)listed->pdata[i])->order, expected);
    }
}

static void test_pickup_order__numbers_that_go_round__come_in_one_order(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t r = 0; r < G_N_ELEMENTS(cases); r++) {
        const char *names[MOST_NAMES];
        size_t n = 0;
        for (; cases[r].names[n] != NULL; n++)
            names[n] = cases[r].names[n];
        try_all(&cases[r], names, n, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pickup_order__numbers_that_go_round__come_in_one_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
