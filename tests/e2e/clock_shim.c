/*
 * A preloaded library that sets the wall clock of a program, so that a test of what time brings need not wait for it.
 * For tests only.
 *
 *   CLOCK_AHEAD=SECONDS   the clock stands so much before the machine's (below 0: behind it), and goes on as that does
 *   CLOCK_STEP=SECONDS    and goes on by so much more with each reading, as on a machine too busy for one pass a second
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

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

static time_t ahead(void)
{
    static atomic_int readings;

    return number("CLOCK_AHEAD") + number("CLOCK_STEP") * atomic_fetch_add(&readings, 1);
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    int result = (int)syscall(SYS_clock_gettime, id, at);

    if (result == 0 && id == CLOCK_REALTIME)
        at->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    int result = (int)syscall(SYS_gettimeofday, at, zone);

    if (result == 0)
        at->tv_sec += ahead();
    return result;
}
