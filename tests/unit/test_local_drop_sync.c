/* Uploads and publications in a local drop: what is durable when they return, in which order it became so, and what
 * they say about a file whose names are gone. */
#include "gateway/drops/local_drop.h"
#include "spool/disk.h"
#include "tests/unit/sync_calls.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

static struct drop drop = {.name = (char *)"mcc", .transport = &local_transport, .out = (char *)"out"};
static struct connection *connection;
static struct content content = {.size = 5};

static int enter(void **state)
{
    *state = g_dir_make_tmp("ecosgate-local-XXXXXX", NULL);
    if (*state == NULL || g_chdir(*state) != 0 || g_mkdir("out", 0700) != 0 ||
        !g_file_set_contents("stored", "hello", -1, NULL))
        return 1;
    content.sha256 = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "hello", -1);
    connection = local_transport.open(&drop, CONNECTION_OUT);
    return 0;
}

static int leave(void **state)
{
    local_transport.close(connection);
    g_free((char *)content.sha256);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, "out/ABCD", NULL);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, "out", NULL);
    (void)g_chdir("/");
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, *state, NULL);
    g_free(*state);
    return 0;
}

static void expect(const char *lines)
{
    g_autofree char *seen = sync_calls_end();
    assert_string_equal(seen, lines);
}

static struct publication publication; /* of the last call */

static bool upload(const char *name, GError **error)
{
    g_autofree char *temporary = transport_temporary_name(DROP_UPLOAD_NAME, name);
    return local_transport.upload(connection, "stored", &(struct outgoing_file){name, temporary, content},
                                  &publication.state, error);
}

static bool look(bool open, GError **error)
{
    publication = (struct publication){.open = open};
    return local_transport.look(connection, &(struct outgoing_file){"a", ".a.part", content}, &publication, error);
}

static bool publish(bool open, GError **error)
{
    publication = (struct publication){.open = open};
    return local_transport.publish(connection, &(struct outgoing_file){"a", ".a.part", content}, &publication, error);
}

static void test_local_drop__upload_into_a_new_folder__syncs_out_first(void **state)
{
    sync_calls_begin(*state);
    assert_true(upload("ABCD/a", NULL));
    expect("out/ holds ABCD\n"
           "out/ABCD/.a.part\n"
           "out/ABCD/ holds .a.part\n");
}

/* A crash may have come after the folder was made and before `out` was synced. */
static void test_local_drop__upload_into_a_folder_that_stands__syncs_out_again(void **state)
{
    assert_int_equal(g_mkdir("out/ABCD", 0700), 0);
    sync_calls_begin(*state);
    assert_true(upload("ABCD/a", NULL));
    expect("out/ holds ABCD\n"
           "out/ABCD/.a.part\n"
           "out/ABCD/ holds .a.part\n");
}

static void test_local_drop__folder_stands_and_out_cannot_be_synced__is_an_outage(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_int_equal(g_mkdir("out/ABCD", 0700), 0);
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(upload("ABCD/a", &error));
    assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
    expect("out/ holds ABCD\n");
}

/* A crash may have come after the rename and before its sync. */
static void test_local_drop__publish_again__syncs_the_folder_again(void **state)
{
    assert_true(upload("a", NULL));
    assert_true(publish(false, NULL));
    assert_int_equal(publication.state, PUBLICATION_SEEN);
    sync_calls_begin(*state);
    assert_true(look(true, NULL));
    assert_int_equal(publication.state, PUBLICATION_SEEN);
    expect("out/ holds a\n");
}

/* It was renamed, but a power cut may take that back: it is not delivered, and it is known that a rename was sent. */
static void test_local_drop__renamed_and_out_cannot_be_synced__stays_open(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_true(upload("a", NULL));
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(publish(false, &error));
    assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
    assert_true(publication.open);
    expect("out/ holds a\n");
}

/* A rename that failed may yet be done. Its folder is not there afterwards, so nobody can look. */
static void test_local_drop__refused_and_out_cannot_be_looked_at__becomes_open(void **state)
{
    g_autoptr(GError) error = NULL;
    (void)state;
    assert_int_equal(g_rmdir("out"), 0);
    assert_false(publish(false, &error));
    assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
    assert_true(publication.open);
}

typedef bool publication_call(bool open, GError **error);
static publication_call *const calls[] = {look, publish};

/* Both names are gone. Only a rename without an answer explains that, and only if the folder is there. */
static void test_local_drop__temporary_file_gone__is_delivered_only_after_a_rename(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        sync_calls_begin(*state);
        assert_true(calls[i](false, NULL));
        assert_int_equal(publication.state, PUBLICATION_MISSING);
        assert_true(calls[i](true, NULL));
        assert_int_equal(publication.state, PUBLICATION_CONCLUDED);
        expect("out/ holds\nout/ holds\n");
    }
    assert_int_equal(g_rmdir("out"), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autoptr(GError) error = NULL;
        assert_false(calls[i](true, &error));
        assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
        assert_true(publication.open);
    }
}

