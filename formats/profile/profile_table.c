/* What records and reports have in common: each is a Frictionless Table Schema whose fields name facts. */
#include "formats/csv/csv_cell.h"
#include "formats/nearest.h"
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

enum { PROFILE_MAX_FIELDS = 64 };

/* Of a field whose name has given a fault: messages show it, and it is no further fault as an XML element. */
static const char no_name[] = "_";

bool profile_table(const struct profile_node *schema, struct profile_node *fields)
{
    static const char *const known[] = {"$schema",     "name",    "title",         "description", "homepage",
                                        "version",     "fields",  "missingValues", "primaryKey",  "uniqueKeys",
                                        "foreignKeys", "dialect", "footer",        NULL};

    profile_members_are_of(schema, known);
    if (!profile_member(schema, "fields", JSON_ARRAY, PROFILE_NEEDED, fields))
        return false;
    size_t n = json_array_size(fields->value);
    if (n > 0 && n <= PROFILE_MAX_FIELDS)
        return true;
    profile_fault_at(fields, "fields: expected 1 to %d, found %zu", PROFILE_MAX_FIELDS, n);
    return false;
}

static void unknown_fact(const struct profile_node *member, const char *name)
{
    struct nearest nearest = nearest_to(name);

    for (enum fact fact = 0; fact < FACT_COUNT; fact++)
        nearest_try(&nearest, fact_entry(fact)->name);
    if (nearest.word != NULL)
        profile_fault_at(member, "there is no fact \"%s\"; did you mean %s?", name, nearest.word);
    else
        profile_fault_at(member, "there is no fact \"%s\"; `ecosgate profile facts` lists them", name);
}

static enum fact fact_of(const struct profile_node *field)
{
    const char *name = profile_text(field, "fact", PROFILE_OPTIONAL);
    struct profile_node member;
    enum fact fact;

    if (name == NULL || fact_of_name(name, &fact))
        return name == NULL ? FACT_NONE : fact;
    if (profile_member(field, "fact", JSON_STRING, PROFILE_NEEDED, &member))
        unknown_fact(&member, name);
    return FACT_NONE;
}

static bool is_required(const struct profile_node *field)
{
    static const char *const known[] = {"required", "unique",  "pattern", "enum",       "minLength", "maxLength",
                                        "minimum",  "maximum", "format",  "jsonSchema", NULL};
    struct profile_node constraints, required;

    if (!profile_member(field, "constraints", JSON_OBJECT, PROFILE_OPTIONAL, &constraints))
        return false;
    profile_members_are_of(&constraints, known);
    profile_check_limits(&constraints);
    return profile_member(&constraints, "required", JSON_TRUE, PROFILE_OPTIONAL, &required) &&
           json_is_true(required.value);
}

/* The program does not use it; other readers of the Table Schema do. */
static void check_type(const struct profile_node *field)
{
    static const char *const types[] = {"string",   "number",  "integer",  "boolean", "object",    "array",
                                        "date",     "time",    "datetime", "year",    "yearmonth", "duration",
                                        "geopoint", "geojson", "any",      NULL};
    const char *type = profile_text(field, "type", PROFILE_OPTIONAL);
    struct profile_node member;

    if (type != NULL && !g_strv_contains(types, type) &&
        profile_member(field, "type", JSON_STRING, PROFILE_OPTIONAL, &member))
        profile_fault_at(&member, "type: expected one of Table Schema, such as string or integer, found \"%s\"", type);
}

bool profile_table_field(const struct profile_node *field, struct layout_column *column)
{
    static const char *const known[] = {"name",        "fact",       "type",        "format", "title",
                                        "description", "example",    "constraints", "form",   "rdfType",
                                        "examples",    "categories", "xml",         "passed", NULL};

    profile_members_are_of(field, known);
    check_type(field);
    *column = (struct layout_column){.name = profile_text(field, "name", PROFILE_NEEDED),
                                     .fact = fact_of(field),
                                     .passed = profile_text(field, "passed", PROFILE_OPTIONAL),
                                     .required = is_required(field),
                                     .xml = profile_text(field, "xml", PROFILE_OPTIONAL)};
    profile_check_form(field);
    if (column->passed != NULL && column->fact != FACT_NONE)
        profile_fault_at(field, "the column %s has both fact and passed, expected one of them",
                         column->name != NULL ? column->name : no_name);
    if (column->name != NULL)
        return true;
    column->name = no_name;
    return false;
}

