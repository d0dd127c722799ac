/*
 * The words of a partner's format for values and codes. The rules and the ledger know the values of this program only,
 * such as SUCCESS and C108. A profile may call them otherwise (OK, E-108): then readers turn the words of a file into
 * values, and writers turn values into words.
 *
 *   const struct value_map *map = profile->values[FACT_result_outcome];     NULL: words and values are the same
 *   if (map) inner = value_inner(map, text, len, …);
 *   text = value_word(map, "SUCCESS");                                      "OK"
 *
 * A map is constant once it is made. No function fails.
 */
#ifndef ECOSGATE_FORMATS_VALUES_H
#define ECOSGATE_FORMATS_VALUES_H

#include "formats/facts.h"

#include <stdbool.h>
#include <stddef.h>

struct profile;

/* One word for a value. A value may have several words: the first one is written, all of them are read. */
struct value_pair {
    const char *value; /* "SUCCESS", never empty */
    const char *word;  /* "OK", never empty */
};

/* The words for the values of one fact. */
struct value_map {
    bool closed; /* there are no words but these; else a value without a word is its own word */
    size_t n;
    const struct value_pair *pairs;
};

/* What the profile says of a code of the catalogue. */
struct code_words {
    const char *id;   /* "C108" */
    const char *code; /* "E-108"; NULL: the id */
    const char *text; /* what it means; NULL: the catalogue's name */
};

/* The value of a word that is no word for a value: no rule accepts it. */
#define VALUE_UNKNOWN "?"

/* The value of the word, which is len bytes at text, not empty, and needs no terminator. VALUE_UNKNOWN: it is no word
 * for a value. NULL: the word is its own value. */
const char *value_inner(const struct value_map *map, const char *text, size_t len);

/* The word for a value; the value itself where there is none. map and value may be NULL. */
const char *value_word(const struct value_map *map, const char *value);

/* The word of the profile for a value of the fact. */
const char *profile_word(const struct profile *profile, enum fact fact, const char *value);

/* The words for the values of the list, which NULL ends, for a message: joint stands between two of them, last_joint
 * before the last. A value without a word is left out where the map is closed. g_free the result. */
char *profile_words(const struct profile *profile, enum fact fact, const char *const *list, const char *joint,
                    const char *last_joint);

/* What the profile says of a code; NULL: nothing. */
const struct code_words *profile_code(const struct profile *profile, const char *id);

/* The code of the profile for a code of the catalogue, "C108". id may be NULL. */
const char *profile_code_id(const struct profile *profile, const char *id);

/* The text of the profile for a code, else name, which is the catalogue's. */
const char *profile_code_text(const struct profile *profile, const char *id, const char *name);

#endif
