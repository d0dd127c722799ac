/*
 * records/<type>-<letter>.json: the columns of each record, and among them the cells that frame the file: the record's
 * letter first, and in an H record also type and version. These are constants, which the schemas give as an enum of one
 * text. The file of the rows, <type>-D.json or EMA-E.json, says the dialect.
 *
 * Where a title row or rows alone make the CSV form, no letters frame it, and only rows stand in it. Then there is a
 * file for H and F only if the XML form has these records.
 */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* A record that is being loaded. */
struct table {
    struct profile_node file, fields;
    size_t n;                             /* of fields */
    struct layout_column *columns;        /* n of them */
    size_t type_at, version_at, count_at; /* 0: there is no such cell */
    char letter;                          /* '\0': it has none */
};

/* Reads all fields. False: some of them cannot be looked at. */
static bool load_table(struct profile_loading *loading, const char *name, struct table *table)
{
    bool good = true;

    *table = (struct table){0};
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
        profile_table_names(&table->fields, table->columns, table->n);
    return good;
}

/* The dialect stands in the file of the rows; a record has no last line. */
static void refuse_member(const struct table *table, const char *name)
{
    struct profile_node member;

    if (profile_member(&table->file, name, JSON_OBJECT, PROFILE_OPTIONAL, &member))
        profile_fault_at(&member, "unknown member \"%s\"", name);
}

/* ---- the frame ---- */

static const char *only_text(const struct table *table, size_t i)
{
    struct profile_node field;

    return profile_item(&table->fields, i, JSON_OBJECT, &field) ? profile_table_only_text(&field) : NULL;
}

static void load_letter(struct table *table, const struct dialect *dialect)
{
    const char *found = only_text(table, 0);
    struct profile_node field;

    if (found == NULL)
        return;
    table->letter = found[0];
    if ((found[1] != '\0' || !g_ascii_isgraph(found[0]) || found[0] == dialect->delimiter ||
         found[0] == dialect->quote) &&
        profile_item(&table->fields, 0, JSON_OBJECT, &field))
        profile_fault_at(&field, "expected one letter, found \"%s\"", found);
}

/* Finds the cells that frame the file. has_letter: one must be the first. Else a header and an F record stand in XML
 * alone, which has no such cells: they may be left in the file, for the CSV form has no such record. False: a cell is
 * not where it has to be. */
static bool load_frame(struct table *table, char role, bool has_letter)
{
    bool xml_alone = !has_letter && (role == 'H' || role == 'F');
    struct profile_node field;
    bool good = true;

    if (has_letter && table->columns[0].fact != FACT_record_letter &&
        profile_item(&table->fields, 0, JSON_OBJECT, &field)) {
        profile_fault_at(&field, "expected the fact record.letter in field 1");
        good = false;
    }
    for (size_t i = 0; i < table->n; i++) {
        enum fact fact = table->columns[i].fact;
        bool right = (fact == FACT_record_letter && (has_letter || xml_alone) && i == 0) ||
                     (fact == FACT_header_type && role == 'H' && table->type_at == 0 && i > 0) ||
                     (fact == FACT_header_layout && role == 'H' && table->version_at == 0 && i > 0) ||
                     (fact == FACT_header_count && role == 'T' && i == 1);
        if (right)
            *(fact == FACT_header_type     ? &table->type_at
              : fact == FACT_header_layout ? &table->version_at
                                           : &table->count_at) = i;
        else if (profile_is_of_frame(fact) && profile_item(&table->fields, i, JSON_OBJECT, &field)) {
            profile_fault_at(&field, "the fact %s has no place in field %zu of this record", fact_entry(fact)->name,
                             i + 1);
            good = false;
        }
    }
    return good;
}

/* Makes a record of the columns that do not frame the file. */
static struct layout_record *make_record(const struct table *table, const struct record_kind *kind)
{
    struct profile *profile = table->file.loading->profile;
    struct layout_record *record = profile_room(profile, 1, sizeof *record);
    struct layout_column *columns = profile_room(profile, table->n, sizeof *columns);

    for (size_t i = 0; i < table->n; i++)
        if (!profile_is_of_frame(table->columns[i].fact))
            columns[record->n_columns++] = table->columns[i];
    record->letter = table->letter;
    record->columns = columns;
    record->n_fields = kind->n;
    record->fields = kind->facts;
    if (record->n_columns > LAYOUT_MAX_COLUMNS)
        profile_fault_at(&table->fields, "expected at most %zu fields, found %zu",
                         LAYOUT_MAX_COLUMNS + table->n - record->n_columns, table->n);
    return record;
}

/* Columns without a fact are kept, those of the row of a type that keeps them. */
static void keep_columns(const struct table *table, struct layout_record *record)
{
    const char **kept = profile_room(table->file.loading->profile, record->n_columns, sizeof *kept);
    size_t room = LAYOUT_MAX_COLUMNS - record->n_fields;

    for (size_t i = 0; i < record->n_columns; i++)
        if (record->columns[i].fact == FACT_NONE)
            kept[record->n_kept++] = record->columns[i].name;
    record->kept = kept;
    if (record->n_kept > room)
        profile_fault_at(&table->fields, "expected at most %zu columns without a fact, found %zu", room,
                         record->n_kept);
}

