/*
 * Facts: what the columns of files carry. facts.def lists them all, with type and meaning. A layout names for each of
 * its columns the fact that the column carries, and nothing in the program finds a value by the column's position.
 *
 * Of a file that arrives: a reader puts the text of each column into the field of its fact (layout.h).
 *
 * Of a file that leaves: the code that fills a record lists the facts that it knows, each with the expression that
 * makes its value; the writers find a column's value by its fact. So columns can be added, moved and left out in the
 * profile alone. The compiler proves that the code makes each fact that a profile may name.
 *
 * The list of all facts of a record is in outgoing_facts.h, where the loader of profiles finds it, too. At file scope,
 * above the function that fills the record (each line but the last ends in a backslash):
 *
 *   #define EMW_FACTS(FACT)
 *       FACT(EMW, record_number, cell_number(transition->record, record))
 *       FACT(EMW, device_id, device)
 *   FACTS_DECLARE(EMW);                          numbers and ids of the facts, and the proof that EMW_GIVES says them
 *
 * In the function, after the variables that the values are made of:
 *
 *   FACTS_FILL(EMW, row);                        declares `row`, a struct facts with every value
 *   writer_row(writer, &row);
 *
 * A fact of EMW_GIVES that is not in EMW_FACTS does not compile: 'EMW_device_hub' undeclared; nor does a fact that
 * EMW_GIVES does not have: "EMW: EMW_FACTS has a fact that EMW_GIVES does not have". A profile chooses among the facts.
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
    FACT_NONE = FACT_COUNT, /* of a column that the gateway does not know; fact_entry has no entry for it */
};

/* What the text of a fact looks like. */
enum fact_type {
    FACT_TYPE_TEXT,      /* any text */
    FACT_TYPE_FREE_TEXT, /* text that others wrote: reports make it harmless for spreadsheets */
    FACT_TYPE_CODE,      /* one of a list of codes */
    FACT_TYPE_NUMBER,    /* a whole number */
    FACT_TYPE_EUI64,     /* eight hex pairs joined by '-' */
    FACT_TYPE_HEX,       /* hex digits, a fixed number of them */
    FACT_TYPE_DATE,      /* YYYY-MM-DD, UTC */
    FACT_TYPE_TIME,      /* YYYY-MM-DDThh:mm:ssZ */
};

struct fact_entry {
    const char *name; /* "device.id" */
    enum fact_type type;
    const char *meaning; /* a line for people */
};

/* What facts.def says of a fact. */
const struct fact_entry *fact_entry(enum fact fact);

/* The fact of that name ("device.id"). False: there is none; *fact is untouched. */
bool fact_of_name(const char *name, enum fact *fact);

/* Every value that the fact may have, with NULL behind the last (fact_values.def). NULL: it is open. */
const char *const *fact_values(enum fact fact);

/* Whether the fact is a code of the catalogue, such as C108. */
bool fact_is_code(enum fact fact);

/* An example of its value; "": there is none. The examples of one record fit each other. */
const char *fact_example(enum fact fact);

/* "text", "free text", "code", "number", "eui64", "hex", "date" or "time". */
const char *fact_type_name(enum fact_type type);

/* The values of one record. Borrowed: they need to live only until the writer's function returns. */
struct facts {
    const enum fact *ids;      /* constant, and the same array for all records of one kind */
    const char *const *values; /* values[i] belongs to ids[i]; NULL or "": there is no value */
    size_t n;                  /* of ids and of values */
};

/* *at: the index of the fact in ids, which has n. False: it is not there; *at is untouched. */
bool facts_find(const enum fact *ids, size_t n, enum fact fact, size_t *at);

/* What becomes of one line FACT(record, name, value): its number in an enum, its id, its value in a row; and of one
 * line of outgoing_facts.h, FACT(record, need, name): the proof that it is made, and 1 in a sum. */
#define FACT_NUMBER(record, name, value) record##_##name,
#define FACT_ID(record, name, value) [record##_##name] = FACT_##name,
#define FACT_VALUE(record, name, value) [record##_##name] = (value),
#define FACT_PROOF(record, need, name)                                                                                 \
    _Static_assert((int)record##_##name >= 0, #record ": " #record "_FACTS lacks a fact of " #record "_GIVES");
#define FACT_ONE(record, need, name) +1

/* For the lists <record>_FACTS and <record>_GIVES. */
#define FACTS_DECLARE(record)                                                                                          \
    enum { record##_FACTS(FACT_NUMBER) record##_N_FACTS };                                                             \
    static const enum fact record##_IDS[] = {record##_FACTS(FACT_ID)};                                                 \
    record##_GIVES(FACT_PROOF) _Static_assert((int)record##_N_FACTS == 0 record##_GIVES(FACT_ONE), #record             \
                                              ": " #record "_FACTS has a fact that " #record "_GIVES does not have")

/* Makes all values, in the scope in which it stands. */
#define FACTS_FILL(record, variable)                                                                                   \
    const char *const variable##_values[record##_N_FACTS] = {record##_FACTS(FACT_VALUE)};                              \
    const struct facts variable = {record##_IDS, variable##_values, record##_N_FACTS}

#endif
