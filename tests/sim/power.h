/*
 * Power cuts and damaged disks. While a run has power cuts (power_record), each change of a machine's disk that is not
 * synced yet is kept with what it replaced. A cut undoes all of them and does some of them again, chosen by the stream
 * "power": writes whole, up to a sector or not at all, renames and removals each by chance. What was synced stays.
 */
#ifndef ECOSGATE_TESTS_SIM_POWER_H
#define ECOSGATE_TESTS_SIM_POWER_H

#include "tests/sim/sim.h"

/* From now on changes are recorded; costs time. Call it before the first process if the run may cut the power. */
void power_record(struct sim *sim);
/* Cuts the power of the home's machine: kills all of its processes (their `ended` is called with -1), loses what was
 * not synced, forgets locks and shared memory. The machine starts again at once: time since its start is 0. */
void power_cut(struct sim *sim, const char *home);
/* Writes random bytes over a few pages of the home's ledger that are in use. No process of the home may run, and the
 * ledger must have no write-ahead log. False: nothing was damaged. */
bool power_damage_ledger(struct sim *sim, const char *home);

#endif
