/*
 * Facts: what the columns of files carry. facts.def lists them all, with type and meaning. A layout names for each of
 * its columns the fact that the column carries, and nothing in the program finds a value by the column's position.
 *
 * Of a file that arrives: a reader puts the text of each column into the field of its fact (layout.h).
 *
 * Of a file that leaves: the code that fills a record lists the facts that it knows, each with the expression that
 * makes its value; the writers find a column's value by its fact. So columns can be added, moved and left out in the
 * layout alone. The compiler proves that each column has a value.
 *
 * At file scope, above the function that fills the record (each line but the last ends in a backslash):
 *
 *   #define EMW_FACTS(FACT)
 *       FACT(EMW, record_number, cell_number(transition->record, record))
 *       FACT(EMW, device_id, device)
 *   FACTS_DECLARE(EMW);                          numbers and ids of the facts, and the proof for EMW_COLUMNS
 *
 * In the function, after the variables that the values are made of:
 *
 *   FACTS_FILL(EMW, row);                        declares `row`, a struct facts with every value
 *   writer_row(writer, &row);
 *
 * A column of EMW whose fact `device_hub` is not in EMW_FACTS does not compile: 'EMW_device_hub' undeclared; nor does a
 * fact that facts.def does not have. A fact that no column names is allowed: a layout chooses among the facts.
 *
 * Why a list of macros and not a struct with a member for each fact: an initialiser may leave out a member of a struct,
 * and the compiler then puts NULL there without a warning. Here the list that declares a fact also gives its value, so
 * a fact without a value cannot be written.
 */
#ifndef ECOSGATE_FORMATS_FACTS_H
#define ECOSGATE_FORMATS_FACTS_H

#include <stdbool.h>
#include <stddef.h>

enum fact {
#define FACT(id, name, type, meaning) FACT_##id,
#include "formats/facts.def"
#undef FACT
    FACT_COUNT,
};

/* What the text of a fact looks like. */
enum fact_type {
    FACT_TYPE_TEXT,   /* any text */
    FACT_TYPE_CODE,   /* one of a list of codes */
    FACT_TYPE_NUMBER, /* a whole number */
    FACT_TYPE_EUI64,  /* eight hex pairs joined by '-' */
    FACT_TYPE_HEX,    /* hex digits, a fixed number of them */
    FACT_TYPE_DATE,   /* YYYY-MM-DD, UTC */
    FACT_TYPE_TIME,   /* YYYY-MM-DDThh:mm:ssZ */
};

struct fact_entry {
    const char *name; /* "device.id" */
    enum fact_type type;
    const char *meaning; /* a line for people */
};

/* What facts.def says of a fact. */
const struct fact_entry *fact_entry(enum fact fact);

/* Every value that the fact may have, with NULL behind the last (fact_values.def). NULL: it is open, or a code. */
const char *const *fact_values(enum fact fact);

/* Whether the fact is a code of the catalogue, such as C108. */
bool fact_is_code(enum fact fact);

/* "text", "code", "number", "eui64", "hex", "date" or "time". */
const char *fact_type_name(enum fact_type type);

/* The values of one record. Borrowed: they need to live only until the writer's function returns. */
struct facts {
    const enum fact *ids;      /* constant, and the same array for all records of one kind */
    const char *const *values; /* values[i] belongs to ids[i]; NULL or "": there is no value */
    size_t n;                  /* of ids and of values */
};

/* *at: the index of the fact in ids, which has n. False: it is not there; *at is untouched. */
bool facts_find(const enum fact *ids, size_t n, enum fact fact, size_t *at);

/* What becomes of one line FACT(layout, name, value): its number in an enum, its id, its value in a row; and of one
 * line COLUMN(layout, need, column, fact): the proof that there is such a fact. */
#define FACT_NUMBER(layout, name, value) layout##_##name,
#define FACT_ID(layout, name, value) [layout##_##name] = FACT_##name,
#define FACT_VALUE(layout, name, value) [layout##_##name] = (value),
#define FACT_PROOF(layout, need, column, fact)                                                                         \
    _Static_assert((int)layout##_##fact >= 0, "layout " #layout ": a column without a fact");

/* For the lists <layout>_FACTS and <layout>_COLUMNS. */
#define FACTS_DECLARE(layout)                                                                                          \
    enum { layout##_FACTS(FACT_NUMBER) layout##_N_FACTS };                                                             \
    static const enum fact layout##_IDS[] = {layout##_FACTS(FACT_ID)};                                                 \
    layout##_COLUMNS(FACT_PROOF) _Static_assert(layout##_N_FACTS > 0, "layout " #layout)

/* Makes all values, in the scope in which it stands. */
#define FACTS_FILL(layout, variable)                                                                                   \
    const char *const variable##_values[layout##_N_FACTS] = {layout##_FACTS(FACT_VALUE)};                              \
    const struct facts variable = {layout##_IDS, variable##_values, layout##_N_FACTS}

#endif
