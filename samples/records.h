/*
 * The records of each inbound file type: the names of their columns and, record by record, their values.
 *
 *   type = type_find("INV"); row.origin = &origin;
 *   for (row.index = 1; row.index <= records; row.index++) { type->make(&row); … row.values … }
 */
#ifndef ECOSGATE_SAMPLES_RECORDS_H
#define ECOSGATE_SAMPLES_RECORDS_H

#include "samples/devices.h"

#include <stdint.h>

enum { COLUMNS = 16, MAX_SUPPLIERS = 1000 };

/* What all records of a file are made from. Texts are borrowed. */
struct origin {
    uint64_t seed;
    uint64_t devices;
    unsigned bad;       /* per cent of the Devices of an instruction that break a rule of category c */
    unsigned failed;    /* per cent of the Devices whose results and confirmations report no success */
    unsigned suppliers; /* 1 or more */
    unsigned try;
    const char *batch; /* BatchId of the instruction that results and confirmations answer */
    const char *time;
    const char *start; /* date from which a COS event or NMM entry is valid */
};

/* One record. Its values are valid until the next one is made. */
struct row {
    const struct origin *origin;
    uint64_t index;              /* 1, 2, 3 … */
    uint64_t event_index;        /* index of the Device of the newest COS event; 0 before the first */
    const char *values[COLUMNS]; /* in the order of the columns; "" for an empty one */
    struct device device;
    char texts[4][48];
};

struct type {
    const char *code;
    const char *root;           /* root element of the XML form; NULL: CSV only, and the header has a Mode */
    const char *org, *eui;      /* the sender's short code and EUI-64 */
    char batch_letter;          /* first letter of its BatchId */
    bool of_batch;              /* its records name the work items of an instruction */
    const char *const *columns; /* all but RecordNumber; NULL last */
    void (*make)(struct row *row);
    uint64_t (*count)(const struct origin *origin); /* number of records; NULL: origin->devices */
    uint64_t max;                                   /* most records; 0: no limit */
};

/* The type of that code ("EMI" …), or NULL. */
const struct type *type_find(const char *code);

#endif
