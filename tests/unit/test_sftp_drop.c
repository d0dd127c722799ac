/*
 * Drops behind a real OpenSSH server of our own, through the connection's interface. Without SSHD_PORT in its
 * environment the program starts itself below tests/e2e/sshd.py, which serves a folder of the test.
 */
#include "gateway/drops/sftp_drop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

#include "spool/digest.h"
#include "spool/disk.h"

enum { MTIME = 1688364000, BIG = 3 * 1024 * 1024 + 17, LONG = 16 * 1024 * 1024 };

static struct drop drop;
static struct connection *connection;
static char *home;

/* ---- the drop ---- */

static char *at(const char *folder, const char *name)
{
    return g_build_filename(home, folder, name, NULL);
}

static void make_folder(const char *name)
{
    g_autofree char *path = g_build_filename(home, name, NULL);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int enter(void **state)
{
    (void)state;
    home = g_build_filename(g_getenv("SSHD_FOLDER"), "drop", NULL);
    assert_int_equal(mkdir(home, 0755), 0);
    make_folder("in");
    make_folder("out");
    make_folder("taken");
    drop = (struct drop){.name = (char *)"far", .transport = TRANSPORT_SFTP, .complete = COMPLETE_STABLE};
    drop.in = at("in", "");
    drop.out = g_build_filename(home, "out", NULL);
    drop.host = g_strdup(g_getenv("SSHD_HOST"));
    drop.port = atoi(g_getenv("SSHD_PORT"));
    drop.user = g_strdup(g_getenv("SSHD_USER"));
    drop.identity = g_strdup(g_getenv("SSHD_IDENTITY"));
    drop.known_hosts = g_strdup(g_getenv("SSHD_KNOWN_HOSTS"));
    drop.taken = g_strdup("");
    drop.timeout = 20;
    connection = sftp_transport.open(&drop, CONNECTION_IN);
    return 0;
}

static void clean(const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            clean(path);
        else
            (void)disk_unlink(STEP_ORPHAN_DROPPED, path, NULL);
    }
    if (dir != NULL)
        g_dir_close(dir);
    (void)disk_remove_dir(STEP_ORPHAN_DROPPED, folder, NULL);
}

static int leave(void **state)
{
    (void)state;
    sftp_transport.close(connection);
    clean(home);
    char *texts[] = {drop.in, drop.out, drop.host, drop.user, drop.identity, drop.known_hosts, drop.taken, home};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return 0;
}

static void put(const char *path, const char *bytes, size_t len, int64_t mtime)
{
    const struct timespec times[] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

    assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* An inbound file of that content; returns its path. */
static char *send_file(const char *name, const char *bytes, size_t len)
{
    char *path = at("in", name);

    put(path, bytes, len, MTIME);
    return path;
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static char *sha256_of(const char *bytes, size_t len)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, len);
}

static char *random_bytes(size_t len)
{
    char *bytes = g_malloc(len);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)g_rand_int_range(rand, 0, 256);
    return bytes;
}

static struct source_identity identity(size_t len)
{
    return (struct source_identity){.set = true, .ctime_ns = (int64_t)MTIME * 1000000000, .size = (int64_t)len};
}

static bool collect(void *user, const char *data, size_t len, GError **error)
{
    (void)error;
    g_byte_array_append(user, (const guint8 *)data, (guint)len);
    return true;
}

static void assert_error(GError **error, GQuark domain, int code, const char *word)
{
    assert_non_null(*error);
    if (!g_error_matches(*error, domain, code) || strstr((*error)->message, word) == NULL)
        fail_msg("expected code %d with '%s', found %d: %s", code, word, (*error)->code, (*error)->message);
    g_clear_error(error);
}

static void assert_good(bool good, const GError *error)
{
    if (!good || error != NULL)
        fail_msg("%s", error ? error->message : "failed without an error");
}

static void fetch_good(const char *name, const char *bytes, size_t len)
{
    const struct source_identity id = identity(len);
    GByteArray *got = g_byte_array_new();
    GError *error = NULL;

    assert_good(sftp_transport.fetch(connection, name, &id, collect, got, &error), error);
    assert_int_equal(got->len, len);
    if (len > 0)
        assert_memory_equal(got->data, bytes, len);
    g_byte_array_unref(got);
}

/* ---- list ---- */

static bool note_entry(void *user, const struct drop_entry *entry)
{
    g_hash_table_insert(user, g_strdup(entry->name), g_memdup2(entry, sizeof *entry));
    return true;
}

static GHashTable *list_all(void)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GError *error = NULL;

    assert_good(sftp_transport.list(connection, note_entry, found, &error), error);
    return found;
}

