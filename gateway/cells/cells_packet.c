/* Packets of orders: from the gateway to the helper, and from the helper to a cell that was made ahead. */
#include "gateway/cells/cells_private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

bool cells_packet_send(int socket, const struct cells_order *order, const int *fds)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(CELLS_FDS * sizeof(int))];
    } rights = {.bytes = {0}};
    struct iovec part_of = {(void *)order, sizeof *order};
    struct msghdr message = {.msg_iov = &part_of, .msg_iovlen = 1};
    ssize_t n;

    if (fds != NULL) {
        message.msg_control = rights.bytes;
        message.msg_controllen = sizeof rights.bytes;
        rights.head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(CELLS_FDS * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&rights.head), fds, CELLS_FDS * sizeof(int));
    }
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *order;
}

/* The descriptors that came with a packet; -1 where there is none. */
static void take_descriptors(struct msghdr *message, int *fds)
{
    for (size_t i = 0; i < CELLS_FDS; i++)
        fds[i] = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        size_t bytes = c->cmsg_len - CMSG_LEN(0);
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && bytes <= CELLS_FDS * sizeof *fds)
            memcpy(fds, CMSG_DATA(c), bytes);
    }
}

bool cells_packet_take(int socket, struct cells_order *order, int *fds)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(CELLS_FDS * sizeof(int))];
    } rights = {.bytes = {0}};
    struct iovec part = {order, sizeof *order};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes};
    ssize_t n;

    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *order)
        return false;
    take_descriptors(&message, fds);
    return true;
}
