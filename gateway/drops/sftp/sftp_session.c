#include "gateway/drops/sftp/sftp_private.h"

#include "formats/text.h"
#include "gateway/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WINDOW = 4 * 1024 * 1024, PACKET = 32768, FREE_TRIES = 100, SHOWN_TEXT = 200 };

G_DEFINE_QUARK(ecosgate - sftp - error, sftp_error)

/* ---- errors ---- */

bool sftp_fail(const struct sftp *sftp, enum sftp_error code, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SFTP_ERROR, (int)code, "%s: %s", sftp->label, text);
    return false;
}

/* The connection is gone, or as good as. */
static bool is_loss(long rc)
{
    switch (rc) {
    case LIBSSH2_ERROR_NONE: /* end of the stream */
    case LIBSSH2_ERROR_EAGAIN:
    case LIBSSH2_ERROR_BANNER_RECV:
    case LIBSSH2_ERROR_BANNER_SEND:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_TIMEOUT:
    case LIBSSH2_ERROR_TIMEOUT:
    case LIBSSH2_ERROR_CHANNEL_CLOSED:
    case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
        return true;
    default:
        return false;
    }
}

bool sftp_fail_ssh(struct sftp *sftp, long rc, const char *doing, GError **error)
{
    char *text = NULL;

    sftp->usable = false;
    if (is_loss(rc))
        return sftp_fail(sftp, SFTP_ERROR_LOST, error,
                         "%s: the server broke the connection; it is connected again at the next look", doing);
    (void)libssh2_session_last_error(sftp->ssh, &text, NULL, 0); /* gives rc again */
    g_autofree char *shown = text_escape(text ? text : "", text ? strlen(text) : 0, SHOWN_TEXT);
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error, "%s: %s (libssh2 %s, error %ld)", doing, shown,
                     libssh2_version(0), rc);
}

/* ---- waiting ---- */

void sftp_progress(struct sftp *sftp, int64_t more)
{
    sftp->deadline = clock_monotonic() + (sftp->peer.timeout + more) * 1000000;
}

bool sftp_check(const struct sftp *sftp, GError **error)
{
    return !g_atomic_int_get(&sftp->interrupted) ||
           sftp_fail(sftp, SFTP_ERROR_INTERRUPTED, error, "stopped before it was done");
}

bool sftp_wait_fd(struct sftp *sftp, int fd, short events, GError **error)
{
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = sftp->wake, .events = POLLIN}};

    for (;;) {
        if (!sftp_check(sftp, error))
            return false;
        int64_t left = sftp->deadline - clock_monotonic();
        int n = left <= 0 ? 0 : poll(fds, G_N_ELEMENTS(fds), (int)MIN(left / 1000 + 1, G_MAXINT));
        if (n > 0 && fds[0].revents != 0)
            return true;
        if (n < 0 && errno != EINTR)
            return sftp_fail(sftp, SFTP_ERROR_LOST, error, "cannot wait: %s", g_strerror(errno));
        if (n == 0 && left <= 0)
            return sftp_fail(sftp, SFTP_ERROR_LOST, error,
                             "no answer within %" G_GINT64_FORMAT
                             " seconds (timeout= of the drop); ask the server's owner "
                             "whether it is overloaded",
                             sftp->peer.timeout);
    }
}

/* While a connection begins the server writes many small packets, and its system keeps each back until the one before
 * is acknowledged, which ours would do 40 ms later. */
static void acknowledge(const struct sftp *sftp)
{
    const int now = 1;

    if (!sftp->usable)
        (void)setsockopt(sftp->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now); /* else it takes longer */
}

bool sftp_wait(struct sftp *sftp, GError **error)
{
    int directions = libssh2_session_block_directions(sftp->ssh);
    short events = 0;

    /* Only what the library waits for: a socket full of what it will not read yet would wake us for ever. */
    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        events |= POLLOUT;
    if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) || events == 0)
        events |= POLLIN;
    acknowledge(sftp);
    sftp->inlet.open = true;
    if (sftp_wait_fd(sftp, sftp->fd, events, error))
        return true;
    sftp->usable = false;
    return false;
}

void sftp_interrupt(struct sftp *sftp)
{
    const uint64_t one = 1;

    g_atomic_int_set(&sftp->interrupted, 1);
    if (write(sftp->wake, &one, sizeof one) < 0)
        return; /* it is full: readable already */
}

