/*
 * A failing run made shorter: fewer days, and without each part of the world whose absence still breaks the same
 * promise.
 */
#ifndef ECOSGATE_TESTS_SIM_SHRINK_H
#define ECOSGATE_TESTS_SIM_SHRINK_H

#include "tests/sim/sim.h"

/* Plays the run, shortens it, and prints the story of the shortest one that was found and the call that repeats it.
 * False if the run breaks no promise. */
bool shrink_run(const struct sim_options *options);

#endif
