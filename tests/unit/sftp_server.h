/*
 * Drops on a real OpenSSH server of our own, reached through the transport's interface. Without SSHD_PORT in its
 * environment the program starts itself below tests/e2e/sshd.py, which serves a folder of the test.
 *
 *   enter, leave                 of each test: folders in, out and taken, and an open connection
 *   send_file, fetch_good …      what tests do, with an assertion that it succeeds
 *   main: sftp_server_main(argv, tests, n)
 */
#ifndef ECOSGATE_TESTS_SFTP_SERVER_H
#define ECOSGATE_TESTS_SFTP_SERVER_H

#include "gateway/drops/sftp_drop.h"
#include "gateway/drops/sftp_settings.h"
#include "spool/digest.h"
#include "spool/disk.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

enum { MTIME = 1688364000, BIG = 3 * 1024 * 1024 + 17, LONG = 16 * 1024 * 1024 };

static struct sftp_settings settings;
static struct drop drop;
static struct connection *connection;
static char *home;

/* ---- the drop ---- */

static inline char *at(const char *folder, const char *name)
{
    return g_build_filename(home, folder, name, NULL);
}

static inline void make_folder(const char *name)
{
    g_autofree char *path = g_build_filename(home, name, NULL);
    assert_int_equal(mkdir(path, 0755), 0);
}

static inline int enter(void **state)
{
    (void)state;
    home = g_build_filename(g_getenv("SSHD_FOLDER"), "drop", NULL);
    assert_int_equal(mkdir(home, 0755), 0);
    make_folder("in");
    make_folder("out");
    make_folder("taken");
    settings = (struct sftp_settings){.peer = {.host = g_getenv("SSHD_HOST"),
                                               .port = atoi(g_getenv("SSHD_PORT")),
                                               .user = g_getenv("SSHD_USER"),
                                               .identity = g_getenv("SSHD_IDENTITY"),
                                               .known_hosts = g_getenv("SSHD_KNOWN_HOSTS"),
                                               .timeout = 20,
                                               .listed_max = 40000},
                                      .taken = (char *)""};
    drop = (struct drop){.name = (char *)"far",
                         .transport = &sftp_transport,
                         .in = at("in", ""),
                         .out = at("out", NULL),
                         .complete = COMPLETE_STABLE,
                         .settings = &settings};
    connection = sftp_transport.open(&drop, CONNECTION_IN);
    return 0;
}

static inline void clean(const char *folder)
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

static inline int leave(void **state)
{
    (void)state;
    sftp_transport.close(connection);
    clean(home);
    g_free(drop.in);
    g_free(drop.out);
    g_free(home);
    return 0;
}

static inline void put(const char *path, const char *bytes, size_t len, int64_t mtime)
{
    const struct timespec times[] = {{.tv_sec = mtime}, {.tv_sec = mtime}};

    assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* An inbound file of that content; returns its path. */
static inline char *send_file(const char *name, const char *bytes, size_t len)
{
    char *path = at("in", name);

    put(path, bytes, len, MTIME);
    return path;
}

static inline bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static inline char *sha256_of(const char *bytes, size_t len)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, len);
}

static inline char *random_bytes(size_t len)
{
    char *bytes = g_malloc(len);
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)g_rand_int_range(rand, 0, 256);
    return bytes;
}

static inline struct source_identity identity(size_t len)
{
    return (struct source_identity){.set = true, .ctime_ns = (int64_t)MTIME * 1000000000, .size = (int64_t)len};
}

static inline bool collect(void *user, const char *data, size_t len, GError **error)
{
    (void)error;
    g_byte_array_append(user, (const guint8 *)data, (guint)len);
    return true;
}

static inline void assert_error(GError **error, GQuark domain, int code, const char *word)
{
    assert_non_null(*error);
    if (!g_error_matches(*error, domain, code) || strstr((*error)->message, word) == NULL)
        fail_msg("expected code %d with '%s', found %d: %s", code, word, (*error)->code, (*error)->message);
    g_clear_error(error);
}

/* The place of the error, for an argument is often read before the call beside it has set it. */
static inline void assert_good(bool good, GError *const *error)
{
    if (!good || *error != NULL)
        fail_msg("%s", *error ? (*error)->message : "failed without an error");
}

static inline void fetch_good(const char *name, const char *bytes, size_t len)
{
    const struct source_identity id = identity(len);
    GByteArray *got = g_byte_array_new();
    GError *error = NULL;

    assert_good(sftp_transport.fetch(connection, name, &id, &(struct byte_sink){collect, got}, &error), &error);
    assert_int_equal(got->len, len);
    if (len > 0)
        assert_memory_equal(got->data, bytes, len);
    g_byte_array_unref(got);
}

static inline bool keep_entry(void *user, const struct drop_entry *entry)
{
    g_hash_table_insert(user, g_strdup(entry->name), g_memdup2(entry, sizeof *entry));
    return true;
}

static inline GHashTable *list_all(void)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GError *error = NULL;

    assert_good(sftp_transport.list(connection, keep_entry, found, &error), &error);
    return found;
}

static inline bool stop_at_once(void *user, const struct drop_entry *entry)
{
    (void)entry;
    ++*(int *)user;
    return false;
}

static inline void discard_good(const char *name, size_t len, const char *sha256)
{
    const struct source_identity id = identity(len);
    GError *error = NULL;

    g_autofree char *taken = transport_taken_name(7, name);
    assert_good(sftp_transport.discard(connection, &(struct drop_copy){name, taken, &id, sha256}, &error), &error);
}

static inline char *store(const char *bytes, size_t len)
{
    char *path = g_build_filename(home, "stored", NULL);

    assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
    return path;
}

static inline void reopen(int port)
{
    sftp_transport.close(connection);
    settings.peer.port = port;
    connection = sftp_transport.open(&drop, CONNECTION_IN);
}

static inline void assert_down(const char *word)
{
    GError *error = NULL;
    int seen = 0;

    assert_false(sftp_transport.list(connection, stop_at_once, &seen, &error));
    assert_error(&error, TRANSPORT_ERROR, TRANSPORT_ERROR_DOWN, word);
}

/* ---- running below sshd.py ---- */

static inline int run_below_a_server(char **argv)
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

#define SFTP_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

/* Runs the tests, below a server if there is none yet. */
#define sftp_server_main(argv, tests)                                                                                  \
    (signal(SIGPIPE, SIG_IGN),                                                                                         \
     g_getenv("SSHD_PORT") == NULL ? run_below_a_server(argv) : cmocka_run_group_tests(tests, NULL, NULL))

#endif
