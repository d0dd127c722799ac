/* A dictionary gives back what was put, also when it is full. */
#include "spool/dictionary.h"
#include "spool/varint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void test_dictionary__same_bytes__one_entry(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t number;
    } put[] = {{"M1", 3, 1},       {"M2", 3, 2}, {"M1", 3, 1},   {"", 0, 3},   {"12345678", 8, 4}, {"123456789", 9, 5},
               {"12345678", 9, 6}, {"", 0, 3},   {"\0\0", 2, 7}, {"\0", 1, 8}, {"M2", 3, 2}};
    g_autoptr(dictionary_t) dictionary = dictionary_new();
    g_autoptr(GByteArray) record = g_byte_array_new();
    const struct dictionary_entry *entry;
    uint32_t known = 0;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(put); i++) {
        struct dictionary_entry *one = dictionary_put(dictionary, put[i].bytes, put[i].len, record);
        assert_non_null(one);
        assert_int_equal(one->number, put[i].number);
        assert_int_equal(one->value, one->number > known ? -1 : 10 * (int64_t)one->number);
        one->value = 10 * (int64_t)one->number;
        known = MAX(known, one->number);
    }
    const uint8_t *at = record->data;
    for (size_t i = 0; i < G_N_ELEMENTS(put); i++) {
        const uint8_t *bytes = dictionary_get(dictionary, &at, &entry);
        assert_int_equal(entry->number, put[i].number);
        assert_int_equal(entry->len, put[i].len);
        assert_memory_equal(bytes, put[i].bytes, put[i].len);
    }
    assert_ptr_equal(at, record->data + record->len);
}

/* What does not fit stands in the record, and what is known is still found. */
static void expect_full(guint n, size_t len)
{
    g_autoptr(dictionary_t) dictionary = dictionary_new();
    g_autoptr(GByteArray) record = g_byte_array_new();
    g_autofree uint8_t *bytes = g_malloc0(len);
    const struct dictionary_entry *entry;
    guint entries = 0;

    for (guint i = 0; i < n; i++) {
        memcpy(bytes, &i, sizeof i);
        entries += dictionary_put(dictionary, bytes, len, record) != NULL;
    }
    assert_in_range(entries, 1, n - 1);
    guint first = 0;
    memcpy(bytes, &first, sizeof first);
    assert_non_null(dictionary_put(dictionary, bytes, len, record));
    const uint8_t *at = record->data;
    for (guint i = 0; i <= n; i++) {
        guint number = i % n;
        memcpy(bytes, &number, sizeof number);
        assert_memory_equal(dictionary_get(dictionary, &at, &entry), bytes, len);
        assert_int_equal(entry != NULL, number < entries);
    }
    assert_ptr_equal(at, record->data + record->len);
}

static void test_dictionary__full__bytes_stand_in_the_record(void **state)
{
    (void)state;
    expect_full(DICTIONARY_STRINGS + 10, 8);
    expect_full(10, DICTIONARY_BYTES / 4 - 1);
}

static void test_varint__any_number__comes_back(void **state)
{
    static const int64_t numbers[] = {0, 1, -1, 63, 64, -64, -65, 127, 128, 1688385600, G_MAXINT64, G_MININT64};
    uint8_t bytes[VARINT64_SIZE];

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const uint8_t *at = bytes, *end = varint_put(bytes, varint_fold(numbers[i]));
        assert_true(varint_unfold(varint_get(&at)) == numbers[i]);
        assert_ptr_equal(at, end);
        at = bytes;
        end = varint_put(bytes, (uint64_t)numbers[i]);
        assert_true(varint_get(&at) == (uint64_t)numbers[i]);
        assert_ptr_equal(at, end);
        assert_in_range(end - bytes, 1, sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dictionary__same_bytes__one_entry),
        cmocka_unit_test(test_dictionary__full__bytes_stand_in_the_record),
        cmocka_unit_test(test_varint__any_number__comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
