/* A text in an enum may be a value of the program or a word of the format already: an author may write either. */
#include "formats/profile/profile_export_words.h"

#include "formats/text.h"

#include <glib.h>
#include <string.h>

/* The words of one fact. */
struct fact_words {
    const struct value_map *map;
    const char *const *list; /* its values; NULL: any */
    bool only_words;         /* a value without a word cannot be said */
};

enum fact profile_export_fact(const json_t *field)
{
    const char *name = json_string_value(json_object_get(field, "fact"));
    enum fact fact;

    return name != NULL && fact_of_name(name, &fact) ? fact : FACT_NONE;
}

static void add(json_t *texts, const char *text)
{
    const json_t *item;
    size_t i;

    json_array_foreach(texts, i, item) if (g_strcmp0(json_string_value(item), text) == 0) return;
    json_array_append_new(texts, json_string(text));
}

/* Adds the words of a value. False: it has none. */
static bool add_words(const struct fact_words *words, const char *value, json_t *texts)
{
    bool any = false;

    for (size_t i = 0; i < words->map->n; i++) {
        if (strcmp(words->map->pairs[i].value, value) != 0)
            continue;
        add(texts, words->map->pairs[i].word);
        any = true;
    }
    return any;
}

static bool is_value(const struct fact_words *words, const char *text)
{
    for (const char *const *value = words->list; value != NULL && *value != NULL; value++)
        if (strcmp(*value, text) == 0)
            return true;
    return false;
}

/* Adds every word that there is. False: values without a word can be said, too. */
static bool add_all(const struct fact_words *words, json_t *texts)
{
    bool whole = words->list != NULL;

    for (size_t i = 0; i < words->map->n; i++)
        add(texts, words->map->pairs[i].word);
    for (const char *const *value = words->list; whole && !words->only_words && *value != NULL; value++)
        whole = add_words(words, *value, texts); /* again, which adds none */
    return whole;
}

static void put_enum(const struct fact_words *words, json_t *limits)
{
    json_t *texts = json_array();
    const json_t *item;
    size_t i;

    json_array_foreach(json_object_get(limits, "enum"), i, item)
    {
        const char *text = json_string_value(item);
        if (text != NULL && !add_words(words, text, texts) && !(words->only_words && is_value(words, text)))
            add(texts, text);
    }
    if (json_array_size(texts) == 0) /* it names values only that no file can say */
        (void)add_all(words, texts); /* what it returns does not matter */
    json_object_set_new(limits, "enum", texts);
    json_object_del(limits, "pattern"); /* there may be none */
}

/* Appends a text as a pattern that has it alone. "[$]" and the like mean the same in all kinds of patterns. */
static void append_literal(GString *pattern, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '$')
            g_string_append(pattern, "[$]");
        else if (strchr("\\|.?*+(){}[]^", *text) != NULL)
            g_string_append_printf(pattern, "\\%c", *text);
        else
            g_string_append_c(pattern, *text);
    }
}

/* The pattern is about values. Where each has a word, the words take its place; else they stand beside it. */
static void put_pattern(const struct fact_words *words, json_t *limits)
{
    json_t *texts = json_array();
    const json_t *item;
    size_t i;

    if (add_all(words, texts)) {
        json_object_set(limits, "enum", texts);
        json_object_del(limits, "pattern");
    } else {
        GString *pattern = g_string_new(NULL);
        g_string_append_printf(pattern, "(?:%s)", json_string_value(json_object_get(limits, "pattern")));
        json_array_foreach(texts, i, item)
        {
            g_string_append_c(pattern, '|');
            append_literal(pattern, json_string_value(item));
        }
        json_object_set_new(limits, "pattern", json_string(pattern->str));
        g_string_free(pattern, TRUE);
    }
    json_decref(texts);
}

/* Words may be longer and shorter than the values that the lengths are about. */
static void widen_lengths(const struct fact_words *words, json_t *limits)
{
    const json_t *longest = json_object_get(limits, "maxLength"), *shortest = json_object_get(limits, "minLength");

    for (size_t i = 0; i < words->map->n; i++) {
        const char *word = words->map->pairs[i].word;
        json_int_t characters = (json_int_t)text_characters(word, strlen(word));
        if (json_is_integer(longest) && characters > json_integer_value(longest))
            json_object_set_new(limits, "maxLength", json_integer(characters));
        if (json_is_integer(shortest) && characters < json_integer_value(shortest))
            json_object_set_new(limits, "minLength", json_integer(characters));
        longest = json_object_get(limits, "maxLength");
        shortest = json_object_get(limits, "minLength");
    }
}

json_t *profile_export_limits(const struct profile *profile, enum fact fact, bool inbound, json_t *limits)
{
    const struct value_map *map = profile->values[fact]; /* none of FACT_NONE */

    if (limits == NULL || map == NULL)
        return json_incref(limits);
    const struct fact_words words = {map, fact_values(fact), map->closed && inbound};
    json_t *shown = json_deep_copy(limits);
    if (json_is_array(json_object_get(shown, "enum")))
        put_enum(&words, shown);
    else if (json_is_string(json_object_get(shown, "pattern")))
        put_pattern(&words, shown);
    widen_lengths(&words, shown);
    return shown;
}

json_t *profile_export_cap(json_t *limits, json_int_t characters)
{
    static const char *const said[] = {"enum", "pattern", "maxLength", "minimum", "maximum"};

    for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
        if (json_object_get(limits, said[i]) != NULL)
            return limits;
    json_t *capped = limits != NULL ? json_copy(limits) : json_object();
    json_decref(limits);
    json_object_set_new(capped, "maxLength", json_integer(characters));
    return capped;
}
