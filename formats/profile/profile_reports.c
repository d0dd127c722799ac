/* reports/<ref>.json: the columns of each report, its dialect and its last line. */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* That of the files, but with a title row unless the report says that it has none. */
static const struct dialect *dialect_of(const struct profile_node *file)
{
    struct dialect *above = profile_room(file->loading->profile, 1, sizeof *above);
    const struct dialect *dialect;

    *above = *file->loading->profile->dialect;
    above->frame = FRAME_TITLE;
    dialect = profile_load_dialect(file, above);
    if (dialect->frame == FRAME_RECORDS)
        profile_fault_at(file, "dialect: a report has the frame title or rows");
    return dialect;
}

/* The last line of a report. A brace would stand in each report as it is. */
static const char *load_footer(const struct profile_node *file)
{
    static const char rows[] = "{rows}";
    const char *footer = profile_line(file, "footer"), *found = footer != NULL ? strstr(footer, rows) : NULL;
    g_autofree char *before = found != NULL ? g_strndup(footer, (gsize)(found - footer)) : g_strdup(footer);
    const char *behind = found != NULL ? found + strlen(rows) : "";
    struct profile_node member;

    if (footer != NULL && (strpbrk(before, "{}") != NULL || strpbrk(behind, "{}") != NULL) &&
        profile_member(file, "footer", JSON_STRING, PROFILE_OPTIONAL, &member))
        profile_fault_at(&member, "footer: expected {rows} once and no other brace, found \"%s\"", footer);
    return footer;
}

static void load_report(struct profile_loading *loading, const struct report_record *kind, struct report_layout *report)
{
    g_autofree char *name = g_strdup_printf("reports/%s.json", kind->ref);
    struct layout_column columns[REPORT_MAX_COLUMNS];
    struct profile_node file, fields;
    size_t n;

    report->ref = kind->ref;
    report->profile = loading->profile;
    if (!profile_file_needed(loading, name, &file) || !profile_table(&file, &fields))
        return;
    report->title = profile_text(&file, "title", PROFILE_NEEDED);
    report->version = profile_text(&file, "version", PROFILE_NEEDED);
    report->footer = load_footer(&file);
    report->dialect = dialect_of(&file);
    n = json_array_size(fields.value);
    if (n > REPORT_MAX_COLUMNS) {
        profile_fault_at(&fields, "expected at most %d fields, found %zu", REPORT_MAX_COLUMNS, n);
        return;
    }
    struct report_column *made = profile_room(loading->profile, n, sizeof *made);
    for (size_t i = 0; i < n; i++) {
        struct profile_node field;
        columns[i] = (struct layout_column){.fact = FACT_NONE};
        if (!profile_item(&fields, i, JSON_OBJECT, &field) || !profile_table_field(&field, &columns[i]))
            continue;
        profile_table_leaves(&field);
        made[i].name = columns[i].name;
        made[i].fact = columns[i].fact;
        made[i].text = columns[i].fact != FACT_NONE && fact_entry(columns[i].fact)->type == FACT_TYPE_FREE_TEXT;
    }
    profile_table_passes_none(&fields);
    profile_table_names(&fields, columns, n);
    profile_table_facts(&fields, columns, n, (const struct record_kind *const[]){kind->row, NULL});
    report->n_columns = n;
    report->columns = made;
}

const struct report_layout *profile_load_reports(struct profile_loading *loading)
{
    struct report_layout *reports = profile_room(loading->profile, n_report_records, sizeof *reports);

    for (size_t i = 0; i < n_report_records; i++)
        load_report(loading, &report_records[i], &reports[i]);
    return reports;
}
