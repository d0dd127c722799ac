/*
 * A progress bar on standard error for work that takes over a second. On a terminal only.
 *
 *   struct progress progress;
 *   progress_init(&progress);
 *   progress_show(&progress, name, done, total) …
 *   progress_clear(&progress);                   before anything else is printed
 */
#ifndef ECOSGATE_GATEWAY_COMMANDS_RUN_PROGRESS_H
#define ECOSGATE_GATEWAY_COMMANDS_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal;       /* standard error is a terminal */
    bool shown;          /* the bar stands on the terminal's line */
    int64_t begun, last; /* monotonic microseconds: when the work began, when the bar was drawn last */
};

/* Begins to count the time. Owns nothing, so that there is nothing to free. */
void progress_init(struct progress *progress);
/* Draws the bar, at most ten times a second. `what` names what is being worked on; done and total have any unit. */
void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total);
/* Removes the bar from the terminal's line, if it is there. */
void progress_clear(struct progress *progress);

#endif
