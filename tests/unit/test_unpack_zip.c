/* Unpacking zip: one member under the right name, and an archive that every reader takes apart alike. */
#include "tests/unit/packed.h"

static char *find(GString *zip, const char *signature)
{
    char *at = memmem(zip->str, zip->len, signature, 4);

    assert_non_null(at);
    return at;
}

static void test_unpack_zip__good_archive__same_bytes(void **state)
{
    static const char *const options[] = {NULL, "zip:compression=store", "zip:compression=deflate", "zip:zip64"};
    static const struct member good = {STEM, 0, TEXT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        GString *zip = make_zip(&good, 1, options[i]);
        assert_non_null(zip);
        expect_good(zip, FILENAME_ZIP, TEXT);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__wrong_members__form(void **state)
{
    static const struct {
        struct member members[2];
        const char *stem, *text;
    } cases[] = {
        {{{STEM, 0, TEXT}, {STEM, 0, TEXT}}, STEM, "expected one zip member, found 2"},
        {{{STEM, 0, TEXT}, {"other", 0, TEXT}}, NULL, "expected one zip member, found 2"},
        {{{"emi_x.csv", 0, TEXT}}, STEM, "named like the file without .zip, found \"emi_x.csv\""},
        {{{STEM ".", 0, TEXT}}, STEM, "found \"" STEM ".\""},
        {{{"a/" STEM, 0, TEXT}}, STEM, "found \"a/" STEM "\""},
        {{{"../" STEM, 0, TEXT}}, NULL, "without a path, found \"../" STEM "\""},
        {{{"a\\b", 0, TEXT}}, NULL, "without a path, found \"a\\\\b\""},
        {{{STEM, AE_IFLNK, NULL}}, STEM, "regular file, found a link"},
        {{{STEM, AE_IFDIR, NULL}}, NULL, "regular file, found a folder"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_zip(cases[i].members, cases[i].members[1].name ? 2 : 1, NULL);
        expect_refusal(zip, FILENAME_ZIP, cases[i].stem, FAULT_FORM, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

/* A member's name is never used as a path. All the same none is accepted that would lead out of a folder. */
static void test_unpack_zip__name_that_is_a_path__form(void **state)
{
    static const char *const names[] = {"..",          ".",          "../x",  "../" STEM, "/" STEM,
                                        "/etc/passwd", "a/../" STEM, "..\\x", "\\x"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        GString *zip = make_zip(&(struct member){names[i], 0, TEXT}, 1, NULL);
        expect_refusal(zip, FILENAME_ZIP, NULL, FAULT_FORM, "expected a zip member named without a path");
        expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "expected a zip member named like the file");
        g_string_free(zip, TRUE);
    }
}

/* Any other name with dots is a name. */
static void test_unpack_zip__name_with_dots__accepted(void **state)
{
    static const char *const names[] = {"...", "..x", "x..", ".x"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        GString *zip = make_zip(&(struct member){names[i], 0, TEXT}, 1, NULL);
        struct outcome o = unpack_bytes(zip, FILENAME_ZIP, NULL, &wide, 4096);
        assert_int_equal(o.end, 0);
        outcome_clear(&o);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__any_name_will_do__accepted(void **state)
{
    GString *zip = make_zip(&(struct member){"x", 0, TEXT}, 1, NULL);
    struct outcome o = unpack_bytes(zip, FILENAME_ZIP, NULL, &wide, 4096);

    (void)state;
    assert_int_equal(o.end, 0);
    assert_string_equal(o.bytes->str, TEXT);
    outcome_clear(&o);
    o = unpack_bytes(zip, FILENAME_ZIP, STEM, &wide, 4096);
    assert_string_equal(o.value, "x");
    outcome_clear(&o);
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__no_members__empty(void **state)
{
    GString *zip = make_zip(NULL, 0, NULL);

    (void)state;
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_EMPTY, "expected one zip member, found none");
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__other_content__form(void **state)
{
    static const char *const texts[] = {TEXT, "\x1f\x8b\x08zz", "PKxx", "x"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        GString *text = g_string_new(texts[i]);
        expect_refusal(text, FILENAME_ZIP, STEM, FAULT_FORM, "expected a zip archive");
        g_string_free(text, TRUE);
    }
}

static void test_unpack_zip__cut_or_damaged__never_accepted(void **state)
{
    static const char *const options[] = {"zip:compression=store", "zip:compression=deflate"};
    static const struct member good = {STEM, 0, TEXT};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        GString *zip = make_zip(&good, 1, options[i]);
        expect_never_accepted(zip, FILENAME_ZIP);
        expect_no_other_bytes(zip, FILENAME_ZIP);
        g_string_append(zip, "x");
        expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "found more bytes");
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__comment__accepted_whole_only(void **state)
{
    GString *zip = make_good_zip();

    (void)state;
    find(zip, "PK\5\6")[20] = 3;
    g_string_append(zip, "ab");
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_TRUNCATED, "record that ends a zip archive");
    g_string_append(zip, "c");
    expect_good(zip, FILENAME_ZIP, TEXT);
    g_string_free(zip, TRUE);
}

static void test_unpack_zip__encrypted__form(void **state)
{
    GString *zip = make_zip(&(struct member){STEM, 0, TEXT}, 1, "zip:encryption=traditional");

    (void)state;
    if (!zip) /* libarchive was built without */
        skip();
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "found an encrypted one");
    g_string_free(zip, TRUE);
}

/* Where the two headers of a member disagree, each reader may see another file. */
static void test_unpack_zip__central_directory_lies__refused(void **state)
{
    static const struct {
        const char *signature;
        size_t offset;
        char value;
        enum fault_kind kind;
        const char *text;
    } cases[] = {
        {"PK\1\2", 10, 12, FAULT_FORM, "found compression method 12"},
        {"PK\3\4", 8, 99, FAULT_FORM, "found compression method 99"},
        {"PK\3\4", 30, 'X', FAULT_FORM, "found \"XMI_x.csv\""},
        {"PK\1\2", 46, 'X', FAULT_FORM, "found \"XMI_x.csv\""},
        {"PK\1\2", 42, 1, FAULT_FORM, "found it at byte 1"},
        {"PK\1\2", 16, 1, FAULT_TRUNCATED, "checksum"},
        {"PK\1\2", 24, 1, FAULT_TRUNCATED, "bytes of zip data"},
        {"PK\1\2", 38, 0x10, FAULT_FORM, "found a folder"},
        {"PK\1\2", 41, (char)0xa1, FAULT_FORM, "found a link"},
        {"PK\1\2", 41, 0x21, FAULT_FORM, "found a special file"},
        {"PK\1\2", 20, 1, FAULT_FORM, "expected a zip member of 1 packed bytes"},
        {"PK\1\2", 30, 1, FAULT_FORM, "found it elsewhere"},
        {"PK\5\6", 4, 1, FAULT_FORM, "part of a split one"},
        {"PK\5\6", 8, 2, FAULT_FORM, "part of a split one"},
        {"PK\5\6", 12, 1, FAULT_FORM, "found it elsewhere"},
        {"PK\5\6", 16, 1, FAULT_TRUNCATED, "expected a zip header at byte"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_good_zip();
        find(zip, cases[i].signature)[cases[i].offset] = cases[i].value;
        expect_refusal(zip, FILENAME_ZIP, STEM, cases[i].kind, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

static void test_unpack_zip__second_member_hidden__form(void **state)
{
    static const struct member two[] = {{STEM, 0, TEXT}, {"other", 0, TEXT}};
    GString *zip = make_zip(two, 2, NULL);
    char *end = find(zip, "PK\5\6");

    (void)state;
    end[8] = end[10] = 1;
    expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "directory of one member right before its end");
    g_string_free(zip, TRUE);
}

/* Puts bytes before the signature; what stands behind is found where the end record says. */
static void put_before(GString *zip, const char *signature, const char *bytes)
{
    gssize at = find(zip, signature) - zip->str;

    g_string_insert(zip, at, bytes);
    if (signature[2] == '\1')
        find(zip, "PK\5\6")[16] = (char)(find(zip, "PK\5\6")[16] + (char)strlen(bytes));
}

/* Readers that begin at the end must find the same directory and the same data. */
static void test_unpack_zip__something_between_its_parts__form(void **state)
{
    static const struct {
        const char *signature, *bytes, *text;
    } cases[] = {
        {"PK\1\2", "xxxx", "packed bytes right before the directory"},
        {"PK\1\2", "PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4PK\3\4", "packed bytes right before the directory"},
        {"PK\5\6", "x", "directory of one member right before its end"},
        {"PK\5\6", "PK\1\2", "directory of one member right before its end"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_zip(&(struct member){STEM, 0, TEXT}, 1, "zip:compression=store");
        put_before(zip, cases[i].signature, cases[i].bytes);
        expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, cases[i].text);
        g_string_free(zip, TRUE);
    }
}

/* What libarchive does not write: the records of zip64 in a file that does not need them. */
static void append_zip64(GString *zip, char members, char directory)
{
    char end64[56] = "PK\6\6", locator[20] = "PK\6\7";
    char *end = find(zip, "PK\5\6");
    size_t at = (size_t)(end - zip->str);

    end64[4] = 44;
    end64[24] = end64[32] = members;
    memcpy(end64 + 40, end + 12, 4);
    memcpy(end64 + 48, end + 16, 4);
    end64[48] = (char)(end64[48] + directory);
    locator[8] = (char)(at & 0xff);
    locator[9] = (char)(at >> 8);
    locator[16] = 1;
    g_string_insert_len(zip, (gssize)at, end64, sizeof end64);
    g_string_insert_len(zip, (gssize)(at + sizeof end64), locator, sizeof locator);
}

static void test_unpack_zip__zip64_records__must_agree(void **state)
{
    static const struct {
        char members, directory;
    } cases[] = {{1, 0}, {2, 0}, {1, 1}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *zip = make_good_zip();
        append_zip64(zip, cases[i].members, cases[i].directory);
        if (i == 0)
            expect_good(zip, FILENAME_ZIP, TEXT);
        else
            expect_refusal(zip, FILENAME_ZIP, STEM, FAULT_FORM, "right before its end, found it elsewhere");
        g_string_free(zip, TRUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack_zip__good_archive__same_bytes),
        cmocka_unit_test(test_unpack_zip__wrong_members__form),
        cmocka_unit_test(test_unpack_zip__name_that_is_a_path__form),
        cmocka_unit_test(test_unpack_zip__name_with_dots__accepted),
        cmocka_unit_test(test_unpack_zip__any_name_will_do__accepted),
        cmocka_unit_test(test_unpack_zip__no_members__empty),
        cmocka_unit_test(test_unpack_zip__other_content__form),
        cmocka_unit_test(test_unpack_zip__cut_or_damaged__never_accepted),
        cmocka_unit_test(test_unpack_zip__comment__accepted_whole_only),
        cmocka_unit_test(test_unpack_zip__encrypted__form),
        cmocka_unit_test(test_unpack_zip__central_directory_lies__refused),
        cmocka_unit_test(test_unpack_zip__second_member_hidden__form),
        cmocka_unit_test(test_unpack_zip__something_between_its_parts__form),
        cmocka_unit_test(test_unpack_zip__zip64_records__must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