/* ---- the library's session ---- */

/* From an agent's socket, which would block. */
static ssize_t receive_from_agent(struct sftp *sftp, libssh2_socket_t fd, void *buffer, size_t len, int flags)
{
    if (!sftp_wait_fd(sftp, fd, POLLIN, NULL))
        return -ETIMEDOUT;
    ssize_t n = recv(fd, buffer, len, flags);
    if (n == 0)
        return -ECONNRESET; /* libssh2 1.10 would ask a dead agent for ever */
    return n > 0 ? n : errno == EINTR ? -EAGAIN : -errno;
}

/* libssh2 talks to ssh-agent by the same function. */
static ssize_t receive(libssh2_socket_t fd, void *buffer, size_t len, int flags, void **abstract)
{
    struct sftp *sftp = *abstract;
    struct sftp_inlet *inlet = &sftp->inlet;

    if (fd != sftp->fd)
        return receive_from_agent(sftp, fd, buffer, len, flags);
    if (inlet->begin == inlet->end) {
        if (!inlet->open)
            return -EAGAIN;
        ssize_t n = recv(fd, inlet->bytes, sizeof inlet->bytes, flags);
        if (n <= 0)
            return n == 0 ? 0 : errno == EINTR ? -EAGAIN : -errno;
        inlet->open = false;
        inlet->begin = 0;
        inlet->end = (size_t)n;
    }
    size_t part = MIN(len, inlet->end - inlet->begin);
    memcpy(buffer, inlet->bytes + inlet->begin, part);
    inlet->begin += part;
    return (ssize_t)part;
}

ssize_t sftp_take(struct sftp *sftp, void *data, size_t len)
{
    sftp->inlet.open = true;
    return libssh2_channel_read(sftp->channel, data, len);
}

static bool prefer(struct sftp *sftp, int method, const char *key, const char *algorithms, GError **error)
{
    if (algorithms == NULL || *algorithms == '\0' || libssh2_session_method_pref(sftp->ssh, method, algorithms) == 0)
        return true;
    g_autofree char *known = sftp_supported(sftp, method);
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error, "%s=%s: libssh2 %s knows none of them; it knows %s", key,
                     algorithms, libssh2_version(0), known);
}

static bool prefer_all(struct sftp *sftp, const char *host_keys, GError **error)
{
    const struct sftp_peer *peer = &sftp->peer;

    return prefer(sftp, LIBSSH2_METHOD_KEX, "kex", peer->kex, error) &&
           prefer(sftp, LIBSSH2_METHOD_HOSTKEY, "host_keys", host_keys, error) &&
           prefer(sftp, LIBSSH2_METHOD_CRYPT_CS, "ciphers", peer->ciphers, error) &&
           prefer(sftp, LIBSSH2_METHOD_CRYPT_SC, "ciphers", peer->ciphers, error) &&
           prefer(sftp, LIBSSH2_METHOD_MAC_CS, "macs", peer->macs, error) &&
           prefer(sftp, LIBSSH2_METHOD_MAC_SC, "macs", peer->macs, error);
}

static void drop_ssh(struct sftp *sftp)
{
    int rc = LIBSSH2_ERROR_EAGAIN;

    /* The library would wait for a dead peer's answers for ever: on a socket that is shut it cannot. */
    if (sftp->fd >= 0)
        (void)shutdown(sftp->fd, SHUT_RDWR);
    for (int i = 0; sftp->ssh != NULL && rc == LIBSSH2_ERROR_EAGAIN && i < FREE_TRIES; i++)
        rc = libssh2_session_free(sftp->ssh);
    sftp->ssh = NULL;
    sftp->channel = NULL;
    if (sftp->fd >= 0)
        (void)close(sftp->fd); /* shut already */
    sftp->fd = -1;
    sftp->usable = false;
}

static bool begin_ssh(struct sftp *sftp, GError **error)
{
    sftp->ssh = libssh2_session_init_ex(NULL, NULL, NULL, sftp);
    if (sftp->ssh == NULL)
        return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error, "libssh2 cannot begin a session: out of memory");
    libssh2_session_set_blocking(sftp->ssh, 0);
    sftp->inlet.open = true;
    sftp->inlet.begin = sftp->inlet.end = 0;
