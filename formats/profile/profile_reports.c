/* reports/<ref>.json: the columns of each report. */
#include "formats/profile/profile_parts.h"

#include <glib.h>

static void load_report(struct profile_loading *loading, const struct report_record *kind, struct report_layout *report)
{
    g_autofree char *name = g_strdup_printf("reports/%s.json", kind->ref);
    struct layout_column columns[REPORT_MAX_COLUMNS];
    struct profile_node file, fields;
    size_t n;

    report->ref = kind->ref;
    report->profile = loading->profile;
    report->dialect = &layout_report_dialect;
    report->footer = "#COUNT,{rows}";
    if (!profile_file_needed(loading, name, &file) || !profile_table(&file, &fields))
        return;
    report->title = profile_text(&file, "title", PROFILE_NEEDED);
    report->version = profile_text(&file, "version", PROFILE_NEEDED);
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
        profile_table_needs_fact(&field);
        made[i].name = columns[i].name;
        made[i].fact = columns[i].fact;
        made[i].text = columns[i].fact != FACT_NONE && fact_entry(columns[i].fact)->type == FACT_TYPE_FREE_TEXT;
    }
    profile_table_names(&fields, 0, columns, n);
    profile_table_facts(&fields, 0, columns, n, kind->row);
    report->n_columns = n;
    report->columns = made;
}

void profile_load_reports(struct profile_loading *loading)
{
    struct report_layout *reports = profile_room(loading->profile, n_report_records, sizeof *reports);

    for (size_t i = 0; i < n_report_records; i++)
        load_report(loading, &report_records[i], &reports[i]);
    loading->profile->n_reports = n_report_records;
    loading->profile->reports = reports;
}
