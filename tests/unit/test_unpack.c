/* Unpacking plain and gzip files, and the limits that hold for every packing. */
#include "tests/unit/packed.h"

#include <sys/resource.h>

/* --- Plain and gzip ------------------------------------------------------------------------- */

static void test_unpack__plain_file__same_bytes(void **state)
{
    GString *text = g_string_new(TEXT);

    (void)state;
    expect_good(text, FILENAME_PLAIN, TEXT);
    g_string_free(text, TRUE);
}

static void test_unpack__empty_file__empty(void **state)
{
    static const enum filename_pack packs[] = {FILENAME_PLAIN, FILENAME_GZ, FILENAME_ZIP};
    GString *nothing = g_string_new(NULL);

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(packs); i++)
        expect_refusal(nothing, packs[i], STEM, FAULT_EMPTY, "found an empty file");
    g_string_free(nothing, TRUE);
}

static void test_unpack__descriptor_fails__error(void **state)
{
    struct outcome o = unpack_fd(-1, FILENAME_GZ, NULL, &wide, 16);

    (void)state;
    assert_int_equal(o.end, UNPACK_ERROR);
    outcome_clear(&o);
}

static void test_unpack_gzip__one_or_many_members__joined(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    expect_good(gz, FILENAME_GZ, TEXT);
    append_gz(gz, "", 0, 9);
    append_gz(gz, TEXT, strlen(TEXT), 0);
    expect_good(gz, FILENAME_GZ, TEXT TEXT);
    g_string_free(gz, TRUE);
}

static void test_unpack_gzip__bytes_behind__form(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    g_string_append_c(gz, '\0');
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_FORM, "found other bytes");
    g_string_append(gz, "abc");
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_FORM, "found other bytes");
    g_string_free(gz, TRUE);
}

static void test_unpack_gzip__other_content__form(void **state)
{
    static const char *const texts[] = {TEXT, "H", "\x1f", "PK\3\4", "\x78\x9c\x03"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        GString *text = g_string_new(texts[i]);
        bool begun = texts[i][0] == '\x1f';
        expect_refusal(text, FILENAME_GZ, NULL, begun ? FAULT_TRUNCATED : FAULT_FORM,
                       begun ? "found the end of the file" : "expected gzip data");
        g_string_free(text, TRUE);
    }
}

/* zlib holds output back when its input is used up: that comes out before the refusal. */
static void test_unpack_gzip__cut_anywhere__same_bytes_for_any_buffer(void **state)
{
    g_autofree char *text = g_strnfill(300, 'a');
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, text, strlen(text), 9);
    for (size_t len = 1; len < gz->len; len++) {
        const GString part = {gz->str, len, len};
        struct outcome large = unpack_bytes(&part, FILENAME_GZ, NULL, &wide, 4096);
        struct outcome small = unpack_bytes(&part, FILENAME_GZ, NULL, &wide, 1);
        assert_int_equal(large.kind, FAULT_TRUNCATED);
        assert_int_equal(small.kind, FAULT_TRUNCATED);
        assert_string_equal(large.bytes->str, small.bytes->str);
        outcome_clear(&large);
        outcome_clear(&small);
    }
    g_string_free(gz, TRUE);
}

static void test_unpack_gzip__cut_or_damaged__never_accepted(void **state)
{
    GString *gz = g_string_new(NULL);

    (void)state;
    append_gz(gz, TEXT, strlen(TEXT), 9);
    expect_never_accepted(gz, FILENAME_GZ);
    expect_no_other_bytes(gz, FILENAME_GZ);
    gz->str[gz->len - 8] ^= 1;
    expect_refusal(gz, FILENAME_GZ, NULL, FAULT_TRUNCATED, "incorrect data check");
    g_string_free(gz, TRUE);
}

/* --- Limits --------------------------------------------------------------------------------- */

static void expect_bomb_ends(const GString *bomb, enum filename_pack pack)
{
    struct rusage before, after;
    struct unpack *u;
    char buffer[16384];
    ssize_t n;
    uint64_t total = 0;
    int fd = file_of(bomb->str, bomb->len);

    getrusage(RUSAGE_SELF, &before);
    u = unpack_new(fd, pack, NULL, 0, &wide);
    while ((n = unpack_read(u, buffer, sizeof buffer, NULL)) > 0)
        total += (uint64_t)n;
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(n, UNPACK_REFUSED);
    assert_int_equal(unpack_fault(u)->kind, FAULT_LIMIT);
    assert_true(total <= 200 * bomb->len);
    assert_non_null(strstr(unpack_fault(u)->text, "200 times"));
    assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
    unpack_free(u);
    close(fd);
}

