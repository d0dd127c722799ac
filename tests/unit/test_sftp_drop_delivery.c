/* Uploading and publishing files on a real SFTP server. */
#include "tests/unit/sftp_server.h"

static void assert_content(const char *path, const char *bytes, size_t len)
{
    g_autofree char *found = NULL;
    gsize found_len;

    assert_true(g_file_get_contents(path, &found, &found_len, NULL));
    assert_int_equal(found_len, len);
    assert_memory_equal(found, bytes, len);
}

static void test_sftp_drop_delivery__upload_and_publish__end_with_the_bytes_under_the_name(void **state)
{
    static const size_t sizes[] = {0, 1, 32768, 32769, BIG};
    g_autofree char *bytes = random_bytes(BIG);
    g_autofree char *temporary = at("out", ".answer.part");
    g_autofree char *target = at("out", "answer");
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *stored = store(bytes, sizes[i]);
        g_autofree char *sha256 = sha256_of(bytes, sizes[i]);
        GError *error = NULL;
        assert_good(
            sftp_transport.upload(connection, stored, "answer", &(struct content){(int64_t)sizes[i], sha256}, &error),
            error);
        assert_content(temporary, bytes, sizes[i]);
        assert_false(exists(target));
        for (int twice = 0; twice < 2; twice++)
            assert_good(
                sftp_transport.publish(connection, "answer", &(struct content){(int64_t)sizes[i], sha256}, &error),
                error);
        assert_content(target, bytes, sizes[i]);
        assert_false(exists(temporary));
        assert_true(disk_unlink(STEP_ORPHAN_DROPPED, target, NULL));
    }
}

static void test_sftp_drop_delivery__upload_over_what_is_in_the_way__replaces_it_and_follows_no_link(void **state)
{
    g_autofree char *temporary = at("out", ".answer.part");
    g_autofree char *victim = send_file("victim", "precious", 8);
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    struct stat st;
    (void)state;

    put(temporary, "longer than what comes", 22, MTIME);
    assert_good(sftp_transport.upload(connection, stored, "answer", &(struct content){5, sha256}, &error), error);
    assert_content(temporary, "12345", 5);
    assert_true(disk_unlink(STEP_ORPHAN_DROPPED, temporary, NULL));
    assert_int_equal(symlink(victim, temporary), 0);
    assert_good(sftp_transport.upload(connection, stored, "answer", &(struct content){5, sha256}, &error), error);
    assert_int_equal(lstat(temporary, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_content(victim, "precious", 8);
}

static void test_sftp_drop_delivery__upload_of_other_bytes_than_stored__is_corrupt_and_leaves_nothing(void **state)
{
    g_autofree char *temporary = at("out", ".answer.part");
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("54321", 5);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.upload(connection, stored, "answer", &(struct content){5, sha256}, &error));
    assert_error(&error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "SHA-256");
    assert_false(exists(temporary));
}

static void test_sftp_drop_delivery__upload_into_a_missing_folder__is_an_outage(void **state)
{
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    clean(drop.out);
    assert_false(sftp_transport.upload(connection, stored, "answer", &(struct content){5, sha256}, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "answer");
}

static void test_sftp_drop_delivery__publish_onto_a_taken_name__is_done_for_the_same_bytes_only(void **state)
{
    g_autofree char *temporary = at("out", ".answer.part");
    g_autofree char *target = at("out", "answer");
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    put(temporary, "12345", 5, MTIME);
    put(target, "54321", 5, MTIME);
    assert_false(sftp_transport.publish(connection, "answer", &(struct content){5, sha256}, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN, "other bytes");
    assert_content(target, "54321", 5);
    assert_content(temporary, "12345", 5);
    put(target, "12345", 5, MTIME);
    assert_good(sftp_transport.publish(connection, "answer", &(struct content){5, sha256}, &error), error);
    assert_content(target, "12345", 5);
    assert_false(exists(temporary));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SFTP_TEST(test_sftp_drop_delivery__upload_and_publish__end_with_the_bytes_under_the_name),
        SFTP_TEST(test_sftp_drop_delivery__upload_over_what_is_in_the_way__replaces_it_and_follows_no_link),
        SFTP_TEST(test_sftp_drop_delivery__upload_of_other_bytes_than_stored__is_corrupt_and_leaves_nothing),
        SFTP_TEST(test_sftp_drop_delivery__upload_into_a_missing_folder__is_an_outage),
        SFTP_TEST(test_sftp_drop_delivery__publish_onto_a_taken_name__is_done_for_the_same_bytes_only),
    };

    (void)argc;
    return sftp_server_main(argv, tests);
}
