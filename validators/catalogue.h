/*
 * The catalogue of codes (ecosgate(1), CODES): the one place where a code's name, scope, resolver
 * and transience stand. Order matters: "first code" means first in this order.
 */
#ifndef ECOSGATE_VALIDATORS_CATALOGUE_H
#define ECOSGATE_VALIDATORS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum code {
#define CODE(id, ...) id,
#include "validators/catalogue.def"
#undef CODE
    CODE_COUNT,
};

enum code_scope { SCOPE_FILE, SCOPE_RECORD, SCOPE_DEVICE, SCOPE_MODEL, SCOPE_SYSTEM };

struct code_entry {
    const char *id;   /* "B208" */
    const char *name; /* "declared count differs from the count found" */
    enum code_scope scope;
    bool transient;
    const char *resolver;     /* "MCC"; "" for none */
    const char *resolver_gpf; /* the same for a GPF */
};

const struct code_entry *catalogue_entry(enum code code);
bool catalogue_find(const char *id, enum code *code);
char catalogue_category(enum code code);                 /* 'a' to 'd' */
const char *catalogue_scope_name(enum code_scope scope); /* "FILE", "RECORD", "DEVICE", … */

#endif
