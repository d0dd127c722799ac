/*
 * What the processes of a gateway take: the program, and those that it has started, such as cells and SFTP sessions.
 */
#ifndef ECOSGATE_GATEWAY_METRICS_PROCESS_USE_H
#define ECOSGATE_GATEWAY_METRICS_PROCESS_USE_H

#include <stdbool.h>
#include <stdint.h>

struct process_use {
    double seconds;         /* of processors: of the program and of all that it has started, those that ended too */
    int64_t bytes;          /* memory of the program */
    int64_t children;       /* processes that it has started and that run, and those that these have */
    int64_t children_bytes; /* their memory */
};

/* False: there is no such process, or the system does not show it. */
bool process_use_of(int64_t pid, struct process_use *use);

#endif
