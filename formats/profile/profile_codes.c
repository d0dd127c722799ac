/*
 * codes.json: the format's own words for values and codes (values.h). It may be missing: then there are none.
 *
 *   {"complete": false,
 *    "codes": {"C108": {"code": "E-108", "text": "the Device has migrated"}},
 *    "values": {"result.outcome": {"SUCCESS": ["OK", "0"], "FAILED": "NOK"}}}
 */
#include "formats/profile/profile_parts.h"

#include "formats/text.h"

#include <glib.h>
#include <string.h>

enum { MAX_WORDS = 512 }; /* of one fact: they are searched one by one, for each record of a file */

/* The words of one fact while they are read. */
struct reading {
    enum fact fact;
    const char *const *list; /* its values; NULL: any */
    bool inbound;            /* files that arrive have it: a word must have one value only */
    size_t n;
    struct value_pair pairs[MAX_WORDS];
};

static bool kind_has(const struct record_kind *kind, enum fact fact)
{
    return kind != NULL && record_kind_has(kind, fact);
}

static bool is_inbound(enum fact fact)
{
    for (size_t i = 0; i < n_type_kinds; i++)
        if (type_kinds[i].inbound && (kind_has(type_kinds[i].header, fact) || kind_has(type_kinds[i].row, fact)))
            return true;
    return false;
}

static bool has_column(const struct layout_record *record, enum fact fact)
{
    for (size_t i = 0; record != NULL && i < record->n_columns; i++)
        if (record->columns[i].fact == fact)
            return true;
    return false;
}

/* True if a file or report of the format that leaves has a column with the fact. */
static bool is_written(const struct profile *profile, enum fact fact)
{
    for (size_t i = 0; i < profile->n_types; i++) {
        const struct file_type *type = &profile->types[i];
        if (!type->inbound &&
            (has_column(type->header, fact) || has_column(type->file, fact) || has_column(type->record, fact)))
            return true;
    }
    for (size_t i = 0; i < profile->n_reports; i++)
        for (size_t k = 0; k < profile_reports(profile)[i].n_columns; k++)
            if (profile_reports(profile)[i].columns[k].fact == fact)
                return true;
    return false;
}

static bool is_one_of(const char *const *list, const char *value)
{
    while (*list != NULL && strcmp(*list, value) != 0)
        list++;
    return *list != NULL;
}

/* A word that fits into the field of a record. NULL: a fault. */
static const char *word_of(const struct profile_node *node)
{
    const char *word = profile_node_text(node);

    if (word == NULL || text_characters(word, strlen(word)) <= LAYOUT_FIELD_MAX_CHARS)
        return word;
    profile_fault_at(node, "expected at most %d characters, as many as a field may have, found \"%s\"",
                     LAYOUT_FIELD_MAX_CHARS, word);
    return NULL;
}

/* ---- values ---- */

static void add_word(struct reading *r, const struct profile_node *node, const char *value)
{
    const char *word = word_of(node);

    if (word == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->pairs[i].word, word) == 0 && (r->inbound || strcmp(r->pairs[i].value, value) == 0)) {
            profile_fault_at(node, "\"%s\" is a word for %s already; expected another one for %s", word,
                             r->pairs[i].value, value);
            return;
        }
    if (r->n == MAX_WORDS)
        profile_fault_at(node, "expected at most %d words for one fact, found more", MAX_WORDS);
    else
        r->pairs[r->n++] = (struct value_pair){value, word};
}

/* The words for one value: a text, or a list of texts. */
static void load_value(struct reading *r, const struct profile_node *fact, const char *name)
{
    struct profile_node node = {.loading = fact->loading,
                                .file = fact->file,
                                .above = fact,
                                .member = name,
                                .value = json_object_get(fact->value, name)};
    const char *value = profile_keep(fact->loading->profile, name);

    if (*name == '\0' || (r->list != NULL && !is_one_of(r->list, name))) {
        g_autofree char *known = r->list != NULL ? g_strjoinv(", ", (char **)r->list) : g_strdup("a text");
        profile_fault_at(&node, "%s has no value \"%s\"; expected %s", fact->member, name, known);
        return;
    }
    if (!json_is_array(node.value)) {
        if (profile_member(fact, name, JSON_STRING, PROFILE_NEEDED, &node))
            add_word(r, &node, value);
        return;
    }
    if (json_array_size(node.value) == 0)
        profile_fault_at(&node, "%s: expected at least one word", name);
    for (size_t i = 0; i < json_array_size(node.value); i++) {
        struct profile_node item;
        if (profile_item(&node, i, JSON_STRING, &item))
            add_word(r, &item, value);
    }
}

