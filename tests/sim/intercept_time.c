/*
 * Functions of libc and GLib that read the clock, sleep or wait, defined here so that the linker takes these. SQLite
 * and GLib find them too, for they are looked for in the program first. Before a run begins they are the real ones.
 *
 * A wait first asks the kernel without waiting, then gives control back until its time is over or something changed.
 */
#include "tests/sim/shared.h"
#include "tests/sim/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Microseconds that pass with each look at a clock: a loop that waits for a time without a sleep comes to its end. */
enum { LOOK = 1 };

/* ---- clocks ---- */

static struct timespec as_timespec(int64_t microseconds)
{
    return (struct timespec){microseconds / SIM_SECOND, microseconds % SIM_SECOND * 1000};
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    if (shared == NULL)
        return (int)syscall(SYS_clock_gettime, id, at);
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        shared_pass(LOOK);
        *at = as_timespec(shared_wall());
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
        shared_pass(LOOK);
        *at = as_timespec(shared_since_start() - shared_asleep());
        return 0;
    case CLOCK_BOOTTIME:
        shared_pass(LOOK);
        *at = as_timespec(shared_since_start());
        return 0;
    default:
        return (int)syscall(SYS_clock_gettime, id, at); /* processor time */
    }
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL)
        *at = now.tv_sec;
    return now.tv_sec;
}

static gint64 microseconds_of(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return now.tv_sec * SIM_SECOND + now.tv_nsec / 1000;
}

gint64 g_get_real_time(void)
{
    return microseconds_of(CLOCK_REALTIME);
}

gint64 g_get_monotonic_time(void)
{
    return microseconds_of(CLOCK_MONOTONIC);
}

/* ---- sleeps ---- */

static void sleep_for(int64_t microseconds)
{
    if (shared_self != NULL)
        shared_sleep(microseconds);
    else
        (void)syscall(SYS_nanosleep, &(struct timespec){microseconds / SIM_SECOND, microseconds % SIM_SECOND * 1000},
                      NULL);
}

void g_usleep(gulong microseconds)
{
    sleep_for((int64_t)microseconds);
}

int usleep(useconds_t microseconds)
{
    sleep_for(microseconds);
    return 0;
}

unsigned sleep(unsigned seconds)
{
    sleep_for(seconds * SIM_SECOND);
    return 0;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)left; /* the sleep is never cut short */
    sleep_for(wanted->tv_sec * SIM_SECOND + wanted->tv_nsec / 1000);
    return 0;
}

/* ---- waits ---- */

/* What the kernel says without waiting. With a mask it also delivers the signals that this lets through. */
static int ask(struct pollfd *fds, nfds_t n, const sigset_t *mask)
{
    struct timespec none = {0, 0};

    return (int)syscall(SYS_ppoll, fds, n, &none, mask, _NSIG / 8);
}

/* limit: microseconds in which the machine is awake; INT64_MAX: for ever. */
static int wait_for(struct pollfd *fds, nfds_t n, int64_t limit, const sigset_t *mask)
{
    int64_t begun = shared->now, asleep = shared_asleep();

    for (;;) {
        worker_run_due();
        int found = ask(fds, n, mask);
        int64_t until = limit == INT64_MAX ? INT64_MAX : begun + limit + shared_asleep() - asleep;
        if (found != 0 || shared->now >= until)
            return found;
        shared_yield(SHARED_WAITS, worker_runs() ? until : MIN(until, worker_due()));
    }
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask)
{
    if (shared_self == NULL)
        return (int)syscall(SYS_ppoll, fds, n, limit, mask, _NSIG / 8);
    return wait_for(fds, n, limit == NULL ? INT64_MAX : limit->tv_sec * SIM_SECOND + limit->tv_nsec / 1000, mask);
}

int poll(struct pollfd *fds, nfds_t n, int milliseconds)
{
    if (shared_self == NULL)
        return (int)syscall(SYS_poll, fds, n, milliseconds);
    return wait_for(fds, n, milliseconds < 0 ? INT64_MAX : milliseconds * INT64_C(1000), NULL);
}