static void test_local_drop__temporary_file_still_there__is_ready_and_nothing_is_open(void **state)
{
    (void)state;
    publication.state = PUBLICATION_MISSING;
    assert_true(upload("a", NULL));
    assert_int_equal(publication.state, PUBLICATION_READY);
    assert_true(look(true, NULL));
    assert_int_equal(publication.state, PUBLICATION_READY);
    assert_false(publication.open);
}

/* A rename that was sent stays open only if it may have been carried out: the temporary file is gone. */
static void test_local_drop__name_taken_by_other_bytes__is_left_alone(void **state)
{
    g_autofree char *found = NULL;
    (void)state;
    assert_true(g_file_set_contents("out/a", "other", -1, NULL));
    for (int i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        assert_true(i < 2 || upload("a", NULL));
        assert_false(calls[i % 2](true, &error));
        assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN));
        assert_int_equal(publication.open, i < 2);
    }
    assert_true(g_file_get_contents("out/a", &found, NULL, NULL));
    assert_string_equal(found, "other");
}

static void test_local_drop__form_of_the_temporary_name__is_that_of_the_caller(void **state)
{
    const struct outgoing_file file = {"ABCD/a", "ABCD/tmp-a.x", content};
    (void)state;
    for (int i = 0; i < 2; i++) {
        static const char *const forms[] = {"tmp-NAME.x", ".NAME.part"};
        g_autofree char *plain = transport_temporary_name(forms[i], "a");
        g_autofree char *below = transport_temporary_name(forms[i], "ABCD/a");
        assert_string_equal(plain, i == 0 ? "tmp-a.x" : ".a.part");
        assert_string_equal(below, i == 0 ? "ABCD/tmp-a.x" : "ABCD/.a.part");
    }
    publication = (struct publication){0};
    assert_true(local_transport.upload(connection, "stored", &file, &publication.state, NULL));
    assert_true(g_file_test("out/ABCD/tmp-a.x", G_FILE_TEST_EXISTS));
    assert_true(local_transport.publish(connection, &file, &publication, NULL));
    assert_true(g_file_test("out/ABCD/a", G_FILE_TEST_EXISTS) && !g_file_test("out/ABCD/tmp-a.x", G_FILE_TEST_EXISTS));
}

static void test_local_drop__batch__is_synced_once_for_uploads_and_once_for_renames(void **state)
{
    sync_calls_begin(*state);
    local_transport.begin_batch(connection, 8);
    assert_true(upload("a", NULL));
    assert_true(upload("ABCD/a", NULL));
    assert_int_equal(publication.state, PUBLICATION_READY);
    assert_true(local_transport.end_batch(connection, NULL));
    local_transport.begin_batch(connection, 8);
    assert_true(publish(false, NULL));
    assert_int_equal(publication.state, PUBLICATION_SEEN);
    assert_true(local_transport.end_batch(connection, NULL));
    expect("file system of out/\nfile system of out/\n");
    assert_true(g_file_test("out/a", G_FILE_TEST_EXISTS));
}

static void test_local_drop__after_a_batch__each_file_is_synced_by_itself(void **state)
{
    local_transport.begin_batch(connection, 8);
    assert_true(local_transport.end_batch(connection, NULL));
    sync_calls_begin(*state);
    local_transport.begin_batch(connection, 7); /* too few */
    assert_true(upload("a", NULL));
    assert_true(publish(false, NULL));
    assert_true(local_transport.end_batch(connection, NULL));
    expect("out/.a.part\nout/ holds .a.part\nout/ holds a\n");
}

static void test_local_drop__batch_cannot_be_synced__is_an_outage(void **state)
{
    g_autoptr(GError) error = NULL;
    local_transport.begin_batch(connection, 8);
    assert_true(upload("a", NULL));
    sync_calls_begin(*state);
    sync_calls_failing = 1;
    assert_false(local_transport.end_batch(connection, &error));
    assert_true(g_error_matches(error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN));
    expect("file system of out/\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_local_drop__upload_into_a_new_folder__syncs_out_first),
        T(test_local_drop__upload_into_a_folder_that_stands__syncs_out_again),
        T(test_local_drop__folder_stands_and_out_cannot_be_synced__is_an_outage),
        T(test_local_drop__publish_again__syncs_the_folder_again),
        T(test_local_drop__renamed_and_out_cannot_be_synced__stays_open),
        T(test_local_drop__refused_and_out_cannot_be_looked_at__becomes_open),
        T(test_local_drop__temporary_file_gone__is_delivered_only_after_a_rename),
        T(test_local_drop__temporary_file_still_there__is_ready_and_nothing_is_open),
        T(test_local_drop__name_taken_by_other_bytes__is_left_alone),
        T(test_local_drop__batch__is_synced_once_for_uploads_and_once_for_renames),
        T(test_local_drop__after_a_batch__each_file_is_synced_by_itself),
        T(test_local_drop__batch_cannot_be_synced__is_an_outage),
        T(test_local_drop__form_of_the_temporary_name__is_that_of_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
