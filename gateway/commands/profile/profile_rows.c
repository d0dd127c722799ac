/* A record is named as its file in the folder of the profile: "EMI-D" is records/EMI-D.json. */
#include "gateway/commands/profile/profile_rows.h"

#include "formats/record_kinds.h"
#include "gateway/commands/command.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_source.h"

#include <glib.h>
#include <string.h>

/* A limit of its validity; NULL: there is none. */
static json_t *limit(int64_t at)
{
    return at == INT64_MIN || at == INT64_MAX ? NULL : command_json_instant(at);
}

json_t *profile_row(const struct profile *profile, const char *folder)
{
    json_t *row = json_object();
    g_autofree char *name = profile_source_name(profile);

    output_set_text(row, "profile", name);
    output_set_text(row, "title", profile->title);
    output_set(row, "valid_from", limit(profile->valid_from));
    output_set(row, "valid_until", limit(profile->valid_until));
    output_set_text(row, "folder", folder);
    output_set_text(row, "digest", profile->digest);
    return row;
}

static void add(json_t *rows, const struct layout_column *column, const char *element)
{
    json_t *row = json_object();

    output_set_number(row, "position", (json_int_t)json_array_size(rows) + 1);
    output_set_text(row, "column", column->name);
    output_set_text(row, "fact", column->fact < FACT_COUNT ? fact_entry(column->fact)->name : NULL);
    output_set(row, "required", json_boolean(column->required));
    output_set_text(row, "element", element);
    output_set_text(row, "passed", column->passed);
    json_array_append_new(rows, row);
}

static json_t *rows_of_record(const struct file_type *type, const struct layout_record *record)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < record->n_columns; i++)
        add(rows, &record->columns[i], type->root != NULL ? layout_path(&record->columns[i]) : NULL);
    return rows;
}

static json_t *rows_of_report(const struct report_layout *report)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < report->n_columns; i++) {
        const struct report_column *column = &report->columns[i];
        add(rows, &(struct layout_column){.name = column->name, .fact = column->fact, .required = true}, NULL);
    }
    return rows;
}

/* A record of the profile, or a report. */
struct part {
    const struct file_type *type; /* NULL: it is a report */
    const struct layout_record *record;
    const struct report_layout *report;
};

/* Calls visit for each until it returns false. */
static void each_part(const struct profile *profile,
                      bool (*visit)(void *user, const char *name, const struct part *part), void *user)
{
    for (size_t i = 0; i < profile->n_types; i++) {
        const struct file_type *type = &profile->types[i];
        const struct layout_record *const records[] = {type->header, type->file, type->record};
        const char letters[] = {'H', 'F', type_kind_of(type->code)->row_letter};
        for (size_t k = 0; k < G_N_ELEMENTS(records); k++) {
            if (records[k] == NULL || records[k]->n_columns == 0)
                continue;
            g_autofree char *name = g_strdup_printf("%s-%c", type->code, letters[k]);
            if (!visit(user, name, &(struct part){type, records[k], NULL}))
                return;
        }
    }
    for (size_t i = 0; i < profile->n_reports; i++)
        if (!visit(user, profile_reports(profile)[i].ref, &(struct part){NULL, NULL, &profile_reports(profile)[i]}))
            return;
}

struct wanted {
    const char *name;
    json_t *rows;
};

static bool take_wanted(void *user, const char *name, const struct part *part)
{
    struct wanted *wanted = user;

    if (strcmp(name, wanted->name) != 0)
        return true;
    wanted->rows = part->type != NULL ? rows_of_record(part->type, part->record) : rows_of_report(part->report);
    return false;
}

json_t *profile_rows_of(const struct profile *profile, const char *record)
{
    struct wanted wanted = {record, NULL};

    each_part(profile, take_wanted, &wanted);
    return wanted.rows;
}

static bool take_name(void *user, const char *name, const struct part *part)
{
    (void)part; /* the name is enough */
    g_ptr_array_add(user, g_strdup(name));
    return true;
}

GPtrArray *profile_rows_names(const struct profile *profile)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    each_part(profile, take_name, names);
    return names;
}
