/*
 * The grammar of a file's name, compiled from a template:
 *
 *   EMI_{org}_{eui64}_{date}_{time}_{sequence}.{form}
 *
 * A template is text with parts in braces. The text stands in the name as it is: letters and digits make words, other
 * characters make separators. A part may have an option after ':'.
 *
 *   part              what stands there                                       option
 *   {type}            the code of the type, or another word for it            the word: {type:MIGR}
 *   {org}             the sender's short code                                 its characters: {org:3}, {org:2-8}
 *   {eui64}           the sender's EUI-64                                     a picture: {eui64:XXXXXXXXXXXXXXXX}
 *   {date} {time}     when the file was made, UTC                             a picture: {date:YYYY-MM-DD}, {time:HHMM}
 *   {instant}         both in one                                             a picture: {instant:YYYYMMDDTHHMMSSZ}
 *   {sequence}        the number of the file, six digits                      its digits: {sequence:4}, {sequence:1-6}
 *   {form}            "xml" or "csv"                                          other words: {form:xml=XML,csv=txt}
 *
 * In the names of files that the gateway writes also:
 *
 *   {revision}        number of the answer, from 1
 *   {answered.type}   the word for the type of the answered file
 *   {answered.name}   the name of the answered file, without form and packing
 *   {hash}            16 hex digits of the SHA-256 of the answered file's name
 *   {mpid}            the MPID of a report's recipient; the gateway's short code in a report for everybody
 *
 * A word that is the code of the type itself ("EMI"), the program's or the format's, is the part {type}. Every name may
 * be followed by ".gz" or ".zip".
 *
 * A grammar can be read from left to right without going back: each part has a fixed width, or what follows it cannot
 * be taken for a part of it. A template for which this does not hold has a fault.
 */
#ifndef ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_H
#define ECOSGATE_FORMATS_NAME_NAME_GRAMMAR_H

#include "formats/layout.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAME_MAX_PARTS = 32,
    NAME_TEXT_SIZE = 32,     /* of a word, separator or picture, with its NUL */
    NAME_EXPECTED_SIZE = 64, /* of the text that says what belongs there */
    NAME_FORM_WORDS = 3,
    NAME_TEMPLATE_MAX = 256, /* bytes of a template */
};

enum name_part_kind {
    NAME_SEPARATOR,
    NAME_WORD,
    NAME_TYPE,
    NAME_ORG,
    NAME_EUI64,
    NAME_DATE,
    NAME_TIME,
    NAME_INSTANT,
    NAME_SEQUENCE,
    NAME_FORM,
    NAME_REVISION,
    NAME_HASH,
    NAME_MPID,
};

struct name_part {
    enum name_part_kind kind;
    bool joined;               /* the next part follows without a separator: this one has a fixed width */
    size_t min, max;           /* its characters */
    size_t at;                 /* the character of the template at which it begins, from 1 */
    char text[NAME_TEXT_SIZE]; /* the word, the separator or the picture */
    char expected[NAME_EXPECTED_SIZE];
};

struct name_form_word {
    char word[NAME_TEXT_SIZE];
    enum form form; /* FORM_UNKNOWN: neither XML nor CSV (a page of HTML) */
};

struct name_grammar {
    size_t n;
    struct name_part parts[NAME_MAX_PARTS];
    size_t n_forms;
    struct name_form_word forms[NAME_FORM_WORDS];
    enum form form;        /* of a name without {form}; FORM_UNKNOWN: the name does not tell it */
    size_t tail;           /* the part that is the '.' before a {form} at the end; n: there is none */
    bool dotted;           /* '.' stands elsewhere too */
    unsigned tells;        /* 1 << kind of each part */
    int64_t precision;     /* seconds that the time in the name stands for: 1, 60, 86400; 0: it tells no time */
    uint32_t sequence_max; /* the greatest number; 0: it tells none */
    char anchor[2 * NAME_TEXT_SIZE]; /* what date and time look like by which the end of the EUI-64 is found: 'd' for a
                                      * digit, '?' for a separator, '*' at the end where more may follow; "": they do
                                      * not follow it */
};

/* What a template is for. */
struct name_template {
    const char *text;
    const char *code;                    /* of the type or report, as the format calls it: {type} without an option */
    const char *other_code;              /* as the program calls it; NULL: the same */
    const char *answered;                /* word for the type of the answered file; NULL: it answers none */
    const struct name_grammar *original; /* the grammar of the answered file, for {answered.name}; or NULL */
    bool writes;                         /* the gateway writes such files: the second list of parts */
};

/* Gets a fault: the character of the template, from 1, and what is wrong. */
typedef void name_fault_fn(void *user, size_t position, const char *text);

/* Compiles a template. False: it has faults, which on_fault got. `word` gets the word for the type: "" if the template
 * has none. In a template with `writes` the word is a literal, else it is the part NAME_TYPE. */
bool name_grammar_compile(const struct name_template *from, struct name_grammar *grammar, char word[NAME_TEXT_SIZE],
                          name_fault_fn *on_fault, void *user);

/* True when the two accept the same names but for the word of the type. */
bool name_grammar_same_shape(const struct name_grammar *a, const struct name_grammar *b);

/* What a name is made of. Only the members that the grammar has parts for are read. */
struct name_values {
    const char *type; /* the word */
    const char *org;  /* also the MPID */
    uint64_t eui64;
    const char *date; /* "20230703" */
    const char *time; /* "060000" */
    uint32_t sequence;
    const char *form; /* its word */
    unsigned revision;
    const char *hash; /* hex digits, of which 16 are used */
};

/* Makes the name. g_free. */
char *name_grammar_print(const struct name_grammar *grammar, const struct name_values *values);

/* The word for a form; NULL: such names hold no word for it. */
const char *name_grammar_form_word(const struct name_grammar *grammar, enum form form);

/* "type", "org", … as findings name a part; a word is "word", a separator "separator". */
const char *name_part_label(enum name_part_kind kind);

/* The same as a template has it in braces: "sequence", which findings call "seq". */
const char *name_part_in_braces(enum name_part_kind kind);

/* ---- pictures: for the scanner of names ---- */

/* True for a character of a picture that stands for a digit. */
bool name_picture_is_digit(char c);

/* How many digits a picture has. */
size_t name_picture_digits(const char *picture);

/* Puts the digits, in the order of the picture, into date ("20230703") and time ("060000"). What the picture does not
 * tell becomes "00" in the time if it tells hours; date or time is left alone if it tells nothing of it. */
void name_picture_take(const struct name_part *part, const char *digits, char date[9], char time[7]);

/* Writes the EUI-64 as its picture has it. */
void name_picture_eui64(const char *picture, uint64_t id, char out[NAME_TEXT_SIZE]);

#endif
