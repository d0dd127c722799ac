/* xoshiro256** by Blackman and Vigna, seeded by splitmix64 of the seed and an FNV-1a hash of the name. */
#include "tests/sim/random.h"

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void random_seed(struct random *random, uint64_t seed, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (uint64_t)(unsigned char)*at) * UINT64_C(0x100000001b3);
    hash ^= mix(&seed);
    for (int i = 0; i < 4; i++)
        random->state[i] = mix(&hash);
}

static uint64_t rotate(uint64_t bits, int by)
{
    return (bits << by) | (bits >> (64 - by));
}

uint64_t random_bits(struct random *random)
{
    uint64_t *s = random->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* The remainder prefers small numbers by less than n / 2^64, which no test can see. */
uint64_t random_below(struct random *random, uint64_t n)
{
    return random_bits(random) % n;
}

double random_unit(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

bool random_chance(struct random *random, double probability)
{
    return random_unit(random) < probability;
}
