/*
 * The catalogue of codes (ecosgate(1), CODES): the only place that knows a code's name, scope, transience and resolver.
 *
 * A code is written as its enumerator (`B208`). The order of catalogue.def is the order of the enumerators: "the first
 * code" of a file or a Device means the first in this order. Everything here is constant: nothing is allocated, and no
 * function can fail except where its comment says so.
 */
#ifndef ECOSGATE_VALIDATORS_CATALOGUE_H
#define ECOSGATE_VALIDATORS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

/* CODE_COUNT is the number of codes, and stands for "no code" where a function says so. */
enum code {
#define CODE(id, ...) id,
#include "validators/catalogue.def"
#undef CODE
    CODE_COUNT,
};

/* What a code speaks about: a file, one record, one Device, a Device Model, or the gateway's surroundings. */
enum code_scope { SCOPE_FILE, SCOPE_RECORD, SCOPE_DEVICE, SCOPE_MODEL, SCOPE_SYSTEM };

struct code_entry {
    const char *id;   /* "B208" */
    const char *name; /* "declared count differs from the count found" */
    enum code_scope scope;
    bool transient; /* The cause goes away without a change to the instruction or the file. */
};

/* The entry of a code; code must be below CODE_COUNT. */
const struct code_entry *catalogue_entry(enum code code);

/* Sets *code to the code with that id, such as "B208". False, and *code unchanged, when no code has that id. */
bool catalogue_find(const char *id, enum code *code);

/* Who has to resolve a code that was found on a Device of that type: "MCC", "Supplier", "DCC incident" …; "" when
 * nobody has to, because the cause goes away. device_type is the DeviceType of an instruction; NULL when it is not
 * known, or when the code is not about a Device. Only a GPF differs: the DCC stands in for its Supplier. */
const char *catalogue_resolver(enum code code, const char *device_type);

/* The category of a code, 'a' to 'd': the first letter of its id. */
char catalogue_category(enum code code);

/* "FILE", "RECORD", "DEVICE", "MODEL" or "SYSTEM", as answers and `check --json` print it. */
const char *catalogue_scope_name(enum code_scope scope);

#endif
