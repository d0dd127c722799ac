/* What is durable in a local drop when an upload or a publication returns, and in which order it became so. */
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

static bool upload(const char *name, GError **error)
{
    return local_transport.upload(connection, "stored", name, &content, error);
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
    assert_true(local_transport.publish(connection, "a", &content, NULL));
    sync_calls_begin(*state);
    assert_true(local_transport.publish(connection, "a", &content, NULL));
    expect("out/ holds a\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_local_drop__upload_into_a_new_folder__syncs_out_first),
        T(test_local_drop__upload_into_a_folder_that_stands__syncs_out_again),
        T(test_local_drop__folder_stands_and_out_cannot_be_synced__is_an_outage),
        T(test_local_drop__publish_again__syncs_the_folder_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
