/*
 * Receiving. libssh2 reads 16 KiB at a time and goes on until the socket is empty, up to a whole window of 4 MiB,
 * before it returns the first byte. The write-behind thread then had nothing to do for a long time, and too much
 * afterwards. With this buffer libssh2 sees at most 128 KiB between two calls of sftp_take.
 */
#include "gateway/drops/sftp/sftp_inlet.h"

#include "gateway/drops/sftp/sftp_wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* The socket of ssh-agent is a blocking one: waiting for it with our own deadline keeps a hanging agent from holding up
 * the drop for ever. */
static ssize_t receive_from_agent(struct direct *sftp, libssh2_socket_t fd, void *buffer, size_t len, int flags)
{
    if (!sftp_wait_fd(sftp, fd, POLLIN, NULL))
        return -ETIMEDOUT;
    ssize_t n = recv(fd, buffer, len, flags);
    if (n == 0)
        return -ECONNRESET; /* on 0 libssh2 1.10 asks a dead agent again, for ever */
    return n > 0 ? n : errno == EINTR ? -EAGAIN : -errno;
}

/* The callback of libssh2. It is called for the socket of ssh-agent too. */
static ssize_t receive(libssh2_socket_t fd, void *buffer, size_t len, int flags, void **abstract)
{
    struct direct *sftp = *abstract;
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
    size_t piece = MIN(len, inlet->end - inlet->begin);
    memcpy(buffer, inlet->bytes + inlet->begin, piece);
    inlet->begin += piece;
    return (ssize_t)piece;
}

void sftp_inlet_begin(struct direct *sftp)
{
    sftp->inlet.open = true;
    sftp->inlet.begin = sftp->inlet.end = 0;
#if LIBSSH2_VERSION_NUM >= 0x010b01 /* 1.11.1 deprecates the older function */
    (void)libssh2_session_callback_set2(sftp->ssh, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *)receive);
#else
    (void)libssh2_session_callback_set(sftp->ssh, LIBSSH2_CALLBACK_RECV, (void *)receive);
#endif
}

ssize_t sftp_take(struct direct *sftp, void *data, size_t len)
{
    sftp->inlet.open = true;
    return libssh2_channel_read(sftp->channel, data, len);
}
