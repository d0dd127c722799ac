/*
 * The world around the gateways: partners, operators, what they own and what they expect. The simulator calls it in
 * this order; everything in between is events.
 *
 *   world_begin → events until faults stop → world_settle → events until the end → world_judge → world_free
 */
#ifndef ECOSGATE_TESTS_SIM_WORLD_H
#define ECOSGATE_TESTS_SIM_WORLD_H

#include "tests/sim/sim.h"

struct world;

/* Makes the world, its homes and the first events of its actors. Never NULL. */
struct world *world_begin(struct sim *sim);
/* Faults have stopped (sim_faults is false): from here on partners answer everything, and nothing new is started. The
 * run goes on for at least so many microseconds of virtual time, which it returns. */
int64_t world_settle(struct world *world);
/* The end: checks every promise (sim_broken). Processes may be started here; their ends are waited for. */
void world_judge(struct world *world);
/* How many files partners have put or taken so far. */
unsigned world_files(const struct world *world);
/* How many Devices the estate has. */
unsigned world_devices(const struct world *world);
/* Frees it. */
void world_free(struct world *world);

#endif
