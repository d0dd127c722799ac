/*
 * Crash points. Every durable change has one name, in steps.def. A build with --enable-crash-points can be killed right
 * before or right after each of them; in other builds step_before and step_after do nothing.
 *
 *     step_before(step) → the change → step_after(step)
 *
 * The environment variable ECOSGATE_CRASH="<name>:before|after[:<n>[:<signal>]]" makes the n-th passage (default: the
 * first) of that point raise that signal number (default: SIGKILL). A value of any other form is ignored.
 * ECOSGATE_STEPS names a file to which each passage adds a line "<name>:before" or "<name>:after": the list of points
 * at which a run can be stopped.
 */
#ifndef ECOSGATE_SPOOL_STEP_H
#define ECOSGATE_SPOOL_STEP_H

enum step {
#define STEP(ident, name, meaning) STEP_##ident,
#include "spool/steps.def"
#undef STEP
    STEP_COUNT
};

#ifdef ECOSGATE_CRASH_POINTS
/* To be called right before the change. Safe in any thread. */
void step_before(enum step step);
/* To be called right after the change is durable, or complete where steps.def says "not synced yet". */
void step_after(enum step step);
#else
/* Nothing: this build has no crash points. */
static inline void step_before(enum step step)
{
    (void)step;
}
/* Nothing: this build has no crash points. */
static inline void step_after(enum step step)
{
    (void)step;
}
#endif

#endif
