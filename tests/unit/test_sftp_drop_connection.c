/* Connections to a real SFTP server that fail, break, hang or must not be trusted. */
#include "tests/unit/sftp_server.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

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

static void test_sftp_drop_connection__no_server_listens__is_an_outage_that_ends(void **state)
{
    int good = settings.peer.port, port;
    (void)state;

    close(listen_somewhere(&port));
    reopen(port);
    assert_down("cannot connect");
    settings.peer.port = good;
    reopen(good);
    GHashTable *found = list_all();
    g_hash_table_unref(found);
}

static void test_sftp_drop_connection__server_that_never_speaks__is_an_outage_after_the_limit(void **state)
{
    int port, fd = listen_somewhere(&port);
    (void)state;

    settings.peer.timeout = 1;
    reopen(port);
    assert_down("no answer within 1 second (");
    close(fd);
}

static gpointer accept_and_interrupt(gpointer data)
{
    int fd = accept(*(int *)data, NULL, NULL);

    sftp_transport.interrupt(connection);
    return GINT_TO_POINTER(fd);
}

static void test_sftp_drop_connection__interrupt_from_another_thread__ends_the_wait_and_all_later_calls(void **state)
{
    int port, fd = listen_somewhere(&port);
    (void)state;

    settings.peer.timeout = 3600;
    reopen(port);
    GThread *thread = g_thread_new("interrupt", accept_and_interrupt, &fd);
    assert_down("stopped");
    close(GPOINTER_TO_INT(g_thread_join(thread)));
    assert_down("stopped");
    close(fd);
}

/* Passes bytes between the connection and the server until a byte is written to stop[1]. */
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

/* Makes a file of that text the known_hosts of the drop. */
static void use_known_hosts(const char *text)
{
    static char path[PATH_MAX];

    g_assert(g_snprintf(path, sizeof path, "%s/known_hosts", home) < PATH_MAX);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    settings.peer.known_hosts = path;
}

/* Makes a known_hosts for the server under another port. */
static void know_port(int port)
{
    g_autofree char *text = NULL;
    g_autofree char *from = g_strdup_printf("]:%s ", g_getenv("SSHD_PORT"));
    g_autofree char *to = g_strdup_printf("]:%d ", port);

    assert_true(g_file_get_contents(g_getenv("SSHD_KNOWN_HOSTS"), &text, NULL, NULL));
    g_auto(GStrv) parts = g_strsplit(text, from, -1);
    g_autofree char *changed = g_strjoinv(to, parts);
    use_known_hosts(changed);
}

static void
test_sftp_drop_connection__connection_that_breaks_between_two_calls__connects_again_and_compares_bytes(void **state)
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
    /* The session's process may not have told its loss yet, but what was idle so long is asked before it is used. */
    g_usleep(600000);
    /* Rewritten within the same second: only its bytes show it. */
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
    use_known_hosts(text);
    reopen(settings.peer.port);
}

static void test_sftp_drop_connection__host_keys__are_strict(void **state)
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
    set_known_hosts("[127.0.0.1]:%d %s\n", settings.peer.port, other);
    assert_down("HOST KEY CHANGED");
    set_known_hosts("[127.0.0.1]:%d %s\n", settings.peer.port, ecdsa);
    assert_down("HOST KEY CHANGED"); /* the server has no key of that kind */
    set_known_hosts("127.0.0.1 %s\n", key);
    assert_down("is not in"); /* the key of another port */
    set_known_hosts("[127.0.0.1]:%d %s\n@revoked [127.0.0.1]:%d %s\n", settings.peer.port, key, settings.peer.port,
                    key);
    assert_down("revoked");
    set_known_hosts("[127.0.0.1]:%d %s\n", settings.peer.port, rsa);
    assert_down(" key"); /* of no use before libssh2 1.11, and another one than the server's after it */
    set_known_hosts("this is no line\n@cert-authority * %s\nother.example,[127.0.0.1]:%d %s a comment\n", key,
                    settings.peer.port, key);
    GHashTable *found = list_all();
    g_hash_table_unref(found);
}

static void test_sftp_drop_connection__identity_that_cannot_be_used__error_says_why(void **state)
{
    g_autofree char *none = g_build_filename(home, "nothing", NULL);
    g_autofree char *nonsense = store("no key", 6);
    const char *own = settings.peer.identity;
    (void)state;

    settings.peer.identity = none;
    reopen(settings.peer.port);
    assert_down("identity cannot be read");
    settings.peer.identity = nonsense;
    reopen(settings.peer.port);
    assert_down("cannot be used");
    settings.peer.identity = own;
    settings.peer.user = "nobody-of-that-name";
    reopen(settings.peer.port);
    assert_down("does not let user nobody-of-that-name in");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SFTP_TEST(test_sftp_drop_connection__no_server_listens__is_an_outage_that_ends),
        SFTP_TEST(test_sftp_drop_connection__server_that_never_speaks__is_an_outage_after_the_limit),
        SFTP_TEST(test_sftp_drop_connection__interrupt_from_another_thread__ends_the_wait_and_all_later_calls),
        SFTP_TEST(
            test_sftp_drop_connection__connection_that_breaks_between_two_calls__connects_again_and_compares_bytes),
        SFTP_TEST(test_sftp_drop_connection__host_keys__are_strict),
        SFTP_TEST(test_sftp_drop_connection__identity_that_cannot_be_used__error_says_why),
    };

    sftp_drop_serve_if_asked(argc, argv);
    return sftp_server_main(argv, tests);
}
