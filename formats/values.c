/* Maps are short, and only formats with words of their own have any: they are searched from one end to the other. */
#include "formats/values.h"

#include "formats/profile.h"

#include <glib.h>
#include <string.h>

const char *value_inner(const struct value_map *map, const char *text, size_t len)
{
    bool renamed = false;

    for (size_t i = 0; i < map->n; i++) {
        const struct value_pair *pair = &map->pairs[i];

        if (strlen(pair->word) == len && memcmp(pair->word, text, len) == 0)
            return pair->value;
        renamed |= strlen(pair->value) == len && memcmp(pair->value, text, len) == 0;
    }
    return map->closed || renamed ? VALUE_UNKNOWN : NULL;
}

/* NULL: the value has no word of its own. */
static const char *find_word(const struct value_map *map, const char *value)
{
    for (size_t i = 0; map != NULL && i < map->n; i++)
        if (strcmp(map->pairs[i].value, value) == 0)
            return map->pairs[i].word;
    return NULL;
}

const char *value_word(const struct value_map *map, const char *value)
{
    const char *word = value != NULL ? find_word(map, value) : NULL;

    return word != NULL ? word : value;
}

const char *profile_word(const struct profile *profile, enum fact fact, const char *value)
{
    return value_word(profile->values[fact], value);
}

char *profile_words(const struct profile *profile, enum fact fact, const char *const *list, const char *joint,
                    const char *last_joint)
{
    const struct value_map *map = profile->values[fact];
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    GString *text = g_string_new(NULL);

    for (size_t i = 0; list[i] != NULL; i++)
        if (map == NULL || !map->closed || find_word(map, list[i]) != NULL)
            g_ptr_array_add(words, (gpointer)value_word(map, list[i]));
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0                ? ""
                               : i + 1 == words->len ? last_joint
                                                     : joint,
                               (const char *)words->pdata[i]);
    return g_string_free(text, FALSE);
}

const struct code_words *profile_code(const struct profile *profile, const char *id)
{
    for (size_t i = 0; id != NULL && i < profile->n_codes; i++)
        if (strcmp(profile->codes[i].id, id) == 0)
            return &profile->codes[i];
    return NULL;
}

const char *profile_code_id(const struct profile *profile, const char *id)
{
    const struct code_words *words = profile_code(profile, id);

    return words != NULL && words->code != NULL ? words->code : id;
}

const char *profile_code_text(const struct profile *profile, const char *id, const char *name)
{
    const struct code_words *words = profile_code(profile, id);

    return words != NULL && words->text != NULL ? words->text : name;
}
