/*
 * The clock. What stops it is set once, before the first thread starts, so it needs no lock.
 */
#include "gateway/clock.h"

#include <glib.h>
#include <stdbool.h>

static bool stopped;
static int64_t stopped_at;

int64_t clock_now(void)
{
    return stopped ? stopped_at : g_get_real_time() / G_USEC_PER_SEC;
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

int64_t clock_monotonic(void)
{
    return g_get_monotonic_time();
}
