/*
 * Single fields that have the same rule in instructions and in reference data (formats/FILES.md, 4 and 8): hex digits,
 * MPxN, region. Each function judges one column of a record and adds what it finds to the row. Nothing fails.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_FIELD_RULES_H
#define ECOSGATE_VALIDATORS_RULES_FIELD_RULES_H

#include "formats/eight.h"
#include "validators/row.h"

/* Whether the field is exactly so many hex digits, 4 or 8, in either case. */
static inline bool field_rules_is_hex(const struct field *field, size_t digits)
{
    if (field->len != digits)
        return false;
    return eight_are_hex(digits == 8 ? eight_load(field->text) : eight_short(field->text, 4) | EIGHT('0') << 32);
}

/* Adds the C117 of field_rules_hex. */
void field_rules_no_hex(struct row *row, size_t column, size_t digits);

/* C117: the field is that many hex digits, 4 or 8. An empty one is an error only if it is required. */
static inline void field_rules_hex(struct row *row, size_t column, size_t digits, bool required)
{
    const struct field *field = row_field(row, column);

    if ((field->len > 0 || required) && !field_rules_is_hex(field, digits))
        field_rules_no_hex(row, column, digits);
}

/* C113: the MPxN of the Device type in type_column: an MPAN for an ESME, an MPRN for a GSME, none for a GPF. An empty
 * one is an error for ESME and GSME only if it is required. Check digits count as rules->check_digits says. */
void field_rules_mpxn(struct row *row, size_t type_column, size_t column, bool required);

/* C113: an MPAN or an MPRN, told apart by the number of digits. */
void field_rules_supply_point(struct row *row, size_t column);
/* What an MPxN is as a number: without leading zeros, which do not tell supply points apart. Points into mpxn. */
const char *field_rules_point_value(const char *mpxn);

/* The place of a field's value among those that are known; NULL: it has none. *word: the value. */
static inline uint64_t *field_rules_known(const struct row *row, enum known_kind kind, size_t column, uint64_t *word)
{
    const struct field *field = row_field(row, column);

    if (row->file->known == NULL || field->len == 0 || field->len > sizeof *word)
        return NULL;
    *word = eight_short(field->text, field->len);
    return &row->file->known->words[kind][*word * UINT64_C(0x9E3779B97F4A7C15) >> (64 - KNOWN_BITS)];
}

/* C117: a region, or nothing. */
void field_rules_region(struct row *row, size_t column);

#endif
