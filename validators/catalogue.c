#include "validators/catalogue.h"

#include <glib.h>
#include <string.h>

static const struct code_entry entries[CODE_COUNT] = {
#define CODE(id, name, scope, transient, resolver, gpf) {#id, name, scope, transient, resolver, gpf},
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

char catalogue_category(enum code code)
{
    return g_ascii_tolower(entries[code].id[0]);
}

const char *catalogue_scope_name(enum code_scope scope)
{
    static const char *const names[] = {"FILE", "RECORD", "DEVICE", "MODEL", "SYSTEM"};

    return names[scope];
}