/* A column that no fact fills could only be empty. */
static void refuse_unfilled(const struct table *table)
{
    struct profile_node field;

    for (size_t i = 0; i < table->n; i++)
        if (profile_item(&table->fields, i, JSON_OBJECT, &field))
            profile_table_leaves(&field);
}

static void refuse_doubled(const struct table *table)
{
    struct profile_node field;

    for (size_t i = 0; i < table->n; i++)
        for (size_t k = 0; k < i; k++)
            if (table->columns[i].fact != FACT_NONE && table->columns[i].fact == table->columns[k].fact &&
                profile_item(&table->fields, i, JSON_OBJECT, &field))
                profile_fault_at(&field, "columns %s and %s carry the same fact, %s", table->columns[k].name,
                                 table->columns[i].name, fact_entry(table->columns[i].fact)->name);
}

/* ---- the records of a type ---- */

/* A type while its records are loaded. */
struct load {
    struct profile_loading *loading;
    const struct type_kind *kind;
    struct file_type *type;
    struct frame_cells *cells;
    bool has_letters;
};

static char *file_of(const struct load *l, char role)
{
    return g_strdup_printf("records/%s-%c.json", l->kind->code, role);
}

/* Makes a record of a table that has been read. kinds: the records whose facts it can carry, its own first; NULL ends
 * them. NULL: a fault. */
static const struct layout_record *finish(const struct load *l, struct table *table, char role,
                                          const struct record_kind *const *kinds)
{
    if (table->n == 0 || !load_frame(table, role, l->has_letters))
        return NULL;
    if (l->has_letters)
        load_letter(table, l->type->dialect);
    if (l->kind->inbound)
        refuse_doubled(table);
    else
        refuse_unfilled(table);
    profile_table_facts(&table->fields, table->columns, table->n, kinds);
    if (!l->kind->passes || kinds[0] != l->kind->row)
        profile_table_passes_none(&table->fields);
    struct layout_record *record = make_record(table, kinds[0]);
    if (l->kind->keeps && kinds[0] == l->kind->row)
        keep_columns(table, record);
    return record;
}

/* The rows. Those that leave may repeat facts of the header. Where no letters frame the file, the rows of an EMA say
 * what its F record says elsewhere. */
static void load_rows(struct load *l)
{
    g_autofree char *name = file_of(l, l->kind->row_letter);
    const struct record_kind *kinds[4] = {l->kind->row};
    size_t n = 1;
    struct table table;
    bool good = load_table(l->loading, name, &table);

    l->type->dialect =
        good ? profile_load_dialect(&table.file, l->loading->profile->dialect) : l->loading->profile->dialect;
    l->has_letters = l->type->dialect->frame == FRAME_RECORDS;
    if (!l->has_letters && l->kind->file != NULL)
        kinds[n++] = l->kind->file;
    if (!l->kind->inbound)
        kinds[n++] = l->kind->header;
    if (!good)
        return;
    l->type->record = finish(l, &table, l->kind->row_letter, kinds);
    l->cells->letter = l->has_letters ? table.columns[0].name : NULL;
}

/* A header of which the file says nothing. */
static const struct layout_record *no_header(const struct load *l)
{
    struct layout_record *record = profile_room(l->loading->profile, 1, sizeof *record);

    record->n_fields = l->kind->header->n;
    record->fields = l->kind->header->facts;
    return record;
}

static void load_header(struct load *l)
{
    g_autofree char *name = file_of(l, 'H');
    const struct record_kind *const kinds[] = {l->kind->header, NULL};
    struct table table;
    const char *text;

    l->type->published = l->kind->code;
    l->type->version = l->loading->profile->version;
    if (!l->has_letters && !profile_file_is_there(l->loading, name)) {
        l->type->header = no_header(l);
        return;
    }
    if (!load_table(l->loading, name, &table))
        return;
    refuse_member(&table, "dialect");
    l->type->header = finish(l, &table, 'H', kinds);
    if (l->type->header == NULL)
        return;
    l->cells->type_at = table.type_at;
    l->cells->version_at = table.version_at;
    l->cells->type = table.columns[table.type_at].name;
    l->cells->version = table.columns[table.version_at].name;
    if (table.type_at > 0 && (text = only_text(&table, table.type_at)) != NULL)
        l->type->published = text;
    if (table.version_at > 0 && (text = only_text(&table, table.version_at)) != NULL)
        l->type->version = text;
}

