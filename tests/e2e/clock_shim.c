/*
 * A preloaded library whose wall clock stands CLOCK_AHEAD seconds before the machine's (below 0: behind it) and goes on
 * as that does, so that a test of what the time brings need not wait for it. For tests only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void)
{
    const char *seconds = getenv("CLOCK_AHEAD");

    return seconds != NULL ? (time_t)strtoll(seconds, NULL, 10) : 0;
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
