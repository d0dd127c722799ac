/* Listing, fetching and discarding files of a drop on a real SFTP server. */
#include "tests/unit/sftp_server.h"

static void test_sftp_drop_pickup__list_of_all_kinds__only_files_are_regular(void **state)
{
    g_autofree char *file = send_file("file.csv", "12345", 5);
    g_autofree char *hostile = send_file("a\nb\xff.csv", "", 0);
    g_autofree char *link = at("in", "link");
    g_autofree char *pipe_path = at("in", "pipe");
    (void)state;

    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    make_folder("in/folder");
    GHashTable *found = list_all();
    assert_int_equal(g_hash_table_size(found), 5);
    const struct drop_entry *entry = g_hash_table_lookup(found, "file.csv");
    assert_true(entry->regular && entry->identity.set);
    assert_int_equal(entry->identity.size, 5);
    assert_int_equal(entry->identity.ctime_ns, (int64_t)MTIME * 1000000000);
    assert_int_equal(entry->modified, MTIME);
    entry = g_hash_table_lookup(found, "a\nb\xff.csv");
    assert_true(entry->regular);
    static const char *const others[] = {"link", "pipe", "folder"};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        entry = g_hash_table_lookup(found, others[i]);
        assert_false(entry->regular);
    }
    g_hash_table_unref(found);
}

