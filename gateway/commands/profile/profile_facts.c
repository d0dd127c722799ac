/*
 * The command `profile facts`: all facts that a column of a file can carry, each with its type, its meaning and the
 * records of the built-in profile that have it. For people the values of facts and the codes follow: what codes.json
 * may have words for.
 */
#include "formats/profile.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "validators/catalogue.h"

#include <glib.h>

/* Adds the name of the record's Table Schema, "EMI-D", if one of its columns has the fact. */
static void add_record(json_t *records, const char *code, const struct layout_record *record, enum fact fact)
{
    for (size_t i = 0; record != NULL && i < record->n_columns; i++) {
        if (record->columns[i].fact == fact)
            json_array_append_new(records, json_sprintf("%s-%c", code, record->letter));
    }
}

static void add_report(json_t *records, const struct report_layout *report, enum fact fact)
{
    for (size_t i = 0; i < report->n_columns; i++) {
        if (report->columns[i].fact == fact)
            json_array_append_new(records, json_string(report->ref));
    }
}

static json_t *records_of(const struct profile *profile, enum fact fact)
{
    json_t *records = json_array();

    for (size_t i = 0; i < profile->n_types; i++) {
        const struct file_type *type = &profile->types[i];
        add_record(records, type->code, type->header, fact);
        add_record(records, type->code, type->file, fact);
        add_record(records, type->code, type->record, fact);
    }
    for (size_t i = 0; i < profile->n_reports; i++)
        add_report(records, &profile_reports(profile)[i], fact);
    return records;
}

/* The list of its values; NULL: any text of its type. */
static json_t *values_of(enum fact fact)
{
    const char *const *values = fact_values(fact);
    json_t *list = values != NULL ? json_array() : NULL;

    for (size_t i = 0; values != NULL && values[i] != NULL; i++)
        json_array_append_new(list, json_string(values[i]));
    return list;
}

/* ---- for people ---- */

static void print_values(void)
{
    static const char *const columns[] = {"fact", "values", NULL};
    json_t *rows = json_array();

    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        const char *const *values = fact_values(fact);
        json_t *row = json_object();
        g_autofree char *list = values != NULL ? g_strjoinv(", ", (char **)values) : NULL;

        output_set_text(row, "fact", fact_entry(fact)->name);
        output_set_text(row, "values", fact_is_code(fact) ? "a code, see below" : list);
        if (values != NULL)
            json_array_append(rows, row);
        json_decref(row);
    }
    output_section("values", rows, columns);
    json_decref(rows);
}

static void print_codes(void)
{
    static const char *const columns[] = {"code", "meaning", NULL};
    json_t *rows = json_array();

    for (enum code code = 0; code < CODE_COUNT; code++) {
        json_t *row = json_object();
        output_set_text(row, "code", catalogue_entry(code)->id);
        output_set_text(row, "meaning", catalogue_entry(code)->name);
        json_array_append_new(rows, row);
    }
    output_section("codes", rows, columns);
    json_decref(rows);
}

int command_profile_facts(struct invocation *invocation)
{
    static const char *const columns[] = {"fact", "type", "meaning", NULL};
    struct output_list rows;

    if (!command_arguments(invocation, NULL, 0, 0))
        return EXIT_UNABLE;
    output_list_begin(&rows, invocation->json, OUTPUT_MOST_ROWS);
    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        const struct fact_entry *entry = fact_entry(fact);
        json_t *row = json_object();

        output_set_text(row, "fact", entry->name);
        output_set_text(row, "type", fact_type_name(entry->type));
        output_set_text(row, "meaning", entry->meaning);
        output_set_text(row, "example", fact_example(fact));
        output_set(row, "values", values_of(fact));
        output_set(row, "records", records_of(profile_builtin(), fact));
        output_list_add(&rows, row);
    }
    output_list_end(&rows, columns, NULL);
    if (!invocation->json) {
        print_values();
        print_codes();
    }
    return EXIT_GOOD;
}
