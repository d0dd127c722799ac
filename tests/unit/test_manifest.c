/* The list of a backup's files: lines that it must read, and lines that must not lead anywhere. */
#include "spool/digest.h"
#include "spool/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char *path;

static int make_file(void **state)
{
    int fd = g_file_open_tmp("ecosgate-manifest.XXXXXX", &path, NULL);

    (void)state;
    return fd < 0 || !g_close(fd, NULL);
}

static int remove_file(void **state)
{
    (void)state;
    (void)g_unlink(path); /* nothing depends on it */
    g_free(path);
    return 0;
}

/* Reads a list of len bytes to its end. *read: lines before the end or the error. */
static bool read_all(const char *text, gssize len, int *read, GError **error)
{
    const char *name, *sha256;

    assert_true(g_file_set_contents(path, text, len, NULL));
    g_autoptr(manifest_t) manifest = manifest_open(path, error);
    assert_non_null(manifest);
    for (*read = 0; manifest_next(manifest, &name, &sha256, error); ++*read) {
        if (name == NULL)
            return true;
        assert_int_equal(strlen(sha256), DIGEST_HEX_SIZE - 1);
        assert_true(manifest_path_is_safe(name));
    }
    assert_null(name);
    return false;
}

static void test_manifest_next__lines_as_sha256sum_writes_them__are_read(void **state)
{
    g_autofree char *line = manifest_line(SHA, "spool/done/00000001/payload");
    int n;

    (void)state;
    assert_string_equal(line, SHA "  spool/done/00000001/payload\n");
    assert_true(read_all("", 0, &n, NULL));
    assert_int_equal(n, 0);
    assert_true(read_all(SHA "  ledger.sqlite\n" SHA "  spool/orders/0-1\n", -1, &n, NULL));
    assert_int_equal(n, 2);
}

static void test_manifest_next__a_line_that_is_none__is_refused(void **state)
{
    static const char *const lines[] = {
        "\n",
        SHA "\n",
        SHA "  \n",
        SHA "  a",                     /* cut off */
        SHA " a\n",                    /* one space */
        SHA " *a\n",                   /* binary mode */
        "E" SHA "  a\n",               /* a digit too many */
        SHA "   a\n",                  /* a space in the name */
        SHA "  /etc/passwd\n",         /* absolute */
        SHA "  ../a\n",                /* out of the folder */
        SHA "  spool/../../a\n",       /* the same, further in */
        SHA "  spool/.\n",             /* no name */
        SHA "  spool//a\n",            /* an empty part */
        SHA "  spool/\n",              /* a folder */
        SHA "  spool/.hidden\n",       /* a hidden name */
        SHA "  a/b/c/d/e\n",           /* deeper than a backup is */
        SHA "  a\\b\n",                /* an escape of sha256sum */
        "\\" SHA "  a\n",              /* the same */
        SHA "  spool/done/\xc3\xa4\n", /* no name of ours */
        SHA "  a\r\n",                 /* another system's line */
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat(SHA "  first\n", lines[i], NULL);
        int n;
        assert_false(read_all(text, -1, &n, &error));
        assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
        assert_non_null(strstr(error->message, "line 2"));
        assert_int_equal(n, 1);
    }
}

static void test_manifest_next__a_line_without_end__is_refused_in_bounded_memory(void **state)
{
    g_autofree char *text = g_strnfill(1 << 20, 'a');
    g_autoptr(GError) error = NULL;
    int n;

    (void)state;
    assert_false(read_all(text, -1, &n, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
}

static void test_manifest_next__a_nul_in_a_line__is_refused(void **state)
{
    static const char text[] = SHA "  a\0/../../b\n";
    g_autoptr(GError) error = NULL;
    int n;

    (void)state;
    assert_false(read_all(text, sizeof text - 1, &n, &error));
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
}

static void test_manifest_path_is_safe__names_and_their_limits(void **state)
{
    g_autofree char *longest = g_strnfill(200, 'a');
    g_autofree char *longer = g_strnfill(201, 'a');

    (void)state;
    assert_true(manifest_path_is_safe(longest));
    assert_false(manifest_path_is_safe(longer));
    assert_true(manifest_path_is_safe("a/b/c/d"));
    assert_false(manifest_path_is_safe(""));
    assert_false(manifest_path_is_safe(".."));
    assert_false(manifest_path_is_safe("a/.."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manifest_next__lines_as_sha256sum_writes_them__are_read, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(test_manifest_next__a_line_that_is_none__is_refused, make_file, remove_file),
        cmocka_unit_test_setup_teardown(test_manifest_next__a_line_without_end__is_refused_in_bounded_memory, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(test_manifest_next__a_nul_in_a_line__is_refused, make_file, remove_file),
        cmocka_unit_test(test_manifest_path_is_safe__names_and_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
