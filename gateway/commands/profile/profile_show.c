/*
 * The command `profile show`: what a profile consists of. With the name of a record or report ("EMI-D", "MAPR") its
 * columns.
 */
#include "formats/nearest.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_rows.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>
#include <string.h>

static json_t *type_row(const struct file_type *type)
{
    json_t *row = json_object();

    output_set_text(row, "type", type->code);
    output_set_text(row, "direction", type->inbound ? "in" : "out");
    output_set_text(row, "published", type->published);
    output_set_text(row, "version", type->version);
    output_set_text(row, "forms", type->root != NULL ? "xml, csv" : "csv");
    output_set_text(row, "root", type->root);
    output_set_number(row, "columns", (json_int_t)type->record->n_columns);
    return row;
}

static json_t *report_row(const struct report_layout *report)
{
    json_t *row = json_object();

    output_set_text(row, "report", report->ref);
    output_set_text(row, "version", report->version);
    output_set_text(row, "title", report->title);
    output_set_number(row, "columns", (json_int_t)report->n_columns);
    return row;
}

static void show_profile(const struct invocation *invocation, const struct profile_source *source)
{
    static const char *const type_columns[] = {"type",  "direction", "published", "version",
                                               "forms", "root",      "columns",   NULL};
    static const char *const report_columns[] = {"report", "version", "columns", "title", NULL};
    const struct profile *profile = source->profile;
    json_t *shown = profile_row(profile, source->loaded != NULL ? source->argument : NULL);
    json_t *types = json_array(), *reports = json_array();

    output_set_text(shown, "namespace", profile->namespace);
    output_set_text(shown, "schema", profile->schema);
    for (size_t i = 0; i < profile->n_types; i++)
        json_array_append_new(types, type_row(&profile->types[i]));
    for (size_t i = 0; i < profile->n_reports; i++)
        json_array_append_new(reports, report_row(&profile_reports(profile)[i]));
    output_set(shown, "types", types);
    output_set(shown, "reports", reports);
    if (invocation->json) {
        command_print_json(shown);
        return;
    }
    output_print(shown);
    output_section("types", types, type_columns);
    output_section("reports", reports, report_columns);
    json_decref(shown);
}

static int no_record(const struct profile_source *source, const char *record)
{
    struct nearest nearest = nearest_to(record);
    g_autofree char *shown = command_shown(record);
    g_autoptr(GPtrArray) names = profile_rows_names(source->profile);

    for (guint i = 0; i < names->len; i++)
        nearest_try(&nearest, names->pdata[i]);
    if (nearest.word != NULL)
        g_printerr("ecosgate: profile show: there is no record or report '%s'; did you mean %s?\n", shown,
                   nearest.word);
    else
        g_printerr("ecosgate: profile show: there is no record or report '%s'; expected a name such as EMI-D or "
                   "ECOSMIG-001\n",
                   shown);
    return EXIT_REFUSED;
}

static int show_record(const struct invocation *invocation, const struct profile_source *source, const char *record)
{
    static const char *const columns[] = {"position", "column", "fact", "required", "element", "passed", NULL};
    struct output_list list;
    json_t *rows = profile_rows_of(source->profile, record), *row;
    size_t i;

    if (rows == NULL)
        return no_record(source, record);
    output_list_begin(&list, invocation->json, OUTPUT_MOST_ROWS);
    json_array_foreach(rows, i, row) output_list_add(&list, json_incref(row));
    output_list_end(&list, columns, NULL);
    json_decref(rows);
    return EXIT_GOOD;
}

int command_profile_show(struct invocation *invocation)
{
    struct profile_source source;
    int status;

    if (!command_arguments(invocation, NULL, 1, 2) || !profile_source_sound(&source, invocation, invocation->argv[0]))
        return EXIT_UNABLE;
    if (invocation->argc == 2) {
        status = show_record(invocation, &source, invocation->argv[1]);
    } else {
        show_profile(invocation, &source);
        status = EXIT_GOOD;
    }
    profile_source_close(&source);
    return status;
}