static void test_sftp_drop__list_of_all_kinds__only_files_are_regular(void **state)
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

static void test_sftp_drop__list_of_many__each_comes_once(void **state)
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

static bool stop_at_once(void *user, const struct drop_entry *entry)
{
    (void)entry;
    ++*(int *)user;
    return false;
}

static void test_sftp_drop__visitor_that_has_enough__ends_the_list_and_harms_nothing(void **state)
{
    g_autofree char *one = send_file("one", "1", 1);
    g_autofree char *two = send_file("two", "2", 1);
    GError *error = NULL;
    int seen = 0;
    (void)state;

    assert_good(sftp_transport.list(connection, stop_at_once, &seen, &error), error);
    assert_int_equal(seen, 1);
    fetch_good("two", "2", 1);
}

static void test_sftp_drop__folder_that_is_missing__is_an_outage(void **state)
{
    const struct source_identity id = identity(1);
    GError *error = NULL;
    int seen = 0;
    (void)state;

    clean(drop.in);
    assert_false(sftp_transport.list(connection, stop_at_once, &seen, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
    assert_false(sftp_transport.discard(connection, "gone", &id, "", &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
    clean(drop.out);
    assert_false(sftp_transport.publish(connection, "gone", 1, "", &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "no such file");
}

/* ---- fetch ---- */

static void test_sftp_drop__fetch__gives_the_bytes(void **state)
{
    static const size_t sizes[] = {0, 1, 32767, 32768, 32769, 5 * 32768, BIG};
    g_autofree char *bytes = random_bytes(BIG);
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *path = send_file("file", bytes, sizes[i]);
        fetch_good("file", bytes, sizes[i]);
    }
}

static void test_sftp_drop__fetch_of_what_is_not_the_listed_file__is_changed(void **state)
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
        assert_false(sftp_transport.fetch(connection, cases[i].name, cases[i].id, collect, got, &error));
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
static void test_sftp_drop__file_that_grows_while_it_is_read__is_changed(void **state)
{
    g_autofree char *bytes = random_bytes(LONG);
    g_autofree char *path = send_file("file", bytes, LONG);
    struct meddling m = {path, bytes, 100000, false};
    const struct source_identity id = identity(LONG);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.fetch(connection, "file", &id, meddle, &m, &error));
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

static void test_sftp_drop__sink_that_fails__passes_its_error_and_harms_nothing(void **state)
{
    g_autofree char *bytes = random_bytes(BIG);
    g_autofree char *path = send_file("file", bytes, BIG);
    const struct source_identity id = identity(BIG);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.fetch(connection, "file", &id, refuse, NULL, &error));
    assert_error(&error, SPOOL_ERROR, SPOOL_ERROR_RETRY, "our disk is full");
    fetch_good("file", bytes, BIG);
}

/* ---- discard ---- */

static void discard_good(const char *name, size_t len, const char *sha256)
{
    const struct source_identity id = identity(len);
    GError *error = NULL;

    assert_good(sftp_transport.discard(connection, name, &id, sha256, &error), error);
}

static void test_sftp_drop__discard__removes_that_file_alone(void **state)
{
    g_autofree char *sha256 = sha256_of("12345", 5);
    g_autofree char *path = send_file("file", "12345", 5);
    g_autofree char *other = send_file("other", "12345", 5);
    (void)state;

    fetch_good("file", "12345", 5);
    discard_good("file", 5, sha256);
    assert_false(exists(path));
    assert_true(exists(other));
    discard_good("file", 5, sha256); /* again: it is gone, which is fine */
}

static void test_sftp_drop__discard_without_a_fetch_before__compares_the_bytes(void **state)
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

static void test_sftp_drop__discard_of_another_file_of_the_name__leaves_it(void **state)
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

static void test_sftp_drop__discard_by_marker__takes_the_marker_too(void **state)
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

static void test_sftp_drop__discard_with_taken__moves_and_loses_nothing(void **state)
{
    g_autofree char *first = sha256_of("12345", 5);
    g_autofree char *second = sha256_of("54321", 5);
    g_autofree char *moved = at("taken", "file");
    g_autofree char *again = g_strdup_printf("%s.%.12s", moved, second);
    g_autofree char *text = NULL;
    (void)state;

    g_free(drop.taken);
    drop.taken = at("taken", "");
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

/* ---- upload and publish ---- */

static char *store(const char *bytes, size_t len)
{
    char *path = g_build_filename(home, "stored", NULL);

    assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    return path;
}

static void assert_content(const char *path, const char *bytes, size_t len)
{
    g_autofree char *found = NULL;
    gsize found_len;

    assert_true(g_file_get_contents(path, &found, &found_len, NULL));
    assert_int_equal(found_len, len);
    assert_memory_equal(found, bytes, len);
}

static void test_sftp_drop__upload_and_publish__end_with_the_bytes_under_the_name(void **state)
{
    static const size_t sizes[] = {0, 1, 32768, 32769, BIG};
    g_autofree char *bytes = random_bytes(BIG);
    g_autofree char *part = at("out", ".answer.part");
    g_autofree char *target = at("out", "answer");
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *stored = store(bytes, sizes[i]);
        g_autofree char *sha256 = sha256_of(bytes, sizes[i]);
        GError *error = NULL;
        assert_good(sftp_transport.upload(connection, stored, "answer", (int64_t)sizes[i], sha256, &error), error);
        assert_content(part, bytes, sizes[i]);
        assert_false(exists(target));
        for (int twice = 0; twice < 2; twice++)
            assert_good(sftp_transport.publish(connection, "answer", (int64_t)sizes[i], sha256, &error), error);
        assert_content(target, bytes, sizes[i]);
        assert_false(exists(part));
        assert_true(disk_unlink(STEP_ORPHAN_DROPPED, target, NULL));
    }
}

static void test_sftp_drop__upload_over_what_is_in_the_way__replaces_it_and_follows_no_link(void **state)
{
    g_autofree char *part = at("out", ".answer.part");
    g_autofree char *victim = send_file("victim", "precious", 8);
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    struct stat st;
    (void)state;

    put(part, "longer than what comes", 22, MTIME);
    assert_good(sftp_transport.upload(connection, stored, "answer", 5, sha256, &error), error);
    assert_content(part, "12345", 5);
    assert_true(disk_unlink(STEP_ORPHAN_DROPPED, part, NULL));
    assert_int_equal(symlink(victim, part), 0);
    assert_good(sftp_transport.upload(connection, stored, "answer", 5, sha256, &error), error);
    assert_int_equal(lstat(part, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_content(victim, "precious", 8);
}

static void test_sftp_drop__upload_of_other_bytes_than_stored__is_corrupt_and_leaves_nothing(void **state)
{
    g_autofree char *part = at("out", ".answer.part");
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("54321", 5);
    GError *error = NULL;
    (void)state;

    assert_false(sftp_transport.upload(connection, stored, "answer", 5, sha256, &error));
    assert_error(&error, SPOOL_ERROR, SPOOL_ERROR_CORRUPT, "SHA-256");
    assert_false(exists(part));
}

static void test_sftp_drop__upload_into_a_missing_folder__is_an_outage(void **state)
{
    g_autofree char *stored = store("12345", 5);
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    clean(drop.out);
    assert_false(sftp_transport.upload(connection, stored, "answer", 5, sha256, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, "answer");
}

static void test_sftp_drop__publish_onto_a_taken_name__is_done_for_the_same_bytes_only(void **state)
{
    g_autofree char *part = at("out", ".answer.part");
    g_autofree char *target = at("out", "answer");
    g_autofree char *sha256 = sha256_of("12345", 5);
    GError *error = NULL;
    (void)state;

    put(part, "12345", 5, MTIME);
    put(target, "54321", 5, MTIME);
    assert_false(sftp_transport.publish(connection, "answer", 5, sha256, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_TAKEN, "other bytes");
    assert_content(target, "54321", 5);
    assert_content(part, "12345", 5);
    put(target, "12345", 5, MTIME);
    assert_good(sftp_transport.publish(connection, "answer", 5, sha256, &error), error);
    assert_content(target, "12345", 5);
    assert_false(exists(part));
}

/* ---- the connection ---- */

/* A server of our own on the loopback that a test can take away: *port is where. */
static int listen_somewhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void reopen(int port)
{
    sftp_transport.close(connection);
    drop.port = port;
    connection = sftp_transport.open(&drop, CONNECTION_IN);
}

static void assert_down(const char *word)
{
    GError *error = NULL;
    int seen = 0;

    assert_false(sftp_transport.list(connection, stop_at_once, &seen, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, word);
}

static void test_sftp_drop__nobody_listens__is_an_outage_that_ends(void **state)
{
    int good = drop.port, port;
    (void)state;

    close(listen_somewhere(&port));
    reopen(port);
    assert_down("cannot connect");
    drop.port = good;
    reopen(good);
    GHashTable *found = list_all();
    g_hash_table_unref(found);
}

static void test_sftp_drop__server_that_never_speaks__is_an_outage_after_the_limit(void **state)
{
    int port, fd = listen_somewhere(&port);
    (void)state;

    drop.timeout = 1;
    reopen(port);
    assert_down("no answer within 1 seconds");
    close(fd);
}

static gpointer accept_and_interrupt(gpointer data)
{
    int fd = accept(*(int *)data, NULL, NULL);

    sftp_transport.interrupt(connection);
    return GINT_TO_POINTER(fd);
}

static void test_sftp_drop__interrupt_from_another_thread__ends_the_wait_and_all_later_calls(void **state)
{
    int port, fd = listen_somewhere(&port);
    (void)state;

    drop.timeout = 3600;
    reopen(port);
    GThread *thread = g_thread_new("interrupt", accept_and_interrupt, &fd);
    assert_down("stopped");
    close(GPOINTER_TO_INT(g_thread_join(thread)));
    assert_down("stopped");
    close(fd);
}

/* Passes bytes between the connection and the server until told to break off. */
struct tunnel {
    int listener;
    int stop[2];
};

static gpointer tunnel(gpointer data)
{
    struct tunnel *r = data;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = accept(r->listener, NULL, NULL), two = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd fds[] = {{one, POLLIN, 0}, {two, POLLIN, 0}, {r->stop[0], POLLIN, 0}};
    char buffer[65536];
    ssize_t n = 1;

    address.sin_port = htons((uint16_t)atoi(g_getenv("SSHD_PORT")));
    if (connect(two, (struct sockaddr *)&address, sizeof address) != 0)
        n = 0;
    while (n > 0 && poll(fds, 3, -1) > 0 && fds[2].revents == 0) {
        int from = fds[0].revents != 0 ? one : two;
        n = read(from, buffer, sizeof buffer);
        for (ssize_t sent = 0, w = 1; sent < n && w > 0; sent += w)
            w = write(from == one ? two : one, buffer + sent, (size_t)(n - sent));
    }
    close(one);
    close(two);
    return NULL;
}

/* known_hosts for the server under another port. */
static void know_port(int port)
{
    g_autofree char *text = NULL;
    g_autofree char *from = g_strdup_printf("]:%s ", g_getenv("SSHD_PORT"));
    g_autofree char *to = g_strdup_printf("]:%d ", port);

    assert_true(g_file_get_contents(g_getenv("SSHD_KNOWN_HOSTS"), &text, NULL, NULL));
    g_auto(GStrv) parts = g_strsplit(text, from, -1);
    g_autofree char *changed = g_strjoinv(to, parts);
    g_free(drop.known_hosts);
    drop.known_hosts = g_build_filename(home, "known_hosts", NULL);
    assert_true(g_file_set_contents(drop.known_hosts, changed, -1, NULL));
}

static void test_sftp_drop__connection_that_breaks_between_two_calls__is_made_again_and_trust_is_not_kept(void **state)
{
    struct tunnel r;
    int port;
    (void)state;

    r.listener = listen_somewhere(&port);
    assert_int_equal(pipe(r.stop), 0);
    know_port(port);
    reopen(port);
    GThread *thread = g_thread_new("tunnel", tunnel, &r);
    g_autofree char *path = send_file("file", "12345", 5);
    fetch_good("file", "12345", 5);
    assert_int_equal(write(r.stop[1], "x", 1), 1);
    g_thread_join(thread);

    assert_int_equal(read(r.stop[0], &(char){0}, 1), 1);
    thread = g_thread_new("tunnel", tunnel, &r);
    /* Rewritten within the second: only its bytes tell. */
    put(path, "54321", 5, MTIME);
    g_autofree char *sha256 = sha256_of("12345", 5);
    discard_good("file", 5, sha256);
    assert_true(exists(path));
    sftp_transport.close(connection);
    g_thread_join(thread);
    connection = sftp_transport.open(&drop, CONNECTION_IN);
    close(r.listener);
    close(r.stop[0]);
    close(r.stop[1]);
}

static void set_known_hosts(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void set_known_hosts(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_free(drop.known_hosts);
    drop.known_hosts = g_build_filename(home, "known_hosts", NULL);
    assert_true(g_file_set_contents(drop.known_hosts, text, -1, NULL));
    reopen(drop.port);
}

static void test_sftp_drop__host_keys__are_strict(void **state)
{
    static const char other[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFBnDHcVTTBOCYGhOuwBrOz79B9FSPJjKUpxxBSYzYU9";
    static const char rsa[] =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7vV1QyM2pZQ8bK3y5oXx0n1w5h3m1b0aF2o2n1m5c7l0r8v9d2w4k6x8z1q3s5u7w9y==";
    static const char ecdsa[] = "ecdsa-sha2-nistp256 "
                                "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YR"
                                "rYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";
    g_autofree char *known = NULL;
    (void)state;

    assert_true(g_file_get_contents(g_getenv("SSHD_KNOWN_HOSTS"), &known, NULL, NULL));
    g_strstrip(known);
    const char *key = strchr(known, ' ') + 1;
    set_known_hosts("# nothing\n");
    assert_down("is not in");
    set_known_hosts("[127.0.0.1]:%d %s\n", drop.port, other);
    assert_down("HOST KEY CHANGED");
    set_known_hosts("[127.0.0.1]:%d %s\n", drop.port, ecdsa);
    assert_down("HOST KEY CHANGED"); /* the server has no key of that kind */
    set_known_hosts("127.0.0.1 %s\n", key);
    assert_down("is not in"); /* the key of another port */
    set_known_hosts("[127.0.0.1]:%d %s\n@revoked [127.0.0.1]:%d %s\n", drop.port, key, drop.port, key);
    assert_down("revoked");
    set_known_hosts("[127.0.0.1]:%d %s\n", drop.port, rsa);
    assert_down(" key"); /* of no use before libssh2 1.11, and another one than the server's after it */
    set_known_hosts("this is no line\n@cert-authority * %s\nother.example,[127.0.0.1]:%d %s a comment\n", key,
                    drop.port, key);
    GHashTable *found = list_all();
    g_hash_table_unref(found);
}

static void test_sftp_drop__identity_that_does_not_do__is_told(void **state)
{
    g_autofree char *none = g_build_filename(home, "nothing", NULL);
    g_autofree char *nonsense = store("no key", 6);
    char *own = g_steal_pointer(&drop.identity);
    (void)state;

    drop.identity = none;
    reopen(drop.port);
    assert_down("identity cannot be read");
    drop.identity = nonsense;
    reopen(drop.port);
    assert_down("cannot be used");
    drop.identity = own;
    g_free(drop.user);
    drop.user = g_strdup("nobody-of-that-name");
    reopen(drop.port);
    assert_down("does not let user nobody-of-that-name in");
}

/* ---- running below sshd.py ---- */

static int run_below_a_server(char **argv)
{
    const char *top = g_getenv("top_srcdir") ? g_getenv("top_srcdir") : ".";
    g_autofree char *fixture = g_build_filename(top, "tests/e2e/sshd.py", NULL);
    g_autofree char *folder = g_dir_make_tmp("ecosgate-sftp-drop-XXXXXX", NULL);
    g_autofree char *self = g_canonicalize_filename(argv[0], NULL);
    char *const command[] = {(char *)"python3", (char *)"-B", fixture, folder, self, NULL};
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL,
                      NULL, NULL, &status, &error)) {
        printf("1..0 # SKIP no server to test with: %s\n", error->message);
        status = 0;
    }
    clean(folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_sftp_drop__##name, enter, leave)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(list_of_all_kinds__only_files_are_regular),
        TEST(list_of_many__each_comes_once),
        TEST(visitor_that_has_enough__ends_the_list_and_harms_nothing),
        TEST(folder_that_is_missing__is_an_outage),
        TEST(fetch__gives_the_bytes),
        TEST(fetch_of_what_is_not_the_listed_file__is_changed),
        TEST(file_that_grows_while_it_is_read__is_changed),
        TEST(sink_that_fails__passes_its_error_and_harms_nothing),
        TEST(discard__removes_that_file_alone),
        TEST(discard_without_a_fetch_before__compares_the_bytes),
        TEST(discard_of_another_file_of_the_name__leaves_it),
        TEST(discard_by_marker__takes_the_marker_too),
        TEST(discard_with_taken__moves_and_loses_nothing),
        TEST(upload_and_publish__end_with_the_bytes_under_the_name),
        TEST(upload_over_what_is_in_the_way__replaces_it_and_follows_no_link),
        TEST(upload_of_other_bytes_than_stored__is_corrupt_and_leaves_nothing),
        TEST(upload_into_a_missing_folder__is_an_outage),
        TEST(publish_onto_a_taken_name__is_done_for_the_same_bytes_only),
        TEST(nobody_listens__is_an_outage_that_ends),
        TEST(server_that_never_speaks__is_an_outage_after_the_limit),
        TEST(interrupt_from_another_thread__ends_the_wait_and_all_later_calls),
        TEST(connection_that_breaks_between_two_calls__is_made_again_and_trust_is_not_kept),
        TEST(host_keys__are_strict),
        TEST(identity_that_does_not_do__is_told),
    };

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    if (g_getenv("SSHD_PORT") == NULL)
        return run_below_a_server(argv);
    return cmocka_run_group_tests_name("sftp_drop", tests, NULL, NULL);
}
