/*
 * catalogue.def, included twice, becomes two tables: what anybody may read of a code, and who resolves it. The second
 * table is private, so that the exception for a GPF is decided in catalogue_resolver() and nowhere else.
 */
#include "validators/catalogue.h"

#include <glib.h>
#include <string.h>

static const struct code_entry entries[CODE_COUNT] = {
#define CODE(id, name, scope, transient, resolver, resolver_of_gpf) {#id, name, scope, transient},
#include "validators/catalogue.def"
#undef CODE
};

static const struct {
    const char *of_meter; /* and of every Device type but the GPF */
    const char *of_gpf;
} resolvers[CODE_COUNT] = {
#define CODE(id, name, scope, transient, resolver, resolver_of_gpf) {resolver, resolver_of_gpf},
#include "validators/catalogue.def"
#undef CODE
};

const struct code_entry *catalogue_entry(enum code code)
{
    return &entries[code];
}

bool catalogue_find(const char *id, enum code *code)
{
    for (size_t i = 0; i < CODE_COUNT; i++) {
        if (strcmp(entries[i].id, id) == 0) {
            *code = (enum code)i;
            return true;
        }
    }
    return false;
}

const char *catalogue_resolver(enum code code, const char *device_type)
{
    return g_strcmp0(device_type, "GPF") == 0 ? resolvers[code].of_gpf : resolvers[code].of_meter;
}

char catalogue_category(enum code code)
{
    return g_ascii_tolower(entries[code].id[0]);
}

const char *catalogue_scope_name(enum code_scope scope)
{
    static const char *const names[] = {"FILE", "RECORD", "DEVICE", "MODEL", "SYSTEM"};

    return names[scope];
}
