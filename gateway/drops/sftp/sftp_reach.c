/*
 * Reaching the server. getaddrinfo has no time limit and cannot be stopped, so it runs in a thread of its own, which
 * may go on after the wait for it; it ends with the process of the session.
 */
#include "gateway/drops/sftp/sftp_reach.h"

#include "formats/text.h"
#include "gateway/drops/sftp/sftp_wait.h"

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

/* Of TCP keepalive: a dead server is noticed after 15 + 4 * 5 seconds. */
enum { IDLE_SECONDS = 15, PROBE_SECONDS = 5, PROBES = 4 };

/* ---- the address ---- */

/* Shared by the thread that asks and the one that waits. The last to leave frees it. */
struct lookup {
    gatomicrefcount refs;
    char *host;
    char port[12];
    int done; /* eventfd: readable once rc and found are set */
    int rc;   /* of getaddrinfo */
    struct addrinfo *found;
};

static void lookup_unref(struct lookup *lookup)
{
    if (!g_atomic_ref_count_dec(&lookup->refs))
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    (void)close(lookup->done); /* an eventfd: nothing is lost */
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
        lookup->rc = EAI_SYSTEM; /* cannot happen: a new eventfd accepts a 1 */
    lookup_unref(lookup);
    return NULL;
}

static struct lookup *lookup_begin(const struct direct *sftp, GError **error)
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
    (void)sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                    "no thread or descriptor is left to look the host up; raise the limits of the gateway's user");
    return NULL;
}

/* ---- the socket ---- */

static void set_option(int fd, int level, int option, int value)
{
    /* A system may lack an option. Our own time limits hold without it. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void set_options(int fd, int64_t timeout)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    /* Between two listings no call waits on the socket. Keepalive stops a firewall from forgetting the connection, and
     * makes a dead server visible. */
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, IDLE_SECONDS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)MIN(timeout * 1000, G_MAXINT));
}

/* Returns 0, or the errno of the failure; -1 with an error if other addresses must not be tried (INTERRUPTED). */
static int try_address(struct direct *sftp, const struct addrinfo *address, GError **error)
{
    int errnum = 0;
    socklen_t len = sizeof errnum;

    sftp->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (sftp->fd < 0)
        return errno;
    set_options(sftp->fd, sftp->peer.timeout);
    if (connect(sftp->fd, address->ai_addr, address->ai_addrlen) != 0) {
        GError *waited = NULL;
        if (errno != EINPROGRESS)
            errnum = errno;
        else if (!sftp_wait_fd(sftp, sftp->fd, POLLOUT, &waited)) {
            errnum = g_error_matches(waited, SFTP_ERROR, SFTP_ERROR_INTERRUPTED) ? -1 : ETIMEDOUT;
            if (errnum < 0)
                g_propagate_error(error, g_steal_pointer(&waited));
        } else if (getsockopt(sftp->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
            errnum = errno;
        g_clear_error(&waited);
    }
    if (errnum == 0)
        return 0;
    (void)close(sftp->fd); /* was never connected */
    sftp->fd = -1;
    return errnum;
}

/* As numbers, for the error texts and `doctor`; NULL if it cannot be printed. */
static char *address_text(const struct addrinfo *address)
{
    char text[NI_MAXHOST];

    if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return NULL;
    return g_strdup(text);
}

static bool try_all(struct direct *sftp, const struct addrinfo *found, GError **error)
{
    int errnum = EADDRNOTAVAIL;

    for (const struct addrinfo *address = found; address != NULL; address = address->ai_next) {
        sftp_progress(sftp, 0);
        g_free(sftp->server.address);
        sftp->server.address = address_text(address);
        errnum = try_address(sftp, address, error);
        if (errnum <= 0)
            return errnum == 0;
    }
    return sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error, "cannot connect to %s: %s; %s",
                     sftp->server.address ? sftp->server.address : "any address", g_strerror(errnum),
                     errnum == EMFILE || errnum == ENFILE
                         ? "raise the limit of open files of the gateway's user (ulimit -n)"
                         : "check host= and port=, the network and whether the server runs");
}

bool sftp_reach(struct direct *sftp, GError **error)
{
    GError *waited = NULL;
    struct lookup *lookup = lookup_begin(sftp, error);

    if (lookup == NULL)
        return false;
    g_autofree char *seconds = text_count(sftp->peer.timeout, "second");

    sftp_progress(sftp, 0);
    bool good = sftp_wait_fd(sftp, lookup->done, POLLIN, &waited);
    if (!good && g_error_matches(waited, SFTP_ERROR, SFTP_ERROR_INTERRUPTED))
        g_propagate_error(error, g_steal_pointer(&waited));
    else if (!good)
        (void)sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                        "no name server answers within %s; check the network or give an address as host=", seconds);
    else if (lookup->rc != 0)
        good = sftp_fail(sftp, SFTP_ERROR_UNREACHABLE, error,
                         "the host is not known (%s); check host=", gai_strerror(lookup->rc));
    else
        good = try_all(sftp, lookup->found, error);
    g_clear_error(&waited);
    lookup_unref(lookup);
    return good;
}
