#include "gateway/drops/sftp/sftp_private.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE_SECONDS = 15, PROBE_SECONDS = 5, PROBES = 4 };

/* ---- the name ---- */

/* Shared with the thread that asks, which may outlive the one that waits: getaddrinfo cannot be stopped. */
struct lookup {
    gatomicrefcount refs;
    char *host;
    char port[12];
    int done; /* eventfd */
    int rc;
    struct addrinfo *found;
};

static void lookup_unref(struct lookup *lookup)
{
    if (!g_atomic_ref_count_dec(&lookup->refs))
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    (void)close(lookup->done); /* nothing to lose */
    g_free(lookup->host);
    g_free(lookup);
}

static gpointer look_up(gpointer data)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    const uint64_t one = 1;
    struct lookup *lookup = data;

    lookup->rc = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    if (write(lookup->done, &one, sizeof one) < 0)
        lookup->rc = EAI_SYSTEM; /* cannot be: a new eventfd takes a 1 */
    lookup_unref(lookup);
    return NULL;
}

static struct lookup *lookup_begin(const struct sftp *sftp, GError **error)
{
    struct lookup *lookup = g_new0(struct lookup, 1);

    g_atomic_ref_count_init(&lookup->refs);
    lookup->host = g_strdup(sftp->peer.host);
    (void)snprintf(lookup->port, sizeof lookup->port, "%d", sftp->peer.port);
    lookup->done = eventfd(0, EFD_CLOEXEC);
    g_atomic_ref_count_inc(&lookup->refs);
    GThread *thread = lookup->done < 0 ? NULL : g_thread_try_new("sftp-lookup", look_up, lookup, NULL);
    if (thread != NULL) {
        g_thread_unref(thread);
        return lookup;
    }
    lookup_unref(lookup);
    lookup_unref(lookup);
    (void)sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error, "no thread or descriptor is left to look the name up");
    return NULL;
}

/* ---- the socket ---- */

static void set_option(int fd, int level, int option, int value)
{
    /* One that the system does not know costs comfort only: our own limits hold without it. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void set_options(int fd, int64_t timeout)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    /* Between two looks nobody waits: so that a firewall keeps the connection, and a dead peer shows. */
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)MIN(timeout * 1000, G_MAXINT));
}

/* 0, or the errno of the failure; -1 with an error that ends the trying. */
static int try_address(struct sftp *sftp, const struct addrinfo *address, GError **error)
{
    int fault = 0;
    socklen_t len = sizeof fault;

    sftp->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (sftp->fd < 0)
        return errno;
    set_options(sftp->fd, sftp->peer.timeout);
    if (connect(sftp->fd, address->ai_addr, address->ai_addrlen) != 0) {
        GError *waited = NULL;
        if (errno != EINPROGRESS)
            fault = errno;
        else if (!sftp_wait_fd(sftp, sftp->fd, POLLOUT, &waited)) {
            fault = g_error_matches(waited, SFTP_ERROR, SFTP_ERROR_INTERRUPTED) ? -1 : ETIMEDOUT;
            if (fault < 0)
                g_propagate_error(error, g_steal_pointer(&waited));
        } else if (getsockopt(sftp->fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0)
            fault = errno;
        g_clear_error(&waited);
    }
    if (fault == 0)
        return 0;
    (void)close(sftp->fd); /* never connected */
    sftp->fd = -1;
    return fault;
}

static char *address_text(const struct addrinfo *address)
{
    char text[NI_MAXHOST];

    if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return NULL;
    return g_strdup(text);
}

static bool try_all(struct sftp *sftp, const struct addrinfo *found, GError **error)
{
    int fault = EADDRNOTAVAIL;

    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        sftp_progress(sftp, 0);
        g_free(sftp->facts.address);
        sftp->facts.address = address_text(address);
        fault = try_address(sftp, address, error);
        if (fault <= 0)
            return fault == 0;
    }
    return sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                     "cannot connect to %s: %s; check host= and port=, the network and whether the server runs",
                     sftp->facts.address ? sftp->facts.address : "any address", g_strerror(fault));
}

bool sftp_reach(struct sftp *sftp, GError **error)
{
    GError *waited = NULL;
    struct lookup *lookup = lookup_begin(sftp, error);

    if (lookup == NULL)
        return false;
    sftp_progress(sftp, 0);
    bool good = sftp_wait_fd(sftp, lookup->done, POLLIN, &waited);
    if (!good && g_error_matches(waited, SFTP_ERROR, SFTP_ERROR_INTERRUPTED))
        g_propagate_error(error, g_steal_pointer(&waited));
    else if (!good)
        (void)sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                        "no name server answers within %" G_GINT64_FORMAT
                        " seconds; check the network or give an address",
                        sftp->peer.timeout);
    else if (lookup->rc != 0)
        good = sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                         "the name of the host is not known (%s); check host=", gai_strerror(lookup->rc));
    else
        good = try_all(sftp, lookup->found, error);
    g_clear_error(&waited);
    lookup_unref(lookup);
    return good;
}
