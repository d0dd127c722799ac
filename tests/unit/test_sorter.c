/* Records come back sorted, also when most of them went through a temporary file. */
#include "spool/sorter.h"
#include "spool/spool_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { SMALL = 4096, RECORDS = 5000 };

/* A record as the model keeps it. */
struct kept {
    uint64_t a, b;
    guint n; /* the how manieth it was */
    char data[300];
    uint32_t len;
};

static gint in_order(gconstpointer p, gconstpointer q)
{
    const struct kept *x = p, *y = q;

    if (x->a != y->a)
        return (x->a > y->a) - (x->a < y->a);
    if (x->b != y->b)
        return (x->b > y->b) - (x->b < y->b);
    return (x->n > y->n) - (x->n < y->n);
}

/* In which order records come. */
enum order { IN_NO_ORDER, BY_B, BY_A_THEN_B, BY_BOTH };

/* Few keys, so that many are equal; ids with the highest bit; data of all lengths. */
static GArray *fill(struct sorter *sorter, guint n, enum order order)
{
    GArray *model = g_array_new(FALSE, TRUE, sizeof(struct kept));
    g_autoptr(GRand) random = g_rand_new_with_seed(n);

    for (guint i = 0; i < n; i++) {
        struct kept one = {.a = (uint64_t)g_rand_int_range(random, -50, 50), .n = i};
        one.b = (uint64_t)g_rand_int_range(random, -3, 3);
        if (order == BY_B || order == BY_BOTH)
            one.b = i / 300 * 1000;
        if (order == BY_BOTH)
            one.a = i / 700;
        if (order == BY_A_THEN_B)
            one.a = i;
        one.len = (uint32_t)g_rand_int_range(random, 0, sizeof one.data);
        memset(one.data, 'a' + (int)(i % 26), one.len);
        assert_true(sorter_add(sorter, &(struct sorter_record){one.a, one.b, one.data, one.len}, NULL));
        g_array_append_val(model, one);
    }
    g_array_sort(model, in_order);
    return model;
}

static void expect(struct sorter *sorter, const GArray *model)
{
    const struct sorter_record *record;

    assert_true(sorter_rewind(sorter, NULL));
    for (guint i = 0; i < model->len; i++) {
        const struct kept *one = &g_array_index(model, struct kept, i);
        record = sorter_peek(sorter);
        assert_non_null(record);
        assert_int_equal(record->a, one->a);
        assert_int_equal(record->b, one->b);
        assert_int_equal(record->len, one->len);
        assert_memory_equal(record->data, one->data, one->len);
        assert_true(sorter_skip(sorter, NULL));
    }
    assert_null(sorter_peek(sorter));
}

static void sort_and_expect(guint n, size_t memory, enum order order)
{
    g_autoptr(sorter_t) sorter = sorter_new(g_get_tmp_dir(), memory);
    g_autoptr(GArray) model = fill(sorter, n, order);

    expect(sorter, model);
    expect(sorter, model); /* once more from its beginning */
}

static void test_sorter__records_fit__are_sorted(void **state)
{
    (void)state;
    sort_and_expect(0, SORTER_MEMORY, IN_NO_ORDER);
    sort_and_expect(1, SORTER_MEMORY, IN_NO_ORDER);
    for (enum order order = IN_NO_ORDER; order <= BY_BOTH; order++)
        sort_and_expect(RECORDS, SORTER_MEMORY, order);
}

static void test_sorter__records_do_not_fit__runs_are_merged(void **state)
{
    (void)state;
    for (enum order order = IN_NO_ORDER; order <= BY_BOTH; order++)
        sort_and_expect(RECORDS, SMALL, order);
    sort_and_expect(1, 1, IN_NO_ORDER); /* each record is a run */
    sort_and_expect(70, 1, IN_NO_ORDER);
}

/* A record longer than what is read at once. */
static void test_sorter__long_record__comes_back_whole(void **state)
{
    g_autoptr(sorter_t) sorter = sorter_new(g_get_tmp_dir(), SMALL);
    g_autofree char *data = g_malloc(1000000);

    (void)state;
    memset(data, 'x', 1000000);
    for (uint64_t i = 3; i-- > 0;)
        assert_true(sorter_add(sorter, &(struct sorter_record){i, 0, data, 1000000 - (uint32_t)i}, NULL));
    assert_true(sorter_rewind(sorter, NULL));
    for (uint32_t i = 0; i < 3; i++) {
        const struct sorter_record *record = sorter_peek(sorter);
        assert_int_equal(record->a, i);
        assert_int_equal(record->len, 1000000 - i);
        assert_memory_equal(record->data, data, record->len);
        assert_true(sorter_skip(sorter, NULL));
    }
}

static void test_sorter__no_folder__says_which(void **state)
{
    g_autoptr(sorter_t) sorter = sorter_new("/nonexistent/folder", 1);
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_false(sorter_add(sorter, &(struct sorter_record){1, 2, "3", 1}, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    assert_non_null(strstr(error->message, "/nonexistent/folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorter__records_fit__are_sorted),
        cmocka_unit_test(test_sorter__records_do_not_fit__runs_are_merged),
        cmocka_unit_test(test_sorter__long_record__comes_back_whole),
        cmocka_unit_test(test_sorter__no_folder__says_which),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
