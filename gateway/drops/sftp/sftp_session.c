/*
 * The order of a connection: reach, keys of both sides; then handshake, host key, login, channel, greeting, which need
 * nothing but the socket. Nothing is sent to a server before its host key was found in known_hosts, apart from the
 * handshake that shows the key.
 */
#include "formats/text.h"
#include "gateway/drops/sftp/sftp_algorithms.h"
#include "gateway/drops/sftp/sftp_inlet.h"
#include "gateway/drops/sftp/sftp_login.h"
#include "gateway/drops/sftp/sftp_memory.h"
#include "gateway/drops/sftp/sftp_reach.h"
#include "gateway/drops/sftp/sftp_trust.h"
#include "gateway/drops/sftp/sftp_wait.h"
#include "gateway/drops/sftp/sftp_wire.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* WINDOW, PACKET: bytes of the channel, as many as sftp_stream.c has under way. FREE_TRIES: libssh2 says EAGAIN while
 * it sends a farewell, which a socket that was shut cannot carry. */
enum { WINDOW = 4 * 1024 * 1024, PACKET = 32768, FREE_TRIES = 100, SHOWN_TEXT = 200 };

/* ---- libssh2's session ---- */

static void drop_ssh(struct direct *sftp)
{
    int rc = LIBSSH2_ERROR_EAGAIN;

    g_clear_pointer(&sftp->login, sftp_login_free);
    g_clear_pointer(&sftp->trust, sftp_trust_free);
    /* libssh2 would wait for the answers of a dead server for ever. On a socket that was shut it cannot. */
    if (sftp->fd >= 0)
        (void)shutdown(sftp->fd, SHUT_RDWR);
    for (int i = 0; sftp->ssh != NULL && rc == LIBSSH2_ERROR_EAGAIN && i < FREE_TRIES; i++)
        rc = libssh2_session_free(sftp->ssh);
    sftp->ssh = NULL;
    sftp->channel = NULL;
    if (sftp->fd >= 0)
        (void)close(sftp->fd); /* shut before: nothing is lost */
    sftp->fd = -1;
    sftp->usable = false;
}

static bool begin_ssh(struct direct *sftp, GError **error)
{
    sftp->ssh = sftp_memory_session(sftp);
    if (sftp->ssh == NULL)
        return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error,
                         "libssh2 cannot begin a session: no memory is left; give the gateway more");
    libssh2_session_set_blocking(sftp->ssh, 0);
    sftp_inlet_begin(sftp);
    return true;
}

/* ---- the handshake ---- */

/* What was agreed for the two directions: one name if they are the same. */
static char *both_ways(struct direct *sftp, int to_us, int from_us)
{
    const char *in = libssh2_session_methods(sftp->ssh, to_us);
    const char *out = libssh2_session_methods(sftp->ssh, from_us);

    if (g_strcmp0(in, out) == 0 || out == NULL)
        return g_strdup(in);
    return g_strconcat(in ? in : "", "/", out, NULL);
}

/* Keeps what `doctor` shows of the handshake. */
static void keep_handshake(struct direct *sftp)
{
    struct sftp_server *server = &sftp->server;
    const char *banner = libssh2_session_banner_get(sftp->ssh);
    const char *hash = libssh2_hostkey_hash(sftp->ssh, LIBSSH2_HOSTKEY_HASH_SHA256);

    server->banner = banner ? text_escape(banner, strlen(banner), SHOWN_TEXT) : NULL;
    server->kex = g_strdup(libssh2_session_methods(sftp->ssh, LIBSSH2_METHOD_KEX));
    server->key = g_strdup(libssh2_session_methods(sftp->ssh, LIBSSH2_METHOD_HOSTKEY));
    server->ciphers = both_ways(sftp, LIBSSH2_METHOD_CRYPT_SC, LIBSSH2_METHOD_CRYPT_CS);
    server->macs = both_ways(sftp, LIBSSH2_METHOD_MAC_SC, LIBSSH2_METHOD_MAC_CS);
    if (hash != NULL) {
        g_autofree char *text = g_base64_encode((const guchar *)hash, 32);
        server->fingerprint = g_strconcat("SHA256:", text, NULL);
        server->fingerprint[strcspn(server->fingerprint, "=")] = '\0'; /* as ssh-keygen -l writes it */
    }
}

