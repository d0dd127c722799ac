/* Text made safe to show, and back; UTF-8. */
#include "formats/text.h"

#include "formats/eight.h"
#include "formats/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static void test_text__any_bytes__escaped_as_printable_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *escaped;
    } cases[] = {
        {"", 0, ""},
        {"plain é €", 12, "plain é €"},
        {"a\\b", 3, "a\\\\b"},
        {"\0\t\n\x7f", 4, "\\x00\\x09\\x0A\\x7F"},
        {"\xc2\x85", 2, "\\xC2\\x85"},          /* NEL, a control character */
        {"\xc0\x80", 2, "\\xC0\\x80"},          /* over-long NUL */
        {"\xed\xa0\x80", 3, "\\xED\\xA0\\x80"}, /* surrogate */
        {"\xf4\x90\x80\x80", 4, "\\xF4\\x90\\x80\\x80"},
        {"\xe2\x82", 2, "\\xE2\\x82"},                                     /* cut off */
        {"\xe2\x80\xae", 3, "\\xE2\\x80\\xAE"},                            /* turns the direction of what follows */
        {"\xe2\x81\xa6", 3, "\\xE2\\x81\\xA6"},                            /* likewise */
        {"\xe2\x80\xa8", 3, "\\xE2\\x80\\xA8"},                            /* ends a line */
        {"\xef\xbf\xbe\xef\xbf\xbf", 6, "\\xEF\\xBF\\xBE\\xEF\\xBF\\xBF"}, /* XML cannot hold them */
        {"\xef\xbf\xbd\xe2\x80\xaf\xe2\x81\xa5", 9,
         "\xef\xbf\xbd\xe2\x80\xaf\xe2\x81\xa5"}, /* neighbours of all these */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *escaped = text_escape(cases[i].bytes, cases[i].len, 0);
        assert_string_equal(escaped, cases[i].escaped);
    }
}

static void test_text__escaped_over_the_limit__ends_in_ellipsis(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *cut;
    } cases[] = {
        {"abcd", 4, "abcd"},       {"abcde", 4, "abc…"},       {"éééé", 4, "éééé"},
        {"ééééé", 4, "ééé…"},      {"ab\ncd", 6, "ab…"}, /* no escape is torn */
        {"ab\ncd", 7, "ab\\x0A…"}, {"ab\ncd", 8, "ab\\x0Acd"}, {"ab", 1, "…"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *cut = text_escape(cases[i].text, strlen(cases[i].text), cases[i].max);
        assert_string_equal(cut, cases[i].cut);
    }
}

/* Random bytes, half of them from the limits of UTF-8 and of escapes, which chance would hardly meet. */
static size_t random_bytes(GRand *random, char *bytes, size_t max)
{
    static const char edges[] = "\\x0Aaé€\xc2\x80\x9f\xed\xa0\xbf\xf4\x90\xe0\xff\n";
    size_t len = (size_t)g_rand_int_range(random, 0, (gint32)max + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = g_rand_boolean(random) ? (char)g_rand_int_range(random, 0, 256)
                                          : edges[g_rand_int_range(random, 0, sizeof edges)];
    return len;
}

static void test_text__random_bytes__escaped_and_back_are_the_same(void **state)
{
    GRand *random = g_rand_new_with_seed(7);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char bytes[24];
        size_t len = random_bytes(random, bytes, sizeof bytes), again_len = 0;
        g_autofree char *escaped = text_escape(bytes, len, 0);
        g_autofree char *again = text_unescape(escaped, &again_len);
        assert_true(g_utf8_validate(escaped, -1, NULL));
        assert_non_null(again);
        assert_int_equal(again_len, len);
        assert_memory_equal(again, bytes, len);
    }
    g_rand_free(random);
}

static void test_text__no_escaped_form__unescapes_to_null(void **state)
{
    static const char *const bad[] = {"\\",
                                      "a\\",
                                      "\\x",
                                      "\\x4",
                                      "\\x41",
                                      "\\x0a",
                                      "\\n",
                                      "\\xZZ",
                                      "\n",
                                      "\xff",
                                      "\\xC3\\xA9" /* é needs no escape */,
                                      "\\x5C"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        size_t len;
        assert_null(text_unescape(bad[i], &len));
    }
}

static void test_text__random_bytes__valid_prefix_agrees_with_glib(void **state)
{
    GRand *random = g_rand_new_with_seed(9);

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char bytes[40];
        const char *end;
        size_t len = random_bytes(random, bytes, sizeof bytes);
        g_utf8_validate_len(bytes, len, &end);
        assert_int_equal(text_valid_prefix(bytes, len), end - bytes);
    }
    g_rand_free(random);
}

