/*
 * The Devices of a seed. The same (seed, index) gives the same Device in every generated file, so that an instruction,
 * the inventory and results fit each other. An index counts from 1. All functions are pure; nothing can fail.
 */
#ifndef ECOSGATE_SAMPLES_DEVICES_H
#define ECOSGATE_SAMPLES_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

enum { EUI64_SIZE = 24, MPXN_SIZE = 14 }; /* bytes, the NUL included */

struct device {
    char id[EUI64_SIZE];
    const char *type; /* ESME, GSME, GPF */
    const char *manufacturer;
    const char *model;
    const char *firmware;
    char mpxn[MPXN_SIZE]; /* "": none */
    char chf[EUI64_SIZE]; /* "": none */
    const char *region;   /* "": none */
};

/* A number that looks random and depends on (seed, index) alone: the finaliser of splitmix64. */
uint64_t mix(uint64_t seed, uint64_t index);

/* Writes id as eight upper-case hex pairs joined by '-'. */
void print_eui64(uint64_t id, char out[EUI64_SIZE]);

/* Fills in the Device as an instruction describes it, all values valid. The texts of type, manufacturer, model,
 * firmware and region are constants. */
void device_make(uint64_t seed, uint64_t index, struct device *device);

/* Breaks one rule of category c (C101, C104, C113 or C117) in the Device, if it is one of the per_cent that the seed
 * picks. */
void device_spoil(uint64_t seed, uint64_t index, unsigned per_cent, struct device *device);

/* Gives a meter without a hub the hub of a Gas Proxy Function with a near index, not above last. Changes nothing where
 * the meter has a hub or there is no such Gas Proxy Function. The inventory knows more hubs than an instruction. */
void device_connect(uint64_t seed, uint64_t index, uint64_t last, struct device *device);

/* Gives a meter the MPxN that stands for its index, so that no two meters of an estate share one. The index is below
 * 90 million. Changes nothing where the Device has no MPxN. */
void device_renumber(uint64_t index, struct device *device);

/* Writes the id of a Device. */
void device_id(uint64_t seed, uint64_t index, char out[EUI64_SIZE]);
/* The index of the Device that has this id; any number, if no Device of the seed has. */
uint64_t device_index(uint64_t seed, const char *id);

enum { NEAR = 32 }; /* Devices in a neighbourhood, which share hubs: 1 to 32, 33 to 64 … */

/* The index of the meter that decides whose a Device is: a meter itself; of a Gas Proxy Function the gas meter with the
 * lowest id at its hub, else such an electricity meter, else 0. The inventory ends with `last`. */
uint64_t device_leader(uint64_t seed, uint64_t index, uint64_t last);

enum kind { ESME, GSME, GPF };

/* What a Device is, as numbers: much cheaper than its texts. */
struct traits {
    enum kind kind;
    unsigned model;  /* 0 to 63, for manufacturer, model and firmware */
    unsigned region; /* 0 to 3 */
};
/* The traits of a Device. */
struct traits device_traits(uint64_t seed, uint64_t index);

/* "ESME", "GSME" or "GPF". */
const char *kind_text(enum kind kind);
/* The CSPRegion; "" for none. */
const char *region_text(unsigned region);

struct model {
    const char *type, *manufacturer, *model, *firmware;
};
enum { MODELS = 3 * 4 * 4 * 4 };
/* The n-th of the MODELS Device Models that Devices are made of, n from 0. */
struct model model_of(unsigned n);
/* The Device Model of a kind and a number as traits have it. */
struct model model_of_traits(enum kind kind, unsigned model);

#endif
