/*
 * Single fields that have the same rule in instructions and in reference data (formats/FILES.md, 4 and 8): hex digits,
 * MPxN, region. Each function judges one column of a record and adds what it finds to the row. Nothing fails.
 */
#ifndef ECOSGATE_VALIDATORS_RULES_FIELD_RULES_H
#define ECOSGATE_VALIDATORS_RULES_FIELD_RULES_H

#include "validators/row.h"

/* Whether the field is exactly so many hex digits, in either case. */
bool field_rules_is_hex(const struct field *field, size_t digits);

/* C117: the field is that many hex digits. An empty one is an error only if it is required. */
void field_rules_hex(struct row *row, size_t column, size_t digits, bool required);

/* C113: the MPxN of the Device type in type_column: an MPAN for an ESME, an MPRN for a GSME, none for a GPF. An empty
 * one is an error for ESME and GSME only if it is required. Check digits count as rules->check_digits says. */
void field_rules_mpxn(struct row *row, size_t type_column, size_t column, bool required);

/* C113: an MPAN or an MPRN, told apart by the number of digits. */
void field_rules_supply_point(struct row *row, size_t column);
/* What an MPxN is as a number: without leading zeros, which do not tell supply points apart. Points into mpxn. */
const char *field_rules_point_value(const char *mpxn);

/* C117: a region, or nothing. */
void field_rules_region(struct row *row, size_t column);

#endif