static bool has_word(const struct reading *r, const char *value)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->pairs[i].value, value) == 0)
            return true;
    return false;
}

/* Gives a fault that names all values without a word, if there are any. */
static void check_all_have_words(const struct reading *r, const struct profile_node *fact, const char *reason)
{
    g_autoptr(GPtrArray) missing = g_ptr_array_new();

    for (size_t i = 0; r->list != NULL && r->list[i] != NULL; i++)
        if (!has_word(r, r->list[i]))
            g_ptr_array_add(missing, (gpointer)r->list[i]);
    if (missing->len == 0)
        return;
    g_ptr_array_add(missing, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)missing->pdata);
    profile_fault_at(fact, "%s: there is no word for %s, and %s", fact->member, names, reason);
}

/* A value without a word is written as it is: it must not be another value's word. */
static void check_list(const struct reading *r, const struct profile_node *fact)
{
    for (size_t i = 0; r->list != NULL && r->list[i] != NULL; i++) {
        if (has_word(r, r->list[i]))
            continue;
        for (size_t k = 0; k < r->n; k++)
            if (strcmp(r->pairs[k].word, r->list[i]) == 0)
                profile_fault_at(fact,
                                 "%s: \"%s\" is the word for %s, and also a value that has no word; expected one "
                                 "for it",
                                 fact->member, r->list[i], r->pairs[k].value);
    }
}

static bool find_fact(const char *name, enum fact *fact)
{
    for (size_t i = 0; i < FACT_COUNT; i++)
        if (strcmp(fact_entry((enum fact)i)->name, name) == 0) {
            *fact = (enum fact)i;
            return true;
        }
    return false;
}

/* Whether the member names a fact that may have words. */
static bool check_fact(const struct profile_node *member, enum fact *fact)
{
    if (!find_fact(member->member, fact))
        profile_fault_at(member, "there is no fact %s; `ecosgate profile facts` lists them", member->member);
    else if (*fact == FACT_record_letter || *fact == FACT_header_type)
        profile_fault_at(member, "%s frames a record; expected its words in the enum of the field in records/",
                         member->member);
    else if (fact_is_code(*fact))
        profile_fault_at(member, "%s is a code of the catalogue; expected its words under \"codes\"", member->member);
    else if (fact_entry(*fact)->type != FACT_TYPE_CODE)
        profile_fault_at(member, "%s has no list of values: it is of the type %s; expected a fact of the type %s",
                         member->member, fact_type_name(fact_entry(*fact)->type), fact_type_name(FACT_TYPE_CODE));
    else
        return true;
    return false;
}

static void load_fact(const struct profile_node *member, enum fact fact, bool complete)
{
    struct profile *profile = member->loading->profile;
    struct reading *r = g_new0(struct reading, 1);
    struct value_map *map = profile_room(profile, 1, sizeof *map);
    const char *name;
    json_t *value;

    *r = (struct reading){.fact = fact, .list = fact_values(fact), .inbound = is_inbound(fact)};
    json_object_foreach(member->value, name, value) load_value(r, member, name);
    if (r->n == 0)
        profile_fault_at(member, "%s: expected at least one value with its word", member->member);
    if (complete)
        check_all_have_words(r, member, "the file says that it is complete");
    else if (is_written(profile, fact))
        check_all_have_words(r, member, "files or reports that leave have this fact: each value needs one");
    else
        check_list(r, member);
    struct value_pair *pairs = profile_room(profile, r->n, sizeof *pairs);
    if (r->n > 0)
        memcpy(pairs, r->pairs, r->n * sizeof *pairs);
    *map = (struct value_map){.closed = r->list != NULL, .n = r->n, .pairs = pairs};
    profile->values[fact] = map;
    g_free(r);
}

static void load_values(const struct profile_node *file, bool complete)
{
    struct profile_node values, member;
    const char *name;
    json_t *value;
    enum fact fact;

    if (!profile_member(file, "values", JSON_OBJECT, PROFILE_OPTIONAL, &values))
        return;
    json_object_foreach(values.value, name, value)
    {
        if (profile_member(&values, name, JSON_OBJECT, PROFILE_NEEDED, &member) && check_fact(&member, &fact))
            load_fact(&member, fact, complete);
    }
}

