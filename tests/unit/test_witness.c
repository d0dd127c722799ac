/* The text of a witness: what is written is read back, and nothing else is taken for one. */
#include "spool/witness.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct witness *example(void)
{
    struct witness *witness = witness_new();

    g_free(witness->ledger);
    witness->ledger = g_strdup("0123456789abcdef0123456789abcdef");
    g_free(witness->instance);
    witness->instance = g_strdup("fedcba9876543210fedcba9876543210");
    g_free(witness->host);
    witness->host = g_strdup("gate");
    witness->generation = 7;
    witness->pid = 123;
    witness->written = 1688378400;
    (void)witness_raise(witness, "EMW", 12);
    (void)witness_raise(witness, "accepted 90-B3-D5-1F-30-0E-C0-01 EMI MCC", 1000002);
    return witness;
}

static void test_witness__printed__is_read_back(void **state)
{
    g_autoptr(witness_t) witness = example();
    g_autofree char *text = witness_print(witness);
    g_autoptr(witness_t) read = witness_parse(text, strlen(text), NULL);

    (void)state;
    assert_non_null(read);
    assert_string_equal(read->ledger, witness->ledger);
    assert_string_equal(read->instance, witness->instance);
    assert_string_equal(read->host, "gate");
    assert_int_equal(read->generation, 7);
    assert_int_equal(read->pid, 123);
    assert_int_equal(read->written, 1688378400);
    assert_int_equal(witness_number(read, "EMW"), 12);
    assert_int_equal(witness_number(read, "accepted 90-B3-D5-1F-30-0E-C0-01 EMI MCC"), 1000002);
    assert_int_equal(witness_number(read, "EMA"), 0);
    g_autofree char *again = witness_print(read);
    assert_string_equal(again, text);
    g_autoptr(witness_t) copy = witness_copy(witness);
    g_autofree char *copied = witness_print(copy), *ledger = witness_ledger_of(text);
    assert_string_equal(copied, text);
    assert_string_equal(ledger, witness->ledger);
}

static void test_witness__number__only_goes_up(void **state)
{
    g_autoptr(witness_t) witness = example();

    (void)state;
    assert_false(witness_raise(witness, "EMW", 12));
    assert_false(witness_raise(witness, "EMW", 3));
    assert_false(witness_raise(witness, "EMD", 0));
    assert_true(witness_raise(witness, "EMW", 13));
    assert_int_equal(witness_number(witness, "EMW"), 13);
    g_autoptr(GPtrArray) names = witness_names(witness);
    assert_int_equal(names->len, 2);
}

static void test_witness__odd_texts__keep_their_bytes(void **state)
{
    static const char *const odd[] = {"two\nlines", " space ", "[numbers]", "a=b", "#", "\\s\\n", ""};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autoptr(witness_t) witness = example();
        g_free(witness->host);
        witness->host = g_strdup(odd[i]);
        g_autofree char *text = witness_print(witness);
        g_autoptr(witness_t) read = witness_parse(text, strlen(text), NULL);
        assert_non_null(read);
        assert_string_equal(read->host, odd[i]);
        assert_int_equal(witness_number(read, "EMW"), 12);
    }
}

static void test_witness__any_byte_changed__is_refused(void **state)
{
    g_autoptr(witness_t) witness = example();
    g_autofree char *text = witness_print(witness);
    size_t len = strlen(text), refused = 0;

    (void)state;
    for (size_t i = 0; i + 1 < len; i++) { /* white space at the end does not count */
        g_autofree char *changed = g_strdup(text);
        changed[i] ^= 1;
        g_autoptr(witness_t) read = witness_parse(changed, len, NULL);
        refused += read == NULL;
    }
    assert_int_equal(refused, len - 1);
}

static void test_witness__cut_anywhere__is_refused(void **state)
{
    g_autoptr(witness_t) witness = example();
    g_autofree char *text = witness_print(witness);
    size_t len = strlen(text);

    (void)state;
    for (size_t i = 0; i + 1 < len; i++) {
        g_autoptr(GError) error = NULL;
        assert_null(witness_parse(text, i, &error));
        assert_true(error->domain == SPOOL_ERROR);
    }
}