static bool has_member(const struct profile_node *field, const char *name)
{
    const json_t *member = json_object_get(field->value, name);

    return member != NULL && !json_is_null(member);
}

void profile_table_leaves(const struct profile_node *field)
{
    struct profile_node name;

    if (profile_member(field, "name", JSON_STRING, PROFILE_OPTIONAL, &name) &&
        csv_is_formula(json_string_value(name.value)))
        profile_fault_at(&name, "name: a spreadsheet runs \"%s\" as a formula; expected another first character",
                         json_string_value(name.value));
    if (!has_member(field, "fact") && !has_member(field, "passed"))
        profile_fault_at(field, "the column has no fact: the program has no value for it");
}

void profile_table_passes_none(const struct profile_node *fields)
{
    struct profile_node field, passed;

    for (size_t i = 0; i < json_array_size(fields->value); i++)
        if (profile_item(fields, i, JSON_OBJECT, &field) &&
            profile_member(&field, "passed", JSON_STRING, PROFILE_OPTIONAL, &passed))
            profile_fault_at(&passed, "passed: expected only in the rows of EMD, EMW and EMO");
}

const char *profile_table_only_text(const struct profile_node *field)
{
    struct profile_node constraints, list, text;

    if (profile_member(field, "constraints", JSON_OBJECT, PROFILE_NEEDED, &constraints) &&
        profile_member(&constraints, "enum", JSON_ARRAY, PROFILE_NEEDED, &list)) {
        if (json_array_size(list.value) == 1)
            return profile_item(&list, 0, JSON_STRING, &text) ? profile_node_text(&text) : NULL;
        profile_fault_at(&list, "enum: expected one text, found %zu", json_array_size(list.value));
    }
    return NULL;
}

void profile_table_names(const struct profile_node *fields, const struct layout_column *columns, size_t n)
{
    struct profile_node field;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (columns[i].name != no_name && g_strcmp0(columns[i].name, columns[k].name) == 0 &&
                profile_item(fields, i, JSON_OBJECT, &field)) {
                profile_fault_at(&field, "two columns have the name %s", columns[i].name);
                break;
            }
}

bool profile_is_of_frame(enum fact fact)
{
    return fact == FACT_record_letter || fact == FACT_header_type || fact == FACT_header_layout ||
           fact == FACT_header_count;
}

static bool has_column(const struct layout_column *columns, size_t n, enum fact fact)
{
    for (size_t i = 0; i < n; i++)
        if (columns[i].fact == fact)
            return true;
    return false;
}

static bool one_has(const struct record_kind *const *kinds, enum fact fact)
{
    for (; *kinds != NULL; kinds++)
        if (record_kind_has(*kinds, fact))
            return true;
    return false;
}

void profile_table_facts(const struct profile_node *fields, const struct layout_column *columns, size_t n,
                         const struct record_kind *const *kinds)
{
    struct profile_node field;

    for (size_t i = 0; i < n; i++)
        if (columns[i].fact != FACT_NONE && !profile_is_of_frame(columns[i].fact) && !one_has(kinds, columns[i].fact) &&
            profile_item(fields, i, JSON_OBJECT, &field))
            profile_fault_at(&field, "column %s: this record cannot carry the fact %s", columns[i].name,
                             fact_entry(columns[i].fact)->name);
    for (; *kinds != NULL; kinds++)
        for (size_t i = 0; i < (*kinds)->n; i++)
            if ((*kinds)->needs[i] == FACT_NEEDED && !has_column(columns, n, (*kinds)->facts[i]))
                profile_fault_at(fields, "no column carries the fact %s, which the program needs",
                                 fact_entry((*kinds)->facts[i])->name);
}
