/*
 * Crash points: every durable step has one name, and a test build can be killed right before or right
 * after it. In other builds step_before and step_after are nothing.
 *
 * Built with -DECOSGATE_CRASH_POINTS, the environment variable ECOSGATE_CRASH = "name:before|after[:n[:s]]"
 * makes the nth passing (default the first) of that point raise signal number s (default SIGKILL). Anything that
 * does not read so is ignored. ECOSGATE_STEPS names a file to which each passing adds a line, "name:before" or
 * "name:after": what a run has to be stopped at. Thread-safe.
 */
#ifndef ECOSGATE_SPOOL_STEP_H
#define ECOSGATE_SPOOL_STEP_H

enum step {
#define STEP(ident, name, meaning) STEP_##ident,
#include "spool/steps.def"
#undef STEP
    STEP_COUNT
};

/* Constant texts; NULL for numbers outside 0 … STEP_COUNT - 1. */
const char *step_name(int step);
const char *step_meaning(int step);

#ifdef ECOSGATE_CRASH_POINTS
void step_before(enum step step);
void step_after(enum step step);
#else
static inline void step_before(enum step step)
{
    (void)step; /* crash points are not built in */
}
static inline void step_after(enum step step)
{
    (void)step; /* crash points are not built in */
}
#endif

#endif