static void test_witness__older_text_behind_it__white_space_only(void **state)
{
    g_autoptr(witness_t) witness = example();
    g_autofree char *text = witness_print(witness);
    g_autofree char *padded = g_strconcat(text, "   \n\n", NULL);
    g_autofree char *followed = g_strconcat(text, "EMW=99\n", NULL);
    g_autoptr(witness_t) read = witness_parse(padded, strlen(padded), NULL);

    (void)state;
    assert_non_null(read);
    assert_null(witness_parse(followed, strlen(followed), NULL));
}

static void test_witness__other_texts__each_its_error(void **state)
{
    g_autoptr(witness_t) witness = example();
    g_autofree char *text = witness_print(witness);
    g_autofree char *huge = g_strnfill(WITNESS_MAX_SIZE + 10, ' ');
    g_autofree char *newer = g_strdup(text);
    newer[strlen("ecosgate-witness ")] = '2';
    const struct {
        const char *text;
        size_t len;
        int code;
    } cases[] = {{"", 0, SPOOL_ERROR_CORRUPT},
                 {"hello\n", 6, SPOOL_ERROR_CORRUPT},
                 {"[witness]\nledger=x\n", 19, SPOOL_ERROR_CORRUPT},
                 {huge, strlen(huge), SPOOL_ERROR_CORRUPT},
                 {newer, strlen(newer), SPOOL_ERROR_RETRY}};

    (void)state;
    memcpy(huge, text, strlen(text));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(witness_parse(cases[i].text, cases[i].len, &error));
        assert_true(g_error_matches(error, SPOOL_ERROR, cases[i].code));
    }
}

static void test_witness__file__missing_is_no_error(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("ecosgate-witness-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "witness", NULL);
    g_autoptr(witness_t) written = example();
    g_autoptr(witness_t) read = NULL;
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(witness_read(path, &read, &error));
    assert_null(read);
    assert_true(witness_write(STEP_WITNESS_WRITTEN, path, written, &error));
    assert_true(witness_read(path, &read, &error));
    assert_int_equal(read->generation, 7);
    g_clear_pointer(&read, witness_free);
    assert_false(witness_read(dir, &read, &error)); /* a folder */
    assert_true(g_error_matches(error, SPOOL_ERROR, SPOOL_ERROR_RETRY));
    (void)g_unlink(path);
    (void)g_rmdir(dir);
}

static void test_witness__file_kept__parsed_when_it_changed(void **state)
{
    g_autofree char *dir = g_dir_make_tmp("ecosgate-witness-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "witness", NULL);
    g_autoptr(witness_t) written = example();
    struct witness_kept kept = {NULL, 0, NULL};
    const struct witness *first, *read;
    g_autoptr(GError) error = NULL;

    (void)state;
    assert_true(witness_read_kept(path, &kept, &read, &error));
    assert_null(read);
    assert_true(witness_write(STEP_WITNESS_WRITTEN, path, written, &error));
    assert_true(witness_read_kept(path, &kept, &first, &error));
    assert_int_equal(first->generation, 7);
    assert_true(witness_read_kept(path, &kept, &read, &error));
    assert_ptr_equal(read, first);
    written->generation = 8;
    assert_true(witness_write(STEP_WITNESS_WRITTEN, path, written, &error));
    assert_true(witness_read_kept(path, &kept, &read, &error));
    assert_int_equal(read->generation, 8);
    assert_true(g_file_set_contents(path, "no witness", -1, NULL));
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) damaged = NULL;
        assert_false(witness_read_kept(path, &kept, &read, &damaged));
        assert_true(g_error_matches(damaged, SPOOL_ERROR, SPOOL_ERROR_CORRUPT));
        assert_null(read);
    }
    (void)g_unlink(path);
    assert_true(witness_read_kept(path, &kept, &read, &error));
    assert_null(read);
    witness_kept_clear(&kept);
    (void)g_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_witness__printed__is_read_back),
        cmocka_unit_test(test_witness__number__only_goes_up),
        cmocka_unit_test(test_witness__odd_texts__keep_their_bytes),
        cmocka_unit_test(test_witness__any_byte_changed__is_refused),
        cmocka_unit_test(test_witness__cut_anywhere__is_refused),
        cmocka_unit_test(test_witness__older_text_behind_it__white_space_only),
        cmocka_unit_test(test_witness__other_texts__each_its_error),
        cmocka_unit_test(test_witness__file__missing_is_no_error),
        cmocka_unit_test(test_witness__file_kept__parsed_when_it_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
