/* Uploading and publishing files on a real SFTP server. */
#include "tests/unit/sftp_server.h"

static struct publication publication; /* of the last publish */

static bool upload(const char *stored, int64_t size, const char *sha256, GError **error)
{
    return sftp_transport.upload(connection, stored, &(struct outgoing_file){"answer", ".answer.part", {size, sha256}},
                                 &publication.state, error);
}

static bool look_after(bool open, int64_t size, const char *sha256, GError **error)
{
    publication = (struct publication){.open = open};
    return sftp_transport.look(connection, &(struct outgoing_file){"answer", ".answer.part", {size, sha256}},
                               &publication, error);
}

static bool publish_after(bool open, int64_t size, const char *sha256, GError **error)
{
    publication = (struct publication){.open = open};
    return sftp_transport.publish(connection, &(struct outgoing_file){"answer", ".answer.part", {size, sha256}},
                                  &publication, error);
}

static bool publish(int64_t size, const char *sha256, GError **error)
{
    return publish_after(false, size, sha256, error);
}

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
        assert_good(upload(stored, (int64_t)sizes[i], sha256, &error), &error);
        assert_content(temporary, bytes, sizes[i]);
        assert_false(exists(target));
        for (int twice = 0; twice < 2; twice++)
            assert_good(publish((int64_t)sizes[i], sha256, &error), &error);
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
    assert_good(upload(stored, 5, sha256, &error), &error);
    assert_content(temporary, "12345", 5);
    assert_true(disk_unlink(STEP_ORPHAN_DROPPED, temporary, NULL));
    assert_int_equal(symlink(victim, temporary), 0);
    assert_good(upload(stored, 5, sha256, &error), &error);
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

    assert_false(upload(stored, 5, sha256, &error));
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
    assert_false(upload(stored, 5, sha256, &error));
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
    assert_false(publish(5, sha256, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN, "other bytes");
    assert_content(target, "54321", 5);
    assert_content(temporary, "12345", 5);
    put(target, "12345", 5, MTIME);
    assert_good(publish(5, sha256, &error), &error);
    assert_content(target, "12345", 5);
    assert_false(exists(temporary));
}

typedef bool publication_call(bool open, int64_t size, const char *sha256, GError **error);
static publication_call *const calls[] = {look_after, publish_after};

/* Both names are gone. Only a rename without an answer explains that. */
static void test_sftp_drop_delivery__temporary_file_gone__is_delivered_only_after_a_rename(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        assert_good(calls[i](false, 5, sha256, &error), &error);
        assert_int_equal(publication.state, PUBLICATION_MISSING);
        assert_good(calls[i](true, 5, sha256, &error), &error);
        assert_int_equal(publication.state, PUBLICATION_CONCLUDED);
    }
    clean(drop.out);
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        assert_false(calls[i](true, 5, sha256, &error));
        assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "out");
    }
}

/* A recipient that can be asked has the file: nothing is concluded, whatever was sent before. */
static void test_sftp_drop_delivery__name_stands_and_temporary_file_is_gone__is_seen(void **state)
{
    g_autofree char *target = at("out", "answer");
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        put(target, "12345", 5, MTIME);
        for (int open = 0; open < 2; open++) {
            assert_good(calls[i](open, 5, sha256, &error), &error);
            assert_int_equal(publication.state, PUBLICATION_SEEN);
        }
    }
}

/* Other bytes stand under the name. If the temporary file is gone, a rename that was sent may have been carried out:
 * the server tells them wrong, or somebody has changed them. Without a rename they are another's. */
static void test_sftp_drop_delivery__other_bytes_and_temporary_file_is_gone__keep_what_is_open(void **state)
{
    g_autofree char *temporary = at("out", ".answer.part");
    g_autofree char *target = at("out", "answer");
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    for (size_t i = 0; i < 4 * G_N_ELEMENTS(calls); i++) {
        bool left = i % 2 != 0, open = i / 2 % 2 != 0;
        put(target, "54321", 5, MTIME);
        if (left)
            put(temporary, "12345", 5, MTIME);
        else
            assert_true(remove(temporary) == 0 || i == 0);
        assert_false(calls[i / 4](open, 5, sha256, &error));
        assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN,
                     open && !left ? "it may be ours" : "then the delivery goes on");
        assert_int_equal(publication.open, open && !left);
        assert_content(target, "54321", 5);
    }
}

static void test_sftp_drop_delivery__temporary_file_still_there__is_ready_and_nothing_is_open(void **state)
{
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    publication.state = PUBLICATION_MISSING;
    assert_good(upload(stored, 5, sha256, &error), &error);
    assert_int_equal(publication.state, PUBLICATION_READY);
    assert_good(look_after(true, 5, sha256, &error), &error);
    assert_int_equal(publication.state, PUBLICATION_READY);
    assert_false(publication.open);
}

static void test_sftp_drop_delivery__connection_lost_before__keeps_what_is_open(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    reopen(1); /* nothing listens there */
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(calls); i++) {
        assert_false(calls[i / 2](i % 2, 5, sha256, &error));
        assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "connect");
        assert_int_equal(publication.open, i % 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SFTP_TEST(test_sftp_drop_delivery__upload_and_publish__end_with_the_bytes_under_the_name),
        SFTP_TEST(test_sftp_drop_delivery__upload_over_what_is_in_the_way__replaces_it_and_follows_no_link),
        SFTP_TEST(test_sftp_drop_delivery__upload_of_other_bytes_than_stored__is_corrupt_and_leaves_nothing),
        SFTP_TEST(test_sftp_drop_delivery__upload_into_a_missing_folder__is_an_outage),
        SFTP_TEST(test_sftp_drop_delivery__publish_onto_a_taken_name__is_done_for_the_same_bytes_only),
        SFTP_TEST(test_sftp_drop_delivery__temporary_file_gone__is_delivered_only_after_a_rename),
        SFTP_TEST(test_sftp_drop_delivery__name_stands_and_temporary_file_is_gone__is_seen),
        SFTP_TEST(test_sftp_drop_delivery__other_bytes_and_temporary_file_is_gone__keep_what_is_open),
        SFTP_TEST(test_sftp_drop_delivery__temporary_file_still_there__is_ready_and_nothing_is_open),
        SFTP_TEST(test_sftp_drop_delivery__connection_lost_before__keeps_what_is_open),
    };

    sftp_drop_serve_if_asked(argc, argv);
    return sftp_server_main(argv, tests);
}
