/*
 * The bar is drawn over itself with a carriage return. Work under a second, and output that goes to a file, show none.
 */
#include "gateway/commands/run/progress.h"

#include "gateway/clock.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

enum { SECOND = 1000000, INTERVAL = 100000 /* microseconds */, WIDTH = 30 /* characters of the bar */ };

void progress_init(struct progress *progress)
{
    *progress = (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .begun = clock_monotonic()};
}

void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
    if (!progress->terminal || total == 0)
        return;
    int64_t now = clock_monotonic();
    if (now - progress->begun < SECOND || now - progress->last < INTERVAL)
        return;
    progress->last = now;
    progress->shown = true;
    int filled = (int)(MIN(done, total) * WIDTH / total);
    fprintf(stderr, "\r\033[K[%.*s%*s] %3d %%  %.60s", filled, "##############################", WIDTH - filled, "",
            (int)(MIN(done, total) * 100 / total), what);
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
