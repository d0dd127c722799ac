/* What content is, by its first bytes. */
#include "formats/content.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#define BLANKS "\n \t\r\n"
#define HTML "a page of HTML"

/* The name for so many bytes; each is a copy of its exact size, so that the sanitizer sees a read beyond its end. */
static const char *name_of(const char *text, size_t len)
{
    g_autofree char *copy = g_memdup2(text, len);

    return content_name(len > 0 ? copy : "", len);
}

static const struct {
    const char *text, *name; /* name NULL: something else */
} texts[] = {
    {"", NULL},
    {BLANKS, NULL},
    {"hello", NULL},
    {"\xef\xbb\xbf", NULL},
    {"\xef\xbb", NULL},
    {"caf\xe9 au lait", NULL},
    /* binary content */
    {"\x1f\x8b\x08", "gzip data"},
    {"\x1f", NULL},
    {"\x1f\x8c", NULL},
    {"PK\3\4", "a zip archive"},
    {"PK\5\6", "a zip archive"},
    {"PK\7\x08", NULL},
    {"PK", NULL},
    {"BZh91AY", "bzip2 data"},
    {"\xfd"
     "7zXZ",
     "xz data"},
    {"%PDF-1.7", "a PDF document"},
    {"%PS-Adobe", NULL},
    {"\xd0\xcf\x11\xe0\xa1\xb1", "a workbook of a spreadsheet (.xls)"},
    /* text of other forms */
    {"{\"error\": 502}", "JSON"},
    {BLANKS "{", "JSON"},
    {"\xef\xbb\xbf{", "JSON"},
    {"[1]", NULL},
    {"H,EMI,1.0", "CSV"},
    {"D,1", "CSV"},
    {"\"H\",\"EMI\"", "CSV"},
    {"\xef\xbb\xbfH,EMI", "CSV"},
    {BLANKS "H,EMI", "CSV"},
    {"H;EMI", NULL},
    {"h,emi", NULL},
    {"T,1", NULL},
    {"\"D\",1", NULL},
    /* XML */
    {"<", "XML"},
    {"<?xml version=\"1.0\"?><MigrationInstruction>", "XML"},
    {"\xef\xbb\xbf" BLANKS "<a/>", "XML"},
    {"<!-- <html> --><a/>", "XML"},
    {"<!DOCTYPE svg>", "XML"},
    {"<!doctype", "XML"},
    {"<htmlx>", "XML"},
    {"<html", "XML"}, /* the name may go on */
    {"<html-x>", "XML"},
    {"<body.x>", "XML"},
    {"<title:x>", "XML"},
    {"<!-- <html>", "XML"},
    {"<?xml <html>", "XML"},
    /* HTML */
    {"<html>", HTML},
    {"<HTML lang='en'>", HTML},
    {"<head/>", HTML},
    {"<Body\n>", HTML},
    {"<title>502 Bad Gateway</title>", HTML},
    {"<!DOCTYPE html>", HTML},
    {"<!doctype\n HTML PUBLIC", HTML},
    {BLANKS "<!-- a --> <!-- b --><html>", HTML},
    {"<?xml version='1.0'?>\n<!DOCTYPE html>", HTML},
    {"<?xml version='1.0'?><!-- --><html>", HTML},
    {"\xef\xbb\xbf" BLANKS "<html>", HTML},
};

static void test_content__first_bytes__are_named(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *found = name_of(texts[i].text, strlen(texts[i].text));

        if (g_strcmp0(found, texts[i].name) != 0)
            fail_msg("\"%s\": expected %s, found %s", texts[i].text, texts[i].name, found);
    }
}

/* The reader waits for no more than four bytes where no '<' stands first. */
static void test_content__four_bytes__name_all_but_html(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strlen(texts[i].text) > 4 && strchr("\n\xef<", texts[i].text[0]) == NULL)
            assert_string_equal(name_of(texts[i].text, 4) ? name_of(texts[i].text, 4) : "-",
                                texts[i].name ? texts[i].name : "-");
}

static void test_content__text_cut_anywhere__nothing_is_read_beyond_its_end(void **state)
{
    (void)state; /* cmocka's signature */
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        for (size_t len = 0; len <= strlen(texts[i].text); len++)
            (void)name_of(texts[i].text, len);
}

static void test_content__nul_and_wide_encodings__have_no_name(void **state)
{
    static const char nul[] = "\0<html>", wide[] = "\xff\xfe<\0h\0", other[] = "\xfe\xff\0<";

    (void)state; /* cmocka's signature */
    assert_null(name_of(nul, sizeof nul - 1));
    assert_null(name_of(wide, sizeof wide - 1));
    assert_null(name_of(other, sizeof other - 1));
}

static void test_content__huge_prologue__is_passed(void **state)
{
    g_autofree char *blanks = g_strnfill(1000000, ' ');
    g_autofree char *comment = g_strconcat("<!--", blanks, "-->", blanks, "<html>", NULL);
    g_autofree char *open = g_strconcat("<!--", blanks, NULL);
    GString *comments = g_string_new(NULL);

    (void)state; /* cmocka's signature */
    for (int i = 0; i < 100000; i++)
        g_string_append(comments, "<!---->");
    g_string_append(comments, "<body>");
    assert_string_equal(name_of(comment, strlen(comment)), HTML);
    assert_string_equal(name_of(open, strlen(open)), "XML");
    assert_string_equal(name_of(comments->str, comments->len), HTML);
    g_string_free(comments, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content__first_bytes__are_named),
        cmocka_unit_test(test_content__four_bytes__name_all_but_html),
        cmocka_unit_test(test_content__text_cut_anywhere__nothing_is_read_beyond_its_end),
        cmocka_unit_test(test_content__nul_and_wide_encodings__have_no_name),
        cmocka_unit_test(test_content__huge_prologue__is_passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
