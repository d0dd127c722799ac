/*
 * What a cell cannot do: the limits and filters that it puts on itself (gateway/guards/).
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELL_GUARD_H
#define ECOSGATE_GATEWAY_CELLS_CELL_GUARD_H

#include <stdint.h>

/* Guards that a kernel or a build may not have; a set. */
enum { CELL_GUARD_CALLS = 1, CELL_GUARD_FILES = 2, CELL_GUARDS_ALL = 3 };

/* Names of the guards that are not in the set, for a message; NULL: all are. */
const char *cell_guards_lacking(uint32_t guards);

/* What a cell may take. */
struct cell_limits {
    uint64_t cpu;    /* seconds of a processor */
    uint64_t memory; /* bytes of address space */
};

/* In a cell that has no order yet: puts on it what no order changes and what takes long, Landlock. Returns the guards
 * that are in force; ends the process where one failed that the kernel has. */
uint32_t cell_guard_ahead(void);

/* In the cell: puts all guards on this process; `ahead`: those that are in force already. Returns the guards in force,
 * and ends the process likewise. */
uint32_t cell_guard(const struct cell_limits *limits, uint32_t ahead);

#endif
