/*
 * The helper: a small process with one thread that makes cells and knows how they end. It was forked before keys and
 * ledger were opened, so a cell, which is a copy of it, has none of them in its memory. It reads no byte of a sender.
 *
 * It ignores what ends the gateway (SIGTERM, SIGINT), for that judges the file to its end or stops by itself. It ends
 * when the gateway's end of the socket is closed, and its cells with it.
 */
#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cells_private.h"
#include "gateway/guards/guards.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct helper {
    GHashTable *profiles;       /* those that came, by digest */
    int children;               /* signalfd: SIGCHLD */
    pid_t cell;                 /* the last one; 0: it has ended */
    struct cells_status status; /* of the last one, once it has ended */
    bool asked;                 /* the gateway waits for that status */
};

static const struct profile *find_profile(const struct helper *h, const char *digest)
{
    const struct profile *builtin = profile_builtin();

    return strcmp(builtin->digest, digest) == 0 ? builtin : g_hash_table_lookup(h->profiles, digest);
}

static void take_profile(struct helper *h, const char *digest, int fd)
{
    struct profile *profile = fd >= 0 ? cells_profile_unpack(fd) : NULL;

    if (profile != NULL)
        g_hash_table_insert(h->profiles, g_strdup(digest), profile);
}

static void end_cell(const struct helper *h)
{
    if (h->cell != 0)
        (void)kill(h->cell, SIGKILL); /* it is ours, and not waited for yet */
}

static void make_cell(struct helper *h, const struct cells_order *order, const int *fds)
{
    const struct profile *profile = *order->profile != '\0' ? find_profile(h, order->profile) : NULL;

    end_cell(h); /* nobody listens to it any more */
    h->status = (struct cells_status){.made = false};
    h->cell = 0;
    h->status.errnum = fds[0] < 0 || fds[1] < 0 ? EMFILE : 0; /* the kernel had no room for them */
    if ((profile == NULL && *order->profile != '\0') || h->status.errnum != 0)
        return;
    pid_t pid = fork();
    if (pid == 0)
        cell_main(order, profile, fds);
    h->status.made = pid > 0;
    h->status.errnum = pid < 0 ? errno : 0;
    h->cell = MAX(pid, 0);
}

static void answer(struct helper *h)
{
    if (!h->asked || h->cell != 0)
        return;
    h->asked = false;
    if (send(CELLS_CONTROL, &h->status, sizeof h->status, MSG_NOSIGNAL) < 0)
        _exit(0); /* the gateway is gone */
}

/* Waits for all that have ended. */
static void reap(struct helper *h)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(h->children, &info, sizeof info) > 0)
        ; /* several ends may be one signal */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != h->cell)
            continue;
        h->cell = 0;
        h->status.status = status;
    }
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

/* False: the gateway is gone. */
static bool take_order(struct cells_order *order, int *fds)
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
        n = recvmsg(CELLS_CONTROL, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *order)
        return false;
    take_descriptors(&message, fds);
    return true;
}

static void serve(struct helper *h)
{
    struct cells_order order;
    int fds[CELLS_FDS];

    if (!take_order(&order, fds))
        _exit(0);
    switch (order.kind) {
    case CELLS_READ:
    case CELLS_PROBE:
        make_cell(h, &order, fds);
        break;
    case CELLS_STATUS:
        h->asked = true;
        break;
    case CELLS_KILL:
        end_cell(h);
        break;
    case CELLS_PROFILE:
        take_profile(h, order.profile, fds[0]);
        break;
    }
    for (size_t i = 0; i < CELLS_FDS; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]); /* the cell has its own */
}

static void settle_signals(struct helper *h)
{
    sigset_t child;

    guard_ignore_signals();
    (void)signal(SIGCHLD, SIG_DFL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &child, NULL); /* cannot fail: valid arguments */
    h->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (h->children < 0)
        _exit(1);
}

void cells_helper_main(void)
{
    struct helper h = {.profiles = g_hash_table_new(g_str_hash, g_str_equal)};

    (void)prctl(PR_SET_NAME, "ecosgate-cells", 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    guard_close_standard();
    settle_signals(&h);
    (void)profile_builtin(); /* cells have it then */
    for (;;) {
        struct pollfd fds[] = {{.fd = CELLS_CONTROL, .events = POLLIN}, {.fd = h.children, .events = POLLIN}};
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            _exit(1);
        reap(&h);
        answer(&h);
        if (fds[0].revents != 0)
            serve(&h);
        answer(&h);
    }
}