static void test_unpack__bomb__limit_soon(void **state)
{
    enum { SIZE = 50 * 1024 * 1024 };
    g_autofree char *zeros = g_malloc0(SIZE);
    GString *gz = g_string_new(NULL), *zip;

    (void)state;
    append_gz(gz, zeros, SIZE, 9);
    expect_bomb_ends(gz, FILENAME_GZ);
    memset(zeros, ' ', SIZE - 1);
    zip = make_zip(&(struct member){STEM, 0, zeros}, 1, NULL);
    expect_bomb_ends(zip, FILENAME_ZIP);
    g_string_free(gz, TRUE);
    g_string_free(zip, TRUE);
}

static void test_unpack__ratio__limit_is_exact(void **state)
{
    static const char text[4000];
    GString *gz = g_string_new(NULL);
    struct unpack_limits limits = {1 << 20, 0};
    struct outcome o;
    g_autofree char *packed = NULL;

    (void)state;
    append_gz(gz, text, sizeof text, 9);
    limits.max_ratio = (uint32_t)((sizeof text + gz->len - 1) / gz->len);
    o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.end, 0);
    outcome_clear(&o);
    limits.max_ratio--;
    o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.kind, FAULT_LIMIT);
    packed =
        g_strdup_printf("packed size of %zu bytes, found more than %zu bytes", gz->len, limits.max_ratio * gz->len);
    assert_non_null(strstr(o.text, packed));
    outcome_clear(&o);
    g_string_free(gz, TRUE);
}

/* A text whose size is a whole multiple of the packed size: exactly that ratio is allowed. */
static void test_unpack__whole_ratio__last_byte_allowed(void **state)
{
    static const char text[8000];
    GString *gz = g_string_new(NULL);
    struct unpack_limits limits = {1 << 20, 0};
    size_t n = 4000;

    (void)state;
    for (; n < sizeof text && (gz->len == 0 || n % gz->len != 0); n++) {
        g_string_truncate(gz, 0);
        append_gz(gz, text, n + 1, 9);
    }
    assert_int_equal(n % gz->len, 0);
    limits.max_ratio = (uint32_t)(n / gz->len);
    struct outcome o = unpack_bytes(gz, FILENAME_GZ, NULL, &limits, 100);
    assert_int_equal(o.end, 0);
    outcome_clear(&o);
    g_string_free(gz, TRUE);
}

static void test_unpack__max_bytes__limit_for_every_packing(void **state)
{
    GString *packed[] = {g_string_new(TEXT), g_string_new(NULL), make_good_zip()};

    (void)state;
    append_gz(packed[1], TEXT, strlen(TEXT), 9);
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
        for (size_t spare = 0; spare < 2; spare++) {
            const struct unpack_limits limits = {strlen(TEXT) - 1 + spare, 200};
            struct outcome o = unpack_bytes(packed[i], (enum filename_pack)i, STEM, &limits, 4096);
            assert_int_equal(o.end, spare ? 0 : UNPACK_REFUSED);
            assert_true(spare || o.kind == FAULT_LIMIT);
            outcome_clear(&o);
        }
        g_string_free(packed[i], TRUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack__plain_file__same_bytes),
        cmocka_unit_test(test_unpack__empty_file__empty),
        cmocka_unit_test(test_unpack__descriptor_fails__error),
        cmocka_unit_test(test_unpack_gzip__one_or_many_members__joined),
        cmocka_unit_test(test_unpack_gzip__bytes_behind__form),
        cmocka_unit_test(test_unpack_gzip__other_content__form),
        cmocka_unit_test(test_unpack_gzip__cut_or_damaged__never_accepted),
        cmocka_unit_test(test_unpack_gzip__cut_anywhere__same_bytes_for_any_buffer),
        cmocka_unit_test(test_unpack__bomb__limit_soon),
        cmocka_unit_test(test_unpack__ratio__limit_is_exact),
        cmocka_unit_test(test_unpack__whole_ratio__last_byte_allowed),
        cmocka_unit_test(test_unpack__max_bytes__limit_for_every_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
