/*
 * Failing and waiting. libssh2 has no limit of its own that we could use: its timeout is infinite by default, counts
 * whole seconds of the wall clock, and in non-blocking mode EAGAIN hides it (libssh2 issue 544). So the session has a
 * deadline on the monotonic clock, which every received or sent packet moves on.
 *
 * There is no limit on a whole transfer, since a large file may take long. Each answer must come within `timeout`
 * seconds of the last one. That alone would let a server hold up its drop for ever with a byte each time, so the bytes
 * of files and lists have a minimum rate, too. Only the time spent waiting for the server counts, not that of our own
 * disk. Single requests are left out: a server that needs seconds for each is slow, but gets somewhere.
 */
#include "gateway/drops/sftp/sftp_wait.h"

#include "formats/text.h"
#include "gateway/clock.h"
#include "gateway/drops/sftp/sftp_limits.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { SHOWN_TEXT = 200, SLICE = 1000 /* milliseconds */ };

/* ---- errors ---- */

bool sftp_fail(const struct direct *sftp, enum sftp_error code, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SFTP_ERROR, (int)code, "%s: %s", sftp->label, text);
    return false;
}

bool sftp_is_loss(long rc)
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

bool sftp_fail_ssh(struct direct *sftp, long rc, const char *doing, GError **error)
{
    char *text = NULL;

    sftp->usable = false;
    if (sftp->ssh_refused)
        return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error,
                         "%s: the server sends packets of SSH that nobody asked for, and libssh2 wants more than the "
                         "%d bytes that one connection may take for them; show this to its owner",
                         doing, SFTP_MOST_SSH);
    if (sftp_is_loss(rc))
        return sftp_fail(sftp, SFTP_ERROR_LOST, error,
                         "%s: the server broke the connection; the gateway connects again at its next try", doing);
    (void)libssh2_session_last_error(sftp->ssh, &text, NULL, 0); /* returns rc again */
    g_autofree char *shown = text_escape(text ? text : "", text ? strlen(text) : 0, SHOWN_TEXT);
    return sftp_fail(sftp, SFTP_ERROR_PROTOCOL, error, "%s: %s (libssh2 %s, error %ld)", doing, shown,
                     libssh2_version(0), rc);
}

/* ---- waiting ---- */

void sftp_progress(struct direct *sftp, int64_t more)
{
    sftp->deadline = clock_monotonic() + (sftp->peer.timeout + more) * 1000000;
}

static bool fail_late(struct direct *sftp, GError **error)
{
    g_autofree char *seconds = text_count(sftp->peer.timeout, "second");

    return sftp_fail(sftp, SFTP_ERROR_LOST, error,
                     "no answer within %s (timeout= of the drop); ask the server's owner whether it is overloaded",
                     seconds);
}

bool sftp_wait_fd(struct direct *sftp, int fd, short events, GError **error)
{
    struct pollfd socket = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = sftp->deadline - clock_monotonic();
        if (sftp->on_wait != NULL)
            sftp->on_wait();
        int n = left <= 0 ? 0 : poll(&socket, 1, (int)MIN(left / 1000 + 1, SLICE));
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return sftp_fail(sftp, SFTP_ERROR_LOST, error, "cannot wait for the server: %s", g_strerror(errno));
        if (n == 0 && left <= 0)
            return fail_late(sftp, error);
    }
}

/* ---- the rate ---- */

struct sftp_rate sftp_rate_begin(struct direct *sftp)
{
    struct sftp_rate outer = sftp->rate;

    sftp->rate = (struct sftp_rate){.on = true};
    return outer;
}

void sftp_rate_add(struct direct *sftp, size_t bytes)
{
    sftp->rate.moved += (int64_t)bytes;
}

void sftp_rate_end(struct direct *sftp, const struct sftp_rate *outer)
{
    sftp->rate = *outer;
}

/* Adds a wait. Whoever allows an answer to take long with timeout= gets no shorter limit by the rate. */
static bool check_rate(struct direct *sftp, int64_t waited, GError **error)
{
    struct sftp_rate *rate = &sftp->rate;
    int64_t window = MAX(sftp->peer.rate_seconds, sftp->peer.timeout) * 1000000;

    if (!rate->on)
        return true;
    rate->waited += waited;
    if (rate->waited < window)
        return true;
    int64_t seconds = rate->waited / 1000000, moved = rate->moved;
    rate->waited = rate->moved = 0;
    return moved >= sftp->peer.rate_min * seconds ||
           sftp_fail(sftp, SFTP_ERROR_LOST, error,
                     "the server moved %" G_GINT64_FORMAT " bytes in %" G_GINT64_FORMAT
                     " seconds, expected at least %" G_GINT64_FORMAT
                     " a second (rate_min= of the drop); ask the server's owner why it is so slow",
                     moved, seconds, sftp->peer.rate_min);
}

/* While a connection is set up the server sends many small packets. Its system holds each back until the one before is
 * acknowledged (Nagle), and ours delays that acknowledgement by 40 ms. So we acknowledge at once until the session is
 * usable. Linux forgets the option, therefore before each wait. */
static void acknowledge(const struct direct *sftp)
{
    const int now = 1;

    if (!sftp->usable)
        (void)setsockopt(sftp->fd, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now); /* without it connecting is slower */
}

bool sftp_wait(struct direct *sftp, GError **error)
{
    int directions = libssh2_session_block_directions(sftp->ssh);
    short events = 0;

    /* Only what libssh2 waits for: if it waits to send, a socket full of unread bytes would wake us for ever. */
    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        events |= POLLOUT;
    if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) || events == 0)
        events |= POLLIN;
    acknowledge(sftp);
    sftp->inlet.open = true;
    int64_t begun = clock_monotonic();
    if (sftp_wait_fd(sftp, sftp->fd, events, error) && check_rate(sftp, clock_monotonic() - begun, error))
        return true;
    sftp->usable = false;
    return false;
}