static void test_text__every_prefix_of_a_character__is_cut_character(void **state)
{
    static const char *const characters[] = {"é", "€", "\xf0\x9f\x98\x80", "\xed\x9f\xbf"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(characters); i++) {
        size_t whole = strlen(characters[i]);
        for (size_t len = 0; len <= whole; len++)
            assert_int_equal(text_is_cut_character(characters[i], len), len > 0 && len < whole);
        assert_int_equal(text_characters(characters[i], whole), 1);
    }
    assert_false(text_is_cut_character("\xed\xa0", 2));
    assert_false(text_is_cut_character("\xff", 1));
    assert_false(text_is_cut_character("", 1));
}

/* Of bytes at the limits, so that what one of them carries into the next would be seen. */
static void test_eight__random_bytes__are_ascii_as_one_by_one(void **state)
{
    static const unsigned char bytes[] = {'a', 1, 0x7f, 'a', 'z', ' ', 0, 0x80, 0x81, 0xff};
    int ascii = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[200];
        size_t len = (size_t)g_random_int_range(0, sizeof text + 1);
        int kinds = i % 2 == 0 ? 6 : (int)G_N_ELEMENTS(bytes);
        bool expected = true;

        for (size_t k = 0; k < len; k++)
            text[k] = (char)bytes[g_random_int_range(0, k + 2 > len || i % 3 == 0 ? kinds : 6)];
        for (size_t k = 0; k < len; k++)
            expected &= text[k] > 0;
        assert_int_equal(eight_is_ascii(text, len), expected);
        ascii += expected;
    }
    assert_in_range(ascii, 100000, 190000);
}

static void test_eight__random_bytes__are_one_number_or_a_sum_as_one_by_one(void **state)
{
    char text[4096];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)g_random_int_range(0, i % 100 == 0 ? sizeof text : 9), most = len > 8 ? 0x100 : 0x80;
        uint64_t sum = 0, word = 0;

        for (size_t k = 0; k < len; k++) {
            text[k] = (char)(i % 200 == 0 ? 0xff : g_random_int_range(1, (gint32)most));
            sum += (unsigned char)text[k];
            word |= k < 8 ? (uint64_t)(unsigned char)text[k] << 8 * k : 0;
        }
        g_autofree char *exact = g_memdup2(text, len); /* so that a sanitizer sees a byte beyond it */
        assert_true(eight_sum(exact, len) == sum);
        if (len <= 8)
            assert_true(eight_short(exact, len) == word);
    }
}

static void test_eight__digits__are_their_number(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[12];
        int number = i == 0 ? 99999999 : g_random_int_range(0, 100000000);

        (void)g_snprintf(text, sizeof text, "%08d", number);
        assert_int_equal(eight_decimal(eight_load(text)), number);
    }
}

/* As field_number, digit by digit. */
static uint32_t number_of(const char *text, size_t len, size_t max_digits)
{
    uint32_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number * 10 + (uint32_t)(text[i] - '0');
    return len > 0 && len <= max_digits && text[0] != '0' && strspn(text, "0123456789") == len ? number : 0;
}

static void test_field_number__digits_and_others__as_one_by_one(void **state)
{
    int numbers = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        char text[12] = "";
        size_t len = (size_t)g_random_int_range(0, 11), max_digits = (size_t)g_random_int_range(1, 10);

        for (size_t k = 0; k < len; k++)
            text[k] = (char)g_random_int_range('0', '9' + 1);
        if (len > 0 && i % 4 == 0) /* any byte, a sign, a blank, a neighbour of the digits */
            text[g_random_int_range(0, (gint32)len)] =
                i % 8 == 0 ? (char)g_random_int_range(1, 256) : "+- /:."[g_random_int_range(0, 6)];
        g_autofree char *exact = g_memdup2(text, len); /* so that a sanitizer sees a byte beyond it */
        uint32_t expected = number_of(text, len, max_digits);
        assert_int_equal(field_number(&(struct field){.text = exact, .len = len}, max_digits), expected);
        numbers += expected > 0;
    }
    assert_in_range(numbers, 20000, 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__any_bytes__escaped_as_printable_text),
        cmocka_unit_test(test_text__escaped_over_the_limit__ends_in_ellipsis),
        cmocka_unit_test(test_text__random_bytes__escaped_and_back_are_the_same),
        cmocka_unit_test(test_text__no_escaped_form__unescapes_to_null),
        cmocka_unit_test(test_text__random_bytes__valid_prefix_agrees_with_glib),
        cmocka_unit_test(test_text__every_prefix_of_a_character__is_cut_character),
        cmocka_unit_test(test_eight__random_bytes__are_ascii_as_one_by_one),
        cmocka_unit_test(test_eight__random_bytes__are_one_number_or_a_sum_as_one_by_one),
        cmocka_unit_test(test_eight__digits__are_their_number),
        cmocka_unit_test(test_field_number__digits_and_others__as_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