/* ---- codes ---- */

static const char *const *all_codes(void)
{
    return fact_values(FACT_finding_code);
}

/* What the file says of one code. False: a fault. */
static bool load_code(const struct profile_node *member, struct code_words *words)
{
    struct profile_node code;

    if (!is_one_of(all_codes(), member->member)) {
        profile_fault_at(member, "the catalogue has no code \"%s\"; `ecosgate profile facts` lists them",
                         member->member);
        return false;
    }
    profile_members_are(member, "code", "text", NULL);
    *words = (struct code_words){.id = profile_keep(member->loading->profile, member->member),
                                 .text = profile_text(member, "text", PROFILE_OPTIONAL)};
    if (profile_member(member, "code", JSON_STRING, PROFILE_OPTIONAL, &code))
        words->code = word_of(&code);
    if (json_object_size(member->value) == 0)
        profile_fault_at(member, "%s: expected a \"code\", a \"text\" or both", member->member);
    return true;
}

/* Whoever gets a code must know which finding it means. */
static void check_code(const struct profile_node *codes, const struct code_words *words)
{
    const struct profile *profile = codes->loading->profile;
    const struct code_words *same = NULL, *named = profile_code(profile, words->code);
    struct profile_node member, code;

    for (size_t i = 0; i < profile->n_codes && &profile->codes[i] != words; i++)
        if (g_strcmp0(profile->codes[i].code, words->code) == 0)
            same = &profile->codes[i];
    if (words->code == NULL || !profile_member(codes, words->id, JSON_OBJECT, PROFILE_NEEDED, &member) ||
        !profile_member(&member, "code", JSON_STRING, PROFILE_NEEDED, &code))
        return;
    if (same != NULL)
        profile_fault_at(&code, "\"%s\" is the code for %s already; expected another one for %s", words->code, same->id,
                         words->id);
    else if (strcmp(words->code, words->id) != 0 && is_one_of(all_codes(), words->code) &&
             (named == NULL || named->code == NULL))
        profile_fault_at(&code,
                         "\"%s\" is the code for %s, and also a code that has no other one; expected another one",
                         words->code, words->id);
}

/* The words for codes as a map of values, for the columns of codes. */
static void map_codes(struct profile *profile)
{
    struct value_pair *pairs = profile_room(profile, profile->n_codes, sizeof *pairs);
    struct value_map *map = profile_room(profile, 1, sizeof *map);

    for (size_t i = 0; i < profile->n_codes; i++)
        if (profile->codes[i].code != NULL)
            pairs[map->n++] = (struct value_pair){profile->codes[i].id, profile->codes[i].code};
    map->pairs = pairs;
    for (size_t fact = 0; fact < FACT_COUNT && map->n > 0; fact++)
        if (fact_is_code((enum fact)fact))
            profile->values[fact] = map;
}

static void load_codes(const struct profile_node *file, bool complete)
{
    struct profile *profile = file->loading->profile;
    struct profile_node codes, member;
    const char *name;
    json_t *value;

    if (!profile_member(file, "codes", JSON_OBJECT, PROFILE_OPTIONAL, &codes))
        return;
    struct code_words *words = profile_room(profile, json_object_size(codes.value), sizeof *words);
    json_object_foreach(codes.value, name, value)
    {
        if (profile_member(&codes, name, JSON_OBJECT, PROFILE_NEEDED, &member) &&
            load_code(&member, &words[profile->n_codes]))
            profile->n_codes++;
    }
    profile->codes = words;
    for (size_t i = 0; i < profile->n_codes; i++)
        check_code(&codes, &words[i]);
    for (const char *const *id = all_codes(); complete && *id != NULL; id++) {
        const struct code_words *known = profile_code(profile, *id);
        if (known == NULL || known->code == NULL)
            profile_fault_at(&codes, "codes: %s has no code of the format, and the file says that it is complete", *id);
    }
    map_codes(profile);
}

void profile_load_codes(struct profile_loading *loading)
{
    struct profile_node file, complete;
    bool whole;

    if (!profile_file_open(loading, "codes.json", &file))
        return;
    profile_members_are(&file, "complete", "codes", "values", NULL);
    whole = profile_member(&file, "complete", JSON_TRUE, PROFILE_OPTIONAL, &complete) && json_is_true(complete.value);
    load_codes(&file, whole);
    load_values(&file, whole);
}
