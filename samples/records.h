/*
 * What stands in the records of each file type: names of columns and, record by record, their values.
 */
#ifndef ECOSGATE_SAMPLES_RECORDS_H
#define ECOSGATE_SAMPLES_RECORDS_H

#include "samples/devices.h"

#include <stdint.h>

enum { COLUMNS = 16, MAX_SUPPLIERS = 1000 };

/* What all records of a file are made from. */
struct origin {
    uint64_t seed;
    uint64_t devices;
    unsigned bad;       /* per cent of the Devices of an instruction that break a rule of category c */
    unsigned failed;    /* per cent of the Devices of which results and confirmations tell no success */
    unsigned suppliers; /* 1 or more */
    unsigned try;
    const char *batch; /* of the instruction that results and confirmations are about */
    const char *time;
    const char *start; /* date from which an event or entry counts */
};

/* One record at a time: values are texts that are valid until the next. */
struct row {
    const struct origin *origin;
    uint64_t index;              /* 1, 2, 3 … */
    uint64_t event_index;        /* of the Device whose event was made last */
    const char *values[COLUMNS]; /* behind RecordNumber; "" where there is none */
    struct device device;
    char texts[4][48];
};

struct type {
    const char *code;
    const char *root;           /* of the XML form; NULL: CSV only, and a Mode in the header */
    const char *org, *eui;      /* who sends it */
    char batch_letter;          /* that its BatchId begins with */
    bool of_batch;              /* about the Devices of an instruction, which it names */
    const char *const *columns; /* behind RecordNumber, NULL last */
    void (*make)(struct row *row);
    uint64_t (*count)(const struct origin *origin); /* of records; NULL: origin->devices */
    uint64_t max;                                   /* of records; 0: any number */
};

/* NULL where there is none. */
const struct type *type_find(const char *code);

#endif
