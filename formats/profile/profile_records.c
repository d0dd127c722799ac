/*
 * records/<type>-<letter>.json: the columns of each record. Before the columns each record has its frame: the record's
 * letter, and in an H record also type and version. These are constants, which the schemas give as an enum of one text.
 */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

enum { MAX_FRAME = 3 };

/* The fields before the columns of a record. */
struct frame_fields {
    size_t n;
    enum fact facts[MAX_FRAME];
};

static const struct frame_fields frame_of_header = {3, {FACT_record_letter, FACT_header_type, FACT_header_layout}};
static const struct frame_fields frame_of_trailer = {2, {FACT_record_letter, FACT_header_count}};
static const struct frame_fields frame_of_row = {1, {FACT_record_letter}};

/* A record that is being loaded. */
struct table {
    struct profile_node file, fields;
    size_t n;                         /* of fields */
    struct layout_column *columns;    /* n of them, those of the frame first */
    const char *constants[MAX_FRAME]; /* the text of each field of the frame; NULL: it has none, or a fault */
};

/* Reads all fields. False: some of them cannot be looked at. */
static bool load_table(struct profile_loading *loading, const char *name, struct table *table)
{
    bool good = true;

    if (!profile_file_needed(loading, name, &table->file) || !profile_table(&table->file, &table->fields))
        return false;
    table->n = json_array_size(table->fields.value);
    table->columns = profile_room(loading->profile, table->n, sizeof *table->columns);
    for (size_t i = 0; i < table->n; i++) {
        struct profile_node field;
        if (profile_item(&table->fields, i, JSON_OBJECT, &field))
            profile_table_field(&field, &table->columns[i]);
        else
            good = false;
    }
    if (good)
        profile_table_names(&table->fields, 0, table->columns, table->n);
    return good;
}

/* False: a field of the frame is not where it has to be (a fault). */
static bool load_frame(struct table *table, const struct frame_fields *frame)
{
    bool good = true;

    for (size_t i = 0; i < frame->n; i++) {
        const char *fact = fact_entry(frame->facts[i])->name;
        struct profile_node field;

        if (i >= table->n) {
            profile_fault_at(&table->fields, "expected a field with the fact %s", fact);
            good = false;
        } else if (profile_item(&table->fields, i, JSON_OBJECT, &field) && table->columns[i].fact != frame->facts[i]) {
            profile_fault_at(&field, "expected the fact %s in field %zu", fact, i + 1);
            good = false;
        } else if (frame->facts[i] != FACT_header_count) {
            table->constants[i] = profile_table_only_text(&field);
        }
    }
    return good;
}

static void check_letter(const struct table *table, char letter)
{
    const char *found = table->constants[0];
    struct profile_node field;

    if (found != NULL && (found[0] != letter || found[1] != '\0') &&
        profile_item(&table->fields, 0, JSON_OBJECT, &field))
        profile_fault_at(&field, "expected the letter %c, found %s", letter, found);
}

/* Makes a record of the table's columns behind its frame. */
static const struct layout_record *make_record(const struct table *table, const struct frame_fields *frame, char letter,
                                               const struct record_kind *kind)
{
    struct profile *profile = table->file.loading->profile;
    struct layout_record *record = profile_room(profile, 1, sizeof *record);
    size_t n = table->n - frame->n;

    record->letter = letter;
    record->n_columns = n;
    record->columns = table->columns + frame->n;
    record->n_fields = kind->n;
    record->fields = kind->facts;
    if (n > LAYOUT_MAX_COLUMNS)
        profile_fault_at(&table->fields, "expected at most %zu fields, found %zu", LAYOUT_MAX_COLUMNS + frame->n,
                         table->n);
    profile_table_facts(&table->fields, frame->n, record->columns, n, kind);
    return record;
}

/* A column that no fact fills could only be empty. */
static void refuse_unfilled(const struct table *table, const struct frame_fields *frame)
{
    struct profile_node field;

    for (size_t i = frame->n; i < table->n; i++)
        if (profile_item(&table->fields, i, JSON_OBJECT, &field))
            profile_table_needs_fact(&field);
}

static void refuse_doubled(const struct table *table, const struct frame_fields *frame)
{
    struct profile_node field;

    for (size_t i = frame->n; i < table->n; i++)
        for (size_t k = frame->n; k < i; k++)
            if (table->columns[i].fact != FACT_NONE && table->columns[i].fact == table->columns[k].fact &&
                profile_item(&table->fields, i, JSON_OBJECT, &field))
                profile_fault_at(&field, "columns %s and %s carry the same fact, %s", table->columns[k].name,
                                 table->columns[i].name, fact_entry(table->columns[i].fact)->name);
}

/* NULL: a fault. *header, where it is not NULL, gets type and version. */
static const struct layout_record *load_record(struct profile_loading *loading, const struct type_kind *type,
                                               char letter, const struct record_kind *kind, struct file_type *header)
{
    const struct frame_fields *frame = letter == 'H' ? &frame_of_header : &frame_of_row;
    g_autofree char *name = g_strdup_printf("records/%s-%c.json", type->code, letter);
    struct table table = {0};

    if (!load_table(loading, name, &table) || !load_frame(&table, frame))
        return NULL;
    check_letter(&table, letter);
    if (header != NULL) {
        header->published = table.constants[1];
        header->version = table.constants[2];
    }
    if (type->inbound)
        refuse_doubled(&table, frame);
    else
        refuse_unfilled(&table, frame);
    return make_record(&table, frame, letter, kind);
}

/* The readers and the writer know what a trailer is: the letter and the count. */
static void load_trailer(struct profile_loading *loading, const struct type_kind *type)
{
    g_autofree char *name = g_strdup_printf("records/%s-T.json", type->code);
    struct table table = {0};

    if (!load_table(loading, name, &table) || !load_frame(&table, &frame_of_trailer))
        return;
    check_letter(&table, 'T');
    if (table.n != frame_of_trailer.n)
        profile_fault_at(&table.fields, "expected %zu fields, found %zu", frame_of_trailer.n, table.n);
}

void profile_load_records(struct profile_loading *loading)
{
    struct file_type *types = profile_room(loading->profile, n_type_kinds, sizeof *types);

    for (size_t i = 0; i < n_type_kinds; i++) {
        const struct type_kind *kind = &type_kinds[i];
        struct file_type *type = &types[i];

        type->profile = loading->profile;
        type->code = kind->code;
        type->inbound = kind->inbound;
        type->reference = kind->reference;
        type->dialect = &layout_dialect;
        type->cells = &layout_frame_cells;
        type->header = load_record(loading, kind, 'H', kind->header, type);
        if (kind->file != NULL)
            type->file = load_record(loading, kind, 'F', kind->file, NULL);
        type->record = load_record(loading, kind, kind->row_letter, kind->row, NULL);
        load_trailer(loading, kind);
    }
    loading->profile->n_types = n_type_kinds;
    loading->profile->types = loading->types = types;
}