/* The F record of an EMA. Without one its facts stand in the rows. */
static void load_file(struct load *l)
{
    g_autofree char *name = file_of(l, 'F');
    const struct record_kind *const kinds[] = {l->kind->file, NULL};
    struct table table;

    if (l->kind->file == NULL || (!l->has_letters && !profile_file_is_there(l->loading, name)) ||
        !load_table(l->loading, name, &table))
        return;
    refuse_member(&table, "dialect");
    l->type->file = finish(l, &table, 'F', kinds);
}

/* A format may have no T record, but its profile has to say so: a file that lost its end is whole then. */
static void check_no_trailer(const struct load *l, const char *name)
{
    if (l->has_letters && l->type->dialect->trailer && !profile_files_refused(l->loading->files, name))
        profile_fault_of(l->loading, name,
                         "is missing: without this record nobody notices a file that has lost its end; if the format "
                         "has none, say so in the dialect: \"trailer\": false");
}

/* The letter and the count. */
static void load_trailer(struct load *l)
{
    g_autofree char *name = file_of(l, 'T');
    struct table table;

    if (!profile_file_is_there(l->loading, name)) {
        check_no_trailer(l, name);
        return;
    }
    if (!load_table(l->loading, name, &table))
        return;
    if (!l->has_letters || !l->type->dialect->trailer) {
        profile_fault_at(&table.file, l->has_letters ? "the dialect says that there is no such record"
                                                     : "only the frame records has such a record");
        return;
    }
    refuse_member(&table, "dialect");
    if (!load_frame(&table, 'T', true))
        return;
    load_letter(&table, l->type->dialect);
    if (table.count_at == 0 || table.n != 2)
        profile_fault_at(&table.fields, "expected two fields, with the facts record.letter and header.count");
    else
        l->cells->count = table.columns[1].name;
    l->cells->trailer = table.letter;
}

/* The letters tell the records of a file apart. */
static void check_letters(const struct load *l)
{
    const struct layout_record *const records[] = {l->type->header, l->type->file, l->type->record};
    g_autoptr(GString) letters = g_string_new(NULL);
    g_autofree char *name = file_of(l, l->kind->row_letter);

    for (size_t i = 0; i < G_N_ELEMENTS(records); i++)
        if (records[i] != NULL && records[i]->letter != '\0')
            g_string_append_c(letters, records[i]->letter);
    if (l->cells->trailer != '\0')
        g_string_append_c(letters, l->cells->trailer);
    for (size_t i = 0; i < letters->len; i++)
        if (memchr(letters->str, letters->str[i], i) != NULL)
            profile_fault_of(l->loading, name, "two records of this type have the letter %c", letters->str[i]);
}

/* ---- columns that are passed on ---- */

static bool keeps_column(const struct profile_loading *loading, const char *name)
{
    for (size_t i = 0; i < n_type_kinds; i++) {
        const struct layout_record *record = loading->types[i].record;

        for (size_t k = 0; record != NULL && k < record->n_kept; k++)
            if (strcmp(record->kept[k], name) == 0)
                return true;
    }
    return false;
}

/* Each column that is passed on must be one that is kept. All types are loaded by now. */
static void check_passed(struct profile_loading *loading, const struct type_kind *kind)
{
    g_autofree char *file = g_strdup_printf("records/%s-%c.json", kind->code, kind->row_letter);
    struct profile_node root, fields, field, passed;

    if (!kind->passes || !profile_file_is_there(loading, file) || !profile_file_open(loading, file, &root) ||
        !profile_member(&root, "fields", JSON_ARRAY, PROFILE_OPTIONAL, &fields))
        return;
    for (size_t i = 0; i < json_array_size(fields.value); i++) {
        if (!json_is_object(json_array_get(fields.value, i)) || !profile_item(&fields, i, JSON_OBJECT, &field) ||
            !json_is_string(json_object_get(field.value, "passed")) ||
            !profile_member(&field, "passed", JSON_STRING, PROFILE_OPTIONAL, &passed))
            continue;
        const char *name = json_string_value(passed.value);
        if (!keeps_column(loading, name))
            profile_fault_at(&passed, "EMI-D has no column \"%s\" without a fact", name);
    }
}

void profile_load_records(struct profile_loading *loading)
{
    struct file_type *types = profile_room(loading->profile, n_type_kinds, sizeof *types);

    for (size_t i = 0; i < n_type_kinds; i++) {
        const struct type_kind *kind = &type_kinds[i];
        struct file_type *type = &types[i];
        struct load l = {.loading = loading, .kind = kind, .type = type};

        type->profile = loading->profile;
        type->code = kind->code;
        type->inbound = kind->inbound;
        type->reference = kind->reference;
        type->cells = l.cells = profile_room(loading->profile, 1, sizeof *l.cells);
        load_rows(&l);
        load_header(&l);
        load_file(&l);
        load_trailer(&l);
        check_letters(&l);
    }
    loading->profile->n_types = n_type_kinds;
    loading->profile->types = loading->types = types;
    for (size_t i = 0; i < n_type_kinds; i++)
        check_passed(loading, &type_kinds[i]);
}
