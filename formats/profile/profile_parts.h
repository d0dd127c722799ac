/*
 * The parts of the loader. profile_load.c calls them in this order, after profile.json; each tells of its faults
 * (profile_json.h).
 */
#ifndef ECOSGATE_FORMATS_PROFILE_PROFILE_PARTS_H
#define ECOSGATE_FORMATS_PROFILE_PROFILE_PARTS_H

#include "formats/profile/profile_json.h"
#include "formats/record_kinds.h"

/* profile_forms.c: forms.json, of which the XSD is made. Comes before the records, which name forms. */
void profile_load_forms(struct profile_loading *loading);

/* Gives a fault if a field of a Table Schema names a form that there is not. */
void profile_check_form(const struct profile_node *field);

/* Gives a fault for a pattern, maxLength or enum that the XSD cannot have: those of a form, or of a field. */
void profile_check_limits(const struct profile_node *limits);

/* profile_records.c: records/<type>-<letter>.json, makes profile->types. */
void profile_load_records(struct profile_loading *loading);

/* profile_xml.c: xml.json, the names of the types' XML forms. */
void profile_load_xml(struct profile_loading *loading);

/* profile_reports.c: reports/<ref>.json. Returns the n_report_records layouts, for profile->reports. Forms and dialect
 * must be there. */
const struct report_layout *profile_load_reports(struct profile_loading *loading);

/* profile_names.c: names.json, makes profile->names of types and reports. */
void profile_load_names(struct profile_loading *loading);

/* profile_codes.c: codes.json, the words for values and codes; it may be missing. */
void profile_load_codes(struct profile_loading *loading);

/* profile_dialect.c: the dialect that an object says, or the one above where it says none. */
const struct dialect *profile_load_dialect(const struct profile_node *object, const struct dialect *above);

/* ---- Table Schemas (profile_table.c) ---- */

/* Checks the members of a Table Schema as a whole. True: it has fields, and *fields is their array. */
bool profile_table(const struct profile_node *schema, struct profile_node *fields);

/* Reads a field: its name, fact or passed column, and whether it is required. No fact: FACT_NONE. False: it has no
 * name (a fault). */
bool profile_table_field(const struct profile_node *field, struct layout_column *column);

/* Gives the faults of a field of a record that leaves: it has neither fact nor passed, so that the column could only be
 * empty; or a spreadsheet would run its name as a formula, where it stands in a title row. */
void profile_table_leaves(const struct profile_node *field);

/* Gives a fault for each field that passes a text on, in a record that cannot (struct type_kind). */
void profile_table_passes_none(const struct profile_node *fields);

/* The only text that a field may have, by its constraint enum. NULL: not one text (a fault). */
const char *profile_table_only_text(const struct profile_node *field);

/* Gives a fault for each column whose name another one has before it. columns[i] is the field i. */
void profile_table_names(const struct profile_node *fields, const struct layout_column *columns, size_t n);

/* Gives a fault for each column whose fact none of the records has a use for, and each fact needed by one of them that
 * no column has. Columns that frame the file are passed over. The records end with NULL. */
void profile_table_facts(const struct profile_node *fields, const struct layout_column *columns, size_t n,
                         const struct record_kind *const *kinds);

/* Whether a fact belongs to the frame: letter, type, version, count. */
bool profile_is_of_frame(enum fact fact);

#endif
