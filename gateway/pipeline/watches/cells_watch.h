/*
 * The cells of a gateway that runs (gateway/cells/): what the log tells of them, and what a file that fails in them
 * leads to. A file may fail three times; the gateway itself is sound each time, so all three are tried at once.
 */
#ifndef ECOSGATE_GATEWAY_PIPELINE_WATCHES_CELLS_WATCH_H
#define ECOSGATE_GATEWAY_PIPELINE_WATCHES_CELLS_WATCH_H

#include "gateway/gateway.h"

/* After a start, and after a reload: has the cells that the configuration asks for, tries one, and logs which guards
 * the kernel or the build lacks. False: none can be had, or one that is required lacks some (SPOOL_ERROR_RETRY). */
bool cells_watch_begin(struct gateway *gateway, GError **error);

/* Once in each pass: logs that the helper has ended. */
void cells_watch(struct gateway *gateway);

/* How the judging of one job went on so far. All zero at first. */
struct cells_tries {
    int died, lost;
    char *text; /* of the last death; owned */
};

/* What to do after the judging of the job failed with *error. True: judge it again; or, if its cells died too often,
 * tries->died is CELLS_MOST_DEATHS, and *error is free. False: *error stays, or is one that ends the pass. */
bool cells_watch_again(struct gateway *gateway, int64_t job, struct cells_tries *tries, GError **error);

enum { CELLS_MOST_DEATHS = 3 };

#endif
