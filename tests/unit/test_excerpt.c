/* The lines that findings point to: the caret is under the character of the place, for any bytes. */
#include "gateway/commands/check/excerpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static GHashTable *excerpts_of(const char *text, size_t len, struct place at)
{
    static const struct unpack_limits limits = {1 << 20, 200};
    g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(struct place));
    int fd = memfd_create("file", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    g_array_append_val(wanted, at);
    GHashTable *excerpts = excerpt_places(fd, FILENAME_PLAIN, &(struct excerpt_source){&limits, NULL}, wanted);
    (void)close(fd);
    return excerpts;
}

static const struct {
    const char *text;
    size_t len;
    struct place at;
    const char *shown; /* NULL: no such line */
    size_t caret;
} cases[] = {
    {"abc\ndef\n", 8, {2, 2}, "def", 1},
    {"abc\r\n", 5, {1, 4}, "abc", 3},
    {"\xc3\xa9\xe2\x82\xac"
     "c",
     6,
     {1, 3},
     "é€c",
     2},
    {"a\0b", 3, {1, 3}, "a\\x00b", 5},
    /* First bytes of characters whose other bytes are missing: each counts as one character. */
    {"\xf0\xf0\xf0", 3, {1, 3}, "\\xF0\\xF0\\xF0", 8},
    {"ab\xfd", 3, {1, 4}, "ab\\xFD", 6},
    {"ab\xf0", 3, {1, 40}, "ab\\xF0", 6},
    /* Bytes that continue a character which never began do not count. */
    {"a\x80\x80"
     "b",
     4,
     {1, 2},
     "a\\x80\\x80b",
     9},
    /* At the beginning of a line they are shown, and column 1 is the first of them. */
    {"\xa6"
     "abc\n",
     5,
     {1, 1},
     "\\xA6abc",
     0},
    {"x\n\xa6\xa7"
     "b\n",
     6,
     {2, 2},
     "\\xA6\\xA7b",
     9},
    {"\xef\xbb\xbfH,x\n", 7, {1, 3}, "H,x", 2}, /* columns are counted from after a byte order mark */
    {"abc\n", 4, {2, 1}, "", 0},
    {"abc\n", 4, {3, 1}, NULL, 0},
};

static void test_excerpt__any_bytes__caret_under_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GHashTable) excerpts = excerpts_of(cases[i].text, cases[i].len, cases[i].at);
        const struct excerpt *excerpt = g_hash_table_lookup(excerpts, &cases[i].at);
        assert_int_equal(excerpt != NULL, cases[i].shown != NULL);
        if (excerpt == NULL)
            continue;
        assert_string_equal(excerpt->text, cases[i].shown);
        assert_int_equal(excerpt->caret, cases[i].caret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_excerpt__any_bytes__caret_under_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
