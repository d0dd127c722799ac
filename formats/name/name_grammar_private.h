/*
 * What the compiler of templates shares: name_grammar.c with name_grammar_form.c (the form) and name_picture.c (dates,
 * times and EUI-64s).
 */
#ifndef ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_PRIVATE_H
#define ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_PRIVATE_H

#include "formats/name/name_grammar.h"

/* A template while it is compiled. */
struct name_compiling {
    const struct name_template *from;
    struct name_grammar *grammar;
    char *word; /* for the type */
    name_fault_fn *on_fault;
    void *user;
    size_t begin; /* of what is read now: an offset in the template */
    bool good;
};

/* Reports a fault at a character of the template, from 1; the template is not good any more. */
void name_grammar_fault(struct name_compiling *c, size_t position, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same at the beginning of what is read now. */
#define FAULT(c, ...) name_grammar_fault((c), (c)->begin + 1, __VA_ARGS__)

/* Adds a part of min to max characters. NULL: there are too many, or a second one of its kind, which is a fault. */
struct name_part *name_grammar_add_part(struct name_compiling *c, enum name_part_kind kind, size_t min, size_t max);

/* Adds the part {form}. option: "xml=XML,csv=txt"; NULL: "xml" and "csv". */
void name_grammar_add_form(struct name_compiling *c, const char *option);

/* Once all parts are read: finds the part that is the '.' before the form (grammar->tail), makes a word after it the
 * form, and tells whether '.' stands elsewhere too. */
void name_grammar_find_tail(struct name_compiling *c);

/* What the picture of such a part has to be. NULL: it is that. */
const char *name_picture_fault(enum name_part_kind kind, const char *picture);

/* Fills part->expected from its picture. */
void name_picture_expect(struct name_part *part);

/* The seconds that a time of this picture stands for: 1, 60, 3600 or 86400. */
int64_t name_picture_precision(const struct name_part *part);

#endif