#if LIBSSH2_VERSION_NUM >= 0x010b01
    (void)libssh2_session_callback_set2(sftp->ssh, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *)receive);
#else
    (void)libssh2_session_callback_set(sftp->ssh, LIBSSH2_CALLBACK_RECV, (void *)receive);
#endif
    return true;
}

/* ---- the handshake ---- */

static char *both_ways(struct sftp *sftp, int to_us, int from_us)
{
    const char *in = libssh2_session_methods(sftp->ssh, to_us);
    const char *out = libssh2_session_methods(sftp->ssh, from_us);

    if (g_strcmp0(in, out) == 0 || out == NULL)
        return g_strdup(in);
    return g_strconcat(in ? in : "", "/", out, NULL);
}

static void note_handshake(struct sftp *sftp)
{
    struct sftp_server *facts = &sftp->facts;
    const char *banner = libssh2_session_banner_get(sftp->ssh);
    const char *hash = libssh2_hostkey_hash(sftp->ssh, LIBSSH2_HOSTKEY_HASH_SHA256);

    facts->banner = banner ? text_escape(banner, strlen(banner), SHOWN_TEXT) : NULL;
    facts->kex = g_strdup(libssh2_session_methods(sftp->ssh, LIBSSH2_METHOD_KEX));
    facts->key = g_strdup(libssh2_session_methods(sftp->ssh, LIBSSH2_METHOD_HOSTKEY));
    facts->ciphers = both_ways(sftp, LIBSSH2_METHOD_CRYPT_SC, LIBSSH2_METHOD_CRYPT_CS);
    facts->macs = both_ways(sftp, LIBSSH2_METHOD_MAC_SC, LIBSSH2_METHOD_MAC_CS);
    if (hash != NULL) {
        g_autofree char *text = g_base64_encode((const guchar *)hash, 32);
        facts->fingerprint = g_strconcat("SHA256:", text, NULL);
        facts->fingerprint[strcspn(facts->fingerprint, "=")] = '\0'; /* as ssh-keygen -l writes it */
    }
}

/* *disagreed: there is a server, but no set of algorithms that both sides can use. */
static bool shake_hands(struct sftp *sftp, const char *host_keys, bool *disagreed, GError **error)
{
    int rc;

    *disagreed = false;
    sftp_progress(sftp, 0);
    if (!prefer_all(sftp, host_keys, error))
        return false;
    SFTP_REPEAT(sftp, rc, libssh2_session_handshake(sftp->ssh, sftp->fd), error);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (rc != 0) {
        *disagreed = !is_loss(rc);
        return sftp_fail_ssh(sftp, rc, "cannot agree on how to talk", error);
    }
    note_handshake(sftp);
    return true;
}

static bool connect_and_trust(struct sftp *sftp, bool any_key, bool *disagreed, GError **error)
{
    *disagreed = false;
    if (!sftp_reach(sftp, error) || !begin_ssh(sftp, error))
        return false;
    struct sftp_trust *trust = sftp_trust_load(sftp, error);
    if (trust == NULL)
        return false;
    g_autofree char *host_keys = sftp_trust_algorithms(sftp, any_key ? NULL : trust);
    bool good = shake_hands(sftp, host_keys, disagreed, error) && sftp_trust_check(sftp, trust, error);
    sftp_trust_free(trust);
    return good;
}

/* A server that has none of the keys that known_hosts holds for it ends the handshake without showing the
 * key that it has: it is asked once more for any, to tell a changed key from algorithms that do not match. */
static bool secure(struct sftp *sftp, GError **error)
{
    GError *first = NULL, *second = NULL;
    bool disagreed;

    if (connect_and_trust(sftp, false, &disagreed, &first))
        return true;
    if (disagreed) {
        drop_ssh(sftp);
        if (!connect_and_trust(sftp, true, &disagreed, &second) &&
            g_error_matches(second, SFTP_ERROR, SFTP_ERROR_HOST_KEY)) {
            g_error_free(first);
            first = g_steal_pointer(&second);
        }
        g_clear_error(&second);
    }
    g_propagate_error(error, first);
    return false;
}

/* ---- the channel ---- */

