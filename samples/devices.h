/*
 * The Devices of a seed: the same (seed, index) is the same Device in every file that is generated, so that an
 * instruction, the inventory and results fit each other. Indices begin with 1.
 */
#ifndef ECOSGATE_SAMPLES_DEVICES_H
#define ECOSGATE_SAMPLES_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

enum { EUI64_SIZE = 24, MPXN_SIZE = 14 };

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

/* A well-mixed number for each (seed, index). */
uint64_t mix(uint64_t seed, uint64_t index);

void print_eui64(uint64_t id, char out[EUI64_SIZE]);

void device_make(uint64_t seed, uint64_t index, struct device *device);

/* Breaks a rule of category c in so many per cent of the Devices. */
void device_spoil(uint64_t seed, uint64_t index, unsigned per_cent, struct device *device);

/* For a meter that an instruction gives no hub: the hub of a Gas Proxy Function near it, among the Devices up to last.
 * Leaves it alone where there is none. */
void device_connect(uint64_t seed, uint64_t index, uint64_t last, struct device *device);

/* What stands n-th in the lists that devices are made of. */
struct model {
    const char *type, *manufacturer, *model, *firmware;
};
enum { MODELS = 3 * 4 * 4 * 4 };
struct model model_of(unsigned n);

#endif
