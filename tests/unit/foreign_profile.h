/*
 * A profile that shares no word with the built-in one, for tests: other names of columns in the opposite order, other
 * words for values and codes. It has the inbound types only, and is made of the built-in profile, so that it follows
 * each change there.
 *
 *   const struct file_type *type = foreign_type("EMI");
 *   foreign_word(FACT_header_mode, "FULL")                 the word for a value, "fmode0"; borrowed
 *   foreign_is_free(text)                                  fails the test where text has a word of the proposal
 *
 * Nothing of it is freed: it lives as long as the test program.
 */
#ifndef ECOSGATE_TESTS_FOREIGN_PROFILE_H
#define ECOSGATE_TESTS_FOREIGN_PROFILE_H

#include "formats/profile.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* after the standard headers: it needs them */
#include <cmocka.h>

/* Values of open facts that have a word of their own. */
static const struct foreign_open {
    enum fact fact;
    const char *values[4];
} foreign_open[] = {
    {FACT_device_type, {"ESME", "GSME", "GPF"}},
    {FACT_result_gbcs, {"0", "5", "127"}},
    {FACT_result_duis, {"I0", "E20"}},
};

static inline void foreign_add(struct profile *profile, enum fact fact, const char *const *values, bool closed)
{
    const char *name = strchr(fact_entry(fact)->name, '.') + 1;
    struct value_map *map = g_new0(struct value_map, 1);
    struct value_pair *pairs = g_new0(struct value_pair, 12);

    for (; values[map->n] != NULL; map->n++)
        pairs[map->n] = (struct value_pair){values[map->n], g_strdup_printf("f%s%zu", name, map->n)};
    map->pairs = pairs;
    map->closed = closed;
    profile->values[fact] = map;
}

static inline const struct layout_record *foreign_record(const struct layout_record *known)
{
    struct layout_record *record = g_memdup2(known, sizeof *known);
    struct layout_column *columns = g_new0(struct layout_column, known->n_columns);

    for (size_t i = 0; i < known->n_columns; i++) {
        columns[i] = known->columns[known->n_columns - 1 - i];
        columns[i].name = g_strdelimit(g_strdup_printf("c-%s", fact_entry(columns[i].fact)->name), "._", '-');
    }
    record->columns = columns;
    return record;
}

static inline const struct profile *foreign_profile(void)
{
    static struct profile *profile;
    const struct profile *builtin = profile_builtin();

    if (profile != NULL)
        return profile;
    profile = g_memdup2(builtin, sizeof *builtin);
    profile->name = "foreign";
    for (size_t fact = 0; fact < FACT_COUNT; fact++)
        if (fact_values((enum fact)fact) != NULL && !fact_is_code((enum fact)fact))
            foreign_add(profile, (enum fact)fact, fact_values((enum fact)fact), true);
    for (size_t i = 0; i < G_N_ELEMENTS(foreign_open); i++)
        foreign_add(profile, foreign_open[i].fact, foreign_open[i].values, false);
    struct file_type *types = g_memdup2(builtin->types, builtin->n_types * sizeof *types);
    for (size_t i = 0; i < builtin->n_types; i++) {
        types[i].profile = profile;
        types[i].header = foreign_record(types[i].header);
        types[i].record = foreign_record(types[i].record);
    }
    profile->types = types;
    return profile;
}

static inline const struct file_type *foreign_type(const char *code)
{
    return profile_type(foreign_profile(), code, strlen(code));
}

static inline const char *foreign_word(enum fact fact, const char *value)
{
    return profile_word(foreign_profile(), fact, value);
}

/* Whether word stands in text, with no letter or digit beside it. */
static inline bool foreign_has_word(const char *text, const char *word)
{
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        char behind = at[strlen(word)];

        if ((at == text || !g_ascii_isalnum(at[-1])) && !g_ascii_isalnum(behind))
            return true;
    }
    return false;
}

static inline void foreign_refuse_words(const char *text, const struct layout_record *known)
{
    for (size_t i = 0; i < known->n_columns; i++) {
        const struct layout_column *column = &known->columns[i];
        const char *const *values = fact_values(column->fact);

        if (foreign_has_word(text, column->name))
            fail_msg("'%s' has the column %s of the proposal", text, column->name);
        for (; values != NULL && *values != NULL; values++)
            if (foreign_has_word(text, *values))
                fail_msg("'%s' has the value %s of the proposal", text, *values);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(foreign_open); i++)
        for (const char *const *value = foreign_open[i].values; *value != NULL; value++)
            if (g_ascii_isalpha(**value) && foreign_has_word(text, *value))
                fail_msg("'%s' has the value %s of the proposal", text, *value);
}

static inline void foreign_is_free(const char *text)
{
    for (size_t i = 0; i < profile_builtin()->n_types; i++) {
        const struct file_type *type = &profile_builtin()->types[i];

        if (!type->inbound)
            continue;
        foreign_refuse_words(text, type->header);
        foreign_refuse_words(text, type->record);
    }
}

#endif
