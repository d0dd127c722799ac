/*
 * The clock. What stops it is set once, before the first thread starts, so it needs no lock; the rest belongs to one
 * thread.
 */
#include "gateway/clock.h"

#include <glib.h>
#include <sys/timex.h>
#include <time.h>

static bool stopped;
static int64_t stopped_at;

static int64_t not_before; /* the newest time that was recorded or given out in this pass */
static bool held;          /* clock_now is not_before, whatever the clock says */
static bool comparing;
static int64_t base; /* the time of the machine's start, by the clock as it was believed last */

int64_t clock_wall(void)
{
    return stopped ? stopped_at : g_get_real_time() / G_USEC_PER_SEC;
}

int64_t clock_wall_microseconds(void)
{
    return stopped ? stopped_at * G_USEC_PER_SEC : g_get_real_time();
}

int64_t clock_since_start(void)
{
    struct timespec at;

    return clock_gettime(CLOCK_BOOTTIME, &at) == 0 ? at.tv_sec * G_USEC_PER_SEC + at.tv_nsec / 1000
                                                   : g_get_monotonic_time();
}

static int64_t seconds_since_start(void)
{
    return clock_since_start() / G_USEC_PER_SEC;
}

int64_t clock_jump(void)
{
    if (!comparing || stopped)
        return 0;
    int64_t found = clock_wall() - seconds_since_start(), jump = found - base;
    if (ABS(jump) > CLOCK_STEP)
        return jump;
    base = found; /* a correction, or the slow drift of a clock that is being corrected */
    return 0;
}

int64_t clock_now(void)
{
    if (held)
        return not_before;
    int64_t now = clock_jump() == 0 ? clock_wall() : base + seconds_since_start();
    not_before = MAX(not_before, now);
    return not_before;
}

void clock_stop_at(int64_t at)
{
    stopped = true;
    stopped_at = at;
}

bool clock_is_stopped(void)
{
    return stopped;
}

void clock_not_before(int64_t at)
{
    held = false;
    not_before = at;
}

void clock_hold(int64_t at)
{
    held = true;
    not_before = at;
}

void clock_compare(void)
{
    comparing = true;
    clock_accept();
}

int64_t clock_base(void)
{
    return base;
}

void clock_expect(int64_t expected)
{
    base = expected;
}

void clock_accept(void)
{
    base = clock_wall() - seconds_since_start();
}

int64_t clock_monotonic(void)
{
    return g_get_monotonic_time();
}

bool clock_synchronized(bool *synchronized)
{
    struct timex question = {0}; /* it changes nothing */

    if (adjtimex(&question) < 0)
        return false;
    *synchronized = (question.status & STA_UNSYNC) == 0;
    return true;
}
