/*
 * One run from its options to its end.
 */
#ifndef ECOSGATE_TESTS_SIM_PLAY_H
#define ECOSGATE_TESTS_SIM_PLAY_H

#include "tests/sim/kinds.h"
#include "tests/sim/sim.h"

struct play_result {
    char *promise;        /* that was broken; NULL: none */
    unsigned files;       /* that partners have put or taken */
    unsigned devices;     /* of the estate at the end */
    int64_t days;         /* until the end, or until the promise was broken; a day that has begun counts */
    GPtrArray *parts;     /* what can be switched off */
    uint64_t seen[KINDS]; /* how often what has happened */
};

/* Plays the run. tell: prints the story of a broken promise. play_clear. */
void play_run(const struct sim_options *options, bool tell, struct play_result *result);
void play_clear(struct play_result *result);
/* The call that repeats the run. g_free. */
char *play_call(const struct sim_options *options);

#endif
