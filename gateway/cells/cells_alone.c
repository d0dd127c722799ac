/*
 * Cells without a helper, for a process that reads one file and ends: each is a copy of it. Whatever is in its memory
 * came of its configuration and of that same file. (A process that reads several files has a helper: a file's cell must
 * not hold what another file said.)
 */
#include "gateway/cells/cell_guard.h"
#include "gateway/cells/cells_private.h"
#include "gateway/guards/guards.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 10 * 1000 }; /* milliseconds in which a cell has to end that has closed its socket */

static void become_cell(const struct cells_order *order, const struct profile *profile, const int *fds, pid_t gateway)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != gateway)
        _exit(1);
    (void)prctl(PR_SET_NAME, "ecosgate-cell", 0, 0, 0);
    guard_ignore_signals();
    guard_close_standard();
    cell_main(order, profile, fds, 0);
}

bool cells_alone_make(struct cells *cells, const struct cells_order *order, const struct profile *profile,
                      const int *fds, GError **error)
{
    pid_t gateway = getpid();

    cells_alone_end(cells);
    pid_t pid = fork();
    if (pid == 0)
        become_cell(order, profile, fds, gateway);
    if (pid < 0)
        return cells_unable(error, "fork", errno);
    cells->cell = pid;
    return true;
}

static int wait_for(struct cells *cells)
{
    int status = 0;

    while (waitpid(cells->cell, &status, 0) < 0 && errno == EINTR)
        ;
    cells->cell = 0;
    return status;
}

void cells_alone_status(struct cells *cells, struct cells_status *status)
{
    struct pollfd fd = {.fd = pidfd_open(cells->cell, 0), .events = POLLIN};
    int ended;

    do
        ended = poll(&fd, 1, PATIENCE);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0)
        (void)kill(cells->cell, SIGKILL); /* ours, and not waited for yet */
    if (fd.fd >= 0)
        (void)close(fd.fd); /* no file */
    *status = (struct cells_status){.made = true, .status = wait_for(cells)};
}

void cells_alone_end(struct cells *cells)
{
    if (cells->cell == 0)
        return;
    (void)kill(cells->cell, SIGKILL); /* ours, and not waited for yet */
    (void)wait_for(cells);
}