/* Sets *disagreed as direct_connect does. */
static bool shake_hands(struct direct *sftp, bool *disagreed, GError **error)
{
    g_autofree char *host_keys = sftp_trust_algorithms(sftp, sftp->peer.any_key ? NULL : sftp->trust);
    int rc;

    *disagreed = false;
    sftp_progress(sftp, 0);
    if (!sftp_prefer_algorithms(sftp, host_keys, error))
        return false;
    SFTP_REPEAT(sftp, rc, libssh2_session_handshake(sftp->ssh, sftp->fd), error);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return false;
    if (rc != 0) {
        *disagreed = !sftp_is_loss(rc);
        return sftp_fail_ssh(sftp, rc,
                             "cannot agree on algorithms (old ones are offered only if kex=, host_keys=, "
                             "ciphers= or macs= name them)",
                             error);
    }
    keep_handshake(sftp);
    return true;
}

/* ---- the channel ---- */

static bool begin_channel(struct direct *sftp, GError **error)
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
                         "the server gives this user no SFTP; ask its owner to allow it");
    if (rc != 0)
        return sftp_fail_ssh(sftp, rc, "cannot begin SFTP", error);
    /* What a login script prints to standard error is not read, and would fill the window. */
    SFTP_REPEAT(sftp, rc, libssh2_channel_handle_extended_data2(sftp->channel, LIBSSH2_CHANNEL_EXTENDED_DATA_IGNORE),
                error);
    return rc != LIBSSH2_ERROR_EAGAIN;
}

/* ---- life ---- */

void sftp_server_clear(struct sftp_server *server)
{
    g_free(server->address);
    g_free(server->banner);
    g_free(server->key);
    g_free(server->fingerprint);
    g_free(server->kex);
    g_free(server->ciphers);
    g_free(server->macs);
    g_strfreev(server->extensions);
    *server = (struct sftp_server){0};
}

void direct_on_wait(struct direct *sftp, void (*on_wait)(void))
{
    sftp->on_wait = on_wait;
}

struct direct *direct_new(const struct sftp_peer *peer)
{
    static gsize begun; /* libssh2_init is called once, before the first session */
    struct direct *sftp = g_new0(struct direct, 1);

    if (g_once_init_enter(&begun))
        g_once_init_leave(&begun, libssh2_init(0) == 0 ? 1 : 2); /* a failure shows when a session begins */
    sftp->peer = *peer;
    sftp->label = g_strdup_printf("%s@%s:%d", peer->user, peer->host, peer->port);
    sftp->fd = -1;
    wire_init(&sftp->wire);
    return sftp;
}

void direct_free(struct direct *sftp)
{
    if (sftp == NULL)
        return;
    direct_disconnect(sftp);
    wire_clear(&sftp->wire);
    sftp_server_clear(&sftp->server);
    g_free(sftp->label);
    g_free(sftp);
}

bool direct_reach(struct direct *sftp, GError **error)
{
    direct_disconnect(sftp);
    sftp_server_clear(&sftp->server);
    wire_reset(&sftp->wire);
    sftp->read_piece = sftp->write_piece = SFTP_PIECE;
    if (sftp_reach(sftp, error) && begin_ssh(sftp, error)) {
        sftp->login = sftp_login_load(sftp);
        sftp->trust = sftp_trust_load(sftp, error);
    }
    if (sftp->trust != NULL)
        return true;
    drop_ssh(sftp);
    return false;
}

bool direct_connect(struct direct *sftp, bool *disagreed, GError **error)
{
    if (shake_hands(sftp, disagreed, error) && sftp_trust_check(sftp, sftp->trust, error) && sftp_login(sftp, error) &&
        begin_channel(sftp, error)) {
        sftp->usable = true;
        if (wire_greet(sftp, error))
            return true;
    }
    drop_ssh(sftp);
    return false;
}

bool direct_is_connected(struct direct *sftp)
{
    struct pollfd socket = {.fd = sftp->fd, .events = POLLRDHUP};

    if (sftp->usable && poll(&socket, 1, 0) > 0)
        sftp->usable = false;
    return sftp->usable;
}

int direct_socket(const struct direct *sftp)
{
    return sftp->fd;
}

void direct_disconnect(struct direct *sftp)
{
    if (sftp->usable)
        (void)libssh2_session_disconnect(sftp->ssh, "done"); /* polite, not needed: not repeated on EAGAIN */
    drop_ssh(sftp);
}

const struct sftp_server *direct_server(const struct direct *sftp)
{
    return &sftp->server;
}

const char *sftp_library_version(void)
{
    return libssh2_version(0);
}
