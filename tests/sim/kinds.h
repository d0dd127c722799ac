/*
 * The kinds of faults and acts (kinds.def), and how often a run has seen each. The counts stand in the shared page, so
 * processes count too.
 */
#ifndef ECOSGATE_TESTS_SIM_KINDS_H
#define ECOSGATE_TESTS_SIM_KINDS_H

#include <stdint.h>

#define KIND(name, text) SEEN_##name,
enum kind {
#include "tests/sim/kinds.def"
    KINDS
};
#undef KIND

/* It happens now: counts it, and writes the line of the trace. */
void kinds_seen(enum kind kind);
/* Prints a line for each kind, with how often it was seen: "seen 3 times: a kill before a call of the system". */
void kinds_print(const uint64_t counts[KINDS]);

#endif
