/*
 * A progress bar on standard error for whatever takes over a second, on a terminal only.
 *
 *   struct progress progress;
 *   progress_init(&progress);
 *   progress_show(&progress, name, done, total) …
 *   progress_clear(&progress);                   before anything else is printed
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_PROGRESS_H
#define ECOSGATE_GATEWAY_COMMANDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal;
    bool shown;
    int64_t begun, last; /* monotonic microseconds */
};

void progress_init(struct progress *progress);
void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total);
void progress_clear(struct progress *progress);

#endif
