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
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
    pid_t ahead;                /* the cell that waits for an order; 0: none */
    int order_to;               /* its socket */
    bool busy;                  /* files come: the next cell is to be made ahead */
};

/* ---- what cells need not do again ---- */

/* Has malloc sort what is free: else each cell does so, and copies all the pages on which something was freed. */
static void tidy_memory(void)
{
    enum { LARGE = 512 * 1024 /* more than any free piece: all are looked at */ };

    (void)malloc_trim(0);
    free(malloc(LARGE));
}

static void no_record(void *user, const struct record *record)
{
    (void)user;
    (void)record;
}

static void no_count(void *user, const struct field *declared)
{
    (void)user;
    (void)declared;
}

static void no_fault(void *user, const struct fault *fault)
{
    (void)user;
    (void)fault;
}

/* Reads a content of its own, so that functions of libraries are found and their memory is there. */
static void rehearse(enum form form, const char *text)
{
    const struct unpack_limits limits = {.max_bytes = 1};
    const struct reading_request request = {.fd = memfd_create("rehearsal", MFD_CLOEXEC),
                                            .unpack = &limits,
                                            .form = form,
                                            .type = &profile_builtin()->types[0],
                                            .max_records = 1,
                                            .sink = {NULL, no_record, no_record, no_count, no_fault}};

    if (request.fd < 0 || write(request.fd, text, strlen(text)) < 0)
        return; /* no memory: what follows says so */
    struct reading *reading = reading_open(NULL, &request);
    while (reading_step(reading, NULL) == READING_MORE)
        ;
    reading_close(reading);
    (void)close(request.fd); /* of memory */
}

static void get_ready(void)
{
    rehearse(FORM_CSV, "H\n");
    rehearse(FORM_XML, "<r/>");
    tidy_memory();
}

/* ---- profiles ---- */

static const struct profile *find_profile(const struct helper *h, const char *digest)
{
    const struct profile *builtin = profile_builtin();

    return strcmp(builtin->digest, digest) == 0 ? builtin : g_hash_table_lookup(h->profiles, digest);
}

/* ---- the cell that was made ahead ---- */

/* A cell until it has its order. It has read no byte of a sender, and sees no other file's order but its own. */
static void wait_for_order(const struct helper *h, int orders, pid_t helper)
{
    struct cells_order order;
    int fds[CELLS_FDS];

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != helper || dup2(orders, CELLS_CONTROL) < 0 ||
        close_range(CELLS_CONTROL + 1, ~0U, 0) != 0)
        _exit(1);
    uint32_t guards = cell_guard_ahead();
    if (!cells_packet_take(CELLS_CONTROL, &order, fds) || fds[0] < 0 || fds[1] < 0)
        _exit(1);
    cell_main(&order, *order.profile != '\0' ? find_profile(h, order.profile) : NULL, fds, guards);
}

/* Makes it while the present cell reads and the gateway writes. Without room for it the next cell is made when it is
 * asked for. */
static void make_ahead(struct helper *h)
{
    const pid_t helper = getpid();
    int pair[2];

    if (!h->busy || h->ahead != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    h->busy = false;
    pid_t pid = fork();
    if (pid == 0)
        wait_for_order(h, pair[1], helper);
    (void)close(pair[1]); /* the cell's */
    h->ahead = MAX(pid, 0);
    h->order_to = pair[0];
    if (pid < 0)
        (void)close(pair[0]); /* nothing was sent */
}

/* Takes leave of it: it has ended, ends now, or has its order. */
static pid_t part_ahead(struct helper *h, bool end)
{
    pid_t pid = h->ahead;

    if (pid != 0)
        (void)close(h->order_to); /* nothing is to be said any more */
    if (pid != 0 && end)
        (void)kill(pid, SIGKILL); /* it is ours, and not waited for yet */
    h->ahead = 0;
    return pid;
}

/* 0: there is none for this order. One that loads a library cannot be made ahead, for it has no paths any more. */
static pid_t give_ahead(struct helper *h, const struct cells_order *order, const int *fds)
{
    if (h->ahead == 0 || order->signature == READING_SIGNATURE_WANTED)
        return 0;
    bool good = cells_packet_send(h->order_to, order, fds);
    pid_t pid = part_ahead(h, !good);
    return good ? pid : 0;
}

/* ---- the cell ---- */

static void take_profile(struct helper *h, const char *digest, int fd)
{
    struct profile *profile = fd >= 0 ? cells_profile_unpack(fd) : NULL;

    if (profile != NULL)
        g_hash_table_insert(h->profiles, g_strdup(digest), profile);
    (void)part_ahead(h, true); /* it does not know the profile */
    tidy_memory();
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
    h->busy = order->kind == CELLS_READ;
    pid_t pid = give_ahead(h, order, fds);
    if (pid == 0 && (pid = fork()) == 0)
        cell_main(order, profile, fds, 0);
    h->status.made = pid > 0;
    h->status.errnum = pid < 0 ? errno : 0;
    h->cell = MAX(pid, 0);
}

/* The gateway asks nothing any more, or is gone. Cells that outlive their parent would be left to process 1. */
static _Noreturn void leave(struct helper *h)
{
    (void)part_ahead(h, true);
    end_cell(h);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    _exit(0);
}

static void answer(struct helper *h)
{
    if (!h->asked || h->cell != 0)
        return;
    h->asked = false;
    if (send(CELLS_CONTROL, &h->status, sizeof h->status, MSG_NOSIGNAL) < 0)
        leave(h);
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
        if (pid == h->ahead)
            (void)part_ahead(h, false);
        if (pid != h->cell)
            continue;
        h->cell = 0;
        h->status.status = status;
    }
}

static void serve(struct helper *h)
{
    struct cells_order order;
    int fds[CELLS_FDS];

    if (!cells_packet_take(CELLS_CONTROL, &order, fds))
        leave(h);
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
            (void)close(fds[i]);          /* the cell has its own */
    explicit_bzero(&order, sizeof order); /* the next cell need not know the name in this one */
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
    get_ready();
    for (;;) {
        struct pollfd fds[] = {{.fd = CELLS_CONTROL, .events = POLLIN}, {.fd = h.children, .events = POLLIN}};
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            _exit(1);
        reap(&h);
        answer(&h);
        if (fds[0].revents != 0)
            serve(&h);
        answer(&h);
        make_ahead(&h);
    }
}
