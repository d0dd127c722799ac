/*
 * Random numbers of a run. Each use has a stream of its own, named by the user: the draws of one stream never move
 * those of another, so that an actor that is switched off changes nothing about the others' choices.
 *
 *   random_seed(&random, seed, "suppliers");
 *   if (random_chance(&random, 0.1)) …
 *
 * A stream is plain memory; it may stand in memory that processes share.
 */
#ifndef ECOSGATE_TESTS_SIM_RANDOM_H
#define ECOSGATE_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state[4]; /* of xoshiro256** */
};

/* Begins the stream of this name in the run of this seed. */
void random_seed(struct random *random, uint64_t seed, const char *name);
/* The next 64 bits. */
uint64_t random_bits(struct random *random);
/* A number from 0 to n - 1; n is at least 1. */
uint64_t random_below(struct random *random, uint64_t n);
/* A number from 0 (included) to 1 (excluded). */
double random_unit(struct random *random);
/* True with this probability. Draws one number in any case. */
bool random_chance(struct random *random, double probability);

#endif
