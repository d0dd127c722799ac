/* The gateway's side of the helper: its start, its end, and what it is asked. */
#include "gateway/cells/cells.h"

#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cell_message.h"
#include "gateway/cells/cells_private.h"
#include "gateway/guards/anew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SILENCE = 120 * 1000, /* milliseconds */
    PATIENCE = 10 * 1000, /* that the helper has to tell how a cell ended that was killed */
    LEAVE = 1000,         /* that it has to wait for the ends of its cells */
};

/* ---- the helper ---- */

bool cells_unable(GError **error, const char *what, int errnum)
{
    g_set_error(error, READING_ERROR, READING_ERROR_UNABLE,
                "no process can be started in which files are parsed: %s: %s%s; it is tried again", what,
                g_strerror(errnum),
                errnum == EMFILE || errnum == ENFILE ? "; raise the limit of open files (ulimit -n)"
                : errnum == EAGAIN                   ? "; raise the limit of processes (ulimit -u)"
                                                     : "");
    return false;
}

static struct cells *cells_new(enum cells_mode mode)
{
    struct cells *cells = g_new0(struct cells, 1);

    cells->readings.open = cells_open_reading;
    cells->mode = mode;
    cells->control = -1;
    cells->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cells->silence = SILENCE;
#ifdef ECOSGATE_CRASH_POINTS
    const char *shorter = g_getenv("ECOSGATE_CELLS_SILENCE");
    cells->silence = shorter != NULL ? atol(shorter) : SILENCE;
#endif
    return cells;
}

/* The copy of this process, which has opened neither keys nor ledger. */
static void become_helper(int control, pid_t gateway)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != gateway || dup2(control, CELLS_CONTROL) < 0 ||
        close_range(CELLS_CONTROL + 1, ~0U, 0) != 0)
        _exit(1);
    cells_helper_main();
}

struct cells *cells_start(enum cells_mode mode, GError **error)
{
    pid_t gateway = getpid();
    int pair[2];

    if (mode == CELLS_NO)
        return NULL;
    (void)profile_builtin(); /* the helper and its cells have it then */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        cells_unable(error, "socketpair", errno);
        return NULL;
    }
    pid_t pid = fork();
    if (pid == 0)
        become_helper(pair[1], gateway);
    int errnum = errno;
    (void)close(pair[1]); /* the helper's */
    if (pid < 0) {
        (void)close(pair[0]); /* nothing was sent */
        cells_unable(error, "fork", errnum);
        return NULL;
    }
    struct cells *cells = cells_new(mode);
    cells->control = pair[0];
    cells->helper = pid;
    return cells;
}

struct cells *cells_start_later(enum cells_mode mode)
{
    return mode != CELLS_NO ? cells_new(mode) : NULL;
}

struct cells *cells_start_alone(enum cells_mode mode)
{
    struct cells *cells = cells_start_later(mode);

    if (cells != NULL)
        cells->alone = true;
    return cells;
}

int cells_help(void)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return EXIT_FAILURE;
    cells_helper_main();
}

static bool start_again(struct cells *cells, GError **error)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return cells_unable(error, "socketpair", errno);
    int errnum = anew_start(CELLS_HELPER, pair[1], &cells->helper);
    (void)close(pair[1]); /* the helper has its own */
    if (errnum != 0) {
        (void)close(pair[0]);
        cells->helper = 0;
        return cells_unable(error, "the program cannot be run anew", errnum);
    }
    cells->control = pair[0];
    return true;
}

/* A helper that nobody asks any more ends, after its cells. One that is killed before leaves them to process 1, and
 * that of a container may wait for nobody. */
static void let_end(pid_t helper)
{
    struct pollfd fd = {.fd = pidfd_open(helper, 0), .events = POLLIN};

    while (fd.fd >= 0 && poll(&fd, 1, LEAVE) < 0 && errno == EINTR)
        ;
    if (fd.fd >= 0)
        (void)close(fd.fd); /* no file */
}

/* Takes leave of a helper: it has ended, or does so now. sound: it has not failed. */
static void part(struct cells *cells, bool sound)
{
    if (cells->control >= 0)
        (void)close(cells->control); /* ends it */
    cells->control = -1;
    if (cells->helper > 0 && sound)
        let_end(cells->helper);
    if (cells->helper > 0) {
        (void)kill(cells->helper, SIGKILL); /* ours, and not waited for yet */
        while (waitpid(cells->helper, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    cells->helper = 0;
    g_hash_table_remove_all(cells->known);
}

static void lose(struct cells *cells)
{
    cells->ended = true;
    part(cells, false);
}

bool cells_helper_ended(struct cells *cells)
{
    if (cells != NULL && cells->helper > 0 && waitpid(cells->helper, NULL, WNOHANG) == cells->helper) {
        cells->helper = 0;
        lose(cells);
    }
    bool ended = cells != NULL && cells->ended;
    if (ended)
        cells->ended = false;
    return ended;
}

void cells_end(struct cells *cells)
{
    if (cells == NULL)
        return;
    if (cells->alone)
        cells_alone_end(cells);
    part(cells, true);
    g_hash_table_unref(cells->known);
    g_free(cells);
}

enum cells_mode cells_mode(const struct cells *cells)
{
    return cells != NULL ? cells->mode : CELLS_NO;
}

const struct readings *cells_readings(struct cells *cells)
{
    return cells != NULL ? &cells->readings : NULL;
}

/* ---- what it is asked ---- */

bool cells_send(struct cells *cells, const struct cells_order *order, const int *fds, GError **error)
{
    if (cells->control >= 0 && cells_packet_send(cells->control, order, fds))
        return true;
    if (cells->control >= 0)
        lose(cells);
    if (!start_again(cells, error))
        return false;
    return cells_packet_send(cells->control, order, fds) || cells_unable(error, "sendmsg", errno);
}

bool cells_ask_status(struct cells *cells, struct cells_status *status)
{
    const struct cells_order order = {.kind = CELLS_STATUS};
    struct pollfd fd = {.fd = cells->control, .events = POLLIN};
    ssize_t n = -1;

    if (cells->alone) {
        cells_alone_status(cells, status);
        return true;
    }
    if (cells->control >= 0 && cells_packet_send(cells->control, &order, NULL)) {
        int ready;
        do
            ready = poll(&fd, 1, PATIENCE);
        while (ready < 0 && errno == EINTR);
        n = ready > 0 ? recv(cells->control, status, sizeof *status, 0) : -1;
    }
    if (n == (ssize_t)sizeof *status)
        return true;
    lose(cells);
    return false;
}
