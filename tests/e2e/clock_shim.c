/*
 * A preloaded library that sets the wall clock of a program, so that a test of what time brings need not wait for it.
 * For tests only.
 *
 *   CLOCK_AHEAD=SECONDS   the clock stands so much before the machine's (below 0: behind it), and goes on as that does
 *   CLOCK_FILE=FILE       and by as many seconds more as stand in that file now: the clock is set while it runs
 *   CLOCK_STEP=SECONDS    and goes on by so much more with each reading, as on a machine too busy for one pass a second
 *   CLOCK_BOOT=1          CLOCK_BOOTTIME goes with it: to the program that time has passed, and no clock was set
 *   CLOCK_FAST=N          the clock of limits (CLOCK_MONOTONIC) goes N times as fast; sleeps last as long as before
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t number(const char *name)
{
    const char *seconds = getenv(name);

    return seconds != NULL ? (time_t)strtoll(seconds, NULL, 10) : 0;
}

/* What the file says; 0 without one. */
static time_t set_in_file(void)
{
    const char *path = getenv("CLOCK_FILE");
    char text[32] = "";
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

    if (fd >= 0)
        (void)close(fd); /* only read from */
    return got > 0 ? (time_t)strtoll(text, NULL, 10) : 0;
}

static time_t ahead(void)
{
    static atomic_int readings;

    return number("CLOCK_AHEAD") + set_in_file() + number("CLOCK_STEP") * atomic_fetch_add(&readings, 1);
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, id, at);

    if (result == 0 && (id == CLOCK_REALTIME || (id == CLOCK_BOOTTIME && number("CLOCK_BOOT") != 0)))
        at->tv_sec += ahead();
    if (result == 0 && id == CLOCK_MONOTONIC && number("CLOCK_FAST") > 1) {
        long long fast = number("CLOCK_FAST"), nanoseconds = at->tv_nsec * fast;
        at->tv_sec = at->tv_sec * fast + nanoseconds / 1000000000;
        at->tv_nsec = nanoseconds % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    int result = (int)syscall(SYS_gettimeofday, at, zone);

    if (result == 0)
        at->tv_sec += ahead();
    return result;
}
