/*
 * For tests, in builds that can be stopped at a named step: what foreign code tries in a process that the guards hold.
 */
#ifndef ECOSGATE_GATEWAY_GUARDS_ATTACK_H
#define ECOSGATE_GATEWAY_GUARDS_ATTACK_H

#ifdef ECOSGATE_CRASH_POINTS

#include <stdbool.h>

struct attack {
    const char *name;
    bool (*run)(const char *argument); /* true: it has succeeded */
};

/* "read:/etc/passwd": finds what stands before the colon among n attacks, or else among those that every process can
 * try, and runs it. True: it has succeeded. */
bool attack_run(const char *order, const struct attack *own, int n);

#endif

#endif
