/*
 * Single fields that mean the same in instructions and in reference data (formats/FILES.md, 4 and 8): hex digits,
 * MPxN, regions, EUI-64s. Each judges one column of a record and says what is wrong with it.
 */
#ifndef ECOSGATE_VALIDATORS_FIELD_RULES_H
#define ECOSGATE_VALIDATORS_FIELD_RULES_H

#include "validators/row.h"
#include "validators/rules.h"

bool field_rules_is_hex(const struct field *field, size_t digits);
/* C117. An empty field is wrong where it is required. */
void field_rules_hex(struct row *row, struct findings *findings, size_t column, size_t digits, bool required);
/* C113: of the Device type in another column. An empty field is wrong for ESME and GSME where it is required. */
void field_rules_mpxn(const struct rules *rules, struct row *row, struct findings *findings, size_t type_column,
                      size_t column, bool required);
/* C113: an MPAN or an MPRN, whichever has so many digits. */
void field_rules_supply_point(const struct rules *rules, struct row *row, struct findings *findings, size_t column);
/* C117: North, Central, South or nothing. */
void field_rules_region(struct row *row, struct findings *findings, size_t column);

#endif
