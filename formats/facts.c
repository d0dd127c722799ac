/* Facts are looked up once for each file and column; a row then uses the index (writer.c, report_writer.c). */
#include "formats/facts.h"

#include <string.h>

static const struct fact_entry entries[] = {
#define FACT(id, name, type, meaning) [FACT_##id] = {name, FACT_TYPE_##type, meaning},
#include "formats/facts.def"
#undef FACT
};

#define VALUES(id, ...) static const char *const id##_values[] = {__VA_ARGS__, NULL};
#define CODES(id)
#define ALL_CODES(...) static const char *const all_codes[] = {__VA_ARGS__, NULL};
#include "formats/fact_values.def"
#undef VALUES
#undef CODES
#undef ALL_CODES

static const char *const *const lists[FACT_COUNT] = {
#define VALUES(id, ...) [FACT_##id] = id##_values,
#define CODES(id) [FACT_##id] = all_codes,
#define ALL_CODES(...)
#include "formats/fact_values.def"
#undef VALUES
#undef CODES
#undef ALL_CODES
};

const struct fact_entry *fact_entry(enum fact fact)
{
    return &entries[fact];
}

const char *const *fact_values(enum fact fact)
{
    return lists[fact];
}

bool fact_is_code(enum fact fact)
{
    return lists[fact] == all_codes;
}

const char *fact_type_name(enum fact_type type)
{
    static const char *const names[] = {
        [FACT_TYPE_TEXT] = "text",     [FACT_TYPE_FREE_TEXT] = "free text", [FACT_TYPE_CODE] = "code",
        [FACT_TYPE_NUMBER] = "number", [FACT_TYPE_EUI64] = "eui64",         [FACT_TYPE_HEX] = "hex",
        [FACT_TYPE_DATE] = "date",     [FACT_TYPE_TIME] = "time",
    };

    return names[type];
}

bool fact_of_name(const char *name, enum fact *fact)
{
    for (size_t i = 0; i < FACT_COUNT; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            *fact = (enum fact)i;
            return true;
        }
    }
    return false;
}

bool facts_find(const enum fact *ids, size_t n, enum fact fact, size_t *at)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == fact) {
            *at = i;
            return true;
        }
    }
    return false;
}
