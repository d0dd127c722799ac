/*
 * Facts: the named values of one outgoing record, and the compiler's proof that each column of its layout has a value.
 *
 * A layout (outgoing_columns.h) names for each column the fact that the column carries. The code that fills the record
 * lists the facts that it knows, each with the expression that makes its value. The writers find a column's value by
 * the name of the fact, never by position. So columns can be added, moved and left out in the layout alone.
 *
 * At file scope, above the function that fills the record (each line but the last ends in a backslash):
 *
 *   #define EMW_FACTS(FACT)
 *       FACT(EMW, record_number, cell_number(transition->record, record))
 *       FACT(EMW, device_id, device)
 *   FACTS_DECLARE(EMW);                          numbers and names of the facts, and the proof for EMW_COLUMNS
 *
 * In the function, after the variables that the values are made of:
 *
 *   FACTS_FILL(EMW, row);                        declares `row`, a struct facts with every value
 *   writer_row(writer, &row);
 *
 * A column of EMW whose fact `colour` is not in EMW_FACTS does not compile: 'EMW_colour' undeclared. A fact that no
 * column names is allowed: a layout chooses among the facts.
 *
 * Why a list of macros and not a struct with a member for each fact: an initialiser may leave out a member of a struct,
 * and the compiler then puts NULL there without a warning. Here the list that declares a fact also gives its value, so
 * a fact without a value cannot be written. Why names are kept at run time: layouts can then also come from files.
 */
#ifndef ECOSGATE_FORMATS_FACTS_H
#define ECOSGATE_FORMATS_FACTS_H

#include <stdbool.h>
#include <stddef.h>

/* The values of one record. Borrowed: they need to live only until the writer's function returns. */
struct facts {
    const char *const *names;  /* constant, and the same array for all records of one kind */
    const char *const *values; /* values[i] belongs to names[i]; NULL or "": there is no value */
    size_t n;                  /* of names and of values */
};

/* *at: the index of the fact of that name. False: there is none; *at is untouched. */
bool facts_find(const char *const *names, size_t n, const char *name, size_t *at);

/* What becomes of one line FACT(layout, name, value): its number in an enum, its name, its value in a row; and of one
 * line COLUMN(layout, need, column, fact): the proof that there is such a fact. */
#define FACT_NUMBER(layout, name, value) layout##_##name,
#define FACT_NAME(layout, name, value) [layout##_##name] = #name,
#define FACT_VALUE(layout, name, value) [layout##_##name] = (value),
#define FACT_PROOF(layout, need, column, fact)                                                                         \
    _Static_assert((int)layout##_##fact >= 0, "layout " #layout ": a column without a fact");

/* For the lists <layout>_FACTS and <layout>_COLUMNS. */
#define FACTS_DECLARE(layout)                                                                                          \
    enum { layout##_FACTS(FACT_NUMBER) layout##_N_FACTS };                                                             \
    static const char *const layout##_NAMES[] = {layout##_FACTS(FACT_NAME)};                                           \
    layout##_COLUMNS(FACT_PROOF) _Static_assert(layout##_N_FACTS > 0, "layout " #layout)

/* Makes all values, in the scope in which it stands. */
#define FACTS_FILL(layout, variable)                                                                                   \
    const char *const variable##_values[layout##_N_FACTS] = {layout##_FACTS(FACT_VALUE)};                              \
    const struct facts variable = {layout##_NAMES, variable##_values, layout##_N_FACTS}

#endif