static void test_sftp_drop_pickup__list_of_many__each_comes_once(void **state)
{
    enum { MANY = 3000 };
    (void)state;

    for (int i = 0; i < MANY; i++) {
        g_autofree char *name = g_strdup_printf("file%d", i);
        g_autofree char *path = at("in", name);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    GHashTable *found = list_all();
    assert_int_equal(g_hash_table_size(found), MANY);
    g_hash_table_unref(found);
}

static void test_sftp_drop_pickup__visitor_that_wants_no_more__ends_the_list_and_the_session_works(void **state)
{
    g_autofree char *one = send_file("one", "1", 1);
    g_autofree char *two = send_file("two", "2", 1);
    GError *error = NULL;
    int seen = 0;
    (void)state;

    assert_good(sftp_transport.list(connection, stop_at_once, &seen, &error), &error);
    assert_int_equal(seen, 1);
    fetch_good("two", "2", 1);
}

static void test_sftp_drop_pickup__folder_that_is_missing__is_an_outage(void **state)
{
    const struct source_identity id = identity(1);
    GError *error = NULL;
    int seen = 0;
    (void)state;

    clean(drop.in);
    assert_false(sftp_transport.list(connection, stop_at_once, &seen, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
    assert_false(sftp_transport.discard(connection, &(struct drop_copy){"gone", ".ecosgate-taken-1", &id, ""}, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
    clean(drop.out);
    assert_false(sftp_transport.publish(connection, &(struct outgoing_file){"gone", ".gone.part", {1, ""}},
                                        &(struct publication){0}, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
}

/* ---- fetch ---- */

static void test_sftp_drop_pickup__fetch__gives_the_bytes(void **state)
{
    static const size_t sizes[] = {0, 1, 32767, 32768, 32769, 5 * 32768, BIG};
    g_autofree char *bytes = random_bytes(BIG);
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *path = send_file("file", bytes, sizes[i]);
        fetch_good("file", bytes, sizes[i]);
    }
}

static void test_sftp_drop_pickup__fetch_of_what_is_not_the_listed_file__is_changed(void **state)
{
    g_autofree char *file = send_file("file", "12345", 5);
    g_autofree char *link = at("in", "link");
    g_autofree char *pipe_path = at("in", "pipe");
    struct source_identity longer = identity(6), shorter = identity(4), later = identity(5), same = identity(5);
    const struct {
        const char *name;
        const struct source_identity *id;
    } cases[] = {{"file", &longer}, {"file", &shorter}, {"file", &later},
                 {"link", &same},   {"pipe", &same},    {"none", &same}};
    (void)state;

    later.ctime_ns += 1000000000;
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *got = g_byte_array_new();
        GError *error = NULL;
        assert_false(
            sftp_transport.fetch(connection, cases[i].name, cases[i].id, &(struct byte_sink){collect, got}, &error));
        assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, cases[i].name);
        assert_int_equal(got->len, 0);
        g_byte_array_unref(got);
    }
}

struct meddling {
    const char *path;
    const char *bytes;
    size_t len;
    bool done;
};

/* Changes the file when its first bytes come. */
static bool meddle(void *user, const char *data, size_t len, GError **error)
{
    struct meddling *m = user;
    (void)data;
    (void)len;
    (void)error;

    if (!m->done) {
        int fd = open(m->path, O_WRONLY | O_CLOEXEC);
        assert_true(pwrite(fd, m->bytes, m->len, LONG) == (ssize_t)m->len);
        assert_int_equal(ftruncate(fd, (off_t)m->len + LONG), 0);
        close(fd);
    }
    m->done = true;
    return true;
}

/* So long that its end is not asked for yet when the first bytes come. */
static void test_sftp_drop_pickup__file_that_grows_while_it_is_read__is_changed(void **state)
{
    g_autofree char *bytes = random_bytes(LONG);
    g_autofree char *path = send_file("file", bytes, LONG);
    struct meddling m = {path, bytes, 100000, false};
    const struct source_identity id = identity(LONG);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.fetch(connection, "file", &id, &(struct byte_sink){meddle, &m}, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_CHANGED, "while it was read");
    /* and the connection is as good as before */
    g_autofree char *again = send_file("file", bytes, LONG);
    fetch_good("file", bytes, LONG);
}

static bool refuse(void *user, const char *data, size_t len, GError **error)
{
    (void)user;
    (void)data;
    (void)len;
    g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "our disk is full");
    return false;
}

static void test_sftp_drop_pickup__sink_that_fails__its_error_is_passed_and_the_session_works(void **state)
{
    g_autofree char *bytes = random_bytes(BIG);
    g_autofree char *path = send_file("file", bytes, BIG);
    const struct source_identity id = identity(BIG);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.fetch(connection, "file", &id, &(struct byte_sink){refuse, NULL}, &error));
    assert_error(&error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "our disk is full");
    fetch_good("file", bytes, BIG);
}

/* ---- discard ---- */

static void test_sftp_drop_pickup__discard__removes_that_file_alone(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    g_autofree char *path = send_file("file", "12345", 5);
    g_autofree char *other = send_file("other", "12345", 5);
    (void)state;

    fetch_good("file", "12345", 5);
    discard_good("file", 5, sha256);
    assert_false(exists(path));
    assert_true(exists(other));
    discard_good("file", 5, sha256); /* again: a file that is gone is no error */
}

static void test_sftp_drop_pickup__discard_without_a_fetch_before__compares_the_bytes(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    g_autofree char *same = send_file("same", "12345", 5);
    g_autofree char *other = send_file("other", "54321", 5);
    (void)state;

    discard_good("same", 5, sha256);
    assert_false(exists(same));
    discard_good("other", 5, sha256);
    assert_true(exists(other));
    /* and once it was discarded, a fetch proves nothing more */
    fetch_good("other", "54321", 5);
    discard_good("other", 4, sha256);
    discard_good("other", 5, sha256);
    assert_true(exists(other));
}

static void test_sftp_drop_pickup__discard_of_another_file_of_the_name__leaves_it(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    g_autofree char *path = send_file("file", "12345", 5);
    g_autofree char *link = at("in", "link");
    (void)state;

    fetch_good("file", "12345", 5);
    put(path, "123456", 6, MTIME);
    discard_good("file", 5, sha256);
    assert_true(exists(path));
    put(path, "12345", 5, MTIME + 1);
    discard_good("file", 5, sha256);
    assert_true(exists(path));
    assert_int_equal(symlink(path, link), 0);
    discard_good("link", 5, sha256);
    assert_true(exists(link));
}

static void test_sftp_drop_pickup__discard_by_marker__removes_the_marker_too(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    g_autofree char *path = send_file("file", "12345", 5);
    g_autofree char *marker = send_file("file" DROP_MARKER, "", 0);
    g_autofree char *bare = send_file("bare", "12345", 5);
    (void)state;

    drop.complete = COMPLETE_MARKER;
    discard_good("file", 5, sha256);
    assert_false(exists(path) || exists(marker));
    discard_good("bare", 5, sha256);
    assert_false(exists(bare));
}

static void test_sftp_drop_pickup__discard_with_taken__moves_and_loses_nothing(void **state)
{
    g_autofree char *first = sha256_of("12345", 5);
    g_autofree char *second = sha256_of("54321", 5);
    g_autofree char *taken = at("taken", "");
    g_autofree char *moved = at("taken", "file");
    g_autofree char *again = g_strdup_printf("%s.%.12s", moved, second);
    g_autofree char *text = NULL;
    (void)state;

    settings.taken = taken;
    g_autofree char *path = send_file("file", "12345", 5);
    discard_good("file", 5, first);
    assert_true(exists(moved) && !exists(path));
    put(path, "54321", 5, MTIME);
    discard_good("file", 5, second);
    assert_true(exists(again) && !exists(path));
    put(path, "12345", 5, MTIME);
    discard_good("file", 5, first);
    assert_true(!exists(path) && g_file_get_contents(moved, &text, NULL, NULL));
    assert_string_equal(text, "12345");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SFTP_TEST(test_sftp_drop_pickup__list_of_all_kinds__only_files_are_regular),
        SFTP_TEST(test_sftp_drop_pickup__list_of_many__each_comes_once),
        SFTP_TEST(test_sftp_drop_pickup__visitor_that_wants_no_more__ends_the_list_and_the_session_works),
        SFTP_TEST(test_sftp_drop_pickup__folder_that_is_missing__is_an_outage),
        SFTP_TEST(test_sftp_drop_pickup__fetch__gives_the_bytes),
        SFTP_TEST(test_sftp_drop_pickup__fetch_of_what_is_not_the_listed_file__is_changed),
        SFTP_TEST(test_sftp_drop_pickup__file_that_grows_while_it_is_read__is_changed),
        SFTP_TEST(test_sftp_drop_pickup__sink_that_fails__its_error_is_passed_and_the_session_works),
        SFTP_TEST(test_sftp_drop_pickup__discard__removes_that_file_alone),
        SFTP_TEST(test_sftp_drop_pickup__discard_without_a_fetch_before__compares_the_bytes),
        SFTP_TEST(test_sftp_drop_pickup__discard_of_another_file_of_the_name__leaves_it),
        SFTP_TEST(test_sftp_drop_pickup__discard_by_marker__removes_the_marker_too),
        SFTP_TEST(test_sftp_drop_pickup__discard_with_taken__moves_and_loses_nothing),
    };

    sftp_drop_serve_if_asked(argc, argv);
    return sftp_server_main(argv, tests);
}
