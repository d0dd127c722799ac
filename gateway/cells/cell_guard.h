/*
 * What a cell cannot do: the limits and filters that it puts on itself. All that depends on the kernel, the build or
 * the sanitizers stands in cell_guard.c.
 */
#ifndef ECOSGATE_GATEWAY_CELLS_CELL_GUARD_H
#define ECOSGATE_GATEWAY_CELLS_CELL_GUARD_H

#include <linux/filter.h>
#include <stdint.h>

/* The two descriptors of a cell. */
enum { CELL_SOCKET = 3, CELL_PAYLOAD = 4 };

/* Guards that a kernel or a build may not have; a set. */
enum { CELL_GUARD_CALLS = 1, CELL_GUARD_FILES = 2, CELL_GUARDS_ALL = 3 };

/* The filter of system calls; no instructions: this build has none. (cell_filter_make.c writes it) */
extern const struct sock_filter cell_filter[];
extern const unsigned short cell_filter_len;

/* Names of the guards that are not in the set, for a message; NULL: all are. g_free. */
char *cell_guards_lacking(uint32_t guards);

/* In the helper, or in a cell that has none: closes standard input, output and error. */
void cell_guard_prepare(void);

/* What a cell may take. */
struct cell_limits {
    uint64_t cpu;    /* seconds of a processor */
    uint64_t memory; /* bytes of address space */
};

/* In the cell: puts all guards on this process. Returns the guards that are in force; ends the process where one failed
 * that the kernel has. */
uint32_t cell_guard(const struct cell_limits *limits);

#endif