static bool begin_channel(struct sftp *sftp, GError **error)
{
    int rc;

    sftp_progress(sftp, 0);
    do {
        sftp->channel = libssh2_channel_open_ex(sftp->ssh, "session", strlen("session"), WINDOW, PACKET, NULL, 0);
        rc = sftp->channel != NULL ? 0 : libssh2_session_last_errno(sftp->ssh);
    } while (rc == LIBSSH2_ERROR_EAGAIN && sftp_wait(sftp, error));
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (rc != 0)
        return sftp_fail_ssh(sftp, rc, "cannot open a channel", error);
    SFTP_REPEAT(
        sftp, rc,
        libssh2_channel_process_startup(sftp->channel, "subsystem", strlen("subsystem"), "sftp", strlen("sftp")),
        error);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (rc == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED || rc == LIBSSH2_ERROR_CHANNEL_FAILURE)
        return sftp_fail(sftp, SFTP_ERROR_REFUSED, error,
                         "the server gives this user no SFTP; its owner must allow it");
    if (rc != 0)
        return sftp_fail_ssh(sftp, rc, "cannot begin SFTP", error);
    /* What a login script prints as errors is not ours to read, but would fill the window. */
    SFTP_REPEAT(sftp, rc, libssh2_channel_handle_extended_data2(sftp->channel, LIBSSH2_CHANNEL_EXTENDED_DATA_IGNORE),
                error);
    return rc != LIBSSH2_ERROR_EAGAIN;
}

/* ---- life ---- */

static void clear_server(struct sftp_server *facts)
{
    g_free(facts->address);
    g_free(facts->banner);
    g_free(facts->key);
    g_free(facts->fingerprint);
    g_free(facts->kex);
    g_free(facts->ciphers);
    g_free(facts->macs);
    g_strfreev(facts->extensions);
    *facts = (struct sftp_server){0};
}

struct sftp *sftp_new(const struct sftp_peer *peer)
{
    static gsize begun;
    struct sftp *sftp = g_new0(struct sftp, 1);

    if (g_once_init_enter(&begun)) {
        (void)sftp_cipher_use();                                 /* without it the same comes slower */
        g_once_init_leave(&begun, libssh2_init(0) == 0 ? 1 : 2); /* a failure shows when a session begins */
    }
    sftp->peer = *peer;
    sftp->label = g_strdup_printf("%s@%s:%d", peer->user, peer->host, peer->port);
    sftp->fd = -1;
    sftp->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sftp->wake < 0)
        g_error("no descriptor is left to begin a session with %s: %s", sftp->label, g_strerror(errno));
    wire_init(&sftp->wire);
    return sftp;
}

void sftp_free(struct sftp *sftp)
{
    if (sftp == NULL)
        return;
    sftp_disconnect(sftp);
    wire_clear(&sftp->wire);
    clear_server(&sftp->facts);
    (void)close(sftp->wake); /* nothing to lose */
    g_free(sftp->label);
    g_free(sftp);
}

bool sftp_connect(struct sftp *sftp, GError **error)
{
    sftp_disconnect(sftp);
    clear_server(&sftp->facts);
    wire_reset(&sftp->wire);
    sftp->read_piece = sftp->write_piece = SFTP_PIECE;
    if (!sftp_check(sftp, error))
        return false;
    if (secure(sftp, error) && sftp_login(sftp, error) && begin_channel(sftp, error)) {
        sftp->usable = true;
        if (wire_greet(sftp, error))
            return true;
    }
    drop_ssh(sftp);
    return false;
}

bool sftp_is_connected(struct sftp *sftp)
{
    struct pollfd at = {.fd = sftp->fd, .events = POLLRDHUP};

    if (sftp->usable && poll(&at, 1, 0) > 0)
        sftp->usable = false;
    return sftp->usable;
}

void sftp_disconnect(struct sftp *sftp)
{
    if (sftp->usable)
        (void)libssh2_session_disconnect(sftp->ssh, "done"); /* a courtesy: not repeated */
    drop_ssh(sftp);
}

const struct sftp_server *sftp_server(const struct sftp *sftp)
{
    return &sftp->facts;
}

bool sftp_offers(const struct sftp *sftp, const char *extension)
{
    const char *const *offered = (const char *const *)sftp->facts.extensions;

    return offered != NULL && g_strv_contains(offered, extension);
}
