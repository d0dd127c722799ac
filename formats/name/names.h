/*
 * All names of a profile: how the files of each type are named that arrive, and what the gateway calls its own. They
 * are compiled from one template for each (name_grammar.h). Types whose templates differ only in the word for the type
 * share one grammar, so that a wrong name is read once.
 */
#ifndef ECOSGATE_FORMATS_NAME_NAMES_H
#define ECOSGATE_FORMATS_NAME_NAMES_H

#include "formats/name/name_grammar.h"

#include <stdbool.h>
#include <stddef.h>

struct profile;

enum names_use {
    NAMES_TYPE,    /* files of a type, "EMI", "EMW"; a type whose files are answers has none */
    NAMES_ANSWER,  /* answers of a type to files of another one */
    NAMES_UNKNOWN, /* answers of a type to files whose names are outside every grammar */
    NAMES_REPORT,  /* reports: "ECOSMIG-001", "MGMT-PAGE" */
};

/* One line of the table of names. */
struct names_template {
    enum names_use use;
    const char *code;     /* of the type or report */
    const char *answered; /* NAMES_ANSWER: the code of the answered type; NULL: each type without a line of its own */
    const char *text;
};

/* The types whose files have names of one grammar. */
struct names_inbound {
    struct name_grammar grammar;
    size_t n_types;
    struct names_word {
        char word[NAME_TEXT_SIZE]; /* "": the name has no word for the type, and there is one type only */
        const struct file_type *type;
    } * types;
};

/* A name that the gateway gives. */
struct names_own {
    enum names_use use;
    char word[NAME_TEXT_SIZE];
    const char *code;
    const struct file_type *answered; /* NAMES_ANSWER */
    struct name_grammar grammar;
};

struct names {
    size_t n_inbound, n_own;
    struct names_inbound *inbound;
    struct names_own *own;
    char *expected_type; /* "an inbound file type: EMI, EMT or EMC": the words for all types whose names have one */
};

/* Gets a fault: which template, the character in it from 1, and what is wrong. */
typedef void names_fault_fn(void *user, size_t index, size_t position, const char *text);

/* All templates of a profile. */
struct names_table {
    size_t n;
    const struct names_template *templates;
    bool sound; /* they were checked before: what only finds faults is left out, two thirds of the work */
};

/* Compiles the templates for the types of the profile. False: there are faults, which on_fault got; *names is empty
 * then. Else *names holds memory until names_clear. It keeps the codes of the templates, not their texts. */
bool names_compile(const struct profile *profile, const struct names_table *table, struct names *names,
                   names_fault_fn *on_fault, void *user);

/* Frees what it holds. Allowed on an empty one. */
void names_clear(struct names *names);

/* The grammar of the files of that type that arrive, and in *word, unless it is NULL, the word for the type. NULL:
 * there are none. */
const struct name_grammar *names_of_type(const struct names *names, const struct file_type *type,
                                         const struct names_word **word);

/* The name that the gateway gives: for NAMES_ANSWER to files of the type `answered`, else NULL. NULL: there is none. */
const struct names_own *names_own(const struct names *names, enum names_use use, const char *code,
                                  const struct file_type *answered);

#endif
