/*
 * One D record and what the rules found about it. The struct of each file type begins with a struct row: struct device
 * (EMI), struct result (EMT, EMC), struct reference (INV, COS, NMM, PTY).
 *
 * A finding is an error or a warning. An error adds its code of category c to the row, a warning does not. The codes
 * decide what becomes of the record:
 *
 *   no code                         accepted
 *   transient codes only            deferred: the sender may send it again, from next_eligible on
 *   at least one permanent code     rejected
 *
 * Nothing is allocated in a row, and no function fails. Pointers are borrowed: the row lives no longer than its record.
 */
#ifndef ECOSGATE_VALIDATORS_ROW_H
#define ECOSGATE_VALIDATORS_ROW_H

#include "formats/reader.h"
#include "validators/judged_file.h"

#include <glib.h>

struct row {
    const struct judged_file *file; /* NULL: the Device is judged again from the ledger, without record and findings */
    const struct record *record;    /* NULL when file is */
    const struct layout_record *layout;
    uint64_t codes;     /* bit (code - C101) */
    uint64_t permanent; /* the same, without the codes that are transient for this record */
    int64_t
        next_eligible; /* seconds since 1970, UTC: when the last of the transient causes will be gone; 0: not known */
    uint64_t supplier; /* the Device's, as the inventory says; 0: it says nothing */
    bool warned;       /* a warning was found */
};

/* A field of the record: its value. What the sender wrote is record_words(). */
static inline const struct field *row_field(const struct row *row, size_t column)
{
    return &row->record->fields[column];
}

/* The profile of the record's file; the built-in one for a Device that is judged again from the ledger. */
const struct profile *row_profile(const struct row *row);

/* Whether the sender's format has a column for a field (formats/record_kinds.h). */
static inline bool row_has_column(const struct row *row, size_t field)
{
    return layout_column_of(row->layout, field) != NULL;
}

/* What the sender's format calls the column of a field; the name of its fact where it has no such column. */
const char *row_name(const struct row *row, size_t field);

/* The sender's word for a value of that field. */
const char *row_word(const struct row *row, size_t field, const char *value);

/* All words of the sender for the values of that field, whose list fact_values.def has: "OK, NOK or GONE", with joint
 * and last_joint between them. g_free the result. */
char *row_words(const struct row *row, size_t field, const char *joint, const char *last_joint);

/* The number of the field's value in that list. -1: it is none of them. */
int row_choice(const struct row *row, size_t field);

/* Adds a code of category c. transient: its cause goes away by itself; usually what the catalogue says. */
void row_add_code(struct row *row, enum code code, bool transient);

/* Says when a transient cause will be gone; of several calls the latest time counts. */
void row_wait_until(struct row *row, int64_t at);

/* The row has this code. */
bool row_has_code(const struct row *row, enum code code);

/* The row has this code, and its cause does not go away by itself. */
bool row_has_permanent(const struct row *row, enum code code);

/* The row has at least one code. */
bool row_has_errors(const struct row *row);

/* The row has codes, and all of them are transient. */
bool row_is_deferred(const struct row *row);

/* The row's first code in the order of the catalogue. The row must have a code. */
enum code row_first_code(const struct row *row);

/* The row's first permanent code in the order of the catalogue. The row must have one. */
enum code row_first_permanent(const struct row *row);

/* Adds an error about one column: a finding, and the code with the catalogue's transience. */
void row_error(struct row *row, enum code code, size_t column, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Adds a warning about one column: a finding, and no code. */
void row_warning(struct row *row, enum code code, size_t column, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Adds a finding about one column and nothing else; the caller adds the code of an error. Needs row->file. */
void row_add_finding(struct row *row, enum code code, size_t column, bool warning, const char *text);

#endif
